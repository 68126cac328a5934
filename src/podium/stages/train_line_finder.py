"""Train what finds the lines of equations, and try it on pictures it never saw."""

from __future__ import annotations

import os
from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.stages.arguments import parse, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the artefact, metrics and plots of the line finder."""
    args = parse(__doc__, argv, "model", "metrics", "plots")
    params = load_params(args.params)
    # below, so that the processes which draw pictures do not import TensorFlow
    from podium.captcha.equations import report
    from podium.captcha.equations.finder import LineFinder, build
    from podium.captcha.equations.training import teach, tried
    from podium.training import artefact, runtime

    settings, pictures = params.train_line_finder, params.generate_equations
    runtime.set_up(settings.seed, settings.precision, params.device.deterministic)
    model = build(settings.width)
    processes = max(1, len(os.sched_getaffinity(0)) // 2)
    result = teach(model, settings, (pictures.seed_train, pictures.seed_validation), processes)
    artefact.save(model, args.model)
    finder = LineFinder(model)
    found = tried(finder, pictures.seed_test, settings.n_test)
    write_table(args.plots / "learning_curve.csv", result.curve)
    report.lines_png(args.plots / "lines.png", finder, pictures.seed_test)
    write_metrics(args, {"test": found}, result.throughput, runtime.report())
    result.checkpoint.unlink(missing_ok=True)
    print("\n".join(report.summary_lines(found)))


if __name__ == "__main__":
    main()
