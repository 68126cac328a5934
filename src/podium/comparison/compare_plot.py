"""Intervals of differences as inline SVG, one picture to a line of the table, on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podium.comparison.compare import Line

WIDTH, HEIGHT, EDGE = 220, 24, 12  # pixels
ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
FAR = 2.0  # times the usual reach of an interval: what lies farther is cut off, with an arrow
APART = 45  # pixels between two numbers of the axis
NOISE = 1e-9  # a smaller difference of scores comes of rounding


@dataclass(frozen=True)
class Scale:
    """The differences at the left and the right edge; zero lies between them."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """Return where a difference stands, in pixels; at an edge if it lies beyond."""
        inside = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(EDGE + inside * (WIDTH - 2 * EDGE), 1)


def scale_of(lines: Sequence[Line]) -> Scale:
    """Return the scale that shows nearly all intervals."""
    ends = [(gap.low, gap.high) for line in lines if (gap := line.difference)]
    reach = [most for low, high in ends if (most := max(abs(low), abs(high)))]
    if not reach:
        return Scale(-1.0, 1.0)
    far = FAR * float(np.median(reach))
    left = min(far, max(0.0, *(-low for low, _ in ends), far / 10))
    right = min(far, max(0.0, *(high for _, high in ends), far / 10))
    return Scale(-_round_up(left), _round_up(right))


def _round_up(value: float) -> float:
    """The next round number: one of ROUND times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in ROUND if step * power >= value * (1 - 1e-9))


def signed(value: float) -> str:
    """Return a difference with four decimals, or its first digit where these would hide it."""
    if abs(value) < NOISE:
        return f"{0:+.4f}"
    return f"{value:+.4f}" if abs(value) >= 5e-5 else f"{value:+.0e}"


def axis(scale: Scale) -> str:
    """Return the numbers above the plot: zero, and the edges that are not too near to it."""
    marks = [(0.0, "middle", scale.x(0), "0")]
    for value, anchor, x in ((scale.low, "start", 0), (scale.high, "end", WIDTH)):
        if abs(x - scale.x(0)) > APART:
            marks.append((value, anchor, x, f"{value:+g}"))
    words = "".join(
        f'<text x="{x:g}" y="17" text-anchor="{anchor}">{word}</text>'
        for _, anchor, x, word in sorted(marks)
    )
    return f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="scale">{words}</svg>'


def interval(line: Line, scale: Scale) -> str:
    """Return the difference of a line as a dot and its interval as a bar, or zero alone."""
    zero = scale.x(0)
    drawn = f'<line class="zero" x1="{zero}" x2="{zero}" y1="0" y2="{HEIGHT}"/>'
    gap, words = line.difference, "no difference to show"
    if gap is not None:
        value, low, high = (signed(each) for each in (gap.value, gap.low, gap.high))
        words = f"{value}, 95 % interval {low} to {high}"
        drawn += f'<g class="{_kind(line)}">{_bar(gap.low, gap.high, gap.value, scale)}</g>'
    about = f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{words}"'
    return f"<svg {about}><title>{words}</title>{drawn}</svg>"


def _bar(low: float, high: float, value: float, scale: Scale) -> str:
    middle = HEIGHT / 2
    ends = f'x1="{scale.x(low)}" x2="{scale.x(high)}" y1="{middle}" y2="{middle}"'
    drawn = f'<line {ends} stroke-width="2.5"/>'
    drawn += _arrow(-1) if low < scale.low else ""
    drawn += _arrow(1) if high > scale.high else ""
    if scale.low <= value <= scale.high:
        drawn += f'<circle cx="{scale.x(value)}" cy="{middle}" r="3.5"/>'
    return drawn


def _arrow(side: int) -> str:
    """A triangle at one edge: it goes on."""
    middle, tip = HEIGHT / 2, WIDTH / 2 + side * (WIDTH / 2 - 2)
    foot = tip - 8 * side
    return f'<path d="M{tip} {middle}L{foot} {middle - 5}L{foot} {middle + 5}Z"/>'


def _kind(line: Line) -> str:
    """`good` or `bad` where the whole interval is on one side of zero, else `even`."""
    gap = line.difference
    if gap is None or gap.low <= 0 <= gap.high:
        return "even"
    return "good" if (gap.high < 0) == line.metric.lower_is_better else "bad"
