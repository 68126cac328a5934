"""The ledger as a picture: does the local score foretell the leaderboard's?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from podium.core.errors import PodiumError
from podium.evaluation.plots import write_figure
from podium.submission.ledger import Entry

SIDES = {"public": "#4477aa", "private": "none"}  # what fills its markers


def write(path: Path, entries: Sequence[Entry]) -> int:
    """Draw nested against leaderboard scores, a panel a competition; return how many rows.

    Raises:
        PodiumError: no row has both.
    """
    drawn = [row for row in entries if pairs([row], "public") or pairs([row], "private")]
    if not drawn:
        raise PodiumError(
            f"nothing to plot: no row ({len(entries)} in all) has a nested score and one of the "
            "leaderboard's\nremedy: podium ledger add COMPETITION --public SCORE"
        )
    names = sorted({row.competition for row in drawn})
    across = min(3, len(names))
    down = -(-len(names) // across)
    figure = Figure(figsize=(4.6 * across, 4.4 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    for panel, name in zip(panels, names, strict=False):
        _draw(panel, name, [row for row in drawn if row.competition == name])
    write_figure(path, figure)
    return len(drawn)


def pairs(entries: Sequence[Entry], side: str) -> list[tuple[float, float]]:
    """Return (nested, leaderboard) scores of rows that have both; `side`: public or private."""
    both = [(row.score("nested"), row.score(side)) for row in entries]
    return [(x, y) for x, y in both if x is not None and y is not None]


def correlation(points: Sequence[tuple[float, float]]) -> float | None:
    """Return Pearson's r of three points or more; None if fewer, or if one score never changes."""
    x, y = np.array(points, dtype=np.float64).reshape(-1, 2).T
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def _draw(axes: Axes, name: str, entries: Sequence[Entry]) -> None:
    everything = [value for side in SIDES for point in pairs(entries, side) for value in point]
    low, high = min(everything), max(everything)
    margin = 0.12 * (high - low) or 0.05 * abs(high) or 0.05
    ends = low - margin, high + margin
    axes.plot(ends, ends, color="#bbbbbb", zorder=1)
    for side, fill in SIDES.items():
        points = pairs(entries, side)
        if points:
            r = correlation(points)
            label = side if r is None else f"{side}, r = {r:.2f} (n = {len(points)})"
            x, y = zip(*points, strict=True)
            axes.scatter(x, y, facecolor=fill, edgecolor="#4477aa", zorder=2, label=label)
    for row in entries:
        _label(axes, row, sum(ends) / 2)
    axes.set(title=name, xlim=ends, ylim=ends, aspect="equal")
    axes.set(xlabel="nested score, local", ylabel="leaderboard")
    axes.locator_params(nbins=5)
    below = (0.5, -0.16)  # within the panel its markers would look like points
    axes.legend(frameon=False, ncols=2, fontsize=9, loc="upper center", bbox_to_anchor=below)
    axes.spines[["top", "right"]].set_visible(False)


def _label(axes: Axes, entry: Entry, middle: float) -> None:
    """The row's method, or its day, beside its marker and towards the middle of the panel."""
    point = (pairs([entry], "public") or pairs([entry], "private"))[0]
    left = point[0] > middle
    axes.annotate(
        entry.method or entry.time[:10],
        point,
        xytext=(-7 if left else 7, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=8,
    )
