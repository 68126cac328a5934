"""The captcha file of a task, from drawn or from raw pictures."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np

from podium.captcha.charset import Charset
from podium.captcha.dataset import SPLITS, Facts, Split, write_captchas
from podium.captcha.generator import PART, generate, texts_of
from podium.captcha.raw_captchas import raw_fit, read_raw, size_in_words
from podium.captcha.raw_pixels import FittedDecoder, decoded_parts
from podium.captcha.reader_checks import (
    check_pictures,
    check_settings,
    left_out_lines,
    left_out_readers,
)
from podium.captcha.tasks import StripTask, Task, task_from
from podium.core.params import GenerateCaptcha, Params
from podium.core.progress import progress
from podium.core.raw_folder import write_quarantine

_N_AT_ONCE = 256  # pictures decoded


def write_drawn_captchas(path: Path, name: str, params: Params, processes: int) -> str:
    """Draw the stand-in pictures of a task and write them to a captcha file.

    Args:
        path: the captcha file.
        name: text or arithmetic.
        params: all settings.
        processes: how many draw pictures beside this one; 0 draws here.

    Returns:
        How many pictures were drawn, for a person to read.
    """
    task, facts, splits = drawn_task(name, params)
    n_parts = sum(-(-len(split.ids) // PART) for split in splits)
    parts = chain.from_iterable(
        generate(task, split.seed, 0, len(split.ids), processes) for split in splits
    )
    write_captchas(path, facts, splits, progress(parts, n_parts, "captchas, parts"))
    return f"{sum(len(split.ids) for split in splits)} pictures drawn"


def drawn_task(name: str, params: Params) -> tuple[Task | StripTask, Facts, list[Split]]:
    """A task whose pictures are drawn, the metadata of its captcha file, and its splits.

    Args:
        name: text, arithmetic or equations.
        params: all settings.

    Raises:
        SettingsError: a reader of the task cannot be trained.
        PodiumError: the pictures are too small for one.
    """
    task, settings = task_from(name, params.captcha), params.pictures(name)
    check_settings(name, "standin", params)
    check_pictures(name, params, task.size, texts_of(task, settings.seed_train, settings.n_train))
    provenance = {"task": name, **getattr(params.captcha, name).model_dump(exclude={"raw"})}
    facts = Facts(task.size, Charset(task.grammar.alphabet), provenance)
    return task, facts, standin_splits(settings)


def standin_splits(settings: GenerateCaptcha) -> list[Split]:
    """Train, validation and test of drawn pictures; the id of a picture is its number."""
    seeds = (settings.seed_train, settings.seed_validation, settings.seed_test)
    sizes = (settings.n_train, settings.n_validation, settings.n_test)
    return [
        Split(name, [str(number) for number in range(n)], seed)
        for name, n, seed in zip(SPLITS, sizes, seeds, strict=True)
    ]


def write_raw_captchas(
    path: Path, quarantine: Path, folder: Path, name: str, params: Params
) -> str:
    """Write the raw pictures of a task to a captcha file.

    Args:
        path: the captcha file.
        quarantine: the table of what is not used.
        folder: with train/ and test/.
        name: text or arithmetic.
        params: all settings.

    Returns:
        What the folder held, for a person to read.

    Raises:
        PodiumError: pictures or labels cannot be used; names the file and the remedy.
    """
    raw = read_raw(folder, name, params)
    fit = raw_fit(raw, getattr(params.captcha, name).raw)
    left_out = left_out_lines(left_out_readers(name, params, fit.size, raw.texts))
    decode = FittedDecoder(fit, params.pictures(name).max_megapixels)
    parts = decoded_parts(raw.pictures, _N_AT_ONCE, decode)
    stacked = ((np.stack(pictures), part.texts) for pictures, part in parts)
    provenance = {**raw.provenance, "fit": fit.mode}
    write_captchas(path, Facts(fit.size, raw.charset, provenance), raw.splits, stacked)
    quarantined = write_quarantine(quarantine, raw.left_out)
    return "\n".join([raw.summary(size_in_words(raw, fit), quarantined), *left_out])
