"""Tables in Markdown, aligned so that they can also be read on a terminal."""


def table(head, rows):
    """The first column is text, the others are numbers."""
    rows = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(3, *(len(row[at]) for row in rows)) for at in range(len(head))]
    lines = [_line(row, widths) for row in rows]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([lines[0], _line(rule, widths), *lines[1:]])


def _line(cells, widths):
    first = cells[0].ljust(widths[0])
    return "| " + " | ".join([first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))]) + " |"


def number(value):
    """Three significant digits, with separators of thousands."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


HEAD = [
    "", "requests/s", "ratio", "of rounds", "CPU server", "CPU database", "p50 ms", "p99 ms", "MB at rest", "MB peak",
]


def of_workload(summary, titles):
    """CPU is in microseconds per request."""
    return table(HEAD, [_row(titles[name], figures) for name, figures in summary.items()])


def _row(title, figures):
    if "p99_ratio" in figures:
        title += f" (p99 {figures['p99_ratio']:.1f} times the idle {number(figures['idle_p99'])} ms)"
    ratio, spread = "", ""
    if "ratio" in figures:
        ratio, spread = f"{figures['ratio']:.2f}", f"{figures['least']:.2f}-{figures['greatest']:.2f}"
    keys = ["server_us", "database_us", "p50", "p99", "rest", "peak"]
    return [title, number(figures["rate"]), ratio, spread, *(number(figures.get(key)) for key in keys)]
