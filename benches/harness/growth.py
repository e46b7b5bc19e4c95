"""`growth`: reads of 10,000 and of 1,000,000 posts, in turn."""

from dataclasses import replace
from statistics import median

from . import load, turns
from .contenders import PEERS, gazettes
from .database import DATABASES
from .speed import rounds_and_seconds
from .tables import number, table
from .workloads import BY_NAME

SMALL, LARGE = 10_000, 1_000_000
WORKLOADS = ["read", "list", "total"]
# Fewer than for other workloads, and enough time, because the total of the large table takes long.
CONNECTIONS, LEAST_SECONDS = 8, 3
HEAD = ["", "10,000 rows, requests/s", "1,000,000 rows", "time of 1,000,000 / 10,000"]


def run(name, directory):
    """Returns a row for each workload and contender."""
    load.require_wrk()
    contenders = [PEERS[0], gazettes()[-1]]
    databases = [
        DATABASES[name](directory / f"rows{posts}", contenders[-1].program, posts, 0) for posts in (SMALL, LARGE)
    ]
    try:
        workloads = [replace(BY_NAME[name], connections=CONNECTIONS) for name in WORKLOADS]
        return [row for workload in workloads for row in _compare(workload, contenders, databases)]
    finally:
        for database in databases:
            database.remove()


def _compare(workload, contenders, databases):
    rounds, seconds = rounds_and_seconds()
    seconds = max(seconds, LEAST_SECONDS)
    for database in databases:
        turns.compare_answers(workload, contenders, database)
    measured = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            pair = [turns.measure(workload, [contender], database, 1, seconds) for database in databases]
            measured[contender.name].append([turn[contender.name][0]["rate"] for turn in pair])
    return [_row(workload, contender, measured[contender.name]) for contender in contenders]


def _row(workload, contender, rates):
    growth = [small / large for small, large in rates]
    return {
        "workload": workload.title,
        "contender": contender.title,
        "small": median(small for small, _ in rates),
        "large": median(large for _, large in rates),
        "growth": median(growth),
        "least": min(growth),
        "greatest": max(growth),
    }


def of_rows(rows):
    return table(HEAD, [_cells(row) for row in rows], [1, 2, 3])


def _cells(row):
    growth = f"{row['growth']:.2f} ({row['least']:.2f} to {row['greatest']:.2f})"
    return [f"{row['workload']}, {row['contender']}", number(row["small"]), number(row["large"]), growth]
