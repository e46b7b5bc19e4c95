"""The rows of the benchmarks, which SQL statements generate."""

CONTENT = (
    "They weave algebraic patterns just as the loom weaves flowers and leaves, and whoever has seen one of them "
    "at work will not forget the noise of it, nor the silence in the house when it stands still."
)
AUTHORS = 100


class Sqlite:
    """Expressions of SQLite. `uuid_of` is a function that the connection defines."""

    @staticmethod
    def id(number):
        return f"uuid_of({number})"

    @staticmethod
    def time(number):
        return f"strftime('%Y-%m-%dT%H:%M:%S+00:00', 1600000000 + {number} * 60, 'unixepoch')"

    @staticmethod
    def numbers(count):
        counted = f"SELECT 1 WHERE {count} > 0 UNION ALL SELECT n + 1 FROM counted WHERE n < {count}"
        return f"(WITH RECURSIVE counted (n) AS ({counted}) SELECT n FROM counted)"


class Postgres:
    """Expressions of PostgreSQL."""

    @staticmethod
    def id(number):
        digits = f"lpad(to_hex({number}), 12, '0')"
        return f"({digits} || '7000a000' || {digits})::uuid"

    @staticmethod
    def time(number):
        return f"to_timestamp(1600000000 + ({number}) * 60)"

    @staticmethod
    def numbers(count):
        return f"generate_series(1, {count}) AS n"


def uuid_of(number):
    """A UUID of version 7 that increases with the number, like the ids that the servers generate."""
    return bytes.fromhex(f"{number:012x}7000a000{number:012x}")


def statements(dialect, posts, comments_of_each):
    comments = posts * comments_of_each
    return [_users(dialect), _posts(dialect, posts), _comments(dialect, comments, max(comments_of_each, 1))]


def _users(dialect):
    at = dialect.time("n")
    return (
        "INSERT INTO users (id, username, email, password, name, first_name, bio, created_at, updated_at) "
        f"SELECT {dialect.id('n')}, 'writer' || n, 'writer' || n || '@example.com', '-', 'Writer ' || n, 'Writer', "
        f"'Writes, and is read now and then.', {at}, {at} FROM {dialect.numbers(AUTHORS)}"
    )


def _posts(dialect, count):
    """Posts, half of them published. Dates increase with ids, as for posts that are written one after another."""
    at = dialect.time("n")
    return (
        "INSERT INTO posts (id, title, slug, content, summary, status, views, published_at, author_id, created_at, "
        f"updated_at) SELECT {dialect.id('n')}, 'Letter ' || n, 'letter-' || (100000000 + n), '{CONTENT}', "
        "CASE WHEN n % 3 = 0 THEN 'Of what there is to tell.' END, "
        "CASE n % 4 WHEN 0 THEN 'draft' WHEN 1 THEN 'review' ELSE 'published' END, n % 1000, "
        f"CASE WHEN n % 4 > 1 THEN {at} END, {dialect.id(f'n % {AUTHORS} + 1')}, {at}, {at} "
        f"FROM {dialect.numbers(count)}"
    )


def _comments(dialect, count, of_each):
    at = dialect.time("n")
    content = "'I do not agree with the letter before this one, of which there are ' || n || '.'"
    return (
        "INSERT INTO comments (id, content, post_id, author_id, created_at, updated_at) "
        f"SELECT {dialect.id('n')}, {content}, {dialect.id(f'((n - 1) / {of_each} + 1)')}, "
        f"{dialect.id(f'n % {AUTHORS} + 1')}, {at}, {at} FROM {dialect.numbers(count)}"
    )


def make_editor(name):
    """Gives an account the role that may read and write every post, and lets this role read accounts."""
    return [
        "INSERT INTO user_roles (id, user_id, role_id, created_at, updated_at) SELECT u.id, u.id, r.id, u.created_at, "
        f"u.created_at FROM users u, auth_roles r WHERE u.username = '{name}' AND r.name = 'Editor'",
        "INSERT INTO auth_permissions_auth_roles (auth_permission_id, auth_role_id) SELECT p.id, r.id "
        "FROM auth_permissions p, auth_roles r WHERE p.resource = 'user' AND p.action = 'View' AND r.name = 'Editor'",
    ]
