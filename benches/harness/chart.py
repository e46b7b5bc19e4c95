"""A bar chart, as SVG, of the speed relative to the limit."""

from html import escape

LEFT, WIDTH, RIGHT = 240, 420, 60
BAR, GAP, GROUP = 15, 3, 14
TITLE, LEGEND = 34, 26
# The contenders in the order of their bars; the limit has none.
COLOURS = {"gable": "#2563a8", "pipelined": "#6b8f3c", "seaorm": "#b8803a"}
STYLE = (
    "text{font:12px sans-serif;fill:#222}.bold{font-weight:bold;font-size:13px}.label{text-anchor:end}"
    ".mark{text-anchor:middle;font-size:10px;fill:#666}.value{stroke:#fff;stroke-width:3px;paint-order:stroke}"
)
# Ratios above it are cut off, so that one of them does not shrink all others.
MOST = 1.5


def of_results(http, titles, workloads):
    """`http` is the summary of each workload of each database."""
    parts, top = [], 8
    for database, measured in http.items():
        shown = [(workload, measured[workload.name]["summary"]) for workload in workloads if workload.name in measured]
        shown = [(workload, summary) for workload, summary in shown if "limit" in summary and COLOURS.keys() & summary]
        if shown:
            chart, top = _database(database, shown, titles, top)
            parts += chart
    return _document(parts, top)


def _database(name, shown, titles, top):
    measured = {contender for _, summary in shown for contender in summary if contender != "limit"}
    contenders = [contender for contender in COLOURS if contender in measured]
    parts = [_text(8, top + 18, f"{name}: requests per second, relative to the server written by hand (1.0)", "bold")]
    parts += _legend(contenders, titles, top + TITLE)
    first = top + TITLE + LEGEND
    y = first
    for workload, summary in shown:
        bars = [contender for contender in contenders if contender in summary]
        height = len(bars) * (BAR + GAP)
        parts.append(_text(LEFT - 8, y + height / 2 + 3, workload.title, "label"))
        for contender in bars:
            parts += _bar(summary[contender]["ratio"], COLOURS[contender], y)
            y += BAR + GAP
        y += GROUP
    return [*_grid(first, y - GROUP), *parts], y + 16


def _legend(contenders, titles, y):
    parts, x = [], LEFT
    for contender in contenders:
        parts.append(f'<rect x="{x}" y="{y}" width="11" height="11" fill="{COLOURS[contender]}"/>')
        parts.append(_text(x + 16, y + 10, titles[contender]))
        x += 40 + 7 * len(titles[contender])
    return parts


def _grid(top, bottom):
    parts = []
    for tenths in range(0, 16, 5):
        x = _x(tenths / 10)
        colour, width = ("#222222", 1.5) if tenths == 10 else ("#cccccc", 1)
        parts.append(f'<path d="M{x} {top - 4}V{bottom + 2}" stroke="{colour}" stroke-width="{width}"/>')
        parts.append(_text(x, bottom + 15, f"{tenths / 10:.1f}", "mark"))
    return parts


def _bar(ratio, colour, y):
    end = _x(min(ratio, MOST))
    return [
        f'<rect x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR}" fill="{colour}"/>',
        _text(end + 5, y + BAR - 3, f"{ratio:.2f}", "value"),
    ]


def _x(ratio):
    return LEFT + WIDTH * ratio / MOST


def _text(x, y, text, kind="plain"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>'


def _document(parts, height):
    width = LEFT + WIDTH + RIGHT
    size = f'viewBox="0 0 {width} {height:.0f}" width="{width}" height="{height:.0f}"'
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{STYLE}</style>"]
    return "\n".join([*head, '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>", ""])
