"""A stack of one's own: scripts/stack.sh on free ports, with its data in a temporary folder."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"


class Stack:
    """Context manager. `services`: which of postgres, kafka, connect and opensearch to start. `durable`: what PostgreSQL
    says is committed survives its being killed."""

    def __init__(self, *services, durable=False):
        self.services = services
        self.durable = durable
        self.folder = None
        self.env = dict(os.environ)  # for everything that talks to this stack

    def __enter__(self):
        exports = subprocess.run([SCRIPTS / "stack.sh", "ports"], check=True, capture_output=True, text=True)
        self.env.update(re.findall(r"^export (\w+)=(.*)$", exports.stdout, re.MULTILINE))
        self.folder = tempfile.mkdtemp(prefix="sluice-stack-")
        self.env.update(SLUICE_STACK_DIR=self.folder, SLUICE_STACK_FSYNC="on" if self.durable else "off")
        self.env.setdefault("SLUICE_STACK_TIMEOUT", "240")  # a test machine may be busy with a build
        try:
            self.prepare()
            self.up(*self.services)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.script("stack.sh", "wipe", timeout=120, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self):
        """For a stack whose servers need more than the usual settings: called when `env` names the ports and `folder` is
        there, before any server starts."""

    def up(self, *services):
        self.script("stack.sh", "up", *services)

    def down(self, *services):
        self.script("stack.sh", "down", *services)

    def kill(self, service, signal="KILL"):
        self.script("stack.sh", "kill", service, signal)

    def script(self, name, *arguments, env=None, timeout=300, check=True):
        """Runs scripts/`name` on this stack; `env`: another environment than the stack's own."""
        subprocess.run([SCRIPTS / name, *arguments], env=env or self.env, check=check, timeout=timeout)
