"""Write the checked submission of a competition, its manifest, and its rows as plain lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from podium.competitions import competition_named
from podium.core.errors import guarded
from podium.core.files import file_sha256, write_json, write_text
from podium.core.params import load_params
from podium.ensemble.blend_scores import blend_summary
from podium.evaluation.headline import read_headline
from podium.evaluation.predictions import read_predictions
from podium.evaluation.scores import Score, as_dicts
from podium.stages.arguments import parse, write_metrics
from podium.submission import writing
from podium.submission.format import answer_key, format_of, ids_to_submit


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out, its manifest, its plain lines and --metrics from the blended table --table.

    What was ingested is read below --root, where the registry says. --headline gets the few
    numbers that `dvc exp show` shows, out of the metrics beside --metrics.
    """
    args = parse(
        __doc__, argv, "root", "table", "blend", "out", "metrics", "headline", names=["competition"]
    )
    competition = competition_named(args.competition).with_task(args.root)
    params = load_params(args.params)
    form = format_of(competition, args.root, params)
    table = read_predictions(args.table)
    scores = {"held_out": form.held_out_scores(table)}
    ids = ids_to_submit(form) if form.test_ids() else []
    rows, filled = form.frame(ids, table)

    def manifest() -> dict[str, Any]:
        scores["test"] = form.score(rows, answer_key(competition, args.root, params))
        blend = blend_summary(json.loads(args.blend.read_text(encoding="utf-8")))
        return {
            "competition": competition.name,
            **form.facts(rows),
            "filled": filled,
            "scores": {"blend": blend, **_as_dicts(scores)},
            "inputs": {str(path): file_sha256(path) for path in (*form.inputs.items, args.table)},
            "params": params.model_dump(),
        }

    if ids:
        writing.write_submission(args.out, rows, form, ids, manifest)
    else:
        writing.write_nothing(args.out, f"{competition.name} has no test items: metrics only")
    write_text(args.out.with_suffix(".txt"), form.plain_lines(rows))
    write_metrics(args, _as_dicts(scores))
    headline = read_headline(args.metrics.parent, competition, params.model_dump())
    write_json(args.headline, headline.numbers())
    print("\n".join([*summary_lines(scores), *_outcome(args.out, ids, filled)]))


def _as_dicts(groups: Mapping[str, Mapping[str, Score]]) -> dict[str, dict[str, object]]:
    return {name: dict(as_dicts(scores)) for name, scores in groups.items() if scores}


def summary_lines(groups: Mapping[str, Mapping[str, Score]]) -> Iterator[str]:
    """Yield a line for each score, after the name of its group."""
    for group, scores in groups.items():
        for name, score in scores.items():
            yield f"{group:<10} {name:<20} {score.in_words(digits=6)}"


def _outcome(out: object, ids: Sequence[str], filled: Sequence[str]) -> Iterator[str]:
    if filled:
        yield f"{len(filled)} rows could not be predicted and were filled: {filled[:3]}"
    if ids:
        yield f"{out}: {len(ids)} rows, checked"


if __name__ == "__main__":
    main()
