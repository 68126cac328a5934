"""Which pictures of equations are read right: by template, lines, length, canvas and contrast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from podium.captcha.equations.answers import template_of
from podium.captcha.equations.render import scene_of
from podium.captcha.equations.scene import Scene
from podium.captcha.scoring import share
from podium.evaluation.plots import write_figure

_LENGTHS = (34, 38, 42)  # characters; up to here, and beyond
_MEGAPIXELS = (0.8, 1.6, 2.4)
_LEVELS = (60.0, 80.0, 110.0)  # grey levels between paper and ink
_LUMINANCE = np.array([0.299, 0.587, 0.114])


def scenes(seed: int, ids: Sequence[str]) -> list[Scene]:
    """How the drawn pictures of a seed were composed; ids are their numbers."""
    return [scene_of(seed, int(name))[0] for name in ids]


def contrast(scene: Scene) -> float:
    """Grey levels between the paper and the ink, the mean over glyphs."""
    inks = np.array([ink.colour for ink in scene.inks]) @ _LUMINANCE
    return float(np.array(scene.paper) @ _LUMINANCE - inks.mean())


def breakdown(
    truth: Sequence[str], texts: Sequence[str], drawn: Sequence[Scene] = ()
) -> pd.DataFrame:
    """by, group, n, sequence, low, high: the share of texts read right in each group.

    Args:
        truth: the texts (N,).
        texts: what was read (N,).
        drawn: how the pictures (N,) were composed, where that is known.
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
        for name in sorted(set(names), key=_ORDER.get(by, _first_number)):
            mine = right[np.array(names) == name]
            found = share(int(mine.sum()), len(mine))
            rows.append({"by": by, "group": name, "n": len(mine), "sequence": found["value"]})
            rows[-1] |= {"low": found["low"], "high": found["high"]}
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
    """Sorts groups by the first number in their names; open ends come first and last."""
    number = float(next(word for word in group.split() if word[0].isdigit()))
    return number - group.startswith("up") * 1e-6 + group.startswith("over") * 1e-6, group


_ORDER: dict[str, Callable[[str], tuple[float, str]]] = {"template": lambda form: (len(form), form)}


def breakdown_png(path: Path, table: pd.DataFrame) -> None:
    """The table as dots with their 95 % intervals."""
    figure = Figure(figsize=(7.5, 0.26 * len(table) + 1.2), layout="constrained")
    axes = figure.subplots()
    rows = table.iloc[::-1].reset_index(drop=True)
    reach = np.clip([rows["sequence"] - rows["low"], rows["high"] - rows["sequence"]], 0, None)
    axes.errorbar(rows["sequence"], rows.index, xerr=reach, fmt="o", markersize=4, elinewidth=1)
    names = [f"{one.by}: {one.group} (n = {one.n})" for one in rows.itertuples()]
    axes.set_yticks(rows.index, names, fontsize=8)
    axes.set(title="whole texts read right, with 95 % intervals", xlabel="share")
    axes.margins(y=0.01)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    write_figure(path, figure)
