"""`server`: the start of the reference application, its size, and the statements that a request takes."""

import os
import time

from .client import Client
from .contenders import gazettes
from .database import psql
from .process import Server

REQUESTS = 1000
STARTS = 5


def run(figures, directory):
    """Start, memory and size of the release binary."""
    program = gazettes()[-1].program
    url = f"sqlite:{directory}/data.db"
    with Server(program, directory, url) as server:
        milliseconds = f"{server.seconds_to_listen * 1e3:.0f}"
        figures.add("until the port is open, new database", milliseconds, "ms", "", "tables and roles are created")
    starts = [_start(program, directory, url) for _ in range(STARTS)]
    times, rest = zip(*starts)
    note = f"least and most of {STARTS} starts, with the first answer"
    figures.add("first answer", f"{min(times) * 1e3:.0f} to {max(times) * 1e3:.0f}", "ms", "≤ 300 ms", note)
    figures.add("resident memory at rest", f"{max(rest):.1f}", "MB", "< 40 MB")
    figures.add("size of the release binary", f"{program.stat().st_size / 2**20:.1f}", "MB")


def _start(program, directory, url):
    """Seconds until the first answer, and the memory a second later."""
    started = time.perf_counter()
    with Server(program, directory, url) as server:
        Client(server.port).send("GET", "/health/live")
        first = time.perf_counter() - started
        time.sleep(1)
        return first, server.memory("VmRSS")


def statements(figures, directory):
    """SQL statements per request.

    PostgreSQL counts transactions. The difference is the cost of authentication with a warm cache.
    """
    administrator = os.environ["TEST_POSTGRES_URL"]
    psql(administrator, "CREATE DATABASE statements")
    url = f"{administrator.rpartition('/')[0]}/statements"
    with Server(gazettes()[-1].program, directory, url) as server:
        client = Client(server.port)
        client.sign_up("ada")
        figures.add("SQL statements per list request, anonymous", f"{_per_request(client, url):.2f}")
        client.connection.close()
        client.log_in("ada")
        client.send("GET", "/api/tags")
        figures.add("SQL statements per list request, logged in", f"{_per_request(client, url):.2f}")


def _per_request(client, url):
    before = _transactions(url)
    idle = _transactions(url) - before
    before = _transactions(url)
    # The server has closed the idle connection.
    client.connection.close()
    for page in range(REQUESTS):
        client.expect("GET", f"/api/tags?page={page + 1}")
    return (_transactions(url) - before - idle) / REQUESTS


def _transactions(url):
    """A statement outside a transaction counts as one. Idle connections report their transactions after ten seconds."""
    time.sleep(12)
    return int(psql(url, "SELECT xact_commit FROM pg_stat_database WHERE datname = 'statements'"))
