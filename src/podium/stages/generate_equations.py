"""Draw or ingest the pictures of equations as strips: train, validation and test.

They are drawn from seeds, or (captcha.equations.source: raw) read from train/ and test/.
"""

from __future__ import annotations

from collections.abc import Sequence

from podium.core import hardware
from podium.core.errors import guarded
from podium.core.params import load_params
from podium.stages.arguments import parse, say_unused_raw, warnings_in, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out, the captcha file, --metrics, and --quarantine: what of --source is not used.

    --finder finds the lines on the pictures.
    """
    args = parse(__doc__, argv, "source", "finder", "out", "quarantine", "metrics")
    params = load_params(args.params)
    # below, so that the processes which draw pictures do not import TensorFlow
    from podium.captcha.dataset import SPLITS, read_texts
    from podium.captcha.equations.ingest import write_drawn_equations, write_raw_equations
    from podium.core.raw_folder import write_quarantine

    if params.captcha.equations.source == "raw":
        summary = write_raw_equations(args.out, args.quarantine, args.source, args.finder, params)
    else:
        processes = max(1, hardware.cores() // 2)
        summary = write_drawn_equations(args.out, args.finder, params, processes)
        write_quarantine(args.quarantine, [])
        say_unused_raw(args.source)
    counts = {f"n_{split}": len(read_texts(args.out, split)[0]) for split in SPLITS}
    write_metrics(args, counts | warnings_in(summary.splitlines()))
    print(f"{args.out}: {summary}")


if __name__ == "__main__":
    main()
