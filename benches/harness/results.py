"""The results of all benchmarks, in one JSON file. A run replaces the results of the benchmarks that it contains."""

import datetime
import json
import os
from pathlib import Path

from .contenders import TARGET


class Results:
    def __init__(self, path=None):
        self.path = Path(path or TARGET / "benchmarks.json")
        # Held while a benchmark runs.
        self.lock = None
        self.load()

    def load(self):
        self.content = json.loads(self.path.read_text()) if self.path.exists() else {}

    def add_workload(self, database, workload, measured):
        measured = {"at": _now(), "load": os.getloadavg()[0], **measured}
        self.content.setdefault("http", {}).setdefault(database, {})[workload] = measured
        self._save()

    def add(self, kind, name, rows):
        self.content.setdefault(kind, {})[name] = rows
        self._save()

    def add_machine(self, machine):
        self.content["machine"] = machine
        self._save()

    def _save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.content, indent=1) + "\n")


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
