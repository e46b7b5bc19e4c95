"""Load from wrk."""

import json
import random
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from .database import LOG_IN_USERS
from .process import Failure

SCRIPT = Path(__file__).parent / "load.lua"
THREADS = 2
TIMEOUT = "60s"


def require_wrk():
    if not shutil.which("wrk"):
        raise Failure("wrk is missing: install it, e.g. by `apt-get install wrk`")


def _command(workload, connections, port, seconds, token):
    threads = min(THREADS, connections)
    wrk = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", TIMEOUT, "-s", str(SCRIPT)]
    seed = str(random.randrange(1 << 30))
    return [*wrk, f"http://127.0.0.1:{port}", "--", workload, token, seed, str(LOG_IN_USERS)]


def run(workload, connections, port, seconds, token):
    """Returns the requests, the microseconds that they took together, and the percentiles of their latency."""
    command = _command(workload, connections, port, seconds, token)
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise Failure(f"wrk failed: {done.stdout}{done.stderr}")
    result = json.loads(lines[-1])
    if result["refused"] or result["broken"] or not result["requests"]:
        counts = f"of {result['requests']} requests, {result['refused']} were refused and {result['broken']} failed"
        raise Failure(f"{workload}: {counts}")
    return result


@contextmanager
def log_ins(port, seconds):
    """Logs in with 8 clients without pause, at least as long as the block takes."""
    command = _command("log_in", LOG_IN_USERS, port, seconds, "-")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        process.terminate()
        process.communicate()
