"""The command line of the benchmarks."""

import argparse
import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import accounts, builds, document, growth, machine, revalidation, server, speed
from .contenders import ROOT, TARGET
from .database import DATABASES
from .figures import Figures, of_figures
from .process import Failure
from .results import Results

# Benchmarks that yield single figures, in the order of a complete run.
FIGURES = {
    "build-step": builds.build_step,
    "generated-crate": builds.generated_crate,
    "server": server.run,
    "statements": server.statements,
    "accounts": accounts.run,
    "permission": accounts.permission_checks,
    "revalidation": revalidation.run,
}
ON_POSTGRES = {"statements", "revalidation"}


def main(words):
    options = _parser().parse_args(words)
    try:
        _run(options, Results(options.results))
    except Failure as failure:
        sys.exit(f"\nbenches/run: {failure}")


def _parser():
    parser = argparse.ArgumentParser(prog="benches/run", description="Runs benchmarks and prints their figures.")
    parser.add_argument("--results", metavar="FILE", help="the JSON file of results, instead of target/benchmarks.json")
    commands = parser.add_subparsers(dest="benchmark", metavar="BENCHMARK")
    http = commands.add_parser("http", help="requests, compared with servers written by hand")
    speed.arguments(http)
    growing = commands.add_parser("growth", help="reads of 10,000 and of 1,000,000 rows")
    growing.add_argument("--database", choices=list(DATABASES), help="instead of both")
    for name, run in FIGURES.items():
        commands.add_parser(name, help=run.__doc__.splitlines()[0])
    commands.add_parser("document", help="write docs/benchmarks.md and docs/benchmarks.svg from the results")
    return parser


def _run(options, results):
    if options.benchmark == "document":
        document.write(results.content)
    elif options.benchmark is None:
        for words in [["http"], ["growth"], *([name] for name in FIGURES)]:
            _again(options, words)
    elif options.benchmark in FIGURES:
        _figures(options, results)
    elif options.database is None:
        for database in DATABASES:
            _again(options, [*_words(options), "--database", database])
    else:
        _on_database(options, results)


def _again(options, words):
    """Runs this program with other words, in a process of its own."""
    results = ["--results", options.results] if options.results else []
    if subprocess.run([ROOT / "benches" / "run", *results, *words]).returncode:
        sys.exit(1)


def _words(options):
    given = {f"--{name}": value for name, value in vars(options).items() if name in ("only", "contenders") and value}
    return [options.benchmark, *(word for pair in given.items() for word in pair)]


def _lacks_postgres(is_on_postgres):
    return is_on_postgres and "TEST_POSTGRES_URL" not in os.environ


def _run_with_postgres():
    """Runs this program again, with a PostgreSQL server of its own."""
    command = [ROOT / ".ci" / "with-postgres", ROOT / "benches" / "run", *sys.argv[1:]]
    sys.exit(subprocess.run(command).returncode)


def _on_database(options, results):
    if _lacks_postgres(options.database == "postgres"):
        _run_with_postgres()
    _begin(options.benchmark, results)
    if options.benchmark == "http":
        return speed.run(options, results)
    with tempfile.TemporaryDirectory() as directory:
        rows = growth.run(options.database, Path(directory))
    results.add("growth", options.database, rows)
    print(growth.of_rows(rows))


def _figures(options, results):
    if _lacks_postgres(options.benchmark in ON_POSTGRES):
        _run_with_postgres()
    _begin(options.benchmark, results)
    figures = Figures()
    with tempfile.TemporaryDirectory() as directory:
        FIGURES[options.benchmark](figures, Path(directory))
    results.add("figures", options.benchmark, figures.plain())
    print(of_figures(figures.plain()), flush=True)


def _begin(benchmark, results):
    """Waits for other runs from this checkout, which would disturb the figures."""
    TARGET.mkdir(exist_ok=True)
    lock = open(TARGET / "benchmarks.lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    results.lock = lock
    results.load()
    results.add_machine(machine.describe())
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"\n{benchmark}: {os.cpu_count()} processors, load {load}\n", flush=True)
