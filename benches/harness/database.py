"""Databases that Gable creates and migrates, and that all servers use in turn."""

import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

from . import client, seed
from .process import Failure, Server, environment, tree_cpu

EDITOR = "editor"
LOG_IN_USERS = 8


class Database:
    """A database with its rows. Before each use, `fresh` replaces what the previous use has changed."""

    def __init__(self, directory, gable, posts, comments_of_each):
        self.directory, self.gable = Path(directory), gable
        self.directory.mkdir()
        self.used = True
        self.token = None
        self.create_original()
        self._migrate()
        self._accounts()
        self.fill([*seed.make_editor(EDITOR), *seed.statements(self.dialect, posts, comments_of_each)])

    def _migrate(self):
        done = subprocess.run(
            [self.gable, "migrate"], cwd=self.directory, env=environment(self.original), capture_output=True, text=True
        )
        if done.returncode:
            raise Failure(done.stdout + done.stderr)

    def _accounts(self):
        """Signs accounts up, of which one stays logged in: every server accepts its token."""
        with Server(self.gable, self.directory, self.original) as server:
            api = client.Client(server.port)
            for name in [EDITOR, *(f"busy{number}" for number in range(LOG_IN_USERS))]:
                api.sign_up(name)
            self.token = api.log_in(EDITOR)["token"]

    def start(self, program, **variables):
        return Server(program, self.directory, self.url, **variables)


class Sqlite(Database):
    name, title, dialect = "sqlite", "SQLite", seed.Sqlite

    def create_original(self):
        self.original = f"sqlite:{self.directory}/original.db"
        self.url = f"sqlite:{self.directory}/data.db"

    def fill(self, statements):
        connection = sqlite3.connect(self.directory / "original.db")
        connection.create_function("uuid_of", 1, seed.uuid_of, deterministic=True)
        connection.execute("PRAGMA synchronous = OFF")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def fresh(self):
        if self.used:
            for suffix in ["-wal", "-shm"]:
                (self.directory / f"data.db{suffix}").unlink(missing_ok=True)
            shutil.copyfile(self.directory / "original.db", self.directory / "data.db")
        self.used = False

    def cpu(self):
        """SQLite is a part of the server."""
        return None

    def remove(self):
        shutil.rmtree(self.directory)


class Postgres(Database):
    name, title, dialect = "postgres", "PostgreSQL", seed.Postgres

    def create_original(self):
        administrator = os.environ["TEST_POSTGRES_URL"]
        self.server = administrator.rpartition("/")[0]
        self.database = f"bench_{self.directory.name}"
        # Without TLS, because not every peer has it.
        self.original = f"{self.server}/{self.database}_original?sslmode=disable"
        self.url = f"{self.server}/{self.database}?sslmode=disable"
        self.postmaster = int(psql(administrator, "SELECT pg_read_file('postmaster.pid')").splitlines()[0])
        psql(administrator, f"CREATE DATABASE {self.database}_original")

    def fill(self, statements):
        psql(self.original, *statements, "VACUUM (ANALYZE)", "CHECKPOINT")

    def fresh(self):
        """Copies the original, whose last connections may take a moment to end."""
        if self.used:
            administrator = os.environ["TEST_POSTGRES_URL"]
            psql(administrator, f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
            psql(administrator, f"CREATE DATABASE {self.database} TEMPLATE {self.database}_original", "CHECKPOINT")
        self.used = False

    def cpu(self):
        return tree_cpu(self.postmaster)

    def remove(self):
        for name in [self.database, f"{self.database}_original"]:
            psql(os.environ["TEST_POSTGRES_URL"], f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        shutil.rmtree(self.directory)


def psql(url, *statements):
    commands = [part for statement in statements for part in ("-c", statement)]
    for attempt in range(20):
        done = subprocess.run(
            ["psql", "-qtAX", "-v", "ON_ERROR_STOP=1", url, *commands], capture_output=True, text=True
        )
        if not done.returncode:
            return done.stdout.strip()
        if "is being accessed by other users" not in done.stderr:
            break
        time.sleep(0.2)
    raise Failure(done.stderr)


DATABASES = {"sqlite": Sqlite, "postgres": Postgres}
