"""Raw photos as settings lay them out: entries with labels, and the competition's task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from podium.core.errors import SettingsError
from podium.core.ids import natural_key
from podium.core.params import PhotoLayout, Photos
from podium.core.printable import printable
from podium.photos.dataset import Dataset
from podium.photos.labels import require_classes
from podium.photos.metric_fit import check_metric
from podium.photos.sample import Sample, read_sample
from podium.photos.table_rows import (
    PairedRows,
    read_layout_table,
    refuse_many,
    refuse_others,
    rows_of_test,
    rows_of_train,
)
from podium.photos.targets import Targets, read_targets
from podium.pictures.dataset import refuse_no_train
from podium.pictures.entries import Entry
from podium.pictures.places import Places
from podium.pictures.source import PictureSource

NO_TABLE = PhotoLayout(
    train="", test="", table="", test_table="", id="", file="", targets=[], separator="",
    group="", columns=[], sample="",
)  # fmt: skip
_OF_TABLES = ("test_table", "id", "file", "targets", "separator", "group", "columns")
_NUMERIC = ("rmse", "mae", "quadratic_kappa")  # metrics that make numbers of folder names
USUAL_METRIC = "log_loss"


def layout_of(photos: Photos) -> PhotoLayout:
    """Return the layout that settings say; drawn photos have the usual one."""
    return photos.layout if photos.source == "raw" else NO_TABLE


def places_of(photos: Photos) -> Places:
    """Return the places that settings name."""
    layout = layout_of(photos)
    tables = tuple(filter(None, (layout.table, layout.test_table, layout.sample)))
    return Places(layout.train, layout.test, tables)


def read_dataset(source: PictureSource, photos: Photos, tolerance: float) -> Dataset:
    """Return the pictures of a competition with ids and labels as its settings say.

    Args:
        source: at the places that they name.
        photos: the settings.
        tolerance: the share of rows without a picture, and of pictures without a row.

    Raises:
        PodiumError: files, tables and settings do not go together; says how.
    """
    layout = layout_of(photos)
    if not source.pictures("train"):
        refuse_no_train(source)
    check_metric(photos.metric if photos.metric != "auto" else USUAL_METRIC, 0, "")
    dataset = (_of_table if layout.table else _of_names)(source, photos, layout, tolerance)
    dataset.task(set(dataset.targets.cells))
    return dataset


def _of_names(
    source: PictureSource, photos: Photos, layout: PhotoLayout, tolerance: float
) -> Dataset:
    """The dataset of pictures whose folders or names say their class."""
    if given := [key for key in _OF_TABLES if getattr(layout, key)]:
        raise SettingsError(
            f"photos.layout.{given[0]}: says something of a table, but photos.layout.table is empty"
            "\nremedy: run podium inspect photos --write"
        )
    require_classes(source)
    train = source.entries("train")
    metric = photos.metric if photos.metric != "auto" else USUAL_METRIC
    target = photos.target
    if target == "auto" and metric not in _NUMERIC:
        target = "class"
    table = pd.DataFrame({"id": [e.id for e in train], "label": [e.label for e in train]})
    targets = read_targets(printable(source.root), table, ["label"], "", target, metric)
    train = _labelled(train, targets)
    test = source.entries("test")
    sample = read_sample(source, layout) if test else None
    rows = rows_of_test(source, layout, None, sample, test)
    if sample is not None:
        refuse_others(sample, rows, tolerance)
    train = _apart(train, rows)
    return Dataset(
        _split(train, rows.entries), rows.without_partner("test"), pd.DataFrame({"id": []}),
        targets, sample, metric, rows.rule,
    )  # fmt: skip


def _of_table(
    source: PictureSource, photos: Photos, layout: PhotoLayout, tolerance: float
) -> Dataset:
    """The dataset of pictures whose labels a table says."""
    _require_settings(source, photos, layout)
    table = read_layout_table(source, layout, "table")
    test_table = read_layout_table(source, layout, "test_table") if layout.test_table else None
    mixed = bool(layout.train) and layout.train == layout.test
    rows = rows_of_train(source, layout, table, source.pictures("train"))
    refuse_many(rows, tolerance, idle_too=not mixed)
    test, sample = _test_rows(source, layout, test_table, rows.idle if mixed else None, tolerance)
    matched = table.iloc[rows.places]
    where, columns = printable(source.root / layout.table), [layout.id, *layout.targets]
    targets = read_targets(
        where, matched[columns], layout.targets, layout.separator, photos.target, photos.metric
    )
    train = _apart(_labelled(rows.entries, targets), test)
    left_out = (replace(rows, idle=[]) if mixed else rows).without_partner("")
    beside = _columns(layout, train, matched, test.entries, test_table) if layout.columns else None
    return Dataset(
        _split(train, test.entries), left_out + test.without_partner("test"),
        pd.DataFrame({"id": []}) if beside is None else beside, targets, sample, photos.metric,
        f"column {layout.file or layout.id} is {rows.rule}",
        (layout.id, layout.targets[0] if len(layout.targets) == 1 else "label"),
    )  # fmt: skip


def _test_rows(
    source: PictureSource,
    layout: PhotoLayout,
    test_table: pd.DataFrame | None,
    unlabelled: list[Entry] | None,
    tolerance: float,
) -> tuple[PairedRows, Sample | None]:
    """The test rows; `unlabelled` are the pictures without a label of a mixed folder."""
    pictures = source.pictures("test") if unlabelled is None else unlabelled
    sample = read_sample(source, layout) if pictures else None
    if not pictures:
        return PairedRows([], [], [], []), None
    test = rows_of_test(source, layout, test_table, sample, pictures)
    if sample is not None and unlabelled is None:
        refuse_others(sample, test, tolerance)
    elif test.path:
        refuse_many(test, tolerance, idle_too=True)
    return test, sample


def _require_settings(source: PictureSource, photos: Photos, layout: PhotoLayout) -> None:
    for key, value in (("id", layout.id), ("targets", layout.targets)):
        if not value:
            raise SettingsError(
                f"photos.layout.{key}: empty, but photos.layout.table is {printable(layout.table)}"
                "\nremedy: run podium inspect photos --write"
            )
    if photos.metric == "auto":
        raise SettingsError(
            f"photos.metric: auto, but the labels are in {printable(source.root / layout.table)}: "
            "no file says what the competition is scored by\n"
            "remedy: podium inspect photos --metric NAME --write, or --competition SLUG"
        )


def _labelled(entries: Sequence[Entry], targets: Targets) -> list[Entry]:
    return [replace(e, label=cell) for e, cell in zip(entries, targets.cells, strict=True)]


def _apart(train: list[Entry], test: PairedRows) -> list[Entry]:
    """The train entries, below `train/` if an id of them is one of test, too."""
    test_ids = {entry.id for entry in test.entries} | set(test.absent)
    if not any(entry.id in test_ids for entry in train):
        return train
    return [replace(entry, id=f"train/{entry.id}") for entry in train]


def _split(train: Sequence[Entry], test: Sequence[Entry]) -> list[tuple[str, Entry]]:
    """Both splits, each in natural order of its ids."""
    parts = (("train", train), ("test", test))
    return [
        (split, entry)
        for split, part in parts
        for entry in sorted(part, key=lambda entry: natural_key(entry.id))
    ]


def _columns(
    layout: PhotoLayout,
    train: Sequence[Entry],
    matched: pd.DataFrame,
    test: Sequence[Entry],
    test_table: pd.DataFrame | None,
) -> pd.DataFrame:
    """Id and the columns beside the pictures; a test row that its table lacks has empty ones."""
    of_train = matched[layout.columns].assign(id=[entry.id for entry in train])
    ids = [entry.id for entry in test]
    of_test = pd.DataFrame("", index=ids, columns=pd.Index(layout.columns), dtype=str)
    if test_table is not None:
        of_test = test_table.set_index(layout.id)[layout.columns].reindex(ids, fill_value="")
    both = pd.concat([of_train, of_test.assign(id=ids)], ignore_index=True)
    return both[["id", *layout.columns]]
