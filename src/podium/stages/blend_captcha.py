"""Let the readers of one captcha task vote, and say how good that will honestly be."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import write_json
from podium.core.params import load_params
from podium.ensemble import text_ensemble
from podium.evaluation.predictions import write_text_predictions
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the table of elected texts --out, and --metrics."""
    args = parse(__doc__, argv, "tables", "out", "metrics", names=["task"])
    params = load_params(args.params)
    settings = text_ensemble.settings_of(args.task, params)
    paths = [
        args.tables / f"{name}.csv" for name in text_ensemble.chosen_readers(args.task, params)
    ]
    elected = text_ensemble.elect(text_ensemble.load(paths), settings)
    write_text_predictions(args.out, [elected.table], settings.model_dump())
    write_json(args.metrics, elected.metrics)
    print("\n".join(text_ensemble.summary_lines(elected.metrics)))


if __name__ == "__main__":
    main()
