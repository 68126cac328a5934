"""Train the network that finds the lines of equations, and score it on other pictures."""

from __future__ import annotations

from collections.abc import Sequence

from podium.captcha.reader_checks import check_settings
from podium.core import hardware
from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.stages.arguments import parse, warnings_in, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the artefact, metrics and plots of the line finder."""
    args = parse(__doc__, argv, "model", "metrics", "plots")
    params = load_params(args.params)
    # of the stages to come: this one is the first
    check_settings("equations", params.captcha.equations.source, params)
    # below, so that the processes which draw pictures do not import TensorFlow
    from podium.captcha import report
    from podium.captcha.equations.finder import LineFinder, build
    from podium.captcha.equations.sample_sheet import write_lines_png
    from podium.captcha.equations.training import baseline_warning, evaluate, train_line_finder
    from podium.training import artefact, runtime

    settings, pictures = params.train_line_finder, params.generate_equations
    runtime.set_up(settings.seed, settings.precision, params.device.deterministic)
    model = build(settings.width)
    seeds = (pictures.seed_train, pictures.seed_validation)
    training = train_line_finder(model, settings, seeds, max(1, hardware.cores() // 2))
    artefact.save(model, args.model)
    finder = LineFinder(model)
    scores = evaluate(finder, pictures.seed_test, settings.n_test)
    write_table(args.plots / "learning_curve.csv", training.curve)
    write_lines_png(args.plots / "lines.png", finder, pictures.seed_test)
    warning = baseline_warning(scores, pictures.seed_test)
    metrics = {"test": scores, **warnings_in(warning)}
    write_metrics(args, metrics, training.throughput, runtime.report())
    training.checkpoint.unlink(missing_ok=True)
    shares = {name: score for name, score in scores.items() if name != "overlap"}
    print(*report.summary_lines({"test": shares}), sep="\n")
    overlap = f"mean overlap of lines: {scores['overlap']:.4f}"
    print(overlap, *warning, sep="\n")


if __name__ == "__main__":
    main()
