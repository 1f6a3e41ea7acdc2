"""Kafka with TLS, and with a name and password (SASL) inside TLS: `source.properties` has librdkafka's names."""

from doors import DOCUMENTS, Doors, pipeline_of
from oracle import wait_until_equal
from secure_stack import BROKER_PASSWORD, KEY_PASSWORD, USER
from waiting import eventually


class Kafka(Doors):
    name = "kafka"

    def pipeline(self, door, host="localhost", **properties):
        broker = f"{host}:{self.stack.doors[door]}"
        properties = {name.replace("_", "."): value for name, value in properties.items()}
        properties = {"security.protocol": "SSL", "ssl.ca.location": str(self.stack.authority.certificate),
                      "topic.metadata.refresh.interval.ms": "700"} | properties
        return pipeline_of(self.name, source={
            "brokers": broker, "topics": [f"^{self.name}[.]"],
            "properties": {name: value for name, value in properties.items() if value is not None}})

    def sasl(self, mechanism, password=BROKER_PASSWORD):
        return self.pipeline("sasl", security_protocol="SASL_SSL", sasl_mechanism=mechanism, sasl_username=USER,
                             sasl_password=password)

    def test_an_authority_that_did_not_sign(self):
        why = f"localhost:{self.stack.doors['tls']}", "unable to get local issuer certificate"
        self.is_refused(self.pipeline("tls", ssl_ca_location=str(self.stack.stranger.certificate)), *why)
        self.command_says(*why, command=["job", "run", str(self.file), "reconcile"])

    def test_a_host_of_another_name(self):
        self.is_refused(self.pipeline("tls", host="127.0.0.1"),
                        f"127.0.0.1:{self.stack.doors['tls']}", "IP address mismatch")

    def test_an_authority_of_ones_own_that_was_not_named(self):
        self.is_refused(self.pipeline("tls", ssl_ca_location=None),
                        f"localhost:{self.stack.doors['tls']}", "unable to get local issuer certificate")

    def test_an_expired_certificate(self):
        self.is_refused(self.pipeline("expired"), f"localhost:{self.stack.doors['expired']}", "certificate has expired")

    def test_no_tls_where_the_broker_wants_it(self):
        self.is_refused(self.pipeline("tls", security_protocol="PLAINTEXT"), f"localhost:{self.stack.doors['tls']}")

    def test_a_wrong_password(self):
        self.is_refused(self.sasl("PLAIN", "sentinel-wrong-word"), f"localhost:{self.stack.doors['sasl']}",
                        "Invalid username or password", secrets=["sentinel-wrong-word"])

    def test_scram_that_this_librdkafka_cannot_do_with_this_broker(self):
        self.is_refused(self.sasl("SCRAM-SHA-512"), f"localhost:{self.stack.doors['sasl']}", "SCRAM-SHA-512")
        self.assertIn("cannot do SCRAM with Kafka 4", self.ready)

    def test_tls(self):
        self.is_let_in(self.pipeline("tls"))

    def let_in_as_well(self):
        """The dead-letter producer, and the command that reads its topic."""
        topic = f"sluice.{self.name}.dlq"
        broken = f"broken by {self.id()} {len(self.world.kafka.records(topic))}".encode()
        self.world.kafka.produce(f"{self.name}.public.thing", "1", broken)
        eventually(lambda: self.assertIn(broken, [value for _, _, value in self.world.kafka.records(topic)]))
        listed = self.world.sluice("dlq", "list", str(self.file))
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn(f"{self.name}.public.thing", listed.stdout)

    def test_a_certificate_of_the_clients_own(self):
        client = self.stack.client
        self.is_let_in(self.pipeline("mutual", ssl_certificate_location=str(client.certificate),
                                     ssl_key_location=str(client.key), ssl_key_password=KEY_PASSWORD))

    def test_name_and_password(self):
        self.is_let_in(self.sasl("PLAIN"))


class Rebuild(Doors):
    """The consumers of a rebuild, outside the group: with the broken records of Kafka's own tests there would be none."""

    name = "kafka_rebuild"

    def test_what_comes_during_a_rebuild_is_read_over_tls(self):
        self.use(Kafka.pipeline(self, "tls"))
        self.write()
        self.wait_for_record()
        job = self.world.sluice("job", "run", str(self.file), "reconcile")
        self.assertEqual(job.returncode, 0, job.stderr)
        self.assertIn('"replayed":1', job.stderr.replace("\\", ""))
        wait_until_equal(self.world, DOCUMENTS)

    def wait_for_record(self):
        topic = f"{self.name}.public.thing"
        eventually(lambda: self.assertEqual(len(self.world.kafka.records(topic)), self.rows))
