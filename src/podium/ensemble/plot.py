"""Intervals of differences as inline SVG, one picture to a line of the table, on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from podium.ensemble.compare import Line
from podium.ensemble.contests import LOWER

WIDTH, HEIGHT, EDGE = 240, 24, 12  # pixels
ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
FAR = 4.0  # times the usual reach of an interval: what lies farther is cut off, with an arrow


def scale_of(lines: Sequence[Line]) -> float:
    """The difference at either edge of the plot."""
    reach = [
        max(abs(one.low), abs(one.high))
        for line in lines
        if (one := line.difference) and (one.low or one.high)
    ]
    if not reach:
        return 1.0
    return _round_up(min(max(reach), FAR * float(np.median(reach))))


def _round_up(value: float) -> float:
    """The next round number: one of ROUND times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in ROUND if step * power >= value * (1 - 1e-9))


def _x(value: float, scale: float) -> float:
    inside = min(max(value / scale, -1.0), 1.0)
    return round(WIDTH / 2 + inside * (WIDTH / 2 - EDGE), 1)


def axis(scale: float) -> str:
    """The scale above the plot."""
    marks = [(-scale, "start", 0), (0.0, "middle", WIDTH / 2), (scale, "end", WIDTH)]
    words = "".join(
        f'<text x="{x:g}" y="17" text-anchor="{anchor}">{value:+g}</text>'
        if value
        else f'<text x="{x:g}" y="17" text-anchor="{anchor}">0</text>'
        for value, anchor, x in marks
    )
    return f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="scale">{words}</svg>'


def interval(line: Line, scale: float) -> str:
    """The difference of a line as a dot, its interval as a bar; nothing but zero for others."""
    middle = HEIGHT / 2
    zero = f'<line class="zero" x1="{_x(0, 1)}" x2="{_x(0, 1)}" y1="0" y2="{HEIGHT}"/>'
    one, body, words = line.difference, "", "no difference to show"
    if one is not None:
        low, high, value = (_x(each, scale) for each in (one.low, one.high, one.value))
        words = f"{one.value:+.4f}, 95 % interval {one.low:+.4f} to {one.high:+.4f}"
        body = f'<line x1="{low}" x2="{high}" y1="{middle}" y2="{middle}" stroke-width="2.5"/>'
        body += _arrow(-1) if one.low < -scale else ""
        body += _arrow(1) if one.high > scale else ""
        body += f'<circle cx="{value}" cy="{middle}" r="3.5"/>' if abs(one.value) <= scale else ""
        body = f'<g class="{_kind(line)}">{body}</g>'
    about = f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{words}"'
    return f"<svg {about}><title>{words}</title>{zero}{body}</svg>"


def _arrow(side: int) -> str:
    """A triangle at one edge: it goes on."""
    middle, tip = HEIGHT / 2, WIDTH / 2 + side * (WIDTH / 2 - 2)
    foot = tip - 8 * side
    return f'<path d="M{tip} {middle}L{foot} {middle - 5}L{foot} {middle + 5}Z"/>'


def _kind(line: Line) -> str:
    """`good` or `bad` where the whole interval is on one side of zero, else `even`."""
    one = line.difference
    if one is None or one.low <= 0 <= one.high:
        return "even"
    return "good" if (one.high < 0) == (line.measure in LOWER) else "bad"
