"""What a raw folder of photos seems to hold, as settings; two possible readings are a question."""

from __future__ import annotations

from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.photos.inspection.labels import TableInspection
from podium.photos.inspection.places import PlaceChoice, choose_places
from podium.photos.inspection.proposal import NONE, Answers, Proposal
from podium.photos.inspection.raw_contents import RawContents, common_place, read_contents
from podium.photos.inspection.tables import is_sample
from podium.photos.layout import NO_TABLE
from podium.photos.sample import Sample, read_sample, shown
from podium.pictures.places import Places
from podium.pictures.raw_files import JOIN_PARTS
from podium.pictures.source import PictureSource


def propose(root: Path, answers: Answers) -> Proposal:
    """Return the settings that fit the raw folder at `root`.

    Raises:
        PodiumError: there are no pictures, or what a person says of them cannot be.
    """
    contents = read_contents(root)
    if not contents.pictures:
        parts = f"; {shown(contents.zip_parts, 3)}: {JOIN_PARTS}" if contents.zip_parts else ""
        raise PodiumError(
            f"{printable(root)}: no pictures{parts}\nremedy: put the competition's files there as "
            "they are, zips too, or say --source FOLDER"
        )
    proposal = Proposal(contents)
    layout = proposal.layout
    choice = choose_places(contents, answers.train, answers.test)
    proposal.questions += choice.questions
    if choice.questions:
        return proposal
    train_place = choice.train if answers.train else _below_one_folder(root, contents, choice)
    layout["train"], layout["test"] = train_place, choice.test
    source = PictureSource(root, Places(train_place, choice.test))
    train, test = source.pictures("train"), source.pictures("test")
    layout["sample"] = _sample_path(contents, answers.sample, proposal.questions)
    sample = _read_sample(source, layout["sample"])
    if proposal.questions:
        return proposal
    if sample is not None:
        text = f"{layout['sample']}: {len(sample.ids):,} rows of {shown(sample.columns, 12)}"
        proposal.say("sample", text)
    TableInspection(source, proposal, answers, sample, train, test).settle()
    return proposal


def _below_one_folder(root: Path, contents: RawContents, choice: PlaceChoice) -> str:
    """The train place, or the one folder in it that all pictures are in, if classes lie there.

    Where there are tables, their ids may begin with that folder, and a table says the classes.
    """
    source = PictureSource(root, Places(choice.train, choice.test))
    train = source.pictures("train")
    if len({entry.label for entry in train}) != 1 or not all(map(is_sample, contents.tables)):
        return choice.train
    deeper = common_place([entry.path for entry in train])
    below = PictureSource(root, Places(deeper, choice.test)).pictures("train")
    return deeper if len({entry.label for entry in below} - {""}) > 1 else choice.train


def _sample_path(contents: RawContents, given: str, questions: list[str]) -> str:
    paths = [path for path in contents.tables if is_sample(path)]
    if given:
        return "" if given == NONE else given
    if len(paths) > 1:
        questions.append(f"--sample: which is the sample submission: {shown(paths)}, or {NONE}")
    return paths[0] if paths else ""


def _read_sample(source: PictureSource, path: str) -> Sample | None:
    return read_sample(source, NO_TABLE.model_copy(update={"sample": path})) if path else None
