"""A comparison for people: on the terminal, as Markdown, and as one page that needs no network."""

from __future__ import annotations

import html as markup
import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace

from podium.comparison import compare_plot
from podium.comparison.compare import Comparison, Line
from podium.comparison.compare_plot import NOISE, signed
from podium.evaluation.scores import Metric

MOST = 8  # settings shown of one line
RULE = 120  # characters of a rule at most: lines with many settings are longer than a terminal

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #667085; --line: #d9dee5;
  --paper: #ffffff; --row: #f4f6f9; --good: #0a7d4b; --bad: #b42318; --even: #5b6776; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --faint: #9aa5b4; --line: #343c48;
  --paper: #14181d; --row: #1d232b; --good: #4cc38a; --bad: #ff8f85; --even: #a3afbf; } }
body { background: var(--paper); color: var(--ink); margin: 1rem;
  font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
p, li { color: var(--faint); max-width: 75ch; }
.wide { overflow-x: auto; margin-bottom: 1.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .4rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; border-bottom: 2px solid var(--line); vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); }
td.words, th.words { text-align: left; }
td.words { white-space: normal; overflow-wrap: anywhere; min-width: 6.5rem; }
td.settings, th.settings { text-align: left; white-space: normal; overflow-wrap: anywhere;
  min-width: 11rem; }
th.number, td.number { white-space: normal; }
td.plot, th.plot { padding-top: 0; padding-bottom: 0; }
tr.baseline td { background: var(--row); font-weight: 600; }
svg { display: block; }
svg text { fill: var(--faint); font-size: 11px; }
svg .zero { stroke: var(--faint); stroke-dasharray: 3 3; }
svg .good { stroke: var(--good); fill: var(--good); }
svg .bad { stroke: var(--bad); fill: var(--bad); }
svg .even { stroke: var(--even); fill: var(--even); }
"""


def by_score(comparison: Comparison) -> list[Comparison]:
    """Return a comparison for each score, so that no column of a table mixes two."""
    metrics = comparison.competition.metrics
    groups = [[line for line in comparison.lines if line.metric == metric] for metric in metrics]
    return [replace(comparison, lines=lines) for lines in groups if lines]


def head(comparison: Comparison) -> list[str]:
    """Return the names of the columns of a comparison by one score."""
    metric = comparison.lines[0].metric
    others = _other_scores(comparison, metric)
    section = _section(comparison.lines)
    return [
        "revision",
        "model",
        f"{metric.name}, mean +- sd",
        "pooled +- se",
        *others,
        "difference (95 %)",
        "better",
        "minutes",
        f"settings ({section})" if section else "settings",
    ]


def cells(comparison: Comparison, line: Line) -> list[str]:
    """Return what stands in the columns of a line."""
    others = [_number(other) for other in line.others]
    others = others[: len(_other_scores(comparison, line.metric))]
    spread = "" if line.sd is None else f" +- {line.sd:.4f}"
    minutes = "?" if line.seconds is None else f"{line.seconds / 60:.1f}"
    return [
        line.revision,
        line.model,
        f"{line.mean:.4f}{spread}",
        f"{line.score:.4f} +- {line.error:.4f}",
        *others,
        *_difference(line),
        minutes,
        _settings(line, _section(comparison.lines)),
    ]


def _other_scores(comparison: Comparison, metric: Metric) -> list[str]:
    """The names of the scores beside `metric`: beside the first one there are all others."""
    first, *others = comparison.competition.metrics
    return [other.name for other in others] if metric == first else []


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _difference(line: Line) -> list[str]:
    gap = line.difference
    if gap is None:
        return ["baseline" if line.baseline else "", ""]
    if all(abs(each) < NOISE for each in (gap.value, gap.low, gap.high)):
        return ["none", ""]
    value, low, high = (signed(each) for each in (gap.value, gap.low, gap.high))
    return [f"{value} ({low} to {high})", f"{gap.better:.3f}"]


def _section(lines: Sequence[Line]) -> str:
    """The section that all differing settings lie in, '' if there is no such."""
    sections = {name.partition(".")[0] for line in lines for name in line.settings}
    return sections.pop() if len(sections) == 1 else ""


def _settings(line: Line, section: str) -> str:
    pairs = [(name.removeprefix(f"{section}."), value) for name, value in line.settings.items()]
    words = [f"{name} absent" if value == "absent" else f"{name}={value}" for name, value in pairs]
    more = [f"and {len(words) - MOST} more"] if len(words) > MOST else []
    return "; ".join(part for part in (", ".join([*words[:MOST], *more]), line.note) if part)


def about(comparison: Comparison) -> str:
    """Return what the figures are, in a few sentences."""
    metrics = dict.fromkeys(line.metric for line in comparison.lines)
    directions = [
        f"{metric.name}: {'lower' if metric.lower_is_better else 'higher'} is better."
        for metric in metrics
    ]
    return (
        f"{' '.join(directions)} The difference is to {comparison.baseline}, on the "
        f"same rows, with its 95 % interval and the share of {comparison.draws} bootstrap draws in "
        f"which it is better; look-alikes and slides of one patient are drawn together. +- sd is "
        f"over folds and seeds, +- se over what is drawn. Minutes are those of all the stages of "
        f"{comparison.competition.name} after the drawing of stand-ins, at that revision."
    )


def text(comparison: Comparison) -> str:
    """Return the comparison for a terminal."""
    notes = [f"note: {note}" for note in comparison.notes]
    tables = [line for each in by_score(comparison) for line in (*_text_table(each), "")]
    return "\n".join([*tables, textwrap.fill(about(comparison), 100), *notes])


def _text_table(comparison: Comparison) -> list[str]:
    rows = [head(comparison), *(cells(comparison, line) for line in comparison.lines)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    last = len(widths) - 1
    lines = []
    for row in rows:
        padded = [
            cell.ljust(width) if k in (0, 1, last) else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "-" * min(RULE, max(map(len, lines))))
    return lines


def markdown(comparison: Comparison) -> str:
    """Return the comparison as Markdown."""
    notes = [f"- {note}" for note in comparison.notes]
    tables = [line for each in by_score(comparison) for line in ("", *_markdown_table(each))]
    whole = [f"# {comparison.competition.name}", "", about(comparison), *tables]
    return "\n".join([*whole, *([""] if notes else []), *notes]) + "\n"


def _markdown_table(comparison: Comparison) -> list[str]:
    rows = [head(comparison), *(cells(comparison, line) for line in comparison.lines)]
    lines = [
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return lines


def html(comparison: Comparison) -> str:
    """Return the comparison as one page: styles and plot inside, readable by day and by night."""
    notes = "".join(f"<li>{_words(note)}</li>\n" for note in comparison.notes)
    title = f"podium compare {comparison.competition.name}"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n<p>{_words(about(comparison))}</p>\n"
        f"{''.join(map(_html_table, by_score(comparison)))}<ul>\n{notes}</ul>\n</body>\n</html>\n"
    )


def _html_table(comparison: Comparison) -> str:
    scale = compare_plot.scale_of(comparison.lines)
    names = head(comparison)
    at = names.index("better") + 1  # the plot stands beside the figures it shows
    top = [f'<th class="{_kind(k, names)}">{_words(name)}</th>' for k, name in enumerate(names)]
    top.insert(at, f'<th class="plot">{compare_plot.axis(scale)}</th>')
    body = [_row(comparison, line, scale, at) for line in comparison.lines]
    return (
        f'<div class="wide">\n<table>\n<thead><tr>{"".join(top)}</tr></thead>\n<tbody>\n'
        f"{''.join(body)}</tbody>\n</table>\n</div>\n"
    )


def _row(comparison: Comparison, line: Line, scale: compare_plot.Scale, at: int) -> str:
    each, names = cells(comparison, line), head(comparison)
    whole = [f'<td class="{_kind(k, names)}">{_words(cell)}</td>' for k, cell in enumerate(each)]
    whole.insert(at, f'<td class="plot">{compare_plot.interval(line, scale)}</td>')
    kind = ' class="baseline"' if line.baseline else ""
    return f"<tr{kind}>{''.join(whole)}</tr>\n"


def _kind(k: int, names: Sequence[str]) -> str:
    return "settings" if k == len(names) - 1 else "words" if k < 2 else "number"


def _words(text: str) -> str:
    """Text as markup; figures break between score and spread, and before an interval, only."""
    whole = markup.escape(text).replace("+- ", "&plusmn;&nbsp;")
    return re.sub(r"\(\S+ to \S+\)", lambda match: match[0].replace(" ", "&nbsp;"), whole)
