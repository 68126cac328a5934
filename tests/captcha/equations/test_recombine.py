from collections import Counter

import numpy as np
import pytest

from podium.captcha.equations import render
from podium.captcha.equations.answers import parse, value_of
from podium.captcha.equations.recombine import Recombination, split_lines
from podium.captcha.equations.rules import EquationRules
from podium.captcha.equations.strips import SIZE, join_lines, line_gap

W, H = SIZE
GAP = line_gap(H)
N = 150


@pytest.fixture(scope="module")
def stored() -> tuple[np.ndarray, list[str]]:
    drawn = [render.render_strip(21, index) for index in range(N)]
    return np.stack([pixels for pixels, _ in drawn]), [text for _, text in drawn]


def block(w: int, h: int, level: int) -> np.ndarray:
    return np.full((h, w, 3), level, dtype=np.uint8)


def spaced(*widths: int) -> np.ndarray:
    """Paper and ink by turns, so many columns of each; the levels of ink tell its column."""
    inked = np.repeat(np.arange(len(widths)) % 2, widths)
    x = np.arange(sum(widths))
    row = np.stack([x // 256, x % 256, inked], axis=1) * inked[:, None]
    return np.tile(row.astype(np.uint8), (H, 1, 1))


def seeded(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_rendered_strips_are_cut_into_what_was_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: list[list[tuple[int, ...]]] = []

    def noted(parts: list[np.ndarray], paper: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        shapes.append([part.shape for part in parts])
        return join_lines(parts, paper, size)

    monkeypatch.setattr(render, "join_lines", noted)
    right = []
    for index in range(N):
        strip, text = render.render_strip(22, index)
        solid = [np.full(shape, 1 + k, np.uint8) for k, shape in enumerate(shapes[-1])]
        where = join_lines(solid, np.zeros(3))[..., 0]
        boxes = [np.nonzero(where == 1 + k) for k in range(len(solid))]
        wanted = [strip[y.min() : y.max() + 1, x.min() : x.max() + 1] for y, x in boxes]
        parts = split_lines(strip, text.count(";") + 1) or []
        right.append(len(parts) == len(wanted) and all(map(np.array_equal, parts, wanted)))
    assert {len(one) for one in shapes} == {2, 3}
    assert np.mean(right) > 0.99


def test_cuts_are_at_the_widest_runs_of_paper() -> None:
    strip = spaced(GAP, 30, GAP + 6, 40, GAP, 50, GAP - 1, 60, GAP + 1, 70, 90)
    spans = {1: [(14, 312)], 2: [(14, 30), (64, 262)], 3: [(14, 30), (64, 177), (256, 70)]}
    spans[4] = [(14, 30), (64, 40), (118, 123), (256, 70)]
    for n_lines, wanted in spans.items():
        parts = split_lines(strip, n_lines)
        assert parts is not None
        starts = [int(part[0, 0, 0]) * 256 + int(part[0, 0, 1]) for part in parts]
        assert [(x, part.shape[1]) for x, part in zip(starts, parts, strict=True)] == wanted
    assert split_lines(strip, 5) is None
    assert split_lines(strip, 0) is None
    assert split_lines(block(W, H, 9), 1) is None


@pytest.mark.parametrize("n_found", [1, 2, 4])
def test_strips_with_other_numbers_of_lines_are_not_cut(n_found: int) -> None:
    assert split_lines(join_lines([block(100, 40, 9)] * n_found, np.full(3, 200.0)), 3) is None


def test_lines_lose_the_paper_above_and_below_but_not_within() -> None:
    low = block(100, 40, 10)
    low[20] = 200
    parts = split_lines(join_lines([block(100, 60, 10), low], np.full(3, 200.0)), 2)
    assert parts is not None
    assert np.array_equal(parts[1], low)


def test_texts_keep_expression_and_variables(stored: tuple[np.ndarray, list[str]]) -> None:
    pixels, texts = stored
    recombination, rules = Recombination(texts), EquationRules()
    seen: Counter[str] = Counter()
    values = [parse(text).assignments for text in texts]
    for row, text in enumerate(texts):
        _, new = recombination.recombined(pixels, row, seeded(1, row))
        assert rules.accepts(new)
        assert value_of(new) is not None
        old_sheet, sheet = parse(text), parse(new)
        assert sheet.expression == old_sheet.expression
        assert sheet.assignments.keys() == old_sheet.assignments.keys()
        changed = dict(sheet.assignments.items() - old_sheet.assignments.items())
        assert all(any(one.get(k) == v for one in values) for k, v in changed.items())
        assert len(changed) < 2
        seen["changed"] += len(changed)
        seen["swapped"] += list(sheet.assignments) != list(old_sheet.assignments)
        first = next(iter(old_sheet.assignments))
        seen["first"] += len(old_sheet.assignments) == 2 and first in changed
        seen["two"] += len(old_sheet.assignments) == 2
    assert seen["changed"] > 0.95 * N
    assert 0.35 < seen["swapped"] / seen["two"] < 0.65
    assert 0.35 < seen["first"] / seen["two"] < 0.65


def test_strips_show_what_their_texts_say(stored: tuple[np.ndarray, list[str]]) -> None:
    pixels, texts = stored
    shown = {}
    for strip, text in zip(pixels, texts, strict=True):
        lines = text.split(";")
        parts = split_lines(strip, len(lines))
        assert parts is not None
        shown |= {
            line: part - strip[0, 0].astype(int) for line, part in zip(lines, parts, strict=True)
        }
    assert len(shown) == sum(text.count(";") + 1 for text in texts)
    recombination, n_exact = Recombination(texts), 0
    for row in range(N):
        strip, text = recombination.recombined(pixels, row, seeded(2, row))
        paper = pixels[row, 0, 0]
        wanted = [np.clip(shown[line] + paper, 0, 255) for line in text.split(";")]
        assert np.array_equal(
            strip, join_lines([one.astype(np.uint8) for one in wanted], paper * 1.0)
        )
        last = (split_lines(strip, len(wanted)) or [])[-1]
        n_exact += np.array_equal(last, wanted[-1])
    assert n_exact > 0.75 * N  # to the same scale as before


def test_borrowed_lines_are_on_the_paper_of_the_strip() -> None:
    papers = np.array([[200, 210, 220], [250, 230, 205]])
    strips = [join_lines([block(80, 40, 100), block(90, 60, 100)], paper * 1.0) for paper in papers]
    texts = ["流=1;流/2+3+4+5", "流=6;流/7+8+9+0"]
    strip, text = Recombination(texts).recombined(np.stack(strips), 0, seeded(0))
    assert text == "流=6;流/2+3+4+5"
    assert strip[H // 2, GAP].tolist() == [50, 80, 115]
    assert strip[H // 2, GAP + 80 + GAP].tolist() == [100, 100, 100]
    assert strip[0, 0].tolist() == papers[0].tolist()


def test_batches_depend_on_rng_and_rows_only(stored: tuple[np.ndarray, list[str]]) -> None:
    pixels, texts = stored
    recombination, rows, before = Recombination(texts), np.arange(N)[::-1], pixels.copy()
    some, said = recombination.batch(pixels, rows, 0.5, seeded(5))
    again, same = Recombination(texts).batch(pixels, rows, 0.5, seeded(5))
    assert np.array_equal(some, again)
    assert said == same
    assert said != recombination.batch(pixels, rows, 0.5, seeded(6))[1]
    kept = [(one == pixels[row]).all() for one, row in zip(some, rows, strict=True)]
    assert 0.35 < np.mean(kept) < 0.65
    assert all(said[at] == texts[row] for at, row in enumerate(rows) if kept[at])
    none, unchanged = recombination.batch(pixels, rows[:8], 0.0, seeded(5))
    assert np.array_equal(none, pixels[rows[:8]])
    assert unchanged == [texts[row] for row in rows[:8]]
    assert recombination.batch(pixels, rows[:8], 1.0, seeded(5))[1] != unchanged
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "流",
        "流=1",
        "1+2",
        "流=x;流+1",
        "流=07;流+1",
        "流=1;流=2;流+1",
        "=1;1",
        "流=100001;流+1",
    ],
)
def test_malformed_texts_neither_change_nor_lend(text: str) -> None:
    texts = [text, "流=100000;水=4;流/5+水+6+7"]
    lines = [[block(80, 40, 9)] * (one.count(";") + 1) for one in texts]
    strips = np.stack([join_lines(parts, np.full(3, 200.0)) for parts in lines])
    recombination = Recombination(texts)
    said = set()
    for seed in range(8):
        strip, same = recombination.recombined(strips, 0, seeded(seed))
        assert same == text
        assert np.array_equal(strip, strips[0])
        said.add(recombination.recombined(strips, 1, seeded(seed))[1])
    assert said == {texts[1], "水=4;流=100000;流/5+水+6+7"}


@pytest.mark.parametrize("row", [0, 1])
def test_strips_that_cannot_be_cut_neither_change_nor_lend(row: int) -> None:
    good, bad = [block(80, 40, 9)] * 2, [block(160, 40, 9)]
    strips = np.stack([join_lines(parts, np.full(3, 200.0)) for parts in (good, bad)])
    texts = ["流=3;流/5+2+6+7", "流=4;流/5+3+6+7"]
    strip, text = Recombination(texts).recombined(strips, row, seeded(0))
    assert text == texts[row]
    assert np.array_equal(strip, strips[row])


def test_no_text_grows_beyond_the_longest() -> None:
    strips = np.stack([join_lines([block(80, 40, 9)] * 2, np.full(3, 200.0))] * 2)
    texts = ["流=3;流/5+2+6+70", "流=42;流/5+3+6+7"]
    recombination = Recombination(texts)
    assert recombination.recombined(strips, 0, seeded(0))[1] == texts[0]
    assert recombination.recombined(strips, 1, seeded(0))[1] == "流=3;流/5+3+6+7"
