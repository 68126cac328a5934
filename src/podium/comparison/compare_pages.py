"""A comparison for people: on the terminal, as Markdown, and as one page that needs no network."""

from __future__ import annotations

import html as markup
from collections.abc import Sequence

from podium.comparison import compare_plot
from podium.comparison.compare import Comparison, Line
from podium.evaluation.metric_names import LOWER

MOST = 8  # settings shown of one line

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #667085; --line: #d9dee5;
  --paper: #ffffff; --row: #f4f6f9; --good: #0a7d4b; --bad: #b42318; --even: #5b6776; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --faint: #9aa5b4; --line: #343c48;
  --paper: #14181d; --row: #1d232b; --good: #4cc38a; --bad: #ff8f85; --even: #a3afbf; } }
body { background: var(--paper); color: var(--ink); margin: 1.5rem;
  font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
p, li { color: var(--faint); max-width: 75ch; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .55rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; border-bottom: 2px solid var(--line); vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); }
td.words, th.words { text-align: left; }
td.settings, th.settings { text-align: left; white-space: normal; min-width: 11rem; }
th.number { white-space: normal; }
td.plot, th.plot { padding-top: 0; padding-bottom: 0; }
tr.baseline td { background: var(--row); font-weight: 600; }
svg { display: block; }
svg text { fill: var(--faint); font-size: 11px; }
svg .zero { stroke: var(--faint); stroke-dasharray: 3 3; }
svg .good { stroke: var(--good); fill: var(--good); }
svg .bad { stroke: var(--bad); fill: var(--bad); }
svg .even { stroke: var(--even); fill: var(--even); }
"""


def head(found: Comparison) -> list[str]:
    """The names of the columns."""
    first, *others = found.contest.measures
    section = _section(found.lines)
    return [
        "revision",
        "model",
        f"{first}, mean +- sd",
        "pooled +- se",
        *others,
        "difference (95 %)",
        "better",
        "minutes",
        f"settings ({section})" if section else "settings",
    ]


def cells(found: Comparison, line: Line) -> list[str]:
    """What stands in the columns of a line."""
    second = [] if len(found.contest.measures) == 1 else [_number(line.beside)]
    other = "" if line.measure == found.contest.measures[0] else f" ({line.measure})"
    spread = "" if line.sd is None else f" +- {line.sd:.4f}"
    minutes = "?" if line.seconds is None else f"{line.seconds / 60:.1f}"
    return [
        line.revision,
        line.model,
        f"{line.mean:.4f}{spread}{other}",
        f"{line.score:.4f} +- {line.error:.4f}",
        *second,
        *_difference(line),
        minutes,
        _settings(line, _section(found.lines)),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _difference(line: Line) -> list[str]:
    one = line.difference
    if one is None:
        return ["baseline" if line.baseline else "", ""]
    if one.value == one.low == one.high == 0:
        return ["none", ""]
    value, low, high = (signed(each) for each in (one.value, one.low, one.high))
    return [f"{value} ({low} to {high})", f"{one.better:.3f}"]


def signed(value: float) -> str:
    """A difference with four decimals, or its first digit where these would hide it."""
    return f"{value:+.4f}" if abs(value) >= 5e-5 or not value else f"{value:+.0e}"


def _section(lines: Sequence[Line]) -> str:
    """The section that all differing settings lie in, '' if there is no such."""
    sections = {name.partition(".")[0] for line in lines for name in line.settings}
    return sections.pop() if len(sections) == 1 else ""


def _settings(line: Line, section: str) -> str:
    pairs = [(name.removeprefix(f"{section}."), value) for name, value in line.settings.items()]
    words = [f"{name} absent" if value == "absent" else f"{name}={value}" for name, value in pairs]
    more = [f"and {len(words) - MOST} more"] if len(words) > MOST else []
    return "; ".join(part for part in (", ".join([*words[:MOST], *more]), line.note) if part)


def about(found: Comparison) -> str:
    """What the figures are, in a few sentences."""
    first = found.contest.measures[0]
    better = "lower" if first in LOWER else "higher"
    return (
        f"{first}: {better} is better. The difference is to {found.baseline}, on the same rows, "
        f"with its 95 % interval and the share of {found.draws} bootstrap draws in which it is "
        f"better; look-alikes and slides of one patient are drawn together. +- sd is over folds "
        f"and seeds, +- se over what is drawn. Minutes are those of all the stages of "
        f"{found.contest.name} that train or predict, at that revision."
    )


def text(found: Comparison) -> str:
    """The comparison for a terminal."""
    rows = [head(found), *(cells(found, line) for line in found.lines)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    last = len(widths) - 1
    lines = []
    for row in rows:
        padded = [
            one.ljust(width) if k in (0, 1, last) else one.rjust(width)
            for k, (one, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join([*lines, "", about(found), *(f"note: {note}" for note in found.notes)])


def markdown(found: Comparison) -> str:
    """The comparison as Markdown."""
    rows = [head(found), *(cells(found, line) for line in found.lines)]
    lines = [
        "| " + " | ".join(one.replace("|", "\\|").replace("\n", " ") for one in row) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    notes = [f"- {note}" for note in found.notes]
    whole = [f"# {found.contest.name}", "", about(found), "", *lines, *([""] if notes else [])]
    return "\n".join([*whole, *notes]) + "\n"


def html(found: Comparison) -> str:
    """The comparison as one page: styles and plot inside, readable by day and by night."""
    scale = compare_plot.scale_of(found.lines)
    names = head(found)
    at = names.index("better") + 1  # the plot stands beside the figures it shows
    top = [f'<th class="{_kind(k, names)}">{_words(one)}</th>' for k, one in enumerate(names)]
    top.insert(at, f'<th class="plot">{compare_plot.axis(scale)}</th>')
    body = [_row(found, line, scale, at) for line in found.lines]
    notes = "".join(f"<li>{_words(note)}</li>\n" for note in found.notes)
    title = f"podium compare {found.contest.name}"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n<p>{_words(about(found))}</p>\n"
        f'<div class="wide">\n<table>\n<thead><tr>{"".join(top)}</tr></thead>\n<tbody>\n'
        f"{''.join(body)}</tbody>\n</table>\n</div>\n<ul>\n{notes}</ul>\n</body>\n</html>\n"
    )


def _row(found: Comparison, line: Line, scale: compare_plot.Scale, at: int) -> str:
    each, names = cells(found, line), head(found)
    whole = [f'<td class="{_kind(k, names)}">{_words(one)}</td>' for k, one in enumerate(each)]
    whole.insert(at, f'<td class="plot">{compare_plot.interval(line, scale)}</td>')
    kind = ' class="baseline"' if line.baseline else ""
    return f"<tr{kind}>{''.join(whole)}</tr>\n"


def _kind(k: int, names: Sequence[str]) -> str:
    return "settings" if k == len(names) - 1 else "words" if k < 2 else "number"


def _words(one: str) -> str:
    return markup.escape(one).replace("+-", "&plusmn;")
