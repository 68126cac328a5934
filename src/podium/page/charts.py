"""Charts as inline SVG by Matplotlib, in the colours of the page: readable by day and by night."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from podium.evaluation.plots import FAMILIES
from podium.evaluation.scores import Score

Floats = NDArray[np.floating[Any]]
INK, LINE = "#010203", "#010204"  # stand for colours of the page, which CSS sets
SERIES = [f"#0102{k:02x}" for k in range(16, 22)]
PLACES = r'\b(?:d|x|y|x1|x2|y1|y2|cx|cy|width|height|points|transform)="[^"]*"'
VARIABLES = {INK: "var(--ink)", LINE: "var(--line)"} | {
    colour: f"var(--series-{k})" for k, colour in enumerate(SERIES)
}
STYLES = ("-", "--", ":", "-.")
MOST_SERIES = len(SERIES) * len(STYLES)
SETTINGS: Any = {
    "svg.fonttype": "none", "text.parse_math": False, "font.size": 10, "font.family": FAMILIES,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": LINE, "xtick.color": INK,
    "ytick.color": INK, "axes.grid": True, "grid.color": LINE, "grid.linewidth": 0.5,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
    "legend.fontsize": 8,
}  # fmt: skip


class Chart:
    """A figure that becomes one SVG.

    Attributes:
        svg: its markup, once the block of `chart` has ended.
    """

    svg = ""


@contextmanager
def chart(name: str, title: str, size: tuple[float, float]) -> Iterator[tuple[Axes, Chart]]:
    """Give axes to draw on, and the chart that holds their SVG afterwards.

    Args:
        name: of the chart, no other on the page has it.
        title: what a screen reader says of it.
        size: width and height in inches.
    """
    drawn = Chart()
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        yield figure.subplots(), drawn
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    drawn.svg = _inline(file.getvalue(), title)


def _inline(text: str, title: str) -> str:
    """An SVG file as markup for a page: themed, named, and without names that repeat."""
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r'(<svg)[^>]*?(viewBox="[^"]*")[^>]*>',
                  lambda match: f'{match[1]} {match[2]} role="img" aria-label='
                                f'"{html.escape(title)}">', body, count=1)  # fmt: skip
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, variable)
    body = re.sub(PLACES, lambda match: re.sub(r"(\d+\.\d{2})\d+", r"\1", match[0]), body)
    return re.sub(r"\n\s*", "\n", body).strip()


def lines_svg(name: str, title: str, series: Mapping[str, pd.DataFrame], x: str, y: str) -> str:
    """Return lines of column `y` over `x`, one for each named table, as SVG.

    Args:
        name: of the chart.
        title: for screen readers.
        series: name -> rows.
        x: a column.
        y: a column.
    """
    with chart(name, title, (4.4, 2.8)) as (axes, drawn):
        for k, (label, rows) in enumerate(list(series.items())[:MOST_SERIES]):
            style = STYLES[k // len(SERIES)]
            marker = "." if len(rows) == 1 else ""  # a line of one point cannot be seen
            colour = SERIES[k % len(SERIES)]
            axes.plot(rows[x], rows[y], style, color=colour, marker=marker, label=label)
        axes.set(xlabel=x.replace("_", " "), ylabel=y.replace("_", " "))
        if len(series) > 1:
            axes.legend()
    return drawn.svg


def intervals_svg(
    name: str, title: str, scores: Sequence[tuple[str, Score]], trivial: float | None
) -> str:
    """Return scores with their 95 % intervals, the first at the top, as SVG.

    Args:
        name: of the chart.
        title: for screen readers.
        scores: label and score of each.
        trivial: a dashed line there; None: without.
    """
    with chart(name, title, (4.4, 0.9 + 0.24 * len(scores))) as (axes, drawn):
        for place, (_, score) in enumerate(scores):
            if score.low is not None and score.high is not None:
                axes.plot([score.low, score.high], [place, place], color=SERIES[0])
            axes.plot(score.value, place, "o", color=SERIES[0])
        axes.set_yticks(range(len(scores)), [label for label, _ in scores])
        axes.set_ylim(len(scores) - 0.4, -0.6)
        if trivial is not None:
            axes.axvline(trivial, color=SERIES[1], linestyle="--")
    return drawn.svg


def calibration_svg(name: str, title: str, bins: pd.DataFrame) -> str:
    """Return how often predictions are right against how sure they are, as SVG.

    Args:
        name: of the chart.
        title: for screen readers.
        bins: rows of confidence, right (a share) and rows.
    """
    with chart(name, title, (4.4, 2.8)) as (axes, drawn):
        axes.plot([0, 1], [0, 1], "--", color=SERIES[1])
        axes.plot(bins["confidence"], bins["right"], "-", color=SERIES[0])
        sizes = 12 + 120 * bins["rows"] / max(1, bins["rows"].max())
        axes.scatter(bins["confidence"], bins["right"], sizes, color=SERIES[0])
        low = min(bins["confidence"].min(), bins["right"].min(), 0.9) if len(bins) else 0
        axes.set(xlabel="how sure", ylabel="how often right")
        axes.set(xlim=(low - 0.05, 1.02), ylim=(low - 0.05, 1.02))
    return drawn.svg


def scatter_svg(name: str, title: str, true: Floats, said: Floats) -> str:
    """Return predicted numbers (N,) against true ones (N,) as SVG.

    Args:
        name: of the chart.
        title: for screen readers.
        true: (N,) float64.
        said: (N,) float64.
    """
    with chart(name, title, (4.4, 2.8)) as (axes, drawn):
        ends = [min(true.min(), said.min()), max(true.max(), said.max())]
        axes.plot(ends, ends, "--", color=SERIES[1])
        axes.scatter(true, said, 6, color=SERIES[0])
        axes.set(xlabel="true", ylabel="predicted")
    return drawn.svg
