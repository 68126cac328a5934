"""The blends of all competitions side by side: as Markdown, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from podium.evaluation.competition import Competition
from podium.evaluation.plots import write_figure
from podium.evaluation.scores import Metric, metric_named

HEADER = (
    "| competition | score | models | best single | blend, naive | blend, nested (95 %) | optimism "
    "| nested - single (95 %) | test |"
)
Metrics = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One competition.

    Attributes:
        competition: which.
        blend: its blend's metrics.
        test: its score on the answer key, where there is one.
        warnings: of its stages.
    """

    competition: Competition
    blend: Metrics
    test: float | None = None
    warnings: Sequence[str] = ()

    @property
    def key(self) -> str:
        """The score of the blend, as metrics files call it."""
        return str(self.blend["metric"])

    @property
    def metric(self) -> Metric:
        """The metric of the blend: one of the competition's, or what its task names."""
        own = {metric.key: metric for metric in self.competition.table_metrics}
        return own.get(self.key) or metric_named(self.key)


def markdown(rows: Sequence[Row]) -> str:
    """Return a page: one row for each competition, warnings, then the methods of each."""
    lines = ["# Blends", "", HEADER, "|---" * 9 + "|", *map(_line, rows), "", *_explained(rows)]
    if warnings := warning_lines(rows):
        lines += ["", "## Warnings", "", *(f"- {line}" for line in warnings)]
    for row in rows:
        lines += [
            "",
            f"## {row.competition.name}",
            "",
            "| method | naive | nested |",
            "|---|---|---|",
        ]
        lines += [
            f"| {method} | {each['naive']['value']:.4f} | {each['nested']['value']:.4f} |"
            for method, each in row.blend["methods"].items()
        ]
        if weights := row.blend.get("weights"):
            parts = ", ".join(f"{model} {weight:.3f}" for model, weight in weights.items())
            lines += ["", f"Weights: {parts}."]
    return "\n".join(lines) + "\n"


def warning_lines(rows: Sequence[Row]) -> list[str]:
    """Return the warnings of all stages, each after the competition's name."""
    return [f"{row.competition.name}: {line}" for row in rows for line in row.warnings]


def _line(row: Row) -> str:
    blend, key = row.blend, row.key
    single, nested, gap = blend["single"], blend["nested"][key], blend["difference"]
    cells = [
        f"{row.competition.name} ({blend['method']})",
        row.metric.name,
        str(blend["n_models"]),
        f"{single[key]['value']:.4f} ({single['model']})",
        f"{blend['naive'][key]['value']:.4f}",
        f"{nested['value']:.4f} ({nested['low']:.4f} to {nested['high']:.4f})",
        f"{blend['optimism']:+.4f}",
        f"{gap['value']:+.4f} ({gap['low']:+.4f} to {gap['high']:+.4f})",
        "" if row.test is None else f"{row.test:.4f}",
    ]
    return f"| {' | '.join(cells)} |"


def _explained(rows: Sequence[Row]) -> list[str]:
    metrics = dict.fromkeys(row.metric for row in rows)
    ways = [f"{each.name}: {'down' if each.lower_is_better else 'up'}" for each in metrics]
    return [
        f"Better is, of {'; of '.join(dict.fromkeys(ways))}.",
        "Naive: fitted and scored on the same out-of-fold rows. Nested: every row by a blend whose",
        "choices, weights and calibration never saw its fold. Optimism: what the naive score",
        "flatters. The interval draws groups (look-alikes, patients) again. Test: the submission",
        "against the answer key.",
    ]


def picture(path: Path, rows: Sequence[Row]) -> None:
    """Draw each method's naive (hollow) and nested (full) score, and the best single model."""
    figure = Figure(figsize=(3.2 * len(rows), 3.4), layout="constrained")
    panels = figure.subplots(1, len(rows), squeeze=False)[0]
    for axes, row in zip(panels, rows, strict=True):
        _panel(axes, row)
    panels[0].legend(frameon=False, fontsize=8)
    write_figure(path, figure)


def _panel(axes: Axes, row: Row) -> None:
    scores = row.blend["methods"]
    methods = list(scores)[::-1]
    for side, face in (("naive", "white"), ("nested", "#4477aa")):
        values = [scores[method][side]["value"] for method in methods]
        axes.scatter(values, methods, facecolor=face, edgecolor="#4477aa", label=side, zorder=2)
    single = row.blend["single"][row.key]["value"]
    axes.axvline(single, color="#bb5566", linestyle=":", label="best single model")
    axes.set(title=row.competition.name, xlabel=row.metric.name)
    axes.locator_params(axis="x", nbins=4)
    axes.spines[["top", "right"]].set_visible(False)
