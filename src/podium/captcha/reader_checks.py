"""What readers ask of settings, pictures and texts, checked before anything is drawn or trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from podium.captcha.charset import charset_of
from podium.captcha.ctc import steps_needed
from podium.captcha.tasks import task_from
from podium.core.errors import PodiumError, SettingsError
from podium.core.params import Params, TrainCaptchaReader
from podium.core.printable import printable
from podium.ensemble.text_ensemble import chosen_readers
from podium.training.model_file import read_description

SCRATCH = "scratch"  # the start of a reader without another one
MIN_HEIGHT = 15  # pixels; the network halves it four times


def check_settings(task: str, source: str, params: Params) -> None:
    """Make sure that the readers of a task can be trained and vote, as far as settings tell.

    Args:
        task: text, arithmetic or equations.
        source: of its pictures: standin or raw.
        params: all settings.

    Raises:
        SettingsError: the seeds of drawn pictures are equal, a reader cannot use the task's
            pictures, or one that votes does not exist, reads another task or is named twice.
    """
    if source == "standin":
        check_seeds(task, params)
    for name, reader in params.train_captcha_reader.items():
        if reader.task == task:
            check_reader_settings(name, source, params)
    chosen_readers(f"captcha-{task}", task, params)


def check_seeds(task: str, params: Params) -> None:
    """Raise a SettingsError if two splits share a seed, and with it pictures."""
    settings = params.pictures(task)
    seeds = (settings.seed_train, settings.seed_validation, settings.seed_test)
    if len(set(seeds)) < len(seeds):
        raise SettingsError(
            f"train, validation and test have the seeds {seeds}, two are equal\n"
            "remedy: give each a seed of its own, or they share pictures"
        )


def check_reader_settings(name: str, source: str, params: Params) -> None:
    """Make sure that the reader `name` can use the pictures of its task.

    Args:
        name: of a reader in params.yaml.
        source: of its pictures: standin or raw.
        params: all settings.

    Raises:
        SettingsError: it needs drawn pictures and they are raw, it emphasises characters that
            no text has, it recombines assignments and its task has none, or it starts from a file
            in models/.
        PodiumError: the file that it starts from is no reader.
    """
    settings, where = params.train_captcha_reader[name], f"train_captcha_reader.{name}"
    _check_start(settings.start, where)
    if settings.on_the_fly and source == "raw":
        raise SettingsError(
            f"{where}.on_the_fly: raw pictures cannot be drawn\n"
            f"remedy: set it to false, or captcha.{settings.task}.source to standin"
        )
    if settings.on_the_fly:
        try:
            task_from(settings.task, params.captcha, settings.emphasis)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None
    if settings.recombine and settings.task != "equations":
        raise SettingsError(
            f"{where}.recombine: {settings.task} has no assignments to "
            "recombine\nremedy: set it to 0"
        )


def _check_start(start: str, where: str) -> None:
    if start == SCRATCH:
        return
    path, file = Path(start).parent.resolve() / Path(start).name, printable(start)
    if Path("models").resolve() in path.parents:
        raise SettingsError(
            f"{where}.start: {file} is an output of DVC, which removes it before it is made anew\n"
            f"remedy: copy it, `cp {file} data/weights/`, and set start to "
            f"data/weights/{printable(path.name)}"
        )
    task = read_description(Path(start)).get("task", "")
    if not str(task).startswith("captcha-"):
        raise PodiumError(
            f"{printable(start)}: no reader of captchas, but {where}.start names it\n"
            "remedy: name the artefact of a reader, or set start to scratch"
        )


def check_pictures(task: str, params: Params, size: tuple[int, int], texts: Sequence[str]) -> None:
    """Make sure that all readers of a task can learn `texts` from pictures of `size`.

    Args:
        task: text, arithmetic or equations.
        params: all settings.
        size: (w, h) of every picture, pixels.
        texts: of the train and validation pictures.

    Raises:
        PodiumError: for one of them the pictures are too small.
        SettingsError: one of them cannot learn a text.
    """
    for fault in _reader_faults(task, params, size, texts).values():
        raise fault


def left_out_readers(
    task: str, params: Params, size: tuple[int, int], texts: Sequence[str]
) -> dict[str, str]:
    """The readers of a task that cannot learn `texts`, which others that vote can, and why.

    Args:
        task: text, arithmetic or equations.
        params: all settings.
        size: (w, h) of every picture, pixels.
        texts: of the train and validation pictures.

    Raises:
        PodiumError: no reader that votes can learn them.
    """
    faults = _reader_faults(task, params, size, texts)
    voters = chosen_readers(f"captcha-{task}", task, params)
    if faults and faults.keys() >= set(voters):
        raise next(iter(faults.values()))
    return {name: str(fault).partition("\n")[0] for name, fault in faults.items()}


def left_out_lines(reasons: Mapping[str, str]) -> list[str]:
    """Lines about readers that are left out, by the reasons that `left_out_readers` gives."""
    return [f"WARNING: reader {name} is left out: {why}" for name, why in reasons.items()]


def _reader_faults(
    task: str, params: Params, size: tuple[int, int], texts: Sequence[str]
) -> dict[str, PodiumError]:
    faults = {}
    for name, settings in params.train_captcha_reader.items():
        if settings.task == task:
            try:
                check_reader_pictures(name, settings, size, texts)
            except PodiumError as error:
                faults[name] = error
    return faults


def check_reader_pictures(
    name: str, settings: TrainCaptchaReader, size: tuple[int, int], texts: Sequence[str]
) -> None:
    """Make sure that one reader can learn `texts` from pictures of `size`.

    Args:
        name: of the reader.
        settings: of the reader.
        size: (w, h) of every picture, pixels.
        texts: that it is to learn.

    Raises:
        PodiumError: the pictures are too small, or a text is empty.
        SettingsError: it cannot learn a text.
    """
    if "" in texts:
        raise PodiumError(
            "a train picture has an empty text, which no reader can learn\nremedy: label it"
        )
    w, h = size
    n_steps, fewest = time_steps(w, settings.step), 2 if settings.model == "cnn" else 1
    if h < MIN_HEIGHT or n_steps < fewest:
        narrowest = next(side for side in range(64) if time_steps(side, settings.step) >= fewest)
        raise PodiumError(
            f"captchas of {w}x{h} px are too small for the reader {name}: it takes {narrowest} "
            f"or more px of width and {MIN_HEIGHT} or more of height\n"
            "remedy: enlarge all pictures of the task, twice for example"
        )
    if settings.model == "cnn":
        _check_lengths(name, texts)
    else:
        _check_steps(name, texts, n_steps)


def time_steps(width: int, step: int) -> int:
    """The time steps T of a crnn or ctc on pictures `width` px wide, a step every 4 or 8 px."""
    return (width + 1) // 2 // 2 // (step // 4)


def _check_lengths(name: str, texts: Sequence[str]) -> None:
    lengths = sorted({len(text) for text in texts})
    if len(lengths) > 1:
        raise SettingsError(
            f"train_captcha_reader.{name}: texts have {lengths[0]} to {lengths[-1]} characters, "
            "but a cnn reads texts of one length\n"
            "remedy: set its model: crnn, or remove it there and from blend"
        )


def _check_steps(name: str, texts: Sequence[str], n_steps: int) -> None:
    """Raise a SettingsError for a text that needs more than `n_steps` time steps."""
    charset = charset_of(texts)
    for text in sorted(set(texts), key=lambda text: (-len(text), text)):
        if 2 * len(text) <= n_steps:
            return  # shorter ones fit, however many equal neighbours they have
        needed = steps_needed(charset.encode(text))
        if needed > n_steps:
            raise SettingsError(
                f"train_captcha_reader.{name}: label {text[:40]!r} needs {needed} time steps "
                f"({len(text)} characters and {needed - len(text)} equal neighbours), "
                f"the reader has {n_steps}\n"
                "remedy: set its step to 4 if it is 8, use wider pictures, or correct the label"
            )
