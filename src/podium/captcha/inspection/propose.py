"""The settings under which raw captchas are looked at."""

from __future__ import annotations

from podium.core.params import Params


def raw_settings(params: Params, task: str, pattern: str) -> Params:
    """The settings with a task's pictures raw, and with a pattern for their names.

    Sizes that an earlier inspection wrote are forgotten. No reader of the task draws pictures.

    Args:
        params: all settings.
        task: text, arithmetic or equations.
        pattern: '' keeps the one there is.
    """
    section = getattr(params.captcha, task)
    changes = {"pattern": pattern or section.raw.pattern}
    if task != "equations":
        changes |= {"width": 0, "height": 0, "fit": "auto"}
    raw = section.raw.model_copy(update=changes)
    captcha = params.captcha.model_copy(
        update={task: section.model_copy(update={"source": "raw", "raw": raw})}
    )
    readers = {
        name: reader.model_copy(update={"on_the_fly": False}) if reader.task == task else reader
        for name, reader in params.train_captcha_reader.items()
    }
    return params.model_copy(update={"captcha": captcha, "train_captcha_reader": readers})
