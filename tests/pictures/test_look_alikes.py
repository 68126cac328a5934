from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from podium.core.errors import PodiumError
from podium.pictures.dataset import perceptual_hash, thumbnail
from podium.pictures.look_alikes import (
    Looks,
    assign_folds,
    copies_of,
    group_look_alikes,
    pair_table,
    read_looks,
    summary_lines,
)


def looks(hashes, shapes=None, levels=None) -> Looks:
    """Pictures that are alike by pixels wherever nothing else is said."""
    n = len(hashes)
    shapes = np.tile([1.0, 0.0, 0.0], (n, 1)) if shapes is None else shapes
    levels = np.arange(n) if levels is None else levels  # none is the very same as another
    return Looks(
        np.array(hashes, np.uint64), np.array(shapes, np.float32), np.array(levels, np.float32)
    )


def table(*pictures: tuple[str, Image.Image], split: str = "train") -> pd.DataFrame:
    rows = [
        {"id": str(n), "split": split, "path": f"{split}/{n}.jpg", "label": label,
         "phash": perceptual_hash(image), "thumbnail": thumbnail(image)}
        for n, (label, image) in enumerate(pictures)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def smooth(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((240, 180), Image.Resampling.BICUBIC)


def test_pairs_against_hashes_compared_one_by_one(rng):
    base = rng.integers(0, 2**63, 12, dtype=np.uint64)
    hashes = np.concatenate([base, base ^ np.uint64(0b101), base ^ np.uint64(2**40 + 2**13 + 1)])
    groups, pairs = group_look_alikes(looks(hashes), 2)
    assert pairs.tolist() == [[n, n + 12] for n in range(12)]
    assert groups.tolist() == [*range(12), *range(12), *range(12, 24)]


def test_no_pairs():
    groups, pairs = group_look_alikes(looks([0, 2**64 - 1]), 63)
    assert pairs.shape == (0, 2)
    assert groups.tolist() == [0, 1]


def test_a_chain_of_look_alikes_is_one_group_while_it_stays_near_its_first():
    chain = [(1 << n) - 1 for n in range(0, 24, 2)]  # each differs from the next in two bits
    groups, _ = group_look_alikes(looks(chain), 2)
    assert groups.tolist() == [n // 3 for n in range(12)]  # 4 bits from the first, at most


def test_pixels_must_agree_too():
    shapes = [[1, 0, 0], [0.94, np.sqrt(1 - 0.94**2), 0], [0.96, np.sqrt(1 - 0.96**2), 0]]
    assert group_look_alikes(looks([7, 7, 7], shapes), 4)[0].tolist() == [0, 1, 0]


def test_flat_pictures_are_alike_by_their_grey():
    flat = np.zeros((3, 3))
    assert group_look_alikes(looks([0] * 3, flat, [10, 16, 40]), 4)[0].tolist() == [0, 0, 1]
    mixed = looks([0, 0], [[0, 0, 0], [1, 0, 0]], [10, 10])
    assert group_look_alikes(mixed, 4)[0].tolist() == [0, 1]


def test_copies_are_found_through_size_quality_and_light():
    picture = smooth(1)
    others = [("cat", smooth(seed)) for seed in range(2, 12)]
    copies = [picture.resize((120, 90)), picture.point(lambda value: int(value * 0.8))]
    items = table(("cat", picture), *others, *(("dog", image) for image in copies))
    groups, pairs = group_look_alikes(read_looks(items), 4)
    assert pairs.tolist() == [[0, 11], [0, 12]]
    assert len(np.unique(groups)) == 11


def test_slowly_changing_pictures_do_not_percolate():
    first, last = smooth(1), smooth(2)
    drift = [Image.blend(first, last, share) for share in np.linspace(0, 1, 400)]
    items = table(*(("abc"[n % 3], image) for n, image in enumerate(drift)))
    hashes = np.array([int(text, 16) for text in items["phash"]], dtype=np.uint64)
    assert (np.bitwise_count(hashes[1:] ^ hashes[:-1]) <= 4).all()  # one chain from end to end
    groups, _ = group_look_alikes(read_looks(items), 4)
    assert np.bincount(groups).max() < 200
    assert groups[0] != groups[-1]


def test_20000_equal_pictures_take_seconds():
    one = table(("a", smooth(1)))
    items = pd.concat([one] * 20_000, ignore_index=True)
    start = time.process_time()
    groups, pairs = group_look_alikes(read_looks(items), 4)
    assert time.process_time() - start < 10
    assert groups.max() == 0
    assert pairs.shape == (19_999, 2)


def test_folds_keep_look_alikes_together_under_every_seed():
    items = pd.DataFrame({"id": [f"i{n}" for n in range(40)], "label": ["a", "b"] * 20})
    groups = np.arange(40)
    groups[[2, 4]], groups[3] = 0, 1
    folds = assign_folds(items, groups, 5, [3, 4])
    for _, part in folds.groupby("seed"):
        assert len(part) == 40
        fold = part["fold"].to_numpy()
        assert fold[0] == fold[2] == fold[4]
        assert fold[1] == fold[3]
        assert np.bincount(fold).max() <= 9
    assert (folds["fold"][:40].to_numpy() != folds["fold"][40:].to_numpy()).any()


def test_the_pair_table_names_both_pictures_and_what_is_odd():
    train = table(("x", smooth(1)), ("y", smooth(2)), ("x", smooth(1)), ("y", smooth(1)))
    test = table(("", smooth(2)), ("", smooth(9)), split="test")
    train_looks = read_looks(train)
    groups, pairs = group_look_alikes(train_looks, 4)
    copies = copies_of(train_looks, read_looks(test), 4)
    rows = pd.concat([pair_table(train, train, pairs), pair_table(train, test, copies)])
    assert rows.to_numpy().tolist() == [
        ["train/0.jpg", "x", "train/2.jpg", "x", ""],
        ["train/0.jpg", "x", "train/3.jpg", "y", "two labels"],
        ["train/1.jpg", "y", "test/0.jpg", "", "train and test"],
    ]
    assert list(rows.columns) == [
        "first_path", "first_label", "second_path", "second_label", "note",
    ]  # fmt: skip
    lines = list(summary_lines(train, groups, rows))
    assert lines[0] == "4 pictures, 2 groups, 2 look-alikes"
    assert lines[1].startswith("warning: 1 pictures look like one of another class")
    assert lines[2] == "note: 1 test pictures look like a train picture"
    assert lines[3].startswith("warning: one group of look-alikes holds 3 of 4 pictures of 2 class")


def test_ordinary_pictures_give_one_line():
    items = table(*(("ab"[n % 2], smooth(n)) for n in range(6)))
    groups, pairs = group_look_alikes(read_looks(items), 4)
    lines = list(summary_lines(items, groups, pair_table(items, items, pairs)))
    assert lines == ["6 pictures, 6 groups, 0 look-alikes"]


@pytest.mark.parametrize("change", [{"thumbnail": "x"}, {"phash": "zz"}, {"phash": "f" * 17}])
def test_a_damaged_table_of_pictures_is_refused(change):
    with pytest.raises(PodiumError, match="remedy: run dvc repro ingest_photos"):
        read_looks(table(("a", smooth(1))).assign(**change))


def test_a_large_group_of_numbers_is_said_to_have_no_classes():
    items = pd.DataFrame({"path": list("abcde"), "label": ["1.0", "2.0", "3.0", "4.0", "5.0"]})
    nothing = pd.DataFrame({"note": []})
    lines = list(summary_lines(items, np.array([0, 0, 0, 1, 2]), nothing, of_numbers=True))
    assert lines[-1].startswith(
        "warning: one group of look-alikes holds 3 of 5 pictures, e.g. a: folds will be uneven"
    )
