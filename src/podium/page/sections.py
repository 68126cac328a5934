"""The sections of one competition on the page."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from podium.core.files import file_sha256
from podium.evaluation.table_kinds import kind_of
from podium.page import charts, held_out, markup
from podium.page.ladder import best_first, ladder
from podium.page.run_facts import DEFAULTS, RunFacts, handing_in
from podium.page.thumbnails import thumbnails, worst_slides
from podium.training.model_file import read_description

MISTAKES, CLASSES, PAIRS, SLIDES, LINES = 12, 12, 12, 6, 20
CURVES = ("whole_string", "tumour_f1", "stop_loss", "loss", "train_loss")  # the first that is there


def section(facts: RunFacts) -> str:
    """Return all that the page says of a competition, under its heading."""
    name = facts.competition.name
    if not facts.headline:
        return f'<section id="{name}"><h2>{name}</h2><p>Not run yet.</p></section>'
    table = facts.table()
    _, sentence = handing_in(facts)
    parts = [
        f"<p>{markup.words(sentence)}</p>",
        *_warnings(facts),
        *_ladder(facts),
        *_charts(facts, table),
        *_confusion(facts, table),
        *_mistakes(facts, table),
        *_slides(facts),
        *_background(facts),
    ]
    return f'<section id="{name}"><h2>{name}</h2>\n' + "\n".join(parts) + "\n</section>"


def _warnings(facts: RunFacts) -> Iterator[str]:
    if facts.warnings:
        items = "".join(f"<li>{markup.words(line)}</li>" for line in facts.warnings)
        yield f'<h3>Warnings</h3><ul class="bad">{items}</ul>'


def _ladder(facts: RunFacts) -> Iterator[str]:
    rungs = ladder(facts)
    metrics = [
        metric for metric in facts.competition.metrics
        if any(metric.key in rung.scores for rung in rungs)
    ]  # fmt: skip
    names = ["model", "kind", *(metric.name for metric in metrics)]
    rows = [
        [markup.words(rung.name), rung.kind,
         *(markup.score(rung.scores[metric.key]) if metric.key in rung.scores else ""
           for metric in metrics)]
        for rung in rungs
    ]  # fmt: skip
    yield "<h3>Models</h3>"
    ways = ", ".join(
        f"{metric.name}: {'lower' if metric.lower_is_better else 'higher'} is better"
        for metric in metrics
    )
    yield markup.table(f"Scores of held-out rows, with 95 % intervals; {ways}", names, rows,
                       "sorted")  # fmt: skip


def _charts(facts: RunFacts, table: pd.DataFrame) -> Iterator[str]:
    figures = [*_interval_chart(facts), *_curve_charts(facts), *_calibration_chart(facts, table)]
    yield f'<h3>Charts</h3><div class="charts">{"".join(figures)}</div>'


def _interval_chart(facts: RunFacts) -> Iterator[str]:
    key, trivial = facts.result.metric, facts.trivial
    rungs = best_first(facts, ladder(facts), key)
    scores = [(rung.name, rung.scores[key].score) for rung in rungs[:LINES]]
    name = facts.competition.name
    title = f"{facts.result.metric_name} of each model"
    dashed = trivial.score.value if trivial else None
    svg = charts.intervals_svg(f"{name}-models", title, scores, dashed)
    yield markup.figure(svg, f"{facts.result.metric_name}, best first; dashed: trivial baseline")


def _curve_charts(facts: RunFacts) -> Iterator[str]:
    for stage, curve in facts.curves().items():
        y = next((name for name in CURVES if name in curve), "")
        x = "pictures" if "pictures" in curve else "epoch"
        if not y or x not in curve:
            continue
        by = next((name for name in ("model", "fold") if name in curve), "")
        series = {str(key): rows for key, rows in curve.groupby(by)} if by else {stage: curve}
        title = f"learning curve of {stage}: {y.replace('_', ' ')}"
        yield markup.figure(charts.lines_svg(f"curve-{stage}", title, series, x, y), title)


def _calibration_chart(facts: RunFacts, table: pd.DataFrame) -> Iterator[str]:
    name = facts.competition.name
    if not len(table):
        return
    if kind_of(table).name == "number":
        true = table["truth"].astype(float).to_numpy()
        said = table["y"].to_numpy(np.float64)
        title = "predicted and true numbers of held-out rows"
        yield markup.figure(charts.scatter_svg(f"{name}-numbers", title, true, said), title)
        return
    bins = held_out.calibration(table)
    title = "calibration of the blend on held-out rows; size: rows"
    svg = charts.calibration_svg(f"{name}-calibration", title, bins)
    rows = [[f"{row.confidence:.3f}", f"{row.right:.3f}", str(row.rows)]
            for row in bins.itertuples(index=False)]  # fmt: skip
    numbers = markup.table("calibration", ["how sure", "how often right", "rows"], rows)
    yield markup.figure(svg + markup.folded("as a table", numbers), title)


def _confusion(facts: RunFacts, table: pd.DataFrame) -> Iterator[str]:
    kind = kind_of(table) if len(table) else None
    if kind is not None and kind.name == "classes":
        said, _ = held_out.decisions(table)
        if len(kind.names) <= CLASSES:
            yield "<h3>Confusion</h3>" + _matrix(held_out.confusion(table))
        else:
            pairs = pd.DataFrame({"actual": table["truth"].to_numpy(), "predicted": said})
            yield "<h3>Confusion</h3>" + _pairs("commonest confusions of classes", pairs)
    for name in facts.competition.timed_metrics(facts.settings):
        path = facts.root / "plots" / name / "confusion.csv"
        if facts.competition.room == "captcha" and path.is_file():
            pairs = pd.read_csv(path, dtype=str, keep_default_na=False)
            yield markup.folded(f"Commonest mistaken characters of {name}",
                                _pairs(f"characters of {name}", pairs))  # fmt: skip


def _matrix(counts: pd.DataFrame) -> str:
    names, most = [str(name) for name in counts.columns], max(1, int(counts.to_numpy().max()))
    rows = [
        [markup.words(name), *map(str, row)]
        for name, row in zip(names, counts.to_numpy().tolist(), strict=True)
    ]
    caption = f"rows: true class, columns: predicted class; held-out rows, at most {most} in a cell"
    return markup.table(caption, ["true", *names], rows)


def _pairs(caption: str, pairs: pd.DataFrame) -> str:
    rows = [[markup.words(true), markup.words(said), str(times)]
            for true, said, times in held_out.commonest(pairs, PAIRS)]  # fmt: skip
    return markup.table(caption, ["true", "predicted", "times"], rows) if rows else ""


def _mistakes(facts: RunFacts, table: pd.DataFrame) -> Iterator[str]:
    if not len(table) or facts.competition.room == "slides":
        return
    n_wrong, worst = held_out.mistakes(table, MISTAKES)
    uris = thumbnails(facts, [mistake.id for mistake in worst])
    each = []
    for mistake in worst:
        sure = "" if mistake.sure is None else f", {100 * mistake.sure:.1f} % sure"
        caption = f"{mistake.id}: true {mistake.true}, predicted {mistake.said}{sure}"
        each.append((uris.get(mistake.id, ""), f"picture {caption}", caption))
    shown = [item for item in each if item[0]]
    without = "".join(f"<li>{markup.words(item[2])}</li>" for item in each if not item[0])
    yield "<h3>Most confident mistakes</h3>"
    if kind_of(table).name == "number":
        yield "<p>The numbers that are farthest off.</p>"
    else:
        yield f"<p>{n_wrong:,} of {len(table):,} held-out rows are wrong.</p>"
    yield markup.pictures(shown, facts.competition.room == "captcha") if shown else ""
    yield f"<ul>{without}</ul>" if without else ""


def _slides(facts: RunFacts) -> Iterator[str]:
    worst = worst_slides(facts, SLIDES)
    uris = thumbnails(facts, [str(name) for name in worst["slide"]]) if len(worst) else {}
    each = [
        (uris[name], f"overlay of slide {name}", f"{name}: F1 of its tumour area {f1:.3f}")
        for name, f1 in zip(worst["slide"], worst["f1"], strict=True)
        if name in uris
    ]
    if each:
        yield "<h3>Slides with the least overlap</h3>" + markup.pictures(each, broad=True)


def _background(facts: RunFacts) -> Iterator[str]:
    yield markup.folded("Timings and machine", _timings(facts))
    changed = {name: f"{own} (default {default})"
               for name, (default, own) in facts.changed_settings().items()}  # fmt: skip
    caption = f"settings that differ from {DEFAULTS}"
    same = f"<p>No setting differs from {DEFAULTS}.</p>"
    yield markup.folded("Settings", markup.pairs(caption, changed, ("setting", "value")) or same)
    yield markup.folded("Where the models come from", "".join(_provenance(facts)))
    left_out = facts.left_out()
    rows = [[markup.words(row["id"]), markup.words(row["reason"])]
            for _, row in left_out.head(LINES).iterrows() if "reason" in row]  # fmt: skip
    none = "<p>Nothing: every file was used.</p>"
    count = f"Left out or quarantined: {len(left_out):,}"
    yield markup.folded(count, markup.table(count, ["id", "reason"], rows) if rows else none)


def _timings(facts: RunFacts) -> str:
    rows = [
        [markup.words(stage), f'<data value="{float(run.get("seconds", 0))!r}">'
         f"{float(run.get('seconds', 0)):.1f}</data>",
         markup.words(run.get("run", {}).get("device", "")),
         markup.words(run.get("run", {}).get("software", ""))]
        for stage, run in facts.runs().items()
    ]  # fmt: skip
    names = ["stage", "seconds", "device", "software"]
    return markup.table("seconds of each stage", names, rows) if rows else ""


def model_paths(facts: RunFacts) -> list[Path]:
    """Return the model files of a competition that are there."""
    task = facts.competition.task
    readers = [f"{name}.keras" for name in facts.competition.readers(facts.settings)]
    names = readers if task else [f"{facts.competition.name}.keras"]
    if facts.competition.files.networks:
        names += [f"photos-{name}.keras" for name in
                  facts.competition.entries(facts.settings, "photo_networks")]  # fmt: skip
    return [path for name in names if (path := facts.root / "models" / name).is_file()]


def model_says(path: Path) -> dict[str, Any]:
    """Return what a model file says of itself; of a reader that was left out, `left_out`."""
    if zipfile.is_zipfile(path):
        return read_description(path)
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _provenance(facts: RunFacts) -> Iterator[str]:
    for path in model_paths(facts):
        says = {"file": f"models/{path.name}, {path.stat().st_size / 2**20:.1f} MiB",
                "sha256": file_sha256(path)}  # fmt: skip
        for name, value in model_says(path).items():
            text = str(value)
            says[name] = text if len(text) <= 400 else f"{text[:400]}..."
        yield markup.pairs(f"models/{path.name}", says, ("what", "value"))
