"""Draw or ingest the pictures of one captcha task: train, validation and test.

They are drawn from seeds, or (captcha.<task>.source: raw) read from train/ and test/.
"""

from __future__ import annotations

from collections.abc import Sequence

from podium.captcha.dataset import SPLITS, read_texts
from podium.captcha.ingest import write_drawn_captchas, write_raw_captchas
from podium.captcha.tasks import task_named
from podium.core import hardware
from podium.core.errors import guarded
from podium.core.params import load_params
from podium.core.raw_folder import write_quarantine
from podium.stages.arguments import parse, say_unused_raw, warnings_in, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out, the captcha file of --task, --metrics, and --quarantine: what is not used."""
    args = parse(__doc__, argv, "source", "out", "quarantine", "metrics", names=["task"])
    params = load_params(args.params)
    task_named(args.task)
    if getattr(params.captcha, args.task).source == "raw":
        summary = write_raw_captchas(args.out, args.quarantine, args.source, args.task, params)
    else:
        cores = hardware.cores()
        summary = write_drawn_captchas(args.out, args.task, params, cores if cores > 1 else 0)
        write_quarantine(args.quarantine, [])
        say_unused_raw(args.source)
    counts = {f"n_{split}": len(read_texts(args.out, split)[0]) for split in SPLITS}
    write_metrics(args, counts | warnings_in(summary.splitlines()))
    print(f"{args.out}: {summary}")


if __name__ == "__main__":
    main()
