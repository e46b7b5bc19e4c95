"""`build-step` and `generated-crate`: the time that the generator and the compiler take."""

import json
import os
import re
import resource
import shutil
import subprocess
import time

from .contenders import ROOT, TARGET
from .models import write_models
from .process import Failure

INTERCEPTORS = """mod item;

pub(crate) fn install(hooks: &mut api::Hooks) {
    item::install(&mut hooks.item0);
}
"""
ITEM = """use api::{CreateItem0, Item0Hooks};
use gable::{ApiError, Context};

pub(super) fn install(item: &mut Item0Hooks) {
    item.before_create_one(trim);
}

async fn trim(_: &mut Context<'_>, item: &mut CreateItem0) -> Result<(), ApiError> {
    item.title = item.title.trim().to_owned();
    Ok(())
}
"""


def build_step(figures, directory):
    """The build script of generated/ with 300 models.

    Runs the script that cargo built, unoptimized, as in every `cargo build`.
    """
    program, application = _build_script(), directory / "application"
    write_models(300, application / "schema")
    for path in [application / "generated" / "src", directory / "out"]:
        path.mkdir(parents=True)
    variables = {"CARGO_MANIFEST_DIR": str(application / "generated"), "OUT_DIR": str(directory / "out")}
    cold, cold_cpu = _timed([program], variables)
    unchanged, _ = _timed([program], variables)
    lines = sum(len(file.read_text().splitlines()) for file in (application / "generated" / "src").rglob("item*.rs"))
    figures.add("build step, 300 models, first run", f"{cold:.2f}", "s", "< 2 s", _processor(cold_cpu))
    figures.add("build step, 300 models, unchanged", f"{unchanged * 1e3:.1f}", "ms", "< 10 ms")
    figures.add("generated lines per model", lines // 300)


def generated_crate(figures, directory):
    """Debug builds of an application with 100 models, whose dependencies are built already."""
    application = directory / "application"
    _make_application(application)
    write_models(1, application / "schema")
    _build(application)
    (application / "generated" / "build.rs").touch()
    one, one_cpu = _build(application, "-p", "api")
    for part in ["schema", "migrations"]:
        shutil.rmtree(application / part, ignore_errors=True)
    write_models(100, application / "schema")
    hundred, hundred_cpu = _build(application, "-p", "api")
    again, again_cpu = _build(application, "-p", "api")
    _build(application)
    item = application / "src" / "interceptors" / "item.rs"
    item.write_text(item.read_text().replace("trim()", "trim_end()"))
    rebuild, rebuild_cpu = _build(application)
    figures.add("debug build of the generated crate, 1 model", f"{one:.2f}", "s", "", _processor(one_cpu))
    figures.add("debug build of the generated crate, 100 models", f"{hundred:.2f}", "s", "", _processor(hundred_cpu))
    each_cpu = (hundred_cpu - one_cpu) / 99
    figures.add("per model", f"{(hundred - one) / 99:.2f}", "s", "≤ 0.3 s", _processor(each_cpu))
    figures.add("the next build, without changes", f"{again:.2f}", "s", "", _processor(again_cpu))
    name = "rebuild after an interceptor was edited, 100 models"
    figures.add(name, f"{rebuild:.2f}", "s", "< 6 s", _processor(rebuild_cpu))


def _processor(seconds):
    return f"{seconds:.2f} s of processor time"


def _timed(command, variables=None):
    """Seconds that a command takes, and seconds of processor time, which are more reliable on a busy machine."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env={**os.environ, **(variables or {})}, capture_output=True, text=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise Failure(f"{command}:\n{done.stderr}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _build(application, *options):
    command = ["cargo", "build", "--quiet", "--offline", "--target-dir", str(TARGET)]
    return _timed([*command, "--manifest-path", str(application / "Cargo.toml"), *options])


def _build_script():
    """The path of the build script of generated/ that cargo built."""
    command = ["cargo", "build", "-p", "api", "--message-format=json", "--target-dir", str(TARGET)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise Failure(done.stderr)
    scripts = []
    for message in map(json.loads, done.stdout.splitlines()):
        target = message.get("target", {})
        if "custom-build" in target.get("kind", []) and target["src_path"] == str(ROOT / "generated" / "build.rs"):
            scripts += message["filenames"]
    if not scripts:
        raise Failure("cargo has built no build script of generated/")
    return scripts[-1]


def _make_application(directory):
    """An application with the layout of the root package. It depends on the crates by path."""
    (directory / "src" / "interceptors").mkdir(parents=True)
    (directory / "generated" / "src").mkdir(parents=True)
    # cargo runs the build script of a crate only if the crate has a target.
    (directory / "generated" / "src" / "lib.rs").touch()
    for file in ["generated/Cargo.toml", "generated/build.rs", "Cargo.lock", "rustfmt.toml", "src/main.rs"]:
        shutil.copyfile(ROOT / file, directory / file)
    manifest = (ROOT / "Cargo.toml").read_text().replace('path = "crates/', f'path = "{ROOT}/crates/')
    manifest = re.sub(r"(?m)^members = .*", 'members = ["generated"]', manifest)
    manifest = re.sub(r"(?m)^default-members.*\n", "", manifest)
    (directory / "Cargo.toml").write_text(manifest)
    (directory / "src" / "interceptors" / "mod.rs").write_text(INTERCEPTORS)
    (directory / "src" / "interceptors" / "item.rs").write_text(ITEM)
