"""The blends of all competitions side by side: as Markdown, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from podium.evaluation.outcome import score_name, value
from podium.evaluation.plots import write_figure

HEADER = (
    "| competition | score | models | best single | blend, naive | blend, nested (95 %) | optimism "
    "| nested - single (95 %) | test |"
)
ENDS = ("low", "high")
Metrics = Mapping[str, Any]


def markdown(blends: Mapping[str, Metrics], tests: Mapping[str, float]) -> str:
    """A page: one row per competition, then the methods of each.

    Args:
        blends: metrics of the blend stages by competition.
        tests: the score on the answer key by competition, where there is one.
    """
    lines = ["# Blends", "", HEADER, "|---" * 9 + "|"]
    lines += [_row(name, blend, tests.get(name)) for name, blend in blends.items()]
    lines += ["", *_explained()]
    for name, blend in blends.items():
        lines += ["", f"## {name}", "", "| method | naive | nested |", "|---|---|---|"]
        lines += [
            f"| {method} | {one['naive']:.4f} | {one['nested']:.4f} |"
            for method, one in blend["methods"].items()
        ]
        if weights := blend.get("weights"):
            parts = ", ".join(f"{model} {weight:.3f}" for model, weight in weights.items())
            lines += ["", f"Weights: {parts}."]
    return "\n".join(lines) + "\n"


def _row(name: str, blend: Metrics, test: float | None) -> str:
    score, gap = score_name(blend), blend["difference"]
    single = blend["single"]
    cells = [
        f"{name} ({blend['method']})",
        score.replace("_", " "),
        str(blend["n_models"]),
        f"{single[score]:.4f} ({single['model']})",
        f"{value(blend['naive']):.4f}",
        _nested(blend["nested"], score),
        f"{blend['optimism']:+.4f}",
        f"{gap['mean']:+.4f} ({gap['low']:+.4f} to {gap['high']:+.4f})",
        "" if test is None else f"{test:.4f}",
    ]
    return f"| {' | '.join(cells)} |"


def _nested(found: Metrics, score: str) -> str:
    low, high = (found[f"{score}_{end}" if f"{score}_{end}" in found else end] for end in ENDS)
    return f"{value(found):.4f} ({low:.4f} to {high:.4f})"


def _explained() -> list[str]:
    return [
        "Log loss: down is better; whole string: up. Naive: fitted and scored on the same",
        "out-of-fold rows. Nested: every row by a blend whose choices, weights and calibration",
        "never saw its fold. Optimism: what the naive score flatters. The interval draws groups",
        "(look-alikes, patients) again. Test: the submission against the answer key.",
    ]


def picture(path: Path, blends: Mapping[str, Metrics]) -> None:
    """Draw each method's naive (hollow) and nested (full) score, and the best single model."""
    figure = Figure(figsize=(3.2 * len(blends), 3.4), layout="constrained")
    panels = figure.subplots(1, len(blends), squeeze=False)[0]
    for axes, (name, blend) in zip(panels, blends.items(), strict=True):
        _panel(axes, name, blend)
    panels[0].legend(frameon=False, fontsize=8)
    write_figure(path, figure)


def _panel(axes: Axes, name: str, blend: Metrics) -> None:
    methods = list(blend["methods"])[::-1]
    for how, face in (("naive", "white"), ("nested", "#4477aa")):
        values = [blend["methods"][method][how] for method in methods]
        axes.scatter(values, methods, facecolor=face, edgecolor="#4477aa", label=how, zorder=2)
    score = score_name(blend)
    axes.axvline(blend["single"][score], color="#bb5566", linestyle=":", label="best single model")
    axes.set(title=name, xlabel=score.replace("_", " "))
    axes.locator_params(axis="x", nbins=4)
    axes.spines[["top", "right"]].set_visible(False)
