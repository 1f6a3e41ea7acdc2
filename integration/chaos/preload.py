"""C sources of this folder, as libraries to preload into a program."""

import contextlib
import pathlib
import subprocess
import tempfile

_HERE = pathlib.Path(__file__).resolve().parent


@contextlib.contextmanager
def preload(name):
    """The path of the library made of NAME.c, in a temporary folder that goes with it."""
    with tempfile.TemporaryDirectory(prefix=f"sluice-{name}-") as folder:
        library = pathlib.Path(folder, f"{name}.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, _HERE / f"{name}.c", "-ldl"], check=True)
        yield library
