"""What an operator sees."""

import re

from case import Case
from host import Host, free_port
from http_json import call


class Operation(Case):
    def test_ready(self):
        answer = call("GET", f"{self.world.admin_url}/ready")
        self.assertEqual((answer.status, answer.json), (200, {"ready": True, "problems": []}))

    def test_not_ready_says_why(self):
        self.add_found_project()  # an event, on which the broken pipeline fails
        broken = self.world.pipeline_variant(
            "broken.yaml", ("name: projects\n", "name: broken\n"), ("table: projects\n", "table: projcts\n"))
        admin = f"127.0.0.1:{free_port()}"
        env = {**self.world.env, "SLUICE_ADMIN": admin, "PORT": str(free_port())}
        host = Host(broken, env, f"http://{admin}/ready")
        host.spawn()
        self.addCleanup(host.log.close)
        self.addCleanup(host.stop)

        def has_reason():
            answer = call("GET", f"http://{admin}/ready")
            self.assertEqual(answer.status, 503)
            self.assertIn("projcts", answer.text)

        self.eventually(has_reason)
        self.assertEqual(call("GET", f"http://{admin}/health").status, 200)  # it lives, to tell

    def test_validate(self):
        misspelt = self.world.pipeline_variant("misspelt.yaml", ("  brokers:", "  borkers:"))
        run = self.world.sluice("validate", misspelt)
        self.assertEqual(run.returncode, 1)
        line = misspelt.read_text().split("borkers")[0].count("\n") + 1
        self.assertRegex(run.stderr, re.escape(f"{misspelt}:{line}:3: ") + ".*borkers.*brokers")
        self.assertEqual(self.world.sluice("validate", self.world.pipeline_variant("sound.yaml")).returncode, 0)
