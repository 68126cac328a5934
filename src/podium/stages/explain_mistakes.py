"""Draw where models look on the mistakes that the page of a run shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from podium.competitions import COMPETITIONS
from podium.core.errors import PodiumError, first_line, guarded
from podium.core.files import write_json
from podium.core.params import load_params
from podium.page.held_out import MISTAKES, mistakes
from podium.page.model_files import explained_model
from podium.page.run_facts import RunFacts, read_facts
from podium.page.thumbnails import pictures_of, thumbnail
from podium.stages.arguments import parse, write_metrics
from podium.takeaway.looking import Looking


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write a JSON file for each competition of photos and captchas to the folder --out.

    It holds data URIs by the id of the picture, and the class or text that each shows; or why
    there are none. Of the run below --root; local ImageNet weights lie in the folder --weights-dir.
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
    write_metrics(args, counts)


def _explained(facts: RunFacts, weights_dir: Path) -> dict[str, Any]:
    path, table = explained_model(facts), facts.table()
    none: dict[str, Any] = {"pictures": {}, "shown": {}}
    if path is None or not len(table):
        return {"model": "", **none, "why": "no model is there"}
    _, worst = mistakes(table, MISTAKES)
    pictures = pictures_of(facts, [mistake.id for mistake in worst])
    if not pictures:
        return {"model": f"models/{path.name}", **none, "why": ""}
    said = {mistake.id: mistake.said for mistake in worst}
    explained: dict[str, str] = {}
    shown: dict[str, str] = {}
    why = ""
    try:
        looking = Looking(path, weights_dir)
        for name, picture in pictures.items():
            drawn, shown[name] = looking.at(np.asarray(picture.convert("RGB")), said[name])
            explained[name] = thumbnail(Image.fromarray(drawn))
    except PodiumError as error:  # ten crops, a hand-made descriptor: the page says so
        why = first_line(error)
    return {"model": f"models/{path.name}", "pictures": explained, "shown": shown, "why": why}


if __name__ == "__main__":
    main()
