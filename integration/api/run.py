#!/usr/bin/env python3
"""Tests of the search API against a real OpenSearch node and the real host.

  integration/api/run.py [NAME...]    all tests, or those named (test_search, test_search.Sorting, ...)

Brings up an OpenSearch node of its own, fills an index of its own, starts `sluice run` (SLUICE_BIN:
another binary), and takes all of it down again.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

import api  # noqa: E402
import dataset  # noqa: E402
from host import Host, free_port  # noqa: E402
from runner import end_on_sigterm, run_tests  # noqa: E402
from stack import Stack  # noqa: E402


def main():
    end_on_sigterm()
    with Stack("opensearch") as stack:
        dataset.load(stack.env["OPENSEARCH_URL"])
        port = free_port()
        env = stack.env | {"PORT": str(port), "OPENSEARCH_INDEX": dataset.ALIAS}
        api.configure(port, stack)
        with Host(HERE / "pipeline.yaml", env, f"http://127.0.0.1:{port}/health",
                  arguments=["--admin", f"127.0.0.1:{free_port()}"]) as host:
            passed = run_tests("api", HERE, sys.argv[1:])
            status = host.stop()
            if status != 0:
                print(f"api: the host left with status {status}\n{host.log_text()[-4000:]}")
            return 0 if passed and status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
