"""The slot moves on while the captured tables are idle; and one that was lost is replaced."""

import subprocess
import unittest

from doors import DOCUMENTS, SCHEMA, pipeline_of
from http_json import call
from oracle import wait_until_equal
from psql import Session
from stack import SCRIPTS
from waiting import eventually
from world import World


def write_elsewhere(world):
    """WAL that no slot's reader hears of: written in another database. Where the log ends then."""
    session = Session(world.env | {"POSTGRES_DB": "postgres"})
    session.run("CREATE TABLE IF NOT EXISTS noise (text text)")
    for _ in range(3):
        session.run("INSERT INTO noise SELECT repeat('x', 1000) FROM generate_series(1, 1000); SELECT pg_switch_wal(); CHECKPOINT")
    end = session.value("SELECT pg_current_wal_lsn()")
    session.close()
    return end


class Heartbeats(unittest.TestCase):
    def world(self, name, **env):
        return self.enterContext(World(name, pipeline_of(name), SCHEMA, env, started=False))

    def test_the_slot_moves_on_with_them_and_stays_without(self):
        beating = self.world("beating", HEARTBEAT_INTERVAL_MS="1000")
        silent = self.world("silent", HEARTBEAT_INTERVAL_MS="0")
        for world in (beating, silent):  # the connector is at work, and has nothing more to do
            world.sql("INSERT INTO thing VALUES (1, 'the last for long')")
            eventually(lambda: self.assertEqual(len(world.kafka.records(f"{world.name}.public.thing")), 1))
        end = write_elsewhere(beating)
        lsn = "SELECT {} >= '%s'::pg_lsn FROM pg_replication_slots WHERE slot_name = 'sluice_{}'" % end
        for position in ("confirmed_flush_lsn", "restart_lsn"):
            eventually(lambda: self.assertEqual(beating.sql(lsn.format(position, "beating")), ["t"]), 60)
            self.assertEqual(silent.sql(lsn.format(position, "silent")), ["f"])


class LostSlot(unittest.TestCase):
    def test_it_is_replaced_and_a_rebuild_removes_what_was_deleted_meanwhile(self):
        pipeline = pipeline_of("lost", denormalizer={"replication_slot": "sluice_lost"})
        world = self.enterContext(World("lost", pipeline, SCHEMA))
        world.sql("INSERT INTO thing SELECT i, 'before' FROM generate_series(1, 10) i")
        wait_until_equal(world, DOCUMENTS)

        call("PUT", f"{world.env['CONNECT_URL']}/connectors/lost/stop")
        slot = "SELECT wal_status, active FROM pg_replication_slots WHERE slot_name = 'sluice_lost'"
        eventually(lambda: self.assertEqual(world.sql(slot)[0].split("|")[1], "f"))
        self.restart_postgres(world, POSTGRES_MAX_SLOT_WAL="1MB")
        self.addCleanup(self.restart_postgres, world)
        world.sql("DELETE FROM thing WHERE id = 1; UPDATE thing SET name = 'in the gap' WHERE id = 2; "
                  "INSERT INTO thing VALUES (11, 'in the gap')")
        write_elsewhere(world)
        eventually(lambda: self.assertEqual(world.sql(slot), ["lost|f"]))

        eventually(lambda: self.assertIn("the replication slot sluice_lost has fallen too far behind", self.warnings(world)))
        healed = subprocess.run([SCRIPTS / "setup-debezium.sh"], env=world.env, capture_output=True, text=True)
        self.assertEqual(healed.returncode, 0, healed.stderr)
        self.assertIn("slot sluice_lost was lost", healed.stderr)
        eventually(lambda: self.assertEqual(self.warnings(world), ""), 60)
        wait_until_equal(world, DOCUMENTS + " UNION ALL SELECT 1, '{\"id\": 1, \"name\": \"before\"}'::json")
        job = world.sluice("job", "run", str(world.pipeline), "reconcile")
        self.assertEqual(job.returncode, 0, job.stderr)
        wait_until_equal(world, DOCUMENTS)

    def test_the_log_that_a_slot_holds_back_is_bounded(self):
        session = Session(World.stack.env | {"POSTGRES_DB": "postgres"})
        self.addCleanup(session.close)
        expected = World.stack.env.get("POSTGRES_MAX_SLOT_WAL", "4GB")
        self.assertEqual(session.value("SHOW max_slot_wal_keep_size"), expected)  # by itself PostgreSQL has no bound: -1

    def warnings(self, world):
        return "\n".join(call("GET", f"{world.admin_url}/ready").json["warnings"])

    def restart_postgres(self, world, **env):
        world.database.close()
        world.stack.script("stack.sh", "restart", "postgres", env=world.stack.env | env)
