"""`podium learn-curve`: how many labels are enough."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.core.errors import SettingsError, guarded

app = typer.Typer(help="Train on more and more labels.", no_args_is_help=True)
_SIZES = [20, 50, 100, 300]
_MORE = 100


@app.callback()
def root() -> None:
    """Train on more and more labels."""


@app.command()
@guarded
def captcha(
    task: Annotated[str, typer.Argument(help="text, arithmetic or equations.")] = "text",
    labels: Annotated[
        list[int] | None, typer.Option(help="How many labels; once for each: 20, 50, 100, 300.")
    ] = None,
    reader: Annotated[str, typer.Option(help="Of params.yaml; the first of the task.")] = "",
    root: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
) -> None:
    """Train a captcha reader on more and more labels, and say what the next 100 would bring.

    Each training is as long as params.yaml says. The pictures of the task must be ingested: dvc
    repro generate_captcha@<task>.

    Examples:
        podium learn-curve captcha text
        podium learn-curve captcha arithmetic --labels 50 --labels 150
    """
    import tempfile

    from podium.captcha.learn_curve import expected, learn_curve
    from podium.captcha.tasks import task_named
    from podium.core.params import load_params

    task = task.removeprefix("captcha-")
    task_named(task)
    params = load_params(root / "params.yaml")
    names = [name for name, one in params.train_captcha_reader.items() if one.task == task]
    if not names or (reader and reader not in names):
        raise SettingsError(
            f"{reader or task}: no such reader of {task}\n"
            f"remedy: one of {', '.join(names) or 'none in params.yaml: add one'}"
        )
    path = root / f"data/captcha/{task}.h5"
    with tempfile.TemporaryDirectory() as scratch:
        sizes = labels or _SIZES
        points = [*learn_curve(reader or names[0], path, params, sizes, Path(scratch))]
    print(f"{'labels':>7}  read right")
    for point in points:
        score = "{value:.4f}  (95 %: {low:.4f} to {high:.4f}, n = {n})".format(**point.score)
        print(f"{point.n_labels:>7}  {score}")
    more = points[-1].n_labels + _MORE
    print(f"{more:>7}  {expected(points, more):.4f}  expected of {_MORE} more")
    if points[-1].unsure:
        print(f"label these first: {', '.join(points[-1].unsure)}")
