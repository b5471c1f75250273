#!/usr/bin/env python3
"""An S3 server in memory, moto's, on a free port of the loopback.

usage: s3_server.py [--ignore-conditions]

Tells its port in one line of stdout, serves, and ends when its stdin does. Requests are carried out one at a time: moto looks
whether an object is there before it takes the new one, which threads could come between; a real store does not let them.

--ignore-conditions: writes objects whatever If-None-Match says, as older servers do.
"""

import logging
import os
import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def main() -> None:
    ignore_conditions = "--ignore-conditions" in sys.argv[1:]
    moto = DomainDispatcherApplication(create_backend_app)
    one_at_a_time = threading.Lock()

    def application(environ, start_response):
        if ignore_conditions:
            environ.pop("HTTP_IF_NONE_MATCH", None)
        with one_at_a_time:
            return list(moto(environ, start_response))

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
