"""The requests that are measured, and an example of each to compare the answers of the servers."""

import re
from dataclasses import dataclass, field

from .process import PASSWORD

LIST = "/api/posts?status=published&sort=-publishedAt&limit=20"
INCLUDE = "/api/posts?sort=-id&limit=20&count=false&fields=%2Bauthor,%2Bcomments&comments[limit]=5"


def post_id(number):
    digits = f"{number:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-a000-{digits}"


def new_post(number):
    content = "Of what is new.\nThere is little to tell — of it."
    return {"title": f'Letter {number}, the "newest"', "content": content}


@dataclass
class Workload:
    name: str
    title: str
    examples: list  # (method, path, body) of requests
    connections: int = 32
    writes: bool = False
    # Slow requests need more time for a figure.
    least_seconds: int = 0
    status: int = 200
    # Removed from answers before they are compared: the servers generate these values.
    generated: list = field(default_factory=list)


# Only Gable has cursors.
CURSOR = r'"nextCursor":"[^"]*",'
CHANGED = [r'"updatedAt":"[^"]*"']
CREATED = [r'"id":"[^"]*"', r'"createdAt":"[^"]*"', *CHANGED]

ALL = [
    Workload("read", "read by id", [("GET", f"/api/posts/{post_id(number)}", None) for number in (1, 3, 1234, 10_000)]),
    Workload("list", "list of 20, filter and sort", [("GET", f"{LIST}&count=false", None)], generated=[CURSOR]),
    Workload("total", "list of 20 with its total", [("GET", LIST, None)], generated=[CURSOR]),
    Workload("include", "20 rows with author and 5 comments", [("GET", INCLUDE, None)], generated=[CURSOR]),
    Workload("create", "create", [("POST", "/api/posts", new_post(1))], writes=True, status=201, generated=CREATED),
    Workload(
        "update",
        "update",
        # Many rows: writes of one row wait for each other, whatever the server is.
        [("PATCH", f"/api/posts/{post_id(number)}", {"title": "Changed"}) for number in range(1, 6401, 100)],
        writes=True,
        generated=CHANGED,
    ),
    Workload(
        "many",
        "createMany of 1,000",
        [("POST", "/api/posts/many", [new_post(number) for number in range(1000)])],
        connections=8,
        writes=True,
        status=201,
        generated=CREATED,
    ),
    Workload(
        "log_in",
        "log-in (bcrypt, cost 12)",
        [("POST", "/api/auth/login", {"username": "busy0", "password": PASSWORD})],
        connections=8,
        least_seconds=8,
        writes=True,
        generated=[r'"token":"[^"]*"', r'"accessToken":"[^"]*"', r'"lastLoginAt":"[^"]*"'],
    ),
    Workload(
        "during_log_ins",
        "read by id while 8 clients log in",
        [("GET", f"/api/posts/{post_id(9)}", None)],
        writes=True,
    ),
]
BY_NAME = {workload.name: workload for workload in ALL}


def comparable(workload, answer):
    """The text of an answer without the values that the servers generate."""
    for pattern in workload.generated:
        answer = re.sub(pattern, "", answer)
    return answer
