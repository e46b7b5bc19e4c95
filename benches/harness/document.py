"""`document`: writes the results into docs/benchmarks.md and draws docs/benchmarks.svg."""

from . import chart, growth
from .contenders import PEERS, ROOT
from .database import DATABASES
from .figures import of_figures
from .process import Failure
from .tables import of_workload, table
from .workloads import ALL

DOCUMENT, CHART = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "benchmarks.svg"
BEGIN, END = "<!-- results: written by benches/run document -->", "<!-- end of results -->"
TITLES = {contender.name: contender.title for contender in PEERS} | {"gable": "Gable"}


def write(results):
    http = {DATABASES[name].title: measured for name, measured in results.get("http", {}).items()}
    CHART.write_text(chart.of_results(http, TITLES, ALL))
    text = DOCUMENT.read_text()
    if BEGIN not in text or END not in text:
        raise Failure(f"{DOCUMENT} lacks the markers of its results")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text("\n\n".join([before + BEGIN, *_sections(results, http), END + after]))


def _sections(results, http):
    yield "### Machine"
    yield table(["", ""], [[name, text] for name, text in results["machine"].items()])
    for database, measured in http.items():
        yield f"### {database}"
        for workload in ALL:
            if workload.name in measured:
                yield from _workload(workload, measured[workload.name])
    for database, rows in results.get("growth", {}).items():
        yield f"### Growth, {DATABASES[database].title}"
        yield growth.of_rows(rows)
    for name, rows in results.get("figures", {}).items():
        yield f"### `{name}`"
        yield of_figures(rows)


def _workload(workload, measured):
    clients = f"{workload.connections} connections" if workload.name != "during_log_ins" else "32 connections read"
    yield f"**{workload.title}** ({clients}, {measured['at'][:10]}, load of the machine {measured['load']:.1f})"
    titles = TITLES | {name: f"Gable, {name}" for name in measured["summary"] if name not in TITLES}
    yield of_workload(measured["summary"], titles)
