"""Measures servers in turn, so that other load on the machine affects all of them."""

import json
import sys
import time
from statistics import median

from . import client, load
from .process import Failure
from .workloads import comparable

# Seconds after the start at which the memory at rest is read.
REST = 0.5


def compare_answers(workload, contenders, database):
    """Fails unless every server gives the answers of the first one, byte for byte."""
    first = None
    for contender in contenders:
        answers = _answers(workload, contender, database)
        first = first or (contender, answers)
        for (request, answer), (_, expected) in zip(answers, first[1]):
            if answer != expected:
                both = f"{first[0].title}: {expected[:3000]}\n{contender.title}: {answer[:3000]}"
                raise Failure(f"{request}: the answers differ\n{both}")


def _answers(workload, contender, database):
    database.fresh()
    with database.start(contender.program, **contender.variables) as server:
        api = client.Client(server.port)
        api.authorize(database.token)
        answers = []
        for method, path, body in workload.examples:
            status, answer = api.send(method, path, body)
            answer = answer.decode()
            if status != workload.status or len(answer) < 100:
                raise Failure(f"{contender.title}: {method} {path}: {status} {answer}")
            answer = answer if workload.name == "log_in" else comparable(workload, answer)
            answers.append((f"{method} {path}", _account(answer) if workload.name == "log_in" else answer))
    database.used = database.used or workload.writes
    return answers


def _account(answer):
    """The account in the answer to a log-in, which otherwise contains the token in one or two places."""
    account = json.loads(answer)["data"]
    account.pop("lastLoginAt")
    return json.dumps(account)


def measure(workload, contenders, database, rounds, seconds):
    """Measures each server once in every round. Returns the list of turns of each."""
    turns = {contender.name: [] for contender in contenders}
    for nth in range(rounds):
        for contender in contenders:
            _progress(f"{database.title}, {workload.title}: round {nth + 1}, {contender.title}")
            turns[contender.name].append(_turn(workload, contender, database, seconds))
    _progress("")
    return turns


def _progress(text):
    """Replaces the line on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)


def _turn(workload, contender, database, seconds):
    seconds = max(seconds, workload.least_seconds)
    database.fresh()
    with database.start(contender.program, **contender.variables) as server:
        time.sleep(REST)
        rest = server.memory("VmRSS")
        run = _reads_during_log_ins if workload.name == "during_log_ins" else _run
        turn = run(workload, server, database, seconds)
        turn |= {"rest": rest, "peak": server.memory("VmHWM")}
    database.used = database.used or workload.writes
    return turn


def _run(workload, server, database, seconds):
    if not workload.least_seconds:
        load.run(workload.name, workload.connections, server.port, max(1, seconds // 4), database.token)
    before = server.cpu(), database.cpu()
    result = load.run(workload.name, workload.connections, server.port, seconds, database.token)
    used = [None if was is None else now - was for was, now in zip(before, (server.cpu(), database.cpu()))]
    server_us, database_us = (None if cpu is None else cpu / result["requests"] * 1e6 for cpu in used)
    return _figures(result) | {"server_us": server_us, "database_us": database_us}


def _reads_during_log_ins(workload, server, database, seconds):
    """Reads without other load first, so that the percentiles of the same server can be compared."""
    idle = _run(workload, server, database, seconds)
    with load.LogIns(server.port) as log_ins:
        time.sleep(1)
        busy = _run(workload, server, database, seconds)
    # Most of the processor time is that of the log-ins.
    busy |= {"server_us": None, "database_us": None}
    return busy | {"p99_ratio": busy["p99"] / idle["p99"], "idle_p99": idle["p99"], "log_ins": log_ins.rate}


def _figures(result):
    """Requests per second, and latencies in milliseconds."""
    rate = result["requests"] / result["microseconds"] * 1e6
    return {"rate": rate, "p50": result["p50"] / 1e3, "p99": result["p99"] / 1e3}


def summary(turns, to):
    """Medians of the turns of each server, and of its speed relative to another one in the same round."""
    result = {}
    for name, own in turns.items():
        medians = {key: median(turn[key] for turn in own) for key in own[0] if own[0][key] is not None}
        if to in turns:
            ratios = [turn["rate"] / other["rate"] for turn, other in zip(own, turns[to])]
            medians |= {"ratio": median(ratios), "least": min(ratios), "greatest": max(ratios)}
        result[name] = medians
    return result
