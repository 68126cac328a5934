"""`podium inspect captcha`: what lies in a raw folder of captchas, and the settings that fit it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.numbers import number
from podium.core.errors import guarded

if TYPE_CHECKING:
    from podium.captcha.inspection.choices import Budget
    from podium.core.params import Params

SHEET = Path("reports/inspect-captcha.png")


@guarded
def captcha(
    task: Annotated[str, typer.Argument(help="text, arithmetic or equations.")] = "text",
    source: Annotated[
        Path | None, typer.Option(help="The folder to look at: data/raw/captcha/<task>.")
    ] = None,
    pattern: Annotated[
        str, typer.Option(help="Regular expression for names; its group is the text.")
    ] = "",
    minutes: Annotated[float, number("What training may take.", 0.1)] = 6.0,
    write: Annotated[bool, typer.Option(help="Write the settings into --params.")] = False,
    sheet: Annotated[Path, typer.Option(help="Where the picture goes.")] = SHEET,
    params: Annotated[Path, typer.Option(help="The settings to change.")] = Path("params.yaml"),
) -> None:
    """Say what lies in a raw folder of captchas, and which settings fit it.

    With --write the settings go into params.yaml and the difference is shown; then `dvc repro
    submit@captcha-<task>` runs.

    Examples:
        podium inspect captcha text
        podium inspect captcha arithmetic --minutes 8 --write
        podium inspect captcha text --pattern '-([A-Z0-9]+)-' --write
    """
    from podium.captcha.inspection.choices import Budget
    from podium.captcha.inspection.propose import raw_settings
    from podium.captcha.tasks import task_named
    from podium.core.hardware import cores, gpu_info
    from podium.core.params import load_params

    task = task.removeprefix("captcha-")
    task_named(task)
    budget = Budget(minutes, cores(), bool(gpu_info("name")))
    settings = raw_settings(load_params(params), task, pattern)
    folder = source or Path("data/raw/captcha") / task
    _captcha(folder, task, settings, budget, sheet, params if write else None)


def _captcha(
    source: Path,
    task: str,
    settings: Params,
    budget: Budget,
    sheet: Path,
    write_to: Path | None,
) -> None:
    from podium.captcha.inspection import lines
    from podium.captcha.inspection.choices import choose, settings_of
    from podium.captcha.inspection.sheet import write_sheet
    from podium.captcha.raw_captchas import raw_fit, read_raw
    from podium.core import profiles

    print(source)
    raw = read_raw(source, task, settings)
    for topic, text in lines.facts_lines(raw):
        print(f"{topic:<11} {text}")
    choices = choose(raw, task, settings, budget)
    print("settings", *lines.choice_lines(choices), sep="\n")
    own = getattr(settings.captcha, task).raw
    fit = None if task == "equations" else raw_fit(raw, own)
    write_sheet(sheet, raw, fit, settings.pictures(task).max_megapixels)
    print(f"{'sheet':<11} {sheet}")
    if write_to is None:
        print("nothing is written; --write puts these settings into params.yaml")
        return
    diff = profiles.write_changes(write_to, settings_of(choices, settings), f"inspect {task}")
    print(diff or f"{write_to} already has these settings")
    print(f"next: dvc repro submit@captcha-{task}")
