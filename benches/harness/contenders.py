"""The servers that take turns."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .process import Failure

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


@dataclass
class Contender:
    name: str
    title: str
    program: Path
    variables: dict = field(default_factory=dict)
    databases: tuple = ("sqlite", "postgres")


def cargo_build(manifest, *options):
    command = ["cargo", "build", "--quiet", "--release", "--manifest-path", str(manifest), "--target-dir", str(TARGET)]
    if subprocess.run([*command, *options]).returncode:
        raise Failure(f"{manifest} cannot be built")


def build_gazette():
    cargo_build(ROOT / "Cargo.toml", "-p", "gazette")
    return TARGET / "release" / "gazette"


def gazettes():
    """The binaries of the reference application. `GAZETTE=path` and `GAZETTE=name=path,name=path` replace the checkout's."""
    given = os.environ.get("GAZETTE")
    if not given:
        return [Contender("gable", "Gable", build_gazette())]
    pairs = [part.rpartition("=") for part in given.split(",")]
    found = [Contender(name or "gable", f"Gable, {name}" if name else "Gable", Path(path).resolve()) for name, _, path in pairs]
    for contender in found:
        if not contender.program.is_file():
            raise Failure(f"GAZETTE: {contender.program} does not exist")
    return found


def peers():
    """The hand-written servers. With a copy of the root's Cargo.lock, they use the same versions as Gable."""
    crate = ROOT / "benches" / "peers"
    shutil.copyfile(ROOT / "Cargo.lock", crate / "Cargo.lock")
    cargo_build(crate / "Cargo.toml")
    limit = TARGET / "release" / "limit"
    return [
        Contender("limit", "by hand", limit),
        Contender("pipelined", "by hand, reads pipelined", limit, {"PIPELINED": "1"}, ("postgres",)),
    ]
