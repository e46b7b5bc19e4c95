"""The command line of the benchmarks."""

import argparse
import os
import sys

from . import speed
from .process import Failure
from .results import Results


def main(words):
    parser = argparse.ArgumentParser(prog="benches/run", description="Runs benchmarks and prints their figures.")
    parser.add_argument("--results", metavar="FILE", help="the JSON file to write, instead of target/benchmarks.json")
    commands = parser.add_subparsers(dest="benchmark", required=True)
    http = commands.add_parser("http", help="requests of the reference application, compared with hand-written servers")
    speed.arguments(http)
    options = parser.parse_args(words)
    try:
        print(f"{os.cpu_count()} processors, load {' '.join(f'{load:.1f}' for load in os.getloadavg())}", flush=True)
        speed.run(options, Results(options.results))
    except Failure as failure:
        sys.exit(f"\nbenches/run: {failure}")
