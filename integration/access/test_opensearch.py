"""OpenSearch behind TLS, and a name and password: `url`, `ca_file`, `username`, `password` of the sink and of the search
service."""

from doors import DOCUMENTS, Doors, pipeline_of
from host import free_port
from http_json import call
from oracle import wait_until_equal
from secure_stack import SEARCH_PASSWORD, USER
from waiting import eventually


class OpenSearch(Doors):
    name = "search_door"

    def server(self, door="search", host="localhost", **options):
        server = {"url": self.door(door, host), "ca_file": str(self.stack.authority.certificate), "username": USER,
                  "password": SEARCH_PASSWORD} | options
        return {name: value for name, value in server.items() if value is not None}

    def pipeline(self, *door, **options):
        """Of whose servers the sink's and the search service's are the same."""
        server = self.server(*door, **options)
        pipeline = pipeline_of(self.name)
        pipeline["sink"]["config"].update(server)
        self.port = free_port()
        search = {"port": self.port, "opensearch": server, "index": "${OPENSEARCH_INDEX}", "base_path": "/things",
                  "tiebreak": "id",
                  "routes": [{"path": "/search", "kind": "search", "fields": {"name": ["name"]}, "default_fields": ["name"]}]}
        return pipeline | {"services": {"search": {"plugin": "search-api", "config": search}}}

    def door(self, name="search", host="localhost"):
        return f"https://{host}:{self.stack.doors[name]}"

    def service_refuses(self, server, *words):
        """While the sink is let in, so that nobody but the service can be meant. Its own clients are not told why."""
        pipeline = self.pipeline()
        pipeline["services"]["search"]["config"]["opensearch"] = server
        host = self.host(pipeline)
        host.spawn()

        def says_why():
            ready = call("GET", f"{self.world.admin_url}/ready")
            self.assertEqual(ready.status, 503)
            problems = ready.json["problems"]
            self.assertEqual(len(problems), 1, problems)
            for word in ("service search: search-api: OpenSearch does not answer", server["url"], *words):
                self.assertIn(word, problems[0])
            health = call("GET", f"http://127.0.0.1:{self.port}/health")
            self.assertEqual(health.status, 503)
            self.assertNotIn(server["url"], health.text)

        try:
            eventually(says_why)
        except OSError:
            raise AssertionError(host.log_text()) from None
        self.write()
        wait_until_equal(self.world, DOCUMENTS)
        self.assertEqual(call("GET", self.search_url()).status, 503)

    def search_url(self):
        return f"http://127.0.0.1:{self.port}/things/search?q=of"

    def test_an_authority_that_did_not_sign_asked_by_the_search_service(self):
        self.service_refuses(self.server(ca_file=str(self.stack.stranger.certificate)), "SSL certificate problem")

    def test_a_host_of_another_name_asked_by_the_search_service(self):
        self.service_refuses(self.server(host="127.0.0.1"), "target host name '127.0.0.1'")

    def test_an_authority_that_did_not_sign(self):
        why = self.door(), "SSL certificate problem"
        self.is_refused(self.pipeline(ca_file=str(self.stack.stranger.certificate)), *why)
        self.command_says(*why, command=["job", "run", str(self.file), "reconcile"])
        self.command_says(*why, command=["index", "init", str(self.file)])

    def test_a_host_of_another_name(self):
        self.is_refused(self.pipeline(host="127.0.0.1"), self.door(host="127.0.0.1"), "target host name '127.0.0.1'")

    def test_an_authority_of_ones_own_that_was_not_named(self):
        self.is_refused(self.pipeline(ca_file=None), self.door(), "SSL certificate problem")

    def test_an_expired_certificate(self):
        self.is_refused(self.pipeline("expired_search"), self.door("expired_search"), "certificate has expired")

    def test_a_wrong_password(self):
        self.is_refused(self.pipeline(password="sentinel-wrong-word"), "401", secrets=["sentinel-wrong-word"])

    def test_tls(self):
        pipeline = self.pipeline()
        self.is_let_in(pipeline)

    def let_in_as_well(self):
        def finds():
            answer = call("GET", self.search_url())
            self.assertEqual(answer.status, 200, self.world.host.log_text())
            self.assertEqual(answer.json["total"], self.rows)

        eventually(finds)
