"""`revalidation`: the statement by which a write on PostgreSQL checks whether its caller still has the rights.

pgbench runs an UPDATE by id without and with this statement, alternating, with prepared statements. The tables have the
columns and indexes that the statement uses.
"""

import os
import re
import subprocess
from statistics import median

from .database import psql
from .process import Failure
from .speed import rounds_and_seconds

TABLES = """
CREATE TABLE gable_access (id int PRIMARY KEY, version bigint NOT NULL);
INSERT INTO gable_access VALUES (1, 1);
CREATE TABLE users (id int PRIMARY KEY, is_active bool, is_super_user bool, password_changed_at timestamptz,
    email text);
INSERT INTO users SELECT n, true, false, now(), 'user' || n || '@example.com' FROM generate_series(1, 10000) n;
CREATE TABLE gable_grants (id int PRIMARY KEY, account_id int NOT NULL REFERENCES users, surface text, generation int,
    expires_at timestamptz, secret_hash bytea, idle_seconds int, last_active_at timestamptz);
INSERT INTO gable_grants SELECT n, n, 'jwt', 1, now() + '30 days', NULL, NULL, now() FROM generate_series(1, 10000) n;
CREATE TABLE user_roles (user_id int, role_id int, PRIMARY KEY (user_id, role_id));
INSERT INTO user_roles SELECT n, 1 + n % 10 FROM generate_series(1, 10000) n;
CREATE TABLE user_permissions (user_id int, permission_id int, effect text, PRIMARY KEY (user_id, permission_id));
CREATE TABLE posts (id int PRIMARY KEY, title text, content text, author_id int);
INSERT INTO posts SELECT n, 'Title', repeat('x', 500), n FROM generate_series(1, 10000) n;
ANALYZE;
"""
BEGIN = "\\set id random(1, 10000)\nBEGIN;\n"
CHECK = (
    "SELECT (SELECT version FROM gable_access WHERE id = 1), a.id, a.is_active, a.is_super_user, "
    "a.password_changed_at, g.id, g.surface, g.generation, g.expires_at, g.secret_hash, g.idle_seconds, "
    "g.last_active_at, r.role_id, p.permission_id, p.effect FROM users a "
    "JOIN gable_grants g ON g.account_id = a.id LEFT JOIN user_roles r "
    "ON r.user_id = a.id LEFT JOIN user_permissions p ON p.user_id = a.id WHERE g.id = :id;\n"
)
UPDATE = "UPDATE posts SET title = 'Other' WHERE id = :id RETURNING id, title, content, author_id;\nCOMMIT;\n"


def run(figures, directory):
    """The check of the caller's rights in each write on PostgreSQL."""
    administrator = os.environ["TEST_POSTGRES_URL"]
    psql(administrator, "CREATE DATABASE revalidation")
    url = f"{administrator.rpartition('/')[0]}/revalidation"
    psql(url, TABLES)
    without, checked = directory / "without.sql", directory / "with.sql"
    without.write_text(BEGIN + UPDATE)
    checked.write_text(BEGIN + CHECK + UPDATE)
    rounds, seconds = rounds_and_seconds()
    for clients in (8, 1):
        pairs = [[_rate(url, script, clients, seconds) for script in (without, checked)] for _ in range(rounds)]
        ratio = median(with_check / plain for plain, with_check in pairs)
        added = median(clients * 1e3 * (1 / with_check - 1 / plain) for plain, with_check in pairs)
        plain, with_check = (median(pair[at] for pair in pairs) for at in (0, 1))
        note = f"{plain:,.0f} without, {with_check:,.0f} with, {added:.2f} ms more"
        name = f"writes per second with the check, relative to without, clients: {clients}"
        figures.add(name, f"{ratio:.2f}", note=note)


def _rate(url, script, clients, seconds):
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds)]
    done = subprocess.run([*command, "-f", str(script), url], capture_output=True, text=True)
    if done.returncode:
        raise Failure(done.stderr)
    return float(re.search(r"(?m)^tps = ([0-9.]+)", done.stdout)[1])
