"""Load from wrk."""

import json
import random
import shutil
import signal
import subprocess
from pathlib import Path

from .database import LOG_IN_USERS
from .process import Failure

SCRIPT = Path(__file__).parent / "load.lua"
THREADS = 2
TIMEOUT = "60s"
# Seconds; longer than any measurement.
LONG = 600


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
    return _result(workload, done.stdout + done.stderr)


def _result(workload, output):
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise Failure(f"wrk failed: {output}")
    result = json.loads(lines[-1])
    if result["refused"] or result["broken"] or not result["requests"]:
        counts = f"of {result['requests']} requests, {result['refused']} were refused and {result['broken']} failed"
        raise Failure(f"{workload}: {counts}")
    return result


class LogIns:
    """Logs in with 8 clients without pause while a block runs. `rate` is the number of log-ins per second."""

    def __init__(self, port):
        self.command, self.rate = _command("log_in", LOG_IN_USERS, port, LONG, "-"), None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        # wrk ends, and reports what it has measured so far.
        self.process.send_signal(signal.SIGINT)
        result = _result("log_in", self.process.communicate()[0])
        self.rate = result["requests"] / result["microseconds"] * 1e6
