"""Scrapes an address as Prometheus does, and prints what it says as JSON: the names of the numbers' families, and the samples.

usage: scrape.py URL
"""

import json
import sys
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

with urllib.request.urlopen(sys.argv[1], timeout=10) as answer:
    text = answer.read().decode()
families, samples = {}, {}
for family in text_string_to_metric_families(text):
    assert family.documentation, f"{family.name} says nothing of itself"
    # As people look for them: with the unit, and counters in _total.
    families[family.name + ("_total" if family.type == "counter" else "")] = family.type
    for sample in family.samples:
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        samples[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
print(json.dumps({"families": families, "samples": samples}))
