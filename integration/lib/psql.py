"""A session with PostgreSQL: one psql process, so that a transaction can stay open between calls."""

import subprocess


class DatabaseError(Exception):
    pass


def literal(text):
    return "'" + text.replace("'", "''") + "'"


class Session:
    """Not for use by two threads at once. After an error or a lost connection the next call connects anew."""

    _END = "--- end of answer ---"

    def __init__(self, env):
        self.env = {**env, "PGPASSWORD": env.get("POSTGRES_PASSWORD", "postgres"), "PGCONNECT_TIMEOUT": "10",
                    "PGTZ": "UTC", "PGOPTIONS": "-c client_min_messages=warning"}
        self.process = None

    def run(self, sql):
        """Runs statements; the rows as lines of text, columns parted by `|`."""
        if self.process is None:
            self._connect()
        try:
            self.process.stdin.write(f"{sql}\n;\n\\echo {self._END}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer says why
        lines = []
        for line in self.process.stdout:
            if line == self._END + "\n":
                return lines
            lines.append(line.rstrip("\n"))
        self.close()
        raise DatabaseError("\n".join(lines) or "psql ended without an answer")

    def value(self, sql):
        """The only column of the only row."""
        rows = self.run(sql)
        if len(rows) != 1:
            raise DatabaseError(f"expected one row, got {rows}")
        return rows[0]

    def close(self):
        if self.process is None:
            return
        self.process.stdin.close() if not self.process.stdin.closed else None
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def _connect(self):
        host, port = self.env.get("POSTGRES_HOST", "localhost"), self.env.get("POSTGRES_PORT", "5432")
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", port,
             "-U", self.env.get("POSTGRES_USER", "postgres"), "-d", self.env.get("POSTGRES_DB", "projectsdb")],
            env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
