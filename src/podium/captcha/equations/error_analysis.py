"""Shares of equations read right by template, number of lines, length, picture size, contrast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from podium.captcha.equations.answers import template_of
from podium.captcha.equations.render import scene_of
from podium.captcha.equations.scene import LUMINANCE, Scene
from podium.captcha.scoring import share
from podium.evaluation.plots import write_figure

_LENGTHS = (34, 38, 42)  # edges of groups: up to the first, ..., over the last; characters
_MEGAPIXELS = (0.8, 1.6, 2.4)
_LEVELS = (60.0, 80.0, 110.0)  # grey levels between paper and ink


def scenes(seed: int, ids: Sequence[str]) -> list[Scene]:
    """The scenes of the drawn pictures of a seed; their ids are their numbers."""
    return [scene_of(seed, int(name))[0] for name in ids]


def contrast(scene: Scene) -> float:
    """The difference between paper and ink in grey levels, the mean over glyphs."""
    inks = np.array([ink.colour for ink in scene.inks]) @ LUMINANCE
    return float(np.array(scene.paper) @ LUMINANCE - inks.mean())


def error_table(
    truth: Sequence[str], texts: Sequence[str], drawn: Sequence[Scene] = ()
) -> pd.DataFrame:
    """The share of texts read right in each group, with its 95 % interval.

    Args:
        truth: the true texts (N,).
        texts: the texts (N,) that were read.
        drawn: the scenes (N,) of drawn pictures; empty for raw ones.

    Returns:
        One row a group, columns by, group, n, sequence (the share), low, high.
    """
    groups: dict[str, list[str]] = {
        "template": [template_of(text) or "none" for text in truth],
        "lines": [f"{text.count(';') + 1} lines" for text in truth],
        "length": [_span(len(text), _LENGTHS, "characters") for text in truth],
    }
    if drawn:
        sizes = [scene.size[0] * scene.size[1] / 1e6 for scene in drawn]
        groups["canvas"] = [_span(size, _MEGAPIXELS, "megapixels") for size in sizes]
        groups["contrast"] = [_span(contrast(scene), _LEVELS, "levels") for scene in drawn]
    right = np.array([a == b for a, b in zip(truth, texts, strict=True)])
    rows: list[dict[str, Any]] = []
    for by, names in groups.items():
        for name in sorted(set(names), key=_first_number if by != "template" else _by_length):
            in_group = right[np.array(names) == name]
            score = share(int(in_group.sum()), len(in_group))
            row = {"by": by, "group": name, "n": len(in_group), "sequence": score["value"]}
            rows.append(row | {"low": score["low"], "high": score["high"]})
    return pd.DataFrame(rows)


def _span(value: float, edges: Sequence[float], unit: str) -> str:
    """The group of a value: `up to 34 characters`, `34 to 38 characters`, `over 42 characters`."""
    if value <= edges[0]:
        return f"up to {edges[0]:g} {unit}"
    if value > edges[-1]:
        return f"over {edges[-1]:g} {unit}"
    at = next(k for k, edge in enumerate(edges) if value <= edge)
    return f"{edges[at - 1]:g} to {edges[at]:g} {unit}"


def _first_number(group: str) -> tuple[float, str]:
    """Sort key of a group: the first number in its name; `up to` comes first and `over` last."""
    number = float(next(word for word in group.split() if word[0].isdigit()))
    return number - group.startswith("up") * 1e-6 + group.startswith("over") * 1e-6, group


def _by_length(template: str) -> tuple[float, str]:
    return len(template), template


def write_error_png(path: Path, table: pd.DataFrame) -> None:
    """Plot the rows of `error_table` as dots with their 95 % intervals."""
    figure = Figure(figsize=(7.5, 0.26 * len(table) + 1.2), layout="constrained")
    axes = figure.subplots()
    rows = table.iloc[::-1].reset_index(drop=True)
    reach = np.clip([rows["sequence"] - rows["low"], rows["high"] - rows["sequence"]], 0, None)
    axes.errorbar(rows["sequence"], rows.index, xerr=reach, fmt="o", markersize=4, elinewidth=1)
    names = [f"{row.by}: {row.group} (n = {row.n})" for row in rows.itertuples()]
    axes.set_yticks(rows.index, names, fontsize=8)
    axes.set(title="whole texts read right, with 95 % intervals", xlabel="share")
    axes.margins(y=0.01)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    write_figure(path, figure)
