"""`accounts` and `permission`: wrong passwords, changes of roles, and permission checks."""

import sqlite3
import subprocess
import time
import uuid
from statistics import median

from .client import Client
from .contenders import ROOT, TARGET, gazettes
from .process import Failure, Server, environment

ROUNDS = 200
# Fewer than the five attempts that lock an account.
WRONG_PER_ACCOUNT = 4
ROLES, PERMISSIONS = 1000, 10000
CHANGES = 100


def run(figures, directory):
    """Wrong passwords, and changes of roles."""
    program, url = gazettes()[-1].program, f"sqlite:{directory}/data.db"
    command = [program, "superuser", "create", "--username", "root", "--email", "root@example.com"]
    subprocess.run(command, cwd=directory, env=environment(url), check=True, stdout=subprocess.DEVNULL)
    with Server(program, directory, url, GABLE_BCRYPT_COST="10") as server:
        _wrong_passwords(figures, Client(server.port))
    _fill_tables(directory / "data.db")
    with Server(program, directory, url, GABLE_BCRYPT_COST="10") as server:
        _role_assignments(figures, server)


def _wrong_passwords(figures, client):
    """Alternates between known and unknown accounts, so that other load on the machine affects both equally."""
    names = [f"known{number}" for number in range(ROUNDS // WRONG_PER_ACCOUNT)]
    for name in names:
        client.sign_up(name)
    known, unknown = [], []
    for turn in range(ROUNDS):
        known.append(_seconds(lambda: _refused(client, names[turn % len(names)])))
        unknown.append(_seconds(lambda: _refused(client, f"unknown{turn}")))
    known, unknown = median(known), median(unknown)
    note = f"medians of {ROUNDS} each, bcrypt cost 10"
    figures.add("wrong password of a known account", f"{known * 1e3:.1f}", "ms", "", note)
    figures.add("log-in to an unknown account", f"{unknown * 1e3:.1f}", "ms", "", note)
    figures.add("difference", f"{abs(known - unknown) / unknown * 100:.1f}", "%", "< 5 %")


def _refused(client, name):
    client.expect("POST", "/api/auth/login", {"username": name, "password": "Wrong-Horse-7"}, 401)


def _seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _fill_tables(path):
    """Adds roles with permissions that the schema does not have: the server loads them, but they allow nothing."""
    database, when = sqlite3.connect(path), "2026-01-01T00:00:00+00:00"
    roles, permissions = ([uuid.uuid4().bytes for _ in range(count)] for count in (ROLES, PERMISSIONS))
    database.executemany(
        "INSERT INTO auth_roles (id, name, created_at, updated_at) VALUES (?, ?, ?, ?)",
        [(key, f"role{number}", when, when) for number, key in enumerate(roles)],
    )
    database.executemany(
        "INSERT INTO auth_permissions (id, resource, action, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
        [(key, f"thing{number}", "View", when, when) for number, key in enumerate(permissions)],
    )
    links = [(key, roles[number % ROLES]) for number, key in enumerate(permissions)]
    database.executemany(
        "INSERT INTO auth_permissions_auth_roles (auth_permission_id, auth_role_id) VALUES (?, ?)", links
    )
    database.commit()
    database.close()


def _role_assignments(figures, server):
    """Measures from sending the write to the answer to the next request of the affected account."""
    root, ada = Client(server.port), Client(server.port)
    root.log_in("root")
    ada.sign_up("ada")
    account = ada.log_in("ada")["data"]["id"]
    role = root.expect("GET", "/api/auth-roles?name=Editor")["data"][0]["id"]
    # Deleting a missing tag is a 404 for an account that may delete tags, and a 403 for all others.
    missing = f"/api/tags/{uuid.uuid4()}"
    assigned, removed, late = [], [], 0
    for _ in range(CHANGES):
        started = time.perf_counter()
        body = {"user": {"id": account}, "role": {"id": role}}
        assignment = root.expect("POST", "/api/user-roles", body, 201)["data"]["id"]
        late += ada.send("DELETE", missing)[0] != 404
        assigned.append(time.perf_counter() - started)
        started = time.perf_counter()
        root.expect("DELETE", f"/api/user-roles/{assignment}", status=204)
        late += ada.send("DELETE", missing)[0] != 403
        removed.append(time.perf_counter() - started)
    _report(figures, "assigning a role, until the next request was answered", assigned)
    _report(figures, "removing a role, until the next request was answered", removed)
    figures.add("next requests that did not see the change", late, "", "0", f"of {2 * CHANGES}")
    path = f"/api/auth-roles/{role}"
    changes = [_seconds(lambda: root.expect("PATCH", path, {"description": str(turn)})) for turn in range(20)]
    note = "all roles and permissions are reloaded"
    figures.add("a change of a role itself", f"{median(changes) * 1e3:.1f}", "ms", "", note)


def _report(figures, name, times):
    note = f"p99 {sorted(times)[int(len(times) * 0.99)] * 1e3:.1f} ms; {ROLES} roles and {PERMISSIONS} permissions"
    figures.add(name, f"{median(times) * 1e3:.1f}", "ms", "< 5 ms", note)


def permission_checks(figures, _):
    """Permission checks inside the process.

    Only the runtime is optimized: linking with the release profile takes minutes and does not change the figures.
    """
    command = ["cargo", "bench", "--quiet", "-p", "gable", "--bench", "permission", "--features", "benchmarks"]
    options = ["--profile", "dev", "--config", "profile.dev.package.gable.opt-level=3", "--target-dir", str(TARGET)]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise Failure(done.stderr)
    for line in done.stdout.splitlines():
        name, nanoseconds = line.split("\t")
        figures.add(f"permission check: {name}", nanoseconds, "ns", "< 100 ns")
