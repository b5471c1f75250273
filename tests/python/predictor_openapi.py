"""Draws requests from a predictor's OpenAPI document, good and bad ones, and checks every answer against it.

usage: predictor_openapi.py URL

The last line on stdout is the number of requests. Ends with 1 at an answer that is a server's fault, or that the document
does not have.
"""

import json
import re
import subprocess
import sys
import urllib.request

import openapi_spec_validator

url = sys.argv[1]
with urllib.request.urlopen(f"{url}/openapi.json") as answer:
    openapi_spec_validator.validate(json.load(answer))
checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"
command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--checks", checks]
command += ["--phases", "examples,coverage,fuzzing", "--max-examples", "200"]
command += ["--seed", "20261125", "--mode", "all", "--no-color"]
drawn = subprocess.run(command, capture_output=True, text=True)
print(drawn.stdout)
if drawn.returncode != 0:
    print(drawn.stderr, file=sys.stderr)
    sys.exit(1)
[cases] = re.findall(r"(\d+) generated", drawn.stdout)
print(cases)
