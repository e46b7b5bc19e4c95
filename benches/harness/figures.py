"""Single figures, each beside its goal. A missed goal is no failure: the figures depend on the machine and its load."""

from dataclasses import asdict, dataclass

from .tables import table

HEAD = ["", "measured", "goal", "note"]


@dataclass
class Figure:
    name: str
    measured: str
    goal: str = ""
    note: str = ""


class Figures:
    """The figures of one benchmark."""

    def __init__(self):
        self.rows = []

    def add(self, name, value, unit="", goal="", note=""):
        self.rows.append(Figure(name, f"{value} {unit}".rstrip(), goal, note))

    def plain(self):
        return [asdict(row) for row in self.rows]


def of_figures(rows):
    return table(HEAD, [list(row.values()) for row in rows], [1])
