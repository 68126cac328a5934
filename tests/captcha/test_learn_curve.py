import shutil
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from house import ROOT
from podium.captcha.charset import Charset
from podium.captcha.dataset import Facts, Split, write_captchas
from podium.captcha.learn_curve import Point, expected
from podium.cli import app


def point(n_labels: int, value: float, n: int = 1000) -> Point:
    return Point(n_labels, {"value": value, "n": n}, [])


def test_mistakes_fall_as_a_power_of_the_labels() -> None:
    points = [
        point(10, 0.1),
        point(50, 0.6),
        point(100, 0.8),
    ]  # half the mistakes for twice as many
    assert expected(points, 200) == pytest.approx(0.9)
    assert expected(points, 100) == pytest.approx(0.8)
    assert expected(points[:1], 200) == pytest.approx(0.1)
    assert expected([point(50, 0.8), point(100, 0.7)], 200) == pytest.approx(0.7)  # never worse
    assert expected([point(50, 1.0), point(100, 1.0)], 200) == pytest.approx(1 - 0.5 / 1000)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    yaml = YAML()
    settings = yaml.load((tmp_path / "params.yaml").read_text())
    tiny = {"width": 4, "epochs": 1, "epoch_size": 8, "batch_size": 4}
    for reader in settings["train_captcha_reader"].values():
        reader |= tiny
    with (tmp_path / "params.yaml").open("w") as file:
        yaml.dump(settings, file)
    rng = np.random.default_rng(0)
    sizes = {"train": 12, "validation": 5, "test": 4}
    parts = [
        (rng.integers(0, 256, (n, 32, 48, 3)).astype(np.uint8), ["ab", "ba", "aa", "bb"] * 3)
        for n in sizes.values()
    ]
    parts = [(pixels, texts[: len(pixels)]) for pixels, texts in parts]
    splits = [Split(name, [f"{name}{k}" for k in range(n)]) for name, n in sizes.items()]
    facts = Facts((48, 32), Charset("ab"), {"task": "text", "source": "raw"})
    write_captchas(tmp_path / "data/captcha/text.h5", facts, splits, parts)
    return tmp_path


def test_more_and_more_labels(project: Path) -> None:
    words = ["learn-curve", "captcha", "text", "--root", str(project), "--reader", "text-cnn"]
    told = CliRunner().invoke(app, [*words, "--labels", "4", "--labels", "99"])
    assert told.exit_code == 0, told.output
    lines = told.output.partition("labels  ")[2].splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["4", "12", "112"]
    assert "n = 9)" in lines[1]
    assert lines[3].endswith("expected of 100 more")
    asked = lines[4].removeprefix("label these first: ").split(", ")
    assert sorted(asked) == ["test0", "test1", "test2", "test3"]


def test_drawn_pictures_are_off_for_a_curve(project: Path) -> None:
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("on_the_fly: false", "on_the_fly: true"))
    words = ["learn-curve", "captcha", "text", "--root", str(project), "--reader", "text-cnn"]
    told = CliRunner().invoke(app, [*words, "--labels", "99"])
    assert told.exit_code == 0, told.output
    assert "text-cnn: on_the_fly is off for this curve" in told.output


def test_a_reader_of_another_task(project: Path) -> None:
    words = ["learn-curve", "captcha", "text", "--root", str(project), "--reader", "equations-crnn"]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 2
    assert "remedy: one of text-crnn, text-cnn" in told.stderr
