"""The native stack with locks on its doors: PostgreSQL and Kafka with TLS, and OpenSearch behind a proxy that has TLS and
asks for a name and password. All have certificates for `localhost` of an authority made for the run."""

import pathlib
import subprocess
import tempfile

from certificates import Authority
from host import free_port
from stack import Stack

USER = "sluice"
DATABASE_PASSWORD = "sentinel-database-word"  # of PostgreSQL's superuser
BROKER_PASSWORD = "sentinel-broker-word"
SEARCH_PASSWORD = "sentinel-search-word"
KEY_PASSWORD = "sentinel-key-word"

_BROKER = """
listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},TLS://127.0.0.1:{tls},EXPIRED://127.0.0.1:{expired},\
MUTUAL://127.0.0.1:{mutual},SASL://127.0.0.1:{sasl}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},TLS://localhost:{tls},EXPIRED://localhost:{expired},\
MUTUAL://localhost:{mutual},SASL://localhost:{sasl}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,EXPIRED:SSL,MUTUAL:SSL,SASL:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.both
listener.name.expired.ssl.keystore.type=PEM
listener.name.expired.ssl.keystore.location={folder}/expired.both
listener.name.mutual.ssl.client.auth=required
listener.name.mutual.ssl.truststore.type=PEM
listener.name.mutual.ssl.truststore.location={folder}/authority.pem
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""

_PROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
userlist known
  user {user} insecure-password {password}
frontend search
  bind 127.0.0.1:{search} ssl crt {folder}/server.both
  bind 127.0.0.1:{expired_search} ssl crt {folder}/expired.both
  http-request auth realm search unless {{ http_auth(known) }}
  default_backend node
backend node
  server node 127.0.0.1:{node}
"""


class SecureStack(Stack):
    """`authority`, `stranger`: who signed the servers' certificates, and somebody else. `doors`: ports by name."""

    def __init__(self):
        super().__init__("postgres", "kafka", "connect", "opensearch")
        self.keys = tempfile.TemporaryDirectory(prefix="sluice-keys-")
        self.proxy = None

    def prepare(self):
        folder = pathlib.Path(self.keys.name)
        folder.chmod(0o755)
        self.authority = Authority(folder, "authority")
        self.stranger = Authority(folder, "stranger")
        self.server = self.authority.issue("server").give_to_servers()
        self.expired = self.authority.issue("expired", days=-1).give_to_servers()
        self.client = self.authority.issue("client", password=KEY_PASSWORD)
        self.doors = {door: free_port() for door in ("tls", "expired", "mutual", "sasl", "search", "expired_search")}
        facts = {"folder": folder, "user": USER, **self.doors, "plain": self.env["KAFKA_BROKER"].split(":")[1],
                 "controller": self.env["KAFKA_CONTROLLER_PORT"], "node": self.env["OPENSEARCH_URL"].rsplit(":", 1)[1]}
        (folder / "broker.properties").write_text(_BROKER.format(password=BROKER_PASSWORD, **facts))
        (folder / "proxy.cfg").write_text(_PROXY.format(password=SEARCH_PASSWORD, **facts))
        self.env.update(
            POSTGRES_PASSWORD=DATABASE_PASSWORD,
            KAFKA_EXTRA_PROPERTIES=str(folder / "broker.properties"),
            POSTGRES_EXTRA_SETTINGS=f"ssl=on ssl_cert_file={self.server.certificate} ssl_key_file={self.server.key}")

    def up(self, *services):
        super().up(*services)
        if self.proxy is None:
            self.proxy = subprocess.Popen(["haproxy", "-db", "-q", "-f", f"{self.keys.name}/proxy.cfg"])

    def __exit__(self, *_):
        if self.proxy is not None:
            self.proxy.terminate()
            self.proxy.wait()
        super().__exit__()
        self.keys.cleanup()
