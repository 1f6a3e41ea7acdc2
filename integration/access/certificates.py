"""Certificates, made by openssl: authorities that nobody knows, and what they sign."""

import os
import pathlib
import shutil
import subprocess

_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


class Authority:
    """`certificate`: its own, self-signed; the file that a client is given as CA."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.certificate = self.folder / f"{name}.pem"
        self._key = self.folder / f"{name}.key"
        _openssl("req", "-x509", *_NEW_KEY, "-nodes", "-keyout", self._key, "-out", self.certificate, "-subj", f"/CN={name}",
                 "-days", "2")

    def issue(self, name, days=2, password=None):
        """A certificate for the host `localhost`, and for no other name or address. Negative days: it has expired."""
        issued = Issued(self.folder, name)
        request = self.folder / f"{name}.csr"
        encryption = ["-nodes"] if password is None else ["-passout", f"pass:{password}"]
        _openssl("req", *_NEW_KEY, *encryption, "-keyout", issued.key, "-out", request, "-subj", f"/CN={name}",
                 "-addext", "subjectAltName=DNS:localhost")
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                 "-copy_extensions", "copy", "-days", str(days), "-out", issued.certificate)
        issued.both.write_bytes(issued.key.read_bytes() + issued.certificate.read_bytes())
        return issued


class Issued:
    """`certificate`, its `key`, and a file with `both`."""

    def __init__(self, folder, name):
        self.certificate = folder / f"{name}.crt"
        self.key = folder / f"{name}.key"
        self.both = folder / f"{name}.both"

    def give_to_servers(self):
        """Servers run as another user when root starts them, and PostgreSQL takes no key that others may read."""
        self.both.touch()
        for path in (self.certificate, self.key, self.both):
            path.chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(path, os.environ.get("SLUICE_STACK_USER", "postgres"))
        return self


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
