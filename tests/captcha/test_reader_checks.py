import pytest

from house import ROOT
from podium.captcha import network, reader_checks
from podium.captcha.equations.render import render_strip
from podium.captcha.generator import BLOCK, render, texts_of
from podium.captcha.tasks import TASKS
from podium.core.errors import PodiumError, SettingsError
from podium.core.params import TrainCaptchaReader, load_params

PARAMS = load_params(ROOT / "params.yaml")


def reader(name: str = "text-crnn", **changes: object) -> TrainCaptchaReader:
    return PARAMS.train_captcha_reader[name].model_copy(update=changes)


def check(settings: TrainCaptchaReader, size: tuple[int, int], *texts: str) -> None:
    reader_checks.check_reader_pictures("mine", settings, size, texts)


@pytest.mark.parametrize("step", [4, 8])
@pytest.mark.parametrize("width", [8, 15, 16, 17, 63, 64, 170, 181])
def test_time_steps_are_those_of_the_network(width: int, step: int) -> None:
    model = network.build("crnn", (width, reader_checks.MIN_HEIGHT), 4, 2, 4, {}, step)
    assert reader_checks.time_steps(width, step) == network.n_steps(model)


@pytest.mark.parametrize("size", [(64, 14), (64, 1), (3, 32), (1, 1)])
@pytest.mark.parametrize("model", ["crnn", "ctc", "cnn"])
def test_pictures_that_are_too_small(size: tuple[int, int], model: str) -> None:
    words = (
        rf"captchas of {size[0]}x{size[1]} px are too small for the reader mine: .*15 or more of"
    )
    with pytest.raises(PodiumError, match=words + r" height\nremedy: enlarge") as caught:
        check(reader(model=model), size, "a")
    assert caught.value.exit_code == 1
    with pytest.raises(ValueError, match=r"negative|zero|[Ss]hape"):  # what Keras would say
        network.build(model, size, 4, 2, 4, {}, 8)


@pytest.mark.parametrize("model", ["crnn", "ctc", "cnn"])
def test_the_smallest_pictures(model: str) -> None:
    check(reader(model=model), (15, 15), "a")
    assert network.build(model, (15, 15), 4, 1, 4, {}, 8).output_shape[1] >= 1


def test_labels_that_need_more_steps() -> None:
    check(reader(), (48, 32), "aabb")
    words = (
        r"train_captcha_reader\.mine: label 'aabb' needs 6 time steps .4 characters and 2 equal "
        r"neighbours., the reader has 5\nremedy: set its step to 4"
    )
    with pytest.raises(SettingsError, match=words):
        check(reader(), (40, 32), "ab", "aabb")
    check(reader(step=4), (40, 32), "aabb")
    check(reader(model="cnn"), (40, 32), "aabb")
    with pytest.raises(PodiumError, match="empty text"):
        check(reader(), (40, 32), "ab", "")


def test_texts_of_several_lengths() -> None:
    check(reader(), (64, 32), "ab", "abc")
    with pytest.raises(SettingsError, match="texts have 2 to 3 characters, but a cnn reads"):
        check(reader(model="cnn"), (64, 32), "ab", "abc")


@pytest.mark.parametrize("task", ["text", "arithmetic", "equations"])
def test_the_projects_own_settings_pass(task: str) -> None:
    for source in ("standin", "raw"):
        params = PARAMS
        if source == "raw":
            readers = {
                name: settings.model_copy(update={"on_the_fly": False})
                for name, settings in PARAMS.train_captcha_reader.items()
            }
            params = PARAMS.model_copy(update={"train_captcha_reader": readers})
        reader_checks.check_settings(task, source, params)
    reader_checks.check_pictures(task, PARAMS, TASKS[task].size, ["1234", "5678"])


@pytest.mark.parametrize("name", ["text", "arithmetic"])
def test_texts_without_pictures(name: str) -> None:
    texts = texts_of(TASKS[name], 5, BLOCK + 2)
    assert len(texts) == BLOCK + 2
    for index in (0, BLOCK - 1, BLOCK + 1):
        assert render(TASKS[name], 5, index)[1] == texts[index]
    assert texts_of(TASKS[name], 5, 0) == []


def test_texts_of_equations_without_pictures() -> None:
    assert texts_of(TASKS["equations"], 5, 3) == [render_strip(5, index)[1] for index in range(3)]
