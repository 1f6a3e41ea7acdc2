"""PostgreSQL with TLS: `connection.sslrootcert` and its like."""

import subprocess

from doors import Doors, pipeline_of
from stack import SCRIPTS

AUTHORITY = object()


class Postgres(Doors):
    name = "postgres_door"

    @classmethod
    def variables(cls):
        return {"POSTGRES_SSLMODE": "verify-full", "POSTGRES_SSLROOTCERT": str(cls.stack.authority.certificate)}

    def pipeline(self, host="localhost", authority=AUTHORITY, **connection):
        pipeline = pipeline_of(self.name)
        settings = {"host": host, "sslrootcert": str(authority.certificate if authority is not AUTHORITY else
                                                     self.stack.authority.certificate)} | connection
        pipeline["denormalize"]["config"]["connection"].update(
            {name: value for name, value in settings.items() if value is not None})
        return pipeline

    def is_kept_out(self, pipeline, *words):
        """The commands that ask the database say which server and why."""
        self.use(pipeline)
        server = f'connection to server at "{pipeline["denormalize"]["config"]["connection"]["host"]}"'
        for command in (["validate", "--connect"], ["explain"]):
            run = self.world.sluice(*command, str(self.file))
            self.assertEqual(run.returncode, 1, run.stdout)
            for word in (server, f"port {self.world.env['POSTGRES_PORT']}", *words):
                self.assertIn(word, run.stderr)

    def test_an_authority_that_did_not_sign(self):
        self.is_refused(self.pipeline(authority=self.stack.stranger), "connection to server at", "localhost",
                        f"port {self.world.env['POSTGRES_PORT']}", "certificate verify failed")

    def test_an_authority_that_did_not_sign_asked_by_commands(self):
        self.is_kept_out(self.pipeline(authority=self.stack.stranger), "certificate verify failed")

    def test_a_host_of_another_name(self):
        self.is_refused(self.pipeline(host="127.0.0.1"), "connection to server at", f"port {self.world.env['POSTGRES_PORT']}",
                        "does not match host name")

    def test_a_host_of_another_name_asked_by_commands(self):
        self.is_kept_out(self.pipeline(host="127.0.0.1"), 'does not match host name "127.0.0.1"')

    def test_an_authority_of_ones_own_that_was_not_named(self):
        pipeline = self.pipeline(sslmode="verify-full")
        del pipeline["denormalize"]["config"]["connection"]["sslrootcert"]
        self.is_kept_out(pipeline, "root certificate file")

    def test_an_expired_certificate(self):
        server, expired = self.stack.server, self.stack.expired
        kept = {path: path.read_bytes() for path in (server.certificate, server.key)}

        def present(certificate, key):
            server.certificate.write_bytes(certificate)  # in place: the owner stays
            server.key.write_bytes(key)
            self.world.sql("SELECT pg_reload_conf()")

        self.addCleanup(present, *kept.values())
        present(expired.certificate.read_bytes(), expired.key.read_bytes())
        self.is_kept_out(self.pipeline(), "certificate verify failed")

    def test_a_wrong_password(self):
        self.is_kept_out(self.pipeline(password="sentinel-wrong-word"), "password authentication failed")

    def test_debezium_believes_no_other_authority(self):
        wrong = self.world.env | {"POSTGRES_SSLROOTCERT": str(self.stack.stranger.certificate)}
        run = subprocess.run([SCRIPTS / "setup-debezium.sh"], env=wrong, capture_output=True, text=True)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("unable to find valid certification path", run.stderr)

    def test_tls(self):
        self.is_let_in(self.pipeline())

    def let_in_as_well(self):
        tls = f"""SELECT DISTINCT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
            WHERE datname = '{self.name}' AND application_name = 'sluice'"""
        self.assertEqual(self.world.sql(tls), ["t"])
