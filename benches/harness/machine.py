"""A description of the machine and of the versions in use."""

import os
import re
import subprocess
from pathlib import Path

from .contenders import ROOT


def describe():
    cpu = re.search(r"(?m)^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
    return {
        "processor": f"{cpu[1] if cpu else os.uname().machine}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GB",
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "PostgreSQL": _output(["psql", "--version"], r"(\d[\d.]*)"),
        "SQLite": _sqlite(),
        "Rust": _output(["rustc", "--version"], r"rustc (\S+)"),
        "wrk": _output(["wrk", "--version"], r"wrk \S*?(\d[\d.]*)"),
        "commit": _output(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], r"(\S+)"),
    }


def _output(command, pattern):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return "not installed"
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "unknown"


def _sqlite():
    """The version that the crate libsqlite3-sys contains."""
    version = re.search(r'name = "libsqlite3-sys"\nversion = "([^"]+)"', (ROOT / "Cargo.lock").read_text())
    if not version:
        return "unknown"
    registry = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "registry" / "src"
    for header in registry.glob(f"*/libsqlite3-sys-{version[1]}/sqlite3/sqlite3.h"):
        if found := re.search(r'#define SQLITE_VERSION\s+"([^"]+)"', header.read_text()):
            return f"{found[1]} (libsqlite3-sys {version[1]})"
    return f"libsqlite3-sys {version[1]}"
