"""`podium inspect`: what lies in a raw folder, and the settings that fit it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.inspect_captcha import captcha
from podium.cli.numbers import number
from podium.core.errors import SettingsError, guarded

if TYPE_CHECKING:
    from podium.core.params import Params, Slides
    from podium.photos.inspection.proposal import Answers, Proposal
    from podium.slides.inspection.choices import Budget

app = typer.Typer(
    help="Look at a raw folder; write the settings that fit it.", no_args_is_help=True
)
SHEET = Path("reports/inspect-photos.png")
SLIDES_SHEET = Path("reports/inspect-slides.png")
STANDIN = Path("data/standin/slides")
_NONE = "`none` for none."
app.command()(captcha)


@app.callback()
def root() -> None:
    """Look at a raw folder; write the settings that fit it."""


@app.command()
@guarded
def photos(
    source: Annotated[Path, typer.Option(help="The folder to look at.")] = Path("data/raw/photos"),
    competition: Annotated[
        str, typer.Option(help="Kaggle's name for it: metric and target of well-known ones.")
    ] = "",
    metric: Annotated[
        str, typer.Option(help="What it is scored by, e.g. auc, map@5, module:function.")
    ] = "",
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="Column to predict; once for each column. class, labels, ordered or number says "
            "what kind of answer it is, where no column has that name."
        ),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="class, labels, ordered or number, whatever columns are called.")
    ] = "",
    group: Annotated[
        str, typer.Option(help=f"Column whose rows of one value stay in one fold; {_NONE}")
    ] = "",
    id_: Annotated[str, typer.Option("--id", help="Column of the tables that holds ids.")] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option(help=f"Column beside the pictures; once for each; {_NONE}"),
    ] = None,
    table: Annotated[
        str, typer.Option(help="Table of the labels; `none`: folders or names say them.")
    ] = "",
    train: Annotated[
        str, typer.Option(help="Folder or zip of the train pictures; a.zip!b: folder b of a zip.")
    ] = "",
    test: Annotated[str, typer.Option(help=f"Likewise of the test pictures; {_NONE}")] = "",
    sample: Annotated[str, typer.Option(help=f"The sample submission; {_NONE}")] = "",
    write: Annotated[bool, typer.Option(help="Write the settings into --params.")] = False,
    sheet: Annotated[Path, typer.Option(help="Where the contact sheet goes.")] = SHEET,
    params: Annotated[Path, typer.Option(help="The settings to change.")] = Path("params.yaml"),
) -> None:
    """Say what lies in --source, and which settings of `photos` fit it.

    What the files leave open is asked for, each question with its option. With --write the settings
    go into params.yaml and the difference is shown; then `dvc repro submit@photos` runs.

    Examples:
        podium inspect photos
        podium inspect photos --metric auc --write
        podium inspect photos --competition aptos2019-blindness-detection --write
        podium inspect photos --target diagnosis --group patient --metric macro_f1
    """
    from podium.core.params import load_params
    from podium.photos.inspection.proposal import KINDS, Answers
    from podium.photos.inspection.propose import propose

    settings = load_params(params)
    if kind and kind not in KINDS:
        raise SettingsError(f"--kind: {kind!r} is none of {', '.join(KINDS)}")
    answers = Answers(
        train, test, table, sample, id_, tuple(target or ()), kind, group, tuple(columns or ()),
        metric, competition,
    )  # fmt: skip
    _photos(source, settings, answers, propose(source, answers), sheet, params if write else None)


def _photos(
    source: Path,
    settings: Params,
    answers: Answers,
    proposal: Proposal,
    sheet: Path,
    write_to: Path | None,
) -> None:
    from podium.core import profiles
    from podium.photos.inspection.contact_sheet import write_contact_sheet
    from podium.photos.inspection.lines import contents_lines, label_lines, sample_line, split_lines
    from podium.photos.layout import places_of, read_dataset
    from podium.pictures.source import PictureSource

    print(source)
    _print([*contents_lines(proposal.contents), *proposal.lines])
    if proposal.questions:
        raise SettingsError(
            f"to be decided: {'; '.join(proposal.questions)}\n"
            "remedy: run it again with these options"
        )
    limit = settings.photos.max_megapixels
    chosen = proposal.photos(limit)
    pictures = PictureSource(source, places_of(chosen))
    dataset = read_dataset(pictures, chosen, settings.ingest_photos.max_unreadable)
    task = dataset.task(set(dataset.targets.cells))
    proposal.settle(dataset)
    _print([*split_lines(dataset, pictures), *label_lines(dataset, task)])
    write_contact_sheet(sheet, pictures, dataset.entries, limit)
    unsaid = " as nobody said another: --metric" if proposal.metric == "auto" else ""
    _print([sample_line(dataset, task), ("metric", task.metric + unsaid), ("sheet", str(sheet))])
    if write_to is None:
        print("nothing is written; --write puts these settings into params.yaml")
        return
    diff = profiles.write_changes(write_to, {"photos": proposal.settings()}, "inspect photos")
    print(diff or f"{write_to} already has these settings")
    print("next: dvc repro submit@photos")


def _print(lines: list[tuple[str, str]]) -> None:
    for topic, text in lines:
        print(f"{topic:<11} {text}")


@app.command()
@guarded
def slides(
    source: Annotated[Path, typer.Option(help="The folder to look at.")] = Path("data/raw/slides"),
    mpp: Annotated[
        float | None, number("Micrometres per pixel; overrules what files say.", 0.05, 20)
    ] = None,
    classes: Annotated[
        list[str] | None, typer.Option(help="Class of outlines that is tumour; once for each.")
    ] = None,
    each: Annotated[
        bool | None,
        typer.Option(
            "--each/--merge",
            help="Learn each class on its own, or all as one (not Normal, Exclude and the like).",
            show_default="what slides.classes says, else each where that is safe",
        ),
    ] = None,
    minutes: Annotated[float, number("What training may take.", 0.1)] = 8.0,
    write: Annotated[bool, typer.Option(help="Write the settings into --params.")] = False,
    sheet: Annotated[Path, typer.Option(help="Where the picture goes.")] = SLIDES_SHEET,
    params: Annotated[Path, typer.Option(help="The settings to change.")] = Path("params.yaml"),
) -> None:
    """Say what lies in --source, and which settings of the slide stages fit it.

    The outlines say the scale: nuclei are looked at closely, tumours from further away. With
    --write the settings go into params.yaml and the difference is shown; then `dvc repro
    submit@slides` runs.

    Examples:
        podium inspect slides
        podium inspect slides --mpp 0.25 --minutes 30 --write
        podium inspect slides --classes Tumor --classes Necrosis
        podium inspect slides --merge --write
    """
    from podium.core.files import scratch_dir
    from podium.core.hardware import cores, gpu_info
    from podium.core.params import load_params
    from podium.slides.inspection.choices import Budget

    if classes and each is not None:
        raise SettingsError(
            "--classes names what is tumour, --each and --merge take all classes\n"
            "remedy: give --classes alone, or leave it out"
        )
    settings = load_params(params)
    changes: dict[str, object] = {"mpp_overrules": mpp is not None}
    changes |= ({} if mpp is None else {"mpp": mpp}) | ({"classes": classes} if classes else {})
    chosen = settings.slides.model_copy(update=changes)
    free = shutil.disk_usage(scratch_dir()).free
    turns = settings.predict_slides.turns
    budget = Budget(minutes, cores(), bool(gpu_info("name")), free, turns)
    _slides(source, chosen, changes, budget, sheet, params if write else None, each=each)


def _slides(
    source: Path,
    settings: Slides,
    changes: dict[str, object],
    budget: Budget,
    sheet: Path,
    write_to: Path | None,
    *,
    each: bool | None,
) -> None:
    from podium.core import profiles
    from podium.slides.inspection import lines
    from podium.slides.inspection.choices import choose, choose_scale, settings_of
    from podium.slides.inspection.classes import choose_classes
    from podium.slides.inspection.facts import look_at_all, refuse_unread
    from podium.slides.inspection.sheet import write_sheet
    from podium.slides.sample import SAMPLE, asked_classes
    from podium.slides.source import read_raw_folder

    print(source)
    raw = read_raw_folder(source, settings.missing_annotation)
    entries, cores = raw.entries, budget.cores
    facts, faults = look_at_all(entries, settings, cores)
    annotations = [one.annotation for one in facts if one.annotation is not None]
    asked = asked_classes(source / SAMPLE)
    of_classes, notes = choose_classes(entries, annotations, settings, asked, each, cores)
    for choice in of_classes:
        settings = settings.model_validate(settings.model_dump() | {"classes": choice.value})
        facts, faults = look_at_all(entries, settings, cores)
    _print([*(("classes", line) for line in notes), *lines.fault_lines(raw.left_out, faults)])
    refuse_unread(source, len(entries), len(facts))
    _print([*lines.facts_lines(facts)])
    if settings.mpp_overrules and settings.mpp:
        print(f"{'mpp':<11} {settings.mpp:g} overrules the files")
    if raw.run_table:
        print(f"{'run lengths':<11} of {raw.run_table}")
    _print([*lines.class_topics(facts, settings)])
    choices = [*of_classes, *choose(facts, budget)]
    print("settings", *lines.choice_lines(choices), sep="\n")
    sections = settings_of(choices)
    downsample = choose_scale(facts, budget.gpu).downsample
    write_sheet(sheet, facts, sections["tile_slides"]["tile"], downsample, settings)
    _print([lines.cost_line(facts, choices, budget), ("sheet", str(sheet))])
    if write_to is None:
        print("nothing is written; --write puts these settings into params.yaml")
        return
    sections["slides"] |= changes | ({"source": "standin"} if source == STANDIN else {})
    diff = profiles.write_changes(write_to, sections, "inspect slides")
    print(diff or f"{write_to} already has these settings")
    print("next: dvc repro submit@slides")
