"""Draw the stand-in slides: a small seeded set of H&E pyramids with tumour outlines."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.params import load_params
from podium.stages.arguments import parse, say_unused_raw, write_metrics
from podium.standin.slides.dataset import draw_dataset


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the set to --out, and --metrics."""
    args = parse(__doc__, argv, "out", "metrics")
    settings = load_params(args.params)
    params = settings.draw_slides
    draw_dataset(
        args.out, params.n_train, params.n_test, params.side, params.seed,
        three_classes=params.three_classes,
    )  # fmt: skip
    write_metrics(args, {"n_train": params.n_train, "n_test": params.n_test})
    print(f"{args.out}: {params.n_train} train and {params.n_test} test slides")
    if settings.slides.source == "standin":
        say_unused_raw(args.out)


if __name__ == "__main__":
    main()
