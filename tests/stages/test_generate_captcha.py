import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from podium.captcha.dataset import read_captchas
from podium.stages.generate_captcha import main

SETTINGS = Path(__file__).parents[2] / "params.yaml"


def settings(folder: Path, **changes: object) -> Path:
    params = YAML(typ="safe").load(SETTINGS.read_text(encoding="utf-8"))
    params["generate_captcha"] |= {"n_train": 6, "n_validation": 3, "n_test": 2, **changes}
    path = folder / "params.yaml"
    YAML().dump(params, path)
    return path


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})


@pytest.mark.parametrize("task", ["text", "arithmetic"])
def test_writes_three_splits(task: str, tmp_path: Path, capsys) -> None:
    out = tmp_path / "data" / f"{task}.h5"
    quarantine = tmp_path / f"data/{task}-quarantine.csv"
    words = ["--task", task, "--source", "x", "--out", str(out), "--quarantine", str(quarantine)]
    words += ["--metrics", str(tmp_path / f"metrics/{task}.json")]
    main([*words, "--params", str(settings(tmp_path))])
    counts = json.loads((tmp_path / f"metrics/{task}.json").read_text())
    assert counts == {"n_train": 6, "n_validation": 3, "n_test": 2}
    assert quarantine.read_text() == "id,split,label,path,reason\n"
    assert [len(read_captchas(out, part).texts) for part in ("train", "validation", "test")] == [
        6,
        3,
        2,
    ]
    assert "11 pictures drawn" in capsys.readouterr().out


def test_unknown_task_and_shared_seed(tmp_path: Path, capsys) -> None:
    for task, changes in (("voice", {}), ("text", {"seed_test": 1})):
        params = settings(tmp_path, **changes)
        with pytest.raises(SystemExit) as caught:
            main(
                [
                    "--task",
                    task,
                    "--source",
                    "x",
                    "--out",
                    str(tmp_path / "x.h5"),
                    "--quarantine",
                    str(tmp_path / "x.csv"),
                    "--metrics",
                    str(tmp_path / "metrics/x.json"),
                    "--params",
                    str(params),
                ]
            )
        assert caught.value.code == 2
        assert capsys.readouterr().err.startswith("error: ")
    assert not (tmp_path / "x.h5").exists()
