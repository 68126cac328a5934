"""Model cards: what each trained model answers, was trained and scored on, and is not good for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from podium.core.files import file_sha256
from podium.core.printable import printable
from podium.evaluation.headline import read_metrics
from podium.page.ladder import Rung, ladder
from podium.page.model_files import model_paths, model_says
from podium.page.run_facts import RunFacts, Sourced
from podium.page.weight_sources import weight_sources
from podium.training.model_file import read_description

MOST_NAMES = 20
COUNTS = (
    "n_train", "n_validation", "n_test", "n_classes", "n_patients", "n_with_tumour",
    "n_unreadable_train", "n_unreadable_test", "n_quarantined",
)  # fmt: skip


def cards(facts: RunFacts) -> dict[str, str]:
    """Return the card of each model file of a competition, as Markdown, by the name of the card."""
    paths = [path for path in model_paths(facts) if "left_out" not in model_says(path)]
    return {f"{path.stem}.md": _card(facts, path) for path in paths}


def _card(facts: RunFacts, path: Path) -> str:
    says = read_description(path)
    parts: list[tuple[str, Iterator[str]]] = [
        ("What it answers", _answers(facts, says)),
        ("Data", _data(facts)),
        ("Scores", _scores(facts, path.stem, says)),
        ("Limits", _limits(facts, says)),
        ("Weights and licence", _weights(facts, path, says)),
        ("How to use it", _use(path, says)),
    ]
    sections = [f"## {title}\n\n" + "\n".join(lines) for title, lines in parts]
    return "\n\n".join([f"# Model card: models/{text(path.name)}", *sections]) + "\n"


def text(value: object) -> str:
    """Return a value as one line of Markdown that stays text: no markup, no cell's end."""
    return re.sub(r"([\\`*_\[\]<>|&#~$])", r"\\\1", printable(str(value)))


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [names, ["---"] * len(names), *rows])


def _names(names: Sequence[object]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(map(text, names[:MOST_NAMES])) + more


def _answers(facts: RunFacts, says: Mapping[str, Any]) -> Iterator[str]:
    classes = says.get("classes", [])
    if facts.competition.room == "captcha":
        yield "The text of a captcha, and the probability that all of it is right."
        yield f"Characters: {text(says.get('charset', ''))}"
    elif facts.competition.room == "slides":
        areas = _names(classes) if classes else "tumour"
        yield f"Of a slide: the probability of tumour, and where it is: the area of {areas}."
    elif says.get("kind") == "number":
        yield "A number for a picture."
    elif says.get("kind") == "labels":
        yield f"Which labels apply to a picture, with the probability of each: {_names(classes)}"
    else:
        yield f"The class of a picture, with the probability of each: {_names(classes)}"
    if "network" in says:
        yield "\nThe probabilities are not calibrated; the blend's are."


def _data(facts: RunFacts) -> Iterator[str]:
    folder = facts.competition.source_folder(facts.settings)
    raw = f"raw files of your own, `{folder.as_posix()}`"
    setting = facts.competition.source_setting
    yield f"Source: {f'drawn stand-ins (`{setting}: standin`)' if facts.is_standin else raw}.\n"
    stage = facts.competition.ingest.replace("@", "-")
    metrics = read_metrics(facts.metrics_dir / f"{stage}.json")
    counts = [[name[2:].replace("_", " "), str(metrics[name])]
              for name in COUNTS if name in metrics]  # fmt: skip
    yield _table(["what", "how many"], counts) if counts else "How many: not known."
    yield f"\n{_folds(facts)}"


def _folds(facts: RunFacts) -> str:
    """How rows were held out, in a sentence."""
    room = facts.competition.room
    if room == "captcha":
        return "Folds: none; the validation pictures were never trained on."
    if room == "slides":
        metrics = read_metrics(facts.metrics_dir / "train_segmenter.json")
        n = len(metrics.get("tile_f1", {})) or "unknown"
        return f"Folds: {n}, of whole patients; the model is the mean of their networks."
    settings = facts.settings["assign_photo_folds"]
    seeds = len(settings["seeds"])
    return (f"Folds: {settings['n_folds']}, dealt {seeds} time{'s' if seeds > 1 else ''}; "
            "look-alikes and pictures of one group share a fold.")  # fmt: skip


def _rung_name(facts: RunFacts, model: str, says: Mapping[str, Any]) -> str:
    """What the ladder calls a model file."""
    if facts.competition.room == "slides":
        return "network"
    if "network" in says:
        return model.removeprefix("photos-")
    if facts.competition.room == "photos":
        metrics = read_metrics(facts.metrics_dir / "train_photo_classifier.json")
        return str(metrics.get("head", facts.settings["train_photo_classifier"]["head"]))
    return model


def _scores(facts: RunFacts, model: str, says: Mapping[str, Any]) -> Iterator[str]:
    name = _rung_name(facts, model, says)
    rungs = [rung for rung in ladder(facts) if rung.name == name or rung.kind != "model"]
    order = {"model": 0, "baseline": 1, "blend": 2}
    rungs.sort(key=lambda rung: order[rung.kind])
    if not any(rung.kind == "model" for rung in rungs):
        yield "Its own score is not known: run `dvc repro`.\n"
    yield "Of held-out rows, with 95 % intervals:\n"
    rows = [row for rung in rungs for row in _score_rows(facts, rung)]
    yield _table(["model", "metric", "better", "score", "rows", "where it stands"], rows)
    submit = f"submit_{facts.competition.name}"
    places = (f"test.{metric.key}" for metric in facts.competition.metrics)
    test = [each for place in places if (each := facts.sourced(submit, place))]
    if test:
        yield "\nOf the test rows, what is handed in:\n"
        yield _table(["score", "rows", "where it stands"], [_cells(each) for each in test])


def _score_rows(facts: RunFacts, rung: Rung) -> Iterator[list[str]]:
    kind = {"model": " (this model)", "baseline": " (baseline)", "blend": ""}[rung.kind]
    for metric in facts.competition.metrics:
        if metric.key in rung.scores:
            better = "lower" if metric.lower_is_better else "higher"
            yield [f"{text(rung.name)}{kind}", text(metric.name), better,
                   *_cells(rung.scores[metric.key])]  # fmt: skip


def _cells(sourced: Sourced) -> list[str]:
    """Score with interval, rows, and where it stands."""
    score = sourced.score
    interval = "" if None in (score.low, score.high) else f" ({score.low:.4f} to {score.high:.4f})"
    rows = "" if score.n is None else str(score.n)
    return [f"{score.value:.4f}{interval}", rows, text(f"{sourced.file} {sourced.dotted}")]


def _limits(facts: RunFacts, says: Mapping[str, Any]) -> Iterator[str]:
    if facts.is_standin:
        yield ("- **Trained on drawn stand-ins**: a rehearsal of the pipeline. Its scores say "
               "nothing of real pictures; do not use it on them.")  # fmt: skip
    yield "- Scores hold for data of the same source; pictures from elsewhere can be worse by far."
    if facts.competition.room == "slides":
        yield "- Not a medical device: not for diagnosis or for decisions on patients."
    if facts.competition.room == "captcha":
        yield "- For generated captchas or your own: not for getting past the checks of websites."
    if says.get("kind") in ("classes", "labels"):
        yield "- It knows only the names above: a picture of anything else gets one of them too."
    if "max_megapixels" in says:
        yield f"- Pictures above {says['max_megapixels']:g} megapixels are refused."
    yield from (f"- Warning of the run: {text(line)}" for line in facts.warnings)


def _weights(facts: RunFacts, path: Path, says: Mapping[str, Any]) -> Iterator[str]:
    yield f"File: `models/{path.name}`, sha256 `{file_sha256(path)}`.\n"
    sources = weight_sources(facts, path.stem, says)
    if sources:
        yield "It began with these weights:\n"
        rows = [[text(each.network), text(each.origin), text(each.licence), each.sha256]
                for each in sources]  # fmt: skip
        yield _table(["network", "from", "licence", "sha256"], rows)
    else:
        yield "It was trained from nothing: no weights from elsewhere."
    yield ("\nFor what training adds no licence is stated: before you pass the file on, read the "
           "terms of your data and those of the weights.")  # fmt: skip


def _use(path: Path, says: Mapping[str, Any]) -> Iterator[str]:
    model = f"models/{path.name}"
    slides = says["task"] == "slides"
    file = "S1.svs" if slides else "picture.png"
    yield "```"
    if "network" in says:
        yield f"podium predict {file} --model models/photos.keras"
    else:
        yield f"podium predict {file} --model {model}"
        yield from () if slides else (f"podium serve --model {model}",)
    yield f"podium export {model} --to savedmodel"
    yield "```"
    if says["task"] == "photos":
        yield "\n`podium predict` answers by the whole blend where its files lie beside the model."
