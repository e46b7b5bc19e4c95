"""Processes and what the kernel counts for them."""

import os
import re
import subprocess
import time
from pathlib import Path

PASSWORD = "Correct-Horse-7"
SECRET = "a test secret of at least 32 bytes"
CONNECTIONS = 8
TICKS = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """A benchmark cannot be run, or a server answered with an error."""


def workers():
    return os.cpu_count()


def environment(database, **more):
    """The environment that every server gets, apart from its own variables."""
    own = {
        "DATABASE_URL": database,
        "JWT_SECRET": SECRET,
        "CONNECTIONS": str(CONNECTIONS),
        "WORKERS": str(workers()),
        "GABLE_DATABASE_CONNECTIONS": str(CONNECTIONS),
        "GABLE_WORKERS": str(workers()),
        "GABLE_RATE_LIMITS": "off",
        "GABLE_SUPERUSER_PASSWORD": PASSWORD,
        "PORT": "0",
        "RUST_LOG": "error",
    }
    return {**os.environ, **own, **more}


class Server:
    """A running server; its output goes to `server.log` in its directory."""

    def __init__(self, program, directory, database, **variables):
        self.log = Path(directory) / "server.log"
        started = time.perf_counter()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [program], cwd=directory, env=environment(database, **variables), stdout=log, stderr=subprocess.STDOUT
            )
        self.port = self._wait_for_port(program)
        self.seconds_to_listen = time.perf_counter() - started

    def _wait_for_port(self, program):
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            if found := re.search(r"listening on http://[^ ]*:(\d+)", self.log.read_text()):
                return int(found[1])
            time.sleep(0.005)
        self.stop()
        raise Failure(f"{program} did not start:\n{self.log.read_text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu(self):
        """Processor time in seconds."""
        return _ticks(_stat(self.process.pid), own=True) / TICKS

    def memory(self, name):
        """`VmRSS` or `VmHWM` in MB."""
        return memory(self.process.pid, name)


def memory(pid, name):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+)", status, re.M)[1]) / 1024


def tree_cpu(pid):
    """Processor time in seconds of a process and its children, including children that have ended."""
    total = _ticks(_stat(pid), own=True) + _ticks(_stat(pid), own=False)
    for child in Path("/proc").glob("[0-9]*"):
        fields = _stat(child.name)
        if fields and int(fields[1]) == pid:
            total += _ticks(fields, own=True)
    return total / TICKS


def _stat(pid):
    """The fields after the name, which may contain any character."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _ticks(fields, own):
    first = 11 if own else 13
    return sum(int(ticks) for ticks in fields[first : first + 2])
