"""`benches/run http`: the reference application and its hand-written peers, in turn."""

import os
import tempfile
from pathlib import Path

from . import load, tables, turns
from .contenders import PEERS, gazettes
from .database import DATABASES
from .process import Failure
from .workloads import ALL, BY_NAME

POSTS, COMMENTS_OF_EACH = 10_000, 10
LIMIT = "limit"


def arguments(parser):
    parser.add_argument("--database", choices=list(DATABASES), help="instead of both")
    parser.add_argument("--only", metavar="WORKLOADS", help=f"some of {','.join(BY_NAME)}")
    names = "some of limit,pipelined,seaorm,gable and the names in GAZETTE"
    parser.add_argument("--contenders", metavar="NAMES", help=names)


def run(options, results):
    load.require_wrk()
    gazette = gazettes()
    contenders = _contenders(options, gazette)
    with tempfile.TemporaryDirectory() as directory:
        database = DATABASES[options.database](Path(directory) / "http", gazette[-1].program, POSTS, COMMENTS_OF_EACH)
        try:
            for workload in _workloads(options.only):
                results.add_workload(database.name, workload.name, _measure(workload, contenders, database))
        finally:
            database.remove()


def rounds_and_seconds():
    return int(os.environ.get("ROUNDS", 3)), int(os.environ.get("SECONDS", 5))


def _measure(workload, contenders, database):
    turns.compare_answers(workload, contenders, database)
    rounds, seconds = rounds_and_seconds()
    measured = turns.measure(workload, contenders, database, rounds, seconds)
    summary = turns.summary(measured, LIMIT if LIMIT in measured else contenders[0].name)
    print(f"\n{database.title}: {workload.title}\n")
    print(tables.of_workload(summary, {contender.name: contender.title for contender in contenders}), flush=True)
    return {"summary": summary, "turns": measured}


def _workloads(only):
    if not only:
        return ALL
    unknown = [name for name in only.split(",") if name not in BY_NAME]
    if unknown:
        raise Failure(f"there is no workload {unknown[0]}; choose of {', '.join(BY_NAME)}")
    return [BY_NAME[name] for name in only.split(",")]


def _contenders(options, gazette):
    """The limit comes first."""
    every = [contender for contender in [*PEERS, *gazette] if options.database in contender.databases]
    known = [contender.name for contender in every]
    chosen = options.contenders.split(",") if options.contenders else known
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise Failure(f"there is no contender {unknown[0]}; choose of {', '.join(known)}")
    return [contender for contender in every if contender.name in chosen]
