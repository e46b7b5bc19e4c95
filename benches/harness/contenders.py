"""The servers that take turns."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from .process import Failure

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


@dataclass
class Contender:
    name: str
    title: str
    # Builds the program if necessary, and returns its path.
    build: Callable[[], Path]
    variables: dict = field(default_factory=dict)
    databases: tuple = ("sqlite", "postgres")

    @cached_property
    def program(self):
        return self.build()


def cargo_build(manifest, *options):
    command = ["cargo", "build", "--quiet", "--release", "--manifest-path", str(manifest), "--target-dir", str(TARGET)]
    if subprocess.run([*command, *options]).returncode:
        raise Failure(f"{manifest} cannot be built")


@cache
def build_gazette():
    cargo_build(ROOT / "Cargo.toml", "-p", "gazette")
    return TARGET / "release" / "gazette"


@cache
def build_limit():
    """With a copy of the root's Cargo.lock, it uses the same versions as Gable."""
    crate = ROOT / "benches" / "peers"
    shutil.copyfile(ROOT / "Cargo.lock", crate / "Cargo.lock")
    cargo_build(crate / "Cargo.toml")
    return TARGET / "release" / "limit"


@cache
def build_seaorm():
    cargo_build(ROOT / "benches" / "seaorm" / "Cargo.toml", "--locked")
    return TARGET / "release" / "seaorm"


PEERS = [
    Contender("limit", "by hand", build_limit),
    Contender("pipelined", "by hand, reads pipelined", build_limit, {"PIPELINED": "1"}, ("postgres",)),
    Contender("seaorm", "by hand with SeaORM", build_seaorm),
]


def gazettes():
    """The binaries of the reference application: that of the checkout, or those in `GAZETTE=name=path,name=path`."""
    given = os.environ.get("GAZETTE")
    if not given:
        return [Contender("gable", "Gable", build_gazette)]
    return [_given(*part.rpartition("=")) for part in given.split(",")]


def _given(name, _, path):
    path = Path(path).resolve()
    if not path.is_file():
        raise Failure(f"GAZETTE: {path} does not exist")
    return Contender(name or "gable", f"Gable, {name}" if name else "Gable", lambda: path)
