"""What happens beside the transactions, and must make no difference."""

from concurrent.futures import ThreadPoolExecutor

from psql import DatabaseError
from random_schema import quoted


class Faults:
    """Context manager: `strike()` does one thing at random; at the end, what it started in the background must have
    succeeded. `alterable`: tables that may get columns. `compare`: waits until the index is what the tables say."""

    def __init__(self, rng, world, alterable, compare):
        self.rng = rng
        self.world = world
        self.alterable = alterable
        self.compare = compare
        self.struck = []
        self.rebuild = None
        self.background = ThreadPoolExecutor(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.background.shutdown()

    def strike(self):
        fault = self.rng.choice([self.kill, self.kill, self.restart, self.disconnect, self.reconcile, self.check,
                                 *[self.alter] * bool(self.alterable)])
        self.struck.append(fault.__name__)
        fault()

    def finish(self):
        if self.rebuild:
            run = self.rebuild.result()
            assert run.returncode == 0, f"reconcile failed: {run.stdout}\n{run.stderr}"

    def check(self):
        self.compare()

    def kill(self):
        self.world.host.kill()
        self.world.host.start()

    def restart(self):
        status = self.world.host.stop()
        assert status == 0, f"the host ended with status {status}:\n{self.world.host.log_text()[-3000:]}"
        self.world.host.start()

    def disconnect(self):
        self.world.sql("""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE application_name = 'sluice' AND datname = current_database()""")

    def alter(self):
        """A column more, of which no document knows, and at times away again."""
        table, name = self.rng.choice(self.alterable), quoted(f"new {len(self.struck)}")
        self.world.sql("SET lock_timeout = '1s'")
        try:
            self.world.sql(f"ALTER TABLE {table.sql} ADD COLUMN {name} integer DEFAULT 7")
            if self.rng.random() < 0.5:
                self.world.sql(f"ALTER TABLE {table.sql} DROP COLUMN {name}")
        except DatabaseError:
            pass  # an open transaction holds the table

    def reconcile(self):
        """While the transactions go on; one run at a time."""
        if not self.rebuild or self.rebuild.done():
            self.finish()
            self.rebuild = self.background.submit(self.world.sluice, "job", "run", self.world.pipeline, "reconcile")
