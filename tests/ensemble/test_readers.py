"""Which readers may vote."""

from __future__ import annotations

import pytest

from house import ROOT
from podium.core.errors import SettingsError
from podium.core.params import Params, load_params
from podium.ensemble.text_ensemble import chosen_readers, settings_of


def with_readers(task: str, *readers: str) -> Params:
    params = load_params(ROOT / "params.yaml")
    old = getattr(params.blend_captcha, task)
    election = old.model_copy(update={"readers": list(readers)})
    chosen = params.blend_captcha.model_copy(update={task: election})
    return params.model_copy(update={"blend_captcha": chosen})


# ---- the reader


@pytest.mark.parametrize(
    ("task", "reader"),
    [("text", "text-cnn"), ("arithmetic", "arithmetic-crnn"), ("equations", "equations-crnn")],
)
def test_the_reader_of_a_task(task: str, reader: str) -> None:
    assert chosen_readers(task, with_readers(task, reader)) == [reader]


@pytest.mark.parametrize(
    ("task", "reader", "known"),
    [
        ("text", "arithmetic-crnn", "text-crnn, text-cnn"),
        ("arithmetic", "text-crnn", "arithmetic-crnn"),
        ("text", "text-rnn", "text-crnn, text-cnn"),
        ("text", "", "text-crnn, text-cnn"),
    ],
)
def test_a_reader_of_something_else(task: str, reader: str, known: str) -> None:
    reason = rf"^blend_captcha\.{task}\.readers: '{reader}' does not read {task}; .* has {known}$"
    with pytest.raises(SettingsError, match=reason) as caught:
        chosen_readers(task, with_readers(task, reader))
    assert caught.value.exit_code == 2


def test_no_reader_for_a_task() -> None:
    params = with_readers("text", "text-crnn")
    others = {"arithmetic-crnn": params.train_captcha_reader["arithmetic-crnn"]}
    with pytest.raises(SettingsError, match=r"train_captcha_reader has none for it$"):
        chosen_readers("text", params.model_copy(update={"train_captcha_reader": others}))


def test_a_reader_votes_once() -> None:
    with pytest.raises(SettingsError, match=r"readers: 'text-cnn' is named twice$"):
        chosen_readers("text", with_readers("text", "text-cnn", "text-crnn", "text-cnn"))


def test_an_unknown_task() -> None:
    with pytest.raises(SettingsError, match=r"'voice' is unknown; known are text, arithmetic"):
        settings_of("voice", load_params(ROOT / "params.yaml"))
