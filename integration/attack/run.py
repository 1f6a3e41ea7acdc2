#!/usr/bin/env python3
"""Attacks on the search API: a real OpenSearch node, and the real host with the search service alone.

  integration/attack/run.py [NAME...]    all tests, or those named (test_connections, test_queries.Injection, ...)

Brings up an OpenSearch node of its own, fills an index of its own, starts `sluice run` (SLUICE_BIN:
another binary), and takes all of it down again.
"""

import pathlib
import resource
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api"), str(HERE.parent / "lib")]

import attack  # noqa: E402
import dataset  # noqa: E402
from host import Host, free_port  # noqa: E402
from runner import end_on_sigterm, run_tests  # noqa: E402
from stack import Stack  # noqa: E402

KEYS = {"web": "key-of-the-web-0123456789", "batch": "key-of-the-batch-0123456789"}


def raise_limit_of_open_files():
    """For 2,000 connections on both sides; the host inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 16384)), hard))


def with_host(work):
    """Calls `work` with all that it needs running. Returns the exit status: 0 if `work` returns True and the host
    leaves in order."""
    end_on_sigterm()
    raise_limit_of_open_files()
    with Stack("opensearch") as stack, tempfile.TemporaryDirectory(prefix="sluice-attack-") as folder:
        dataset.load(stack.env["OPENSEARCH_URL"])
        pipeline = shutil.copy(HERE / "pipeline.yaml", folder)
        pathlib.Path(folder, "web.key").write_text(KEYS["web"] + "\n")
        ports = [free_port() for _ in range(3)]
        env = stack.env | {"PORT": str(ports[0]), "GUARDED_PORT": str(ports[1]), "OPENSEARCH_INDEX": dataset.ALIAS,
                           "BATCH_KEY": KEYS["batch"]}
        admin = f"127.0.0.1:{ports[2]}"
        with Host(pipeline, env, f"http://{admin}/ready", arguments=["--admin", admin]) as host:
            attack.configure(port=ports[0], guarded_port=ports[1], keys=KEYS, stack=stack, host=host,
                             admin_url=f"http://{admin}")
            passed = work()
            status = host.stop()
            if not passed or status != 0:
                print(f"attack: the host left with status {status}\n{host.log_text()[-4000:]}")
            return 0 if passed and status == 0 else 1


def main():
    return with_host(lambda: run_tests("attack", HERE, sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
