"""From either source to the one file that readers read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from podium.captcha.charset import Charset, charset_of
from podium.captcha.dataset import SPLITS, Facts, Split, write_captchas
from podium.captcha.source import pixel_parts, read_test, read_train, size_of, split_off
from podium.captcha.stream import PART, Part, drawn
from podium.captcha.tasks import Task, task_from
from podium.errors import PodiumError, SettingsError
from podium.params import GenerateCaptcha, Params
from podium.progress import watched


def draw_captchas(path: Path, name: str, params: Params, processes: int) -> str:
    """Write the stand-in of the task `name` to `path`; what was drawn, in words."""
    task, settings = task_from(name, params.captcha), params.generate_captcha
    splits = drawn_splits(settings)
    provenance = {"task": name, **getattr(params.captcha, name).model_dump()}
    facts = Facts(task.style.size, Charset(task.grammar.alphabet), provenance)
    total = sum(-(-len(split.ids) // PART) for split in splits)
    parts = watched(_all_drawn(task, splits, processes), total, "captchas, parts")
    write_captchas(path, facts, splits, parts)
    return f"{sum(len(split.ids) for split in splits)} pictures drawn"


def drawn_splits(settings: GenerateCaptcha) -> list[Split]:
    """Train, validation and test; the id of a picture is its number.

    Raises:
        SettingsError: two splits share a seed, and with it pictures.
    """
    seeds = (settings.seed_train, settings.seed_validation, settings.seed_test)
    if len(set(seeds)) < len(seeds):
        raise SettingsError(f"train, validation and test need seeds of their own, not {seeds}")
    sizes = (settings.n_train, settings.n_validation, settings.n_test)
    return [
        Split(name, [str(number) for number in range(n)], seed)
        for name, n, seed in zip(SPLITS, sizes, seeds, strict=True)
    ]


def _all_drawn(task: Task, splits: list[Split], processes: int) -> Iterator[Part]:
    each = (drawn(task, split.seed, 0, len(split.ids), processes) for split in splits)
    return chain.from_iterable(each)


def take_captchas(path: Path, folder: Path, name: str, params: Params) -> str:
    """Write the pictures in `folder` to `path`; what was found, in words.

    Raises:
        PodiumError: pictures or labels cannot be used; names the file and the remedy.
    """
    settings = params.generate_captcha
    labelled, test = read_train(folder, name), read_test(folder, name)
    if len(labelled.ids) < 2:
        raise PodiumError(
            f"{folder / 'train'}: a reader needs two labelled pictures at least\nremedy: add more"
        )
    learn, keep = split_off(len(labelled.ids), settings.validation_share, settings.seed_validation)
    groups = [labelled.rows(learn), labelled.rows(keep), test]
    charset, size = charset_of(labelled.texts), size_of(groups[0].paths[0], settings.max_megapixels)
    provenance = {"task": name, "source": "raw", "validation_share": settings.validation_share}
    splits = [Split(one, group.ids) for one, group in zip(SPLITS, groups, strict=True)]
    parts = pixel_parts(groups, settings.max_megapixels)
    write_captchas(path, Facts(size, charset, provenance), splits, parts)
    lengths = sorted({len(text) for text in labelled.texts})
    spread = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
    return (
        f"found {len(labelled.ids)} labelled pictures of {size[0]}x{size[1]} px, texts of {spread} "
        f"characters out of {len(charset)}: {charset.characters}\n"
        f"{len(learn)} to learn from, {len(keep)} for validation, {len(test.ids)} in test"
    )
