"""One model and many threads: each gets the answer for its own file, and a failure is one's own."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from podium.core.errors import PodiumError, SettingsError
from podium.evaluation.file_answers import FileAnswer, FileAnswers, answers_in_batches
from podium.page.serving.answerer import Answerer, NoAnswer


class Model:
    """Answers a file with its name; counts loads, batches, and how many batches run at once."""

    def __init__(self) -> None:
        self.loads, self.batches, self.at_once, self.running = 0, [], 0, 0
        self.go = threading.Event()
        self.go.set()

    def load(self, paths):
        self.loads += 1
        return FileAnswers(["name"], answers_in_batches(paths, 8, self.predict))

    def predict(self, part):
        self.running += 1
        self.at_once = max(self.at_once, self.running)
        self.go.wait(10)
        time.sleep(0.001)
        self.running -= 1
        self.batches.append(len(part))
        if any("broken" in path.name for path in part):
            raise PodiumError("a broken picture")
        if any("bug" in path.name for path in part):
            raise ZeroDivisionError("a bug")
        return [[path.name] for path in part]


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def answerer(model):
    answerer = Answerer(model.load)
    yield answerer
    model.go.set()
    answerer.close()
    assert not answerer._thread.is_alive()


def at_once(answerer: Answerer, names: list[str]) -> list[object]:
    """The answer for each name, or what was raised, all asked for at the same time."""

    def ask(name: str) -> object:
        try:
            return answerer.answer(Path(name), 20)
        except NoAnswer as error:
            return str(error)

    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(ask, names))


def test_each_of_many_gets_its_own_answer_from_one_thread(model, answerer):
    names = [f"{k}.png" for k in range(50)]
    answers = at_once(answerer, names)
    assert [answer.cells for answer in answers] == [[name] for name in names]
    assert (model.loads, model.at_once, sum(model.batches)) == (1, 1, 50)
    assert max(model.batches) > 1


def test_a_broken_file_spoils_no_other(answerer):
    broken, *others = at_once(answerer, ["broken", *"abcdefghij"])
    assert broken == FileAnswer(Path("broken"), fault="a broken picture")
    assert [answer.cells for answer in others] == [[name] for name in "abcdefghij"]


def test_a_file_that_breaks_the_model_spoils_no_other(model, answerer, capfd):
    model.go.clear()
    threading.Timer(0.1, model.go.set).start()  # so that all wait together
    first, bug, *others = at_once(answerer, ["first", "bug", *"abcdefghij"])
    assert first.cells == ["first"]
    assert bug == "the model failed on it, see the server's terminal"
    assert [answer.cells for answer in others] == [[name] for name in "abcdefghij"]
    assert max(model.batches) > 1  # it was not alone
    assert 1 < model.loads <= 4
    assert "error: ZeroDivisionError: a bug" in capfd.readouterr().err


def test_a_model_that_is_gone_is_said_to_all(model, answerer, capfd, monkeypatch):
    monkeypatch.setattr(answerer, "_load", lambda _: (_ for _ in ()).throw(SettingsError("gone")))
    assert isinstance(at_once(answerer, ["bug"])[0], str)
    answerer._thread.join(5)
    assert at_once(answerer, ["a"]) == ["the server stops"]
    assert "error: the model is gone: gone" in capfd.readouterr().err


def test_who_waits_when_it_closes_is_told(model, answerer):
    model.go.clear()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(answerer.answer, Path(name), 20) for name in "ab"]
        while len(answerer._promised) < 2:
            time.sleep(0.001)
        closing = threading.Thread(target=answerer.close)
        closing.start()
        for future in waiting:
            with pytest.raises(NoAnswer, match="the server stops"):
                future.result(5)
        model.go.set()
        closing.join(5)


def test_a_model_that_cannot_be_loaded_is_refused_at_once():
    def load(_):
        raise PodiumError("no such model")

    with pytest.raises(PodiumError, match="no such model"):
        Answerer(load)


def test_waiting_has_an_end(model, answerer):
    model.go.clear()
    with pytest.raises(TimeoutError):
        answerer.answer(Path("a"), 0.01)
    model.go.set()
    assert answerer.answer(Path("b"), 5).cells == ["b"]
