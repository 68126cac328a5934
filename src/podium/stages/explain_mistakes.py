"""Draw where models look on the mistakes that the page of a run shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from podium.competitions import COMPETITIONS
from podium.core.errors import PodiumError, first_line, guarded
from podium.core.files import write_json
from podium.core.params import load_params
from podium.core.printable import printable
from podium.page.held_out import MISTAKES, mistakes
from podium.page.model_files import explained_model
from podium.page.run_facts import RunFacts, read_facts
from podium.page.thumbnails import pictures_of, thumbnail
from podium.stages.arguments import parse, write_metrics
from podium.takeaway.looking import Looking


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write a JSON file for each competition of photos and captchas to the folder --out.

    It holds data URIs by the id of the picture, the class or text that each shows, and why a
    picture has none; or why there are none at all. Of the run below --root; local ImageNet weights
    lie in the folder --weights-dir.
    """
    args = parse(__doc__, argv, "out", "weights-dir", "metrics", folders=["root"])
    settings = load_params(args.params).model_dump()
    counts = {}
    for competition in COMPETITIONS.values():
        if competition.room != "slides":
            facts = read_facts(args.root, competition, settings)
            explained = _explained(facts, args.weights_dir)
            write_json(args.out / f"{competition.name}.json", explained)
            counts[competition.name] = len(explained["pictures"])
            print(f"{competition.name}: {counts[competition.name]} mistakes explained")
            for name, reason in explained["failed"].items():
                print(f"{competition.name}: {printable(name)} is not explained: {reason}")
    write_metrics(args, counts)


def _explained(facts: RunFacts, weights_dir: Path) -> dict[str, Any]:
    path, table = explained_model(facts), facts.table()
    none: dict[str, Any] = {"pictures": {}, "shown": {}, "failed": {}}
    if path is None or not len(table):
        return {"model": "", **none, "why": "no model is there"}
    says = {"model": f"models/{path.name}", "why": ""}
    _, worst = mistakes(table, MISTAKES)
    pictures = pictures_of(facts, [mistake.id for mistake in worst])
    if not pictures:
        return {**says, **none}
    said = {mistake.id: mistake.said for mistake in worst}
    try:
        looking = Looking(path, weights_dir)
    except PodiumError as error:  # ten crops, a hand-made descriptor: the page says so
        return {**says, **none, "why": first_line(error)}
    return {**says, **_looked(looking, pictures, said)}


def _looked(
    looking: Looking, pictures: Mapping[str, Image.Image], said: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """By id: data URIs, the class or text that each shows, and why others have none."""
    explained, shown, failed = {}, {}, {}
    for name, picture in pictures.items():
        try:
            drawn, shown[name] = looking.at(np.asarray(picture.convert("RGB")), said[name])
        except PodiumError as error:
            failed[name] = first_line(error)
        else:
            explained[name] = thumbnail(Image.fromarray(drawn))
    return {"pictures": explained, "shown": shown, "failed": failed}


if __name__ == "__main__":
    main()
