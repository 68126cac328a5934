"""Which readers may vote."""

from __future__ import annotations

import pytest

from house import ROOT
from podium.competitions import competition_named
from podium.core.errors import SettingsError
from podium.core.params import Params, load_params
from podium.ensemble.blend_competition import blend_section, tables_to_blend
from podium.ensemble.text_ensemble import chosen_readers


def with_readers(task: str, *readers: str) -> Params:
    params = load_params(ROOT / "params.yaml")
    name = f"captcha-{task}"
    election = params.blend[name].model_copy(update={"readers": list(readers)})
    return params.model_copy(update={"blend": params.blend | {name: election}})


def chosen(task: str, params: Params) -> list[str]:
    return chosen_readers(f"captcha-{task}", task, params)


# ---- the reader


@pytest.mark.parametrize(
    ("task", "reader"),
    [("text", "text-cnn"), ("arithmetic", "arithmetic-crnn"), ("equations", "equations-crnn")],
)
def test_the_reader_of_a_task(task: str, reader: str) -> None:
    assert chosen(task, with_readers(task, reader)) == [reader]


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
    reason = (
        rf"^blend\.captcha-{task}\.readers: '{reader}' does not read {task}\nremedy: .*: {known}$"
    )
    with pytest.raises(SettingsError, match=reason) as caught:
        chosen(task, with_readers(task, reader))
    assert caught.value.exit_code == 2


def test_no_reader_for_a_task() -> None:
    params = with_readers("text", "text-crnn")
    others = {"arithmetic-crnn": params.train_captcha_reader["arithmetic-crnn"]}
    with pytest.raises(SettingsError, match=r"train_captcha_reader: none for it$"):
        chosen("text", params.model_copy(update={"train_captcha_reader": others}))


def test_a_reader_votes_once() -> None:
    with pytest.raises(
        SettingsError, match=r"readers: 'text-cnn' is named twice\nremedy: name it once$"
    ):
        chosen("text", with_readers("text", "text-cnn", "text-crnn", "text-cnn"))


def test_a_section_for_what_is_no_competition() -> None:
    params = with_readers("text", "text-crnn")
    text = competition_named("captcha-text")
    odd = params.model_copy(update={"blend": params.blend | {"voice": params.blend["photos"]}})
    with pytest.raises(SettingsError, match=r"^blend\.voice: no such competition\nremedy: remove"):
        blend_section(text, odd)
    none = params.model_copy(update={"blend": {"photos": params.blend["photos"]}})
    with pytest.raises(
        SettingsError, match=r"^blend\.captcha-text: key is missing\nremedy: take the section"
    ):
        blend_section(text, none)


def test_the_tables_of_readers_and_of_models(tmp_path) -> None:
    params = with_readers("text", "text-cnn", "text-crnn")
    text, photos = competition_named("captcha-text"), competition_named("photos")
    paths = tables_to_blend(text, tmp_path, params)
    assert [path.name for path in paths] == ["text-cnn.csv", "text-crnn.csv"]
    for name in ("dense", "hog", "prior"):
        (tmp_path / f"{name}.csv").touch()
    paths = tables_to_blend(photos, tmp_path, params)
    assert [path.name for path in paths] == ["dense.csv", "hog.csv"]
