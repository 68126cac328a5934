"""Let the readers of one captcha task vote, and say how good that will honestly be."""

from __future__ import annotations

from collections.abc import Sequence

from podium.ensemble import election
from podium.errors import guarded
from podium.files import write_json
from podium.params import load_params
from podium.predictions import write_text_predictions
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the table of elected texts --out, and --metrics."""
    args = parse(__doc__, argv, "tables", "out", "metrics", names=["task"])
    params = load_params(args.params)
    settings = election.settings_of(args.task, params)
    paths = [args.tables / f"{name}.csv" for name in election.chosen_readers(args.task, params)]
    elected = election.elect(election.load(paths), settings)
    write_text_predictions(args.out, [elected.table], settings.model_dump())
    write_json(args.metrics, elected.metrics)
    print("\n".join(election.summary_lines(elected.metrics)))


if __name__ == "__main__":
    main()
