"""Draw the stand-in photos: a seeded two-class set in the layout of Kaggle's dogs vs cats."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.params import load_params
from podium.stages.arguments import parse, say_unused_raw, write_metrics
from podium.standin.photos.dataset import draw_dataset


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the set to --out, and --metrics."""
    args = parse(__doc__, argv, "out", "metrics")
    settings = load_params(args.params)
    params = settings.draw_photos
    draw_dataset(args.out, params.n_train, params.n_test, params.seed)
    write_metrics(args, {"n_train": params.n_train, "n_test": params.n_test})
    print(f"{args.out}: {params.n_train} train and {params.n_test} test pictures")
    if settings.photos.source == "standin":
        say_unused_raw(args.out)


if __name__ == "__main__":
    main()
