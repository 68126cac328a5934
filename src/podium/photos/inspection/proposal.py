"""What a person says of a raw folder, and the settings that are proposed for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from podium.core.params import PhotoLayout, Photos
from podium.photos.dataset import Dataset
from podium.photos.inspection.raw_contents import RawContents
from podium.photos.layout import NO_TABLE

NONE = "none"
KINDS = ("class", "labels", "ordered", "number")


@dataclass(frozen=True)
class Answers:
    """What a person says of a folder; '' and () are left to the files, `none` means there is none.

    Attributes:
        train: place of the train pictures.
        test: likewise.
        table: of the labels.
        sample: the sample submission.
        id: column of the ids.
        targets: columns to predict.
        kind: class, labels, ordered or number.
        group: column of what stays in one fold.
        columns: that models may use.
        metric: its name.
        competition: Kaggle's name for it, if it is one of COMPETITIONS.
    """

    train: str = ""
    test: str = ""
    table: str = ""
    sample: str = ""
    id: str = ""
    targets: tuple[str, ...] = ()
    kind: str = ""
    group: str = ""
    columns: tuple[str, ...] = ()
    metric: str = ""
    competition: str = ""


@dataclass
class Proposal:
    """Settings of a folder, why they are so, and what is still to be decided.

    Attributes:
        contents: what lies there.
        layout: keys of photos.layout.
        metric: of the settings.
        target: of the settings.
        lines: topic and what was found.
        questions: what the files leave open, each with the option that answers it.
    """

    contents: RawContents
    layout: dict[str, Any] = field(default_factory=lambda: NO_TABLE.model_dump())
    metric: str = "auto"
    target: str = "auto"
    lines: list[tuple[str, str]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def say(self, topic: str, text: str) -> None:
        """Add a line about what was found."""
        self.lines.append((topic, text))

    def ask(self, question: str) -> None:
        """Add what the files leave open."""
        self.questions.append(question)

    def photos(self, max_megapixels: float) -> Photos:
        """Return the section `photos` of the settings."""
        return Photos(
            source="raw", max_megapixels=max_megapixels, metric=self.metric, target=self.target,  # type: ignore[arg-type]
            layout=PhotoLayout(**self.layout),
        )  # fmt: skip

    def settle(self, dataset: Dataset) -> None:
        """Take over the kind of answer that the labels were found to be."""
        if self.layout["table"]:
            self.target = dataset.targets.answer
        if self.target != "labels":
            self.layout["separator"] = ""

    def settings(self) -> dict[str, Any]:
        """Return the keys of `photos` that are to be written."""
        return {"source": "raw", "metric": self.metric, "target": self.target,
                "layout": self.layout}  # fmt: skip
