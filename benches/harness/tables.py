"""Tables in Markdown, aligned so that they can also be read on a terminal."""


def table(head, rows, numbers=()):
    """`numbers` are the positions of columns that are aligned to the right."""
    rows = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(3, *(len(row[at]) for row in rows)) for at in range(len(head))]
    rule = ["-" * (width - 1) + ":" if at in numbers else "-" * width for at, width in enumerate(widths)]
    return "\n".join(_line(row, widths, numbers) for row in [rows[0], rule, *rows[1:]])


def _line(cells, widths, numbers):
    aligned = (str.rjust if at in numbers else str.ljust for at in range(len(cells)))
    return "| " + " | ".join(align(cell, width) for align, cell, width in zip(aligned, cells, widths)) + " |"


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
    return table(HEAD, [_row(titles[name], figures) for name, figures in summary.items()], range(1, len(HEAD)))


def _row(title, figures):
    if "p99_ratio" in figures:
        idle, log_ins = number(figures["idle_p99"]), number(figures["log_ins"])
        title += f" (p99 {figures['p99_ratio']:.1f} times the idle {idle} ms; {log_ins} log-ins/s)"
    ratio, spread = "", ""
    if "ratio" in figures:
        ratio, spread = f"{figures['ratio']:.2f}", f"{figures['least']:.2f}-{figures['greatest']:.2f}"
    keys = ["server_us", "database_us", "p50", "p99", "rest", "peak"]
    return [title, number(figures["rate"]), ratio, spread, *(number(figures.get(key)) for key in keys)]
