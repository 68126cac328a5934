"""The sections of one competition on the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from podium.core.files import file_sha256
from podium.evaluation.headline import read_metrics
from podium.evaluation.table_kinds import kind_of
from podium.page import charts, held_out, markup
from podium.page.ladder import best_first, ladder
from podium.page.model_files import model_paths, model_says
from podium.page.run_facts import DEFAULTS, RunFacts, handing_in
from podium.page.thumbnails import pictures_of, thumbnail, worst_slides

CLASSES, PAIRS, SLIDES, LINES = 12, 12, 6, 20
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
    n_wrong, worst = held_out.mistakes(table, held_out.MISTAKES)
    pictures = pictures_of(facts, [mistake.id for mistake in worst])
    explained = read_metrics(facts.root / f"plots/explain_mistakes/{facts.competition.name}.json")
    each, without = [], ""
    for mistake in worst:
        sure = "" if mistake.sure is None else f", {100 * mistake.sure:.1f} % sure"
        caption = f"{mistake.id}: true {mistake.true}, predicted {mistake.said}{sure}"
        if mistake.id not in pictures:
            without += f"<li>{markup.words(caption)}</li>"
            continue
        uris = [(thumbnail(pictures[mistake.id]), f"picture {caption}")]
        if uri := explained.get("pictures", {}).get(mistake.id):
            uris.append((uri, f"where the model looks on {mistake.id}"))
            shown = explained.get("shown", {}).get(mistake.id)
            caption += differently_shown(kind_of(table).name, mistake.said, shown)
        elif reason := explained.get("failed", {}).get(mistake.id):
            caption += f"; where the model looks is not shown: {reason}"
        each.append((uris, caption))
    yield "<h3>Most confident mistakes</h3>"
    if kind_of(table).name == "number":
        yield "<p>The numbers that are farthest off.</p>"
    else:
        yield f"<p>{n_wrong:,} of {len(table):,} held-out rows are wrong.</p>"
    yield _how_explained(explained, kind_of(table).name) if each else ""
    yield markup.pictures(each, facts.competition.room == "captcha") if each else ""
    yield f"<ul>{without}</ul>" if without else ""


def differently_shown(kind: str, said: str, shown: str | None) -> str:
    """Return what a map shows where that is not what was predicted, for the end of a caption.

    Args:
        kind: of the prediction table.
        said: what was predicted.
        shown: the class, label or text of the map; None if nobody knows.
    """
    if kind == "number" or shown is None or shown == said:
        return ""
    if kind == "text":
        return f"; read step by step: {shown or 'nothing'}"
    return f"; red speaks for {shown}"


def _how_explained(explained: Mapping[str, Any], kind: str) -> str:
    """What the second picture of each pair shows, or why there is none."""
    if not explained.get("pictures"):
        why = explained.get("why") or "run dvc repro explain_mistakes"
        why = "each picture says why" if explained.get("failed") else why
        return f'<p class="faint">Where the model looks is not shown: {markup.words(why)}</p>'
    colours = {
        "number": "red speaks for a higher number, blue for a lower one",
        "text": "the pixels that sway each character, and the character below; read step by step, "
        "without the search or the vote that the prediction comes from",
    }.get(kind, "red speaks for what was predicted, or for what the caption names, blue against it")
    colours += "" if kind == "text" else ", as far as the heads go"
    name = markup.words(explained["model"])
    return f'<p class="faint">Below each picture, where {name} looks: {colours}.</p>'


def _slides(facts: RunFacts) -> Iterator[str]:
    worst = worst_slides(facts, SLIDES)
    pictures = pictures_of(facts, [str(name) for name in worst["slide"]])
    each = [
        ([(thumbnail(pictures[name]), f"overlay of slide {name}")],
         f"{name}: F1 of its tumour area {f1:.3f}")
        for name, f1 in zip(worst["slide"], worst["f1"], strict=True)
        if name in pictures
    ]  # fmt: skip
    if each:
        yield "<h3>Slides with the least overlap</h3>" + markup.pictures(each, broad=True)


def _background(facts: RunFacts) -> Iterator[str]:
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


def _provenance(facts: RunFacts) -> Iterator[str]:
    for path in model_paths(facts):
        says = {"file": f"models/{path.name}, {path.stat().st_size / 2**20:.1f} MiB",
                "sha256": file_sha256(path)}  # fmt: skip
        for name, value in model_says(path).items():
            text = str(value)
            says[name] = text if len(text) <= 400 else f"{text[:400]}..."
        yield markup.pairs(f"models/{path.name}", says, ("what", "value"))
