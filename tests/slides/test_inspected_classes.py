"""Which classes `podium inspect slides` has learnt, by outlines, masks and the sample alone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from podium.core.errors import PodiumError, SettingsError
from podium.slides.annotations import load
from podium.slides.annotations.class_names import is_no_class
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.mask_labels import ground_of, labels_of_mask
from podium.slides.inspection.classes import proposed
from podium.slides.inspection.seen import Seen, several_labels
from podium.slides.sample import asked_classes

PALETTE = [0, 0, 0, 200, 0, 0, 0, 110, 200, 30, 150, 60]
RED, BLUE = (255, 0, 0), (0, 0, 255)


def blocks(*values):
    """Labels (40, 20 n): squares of 16 px on 0."""
    labels = np.zeros((40, 20 * len(values)), np.uint8)
    for number, value in enumerate(values):
        labels[10:26, 20 * number + 2 : 20 * number + 18] = value
    return labels


def palette(labels, colours=PALETTE):
    image = Image.fromarray(labels)
    image.putpalette(colours)
    return image


def coloured(*colours):
    lookup = np.array([(0, 0, 0), *colours], np.uint8)
    return Image.fromarray(lookup[blocks(*range(1, len(colours) + 1))])


def soft(image):
    """The mask half as large, its edges soft."""
    return image.convert("RGB").resize([side // 2 + 1 for side in image.size], Image.BILINEAR)


def rare():
    """Of the third label one pixel in a hundred, as round as a nucleus."""
    labels = blocks(1, 1, 2, 2, 2)
    y, x = np.mgrid[0:40, 0:100]
    labels[np.hypot(x - 90, y - 34) < 3] = 3
    return labels


MASKS = {
    "palette": (palette(blocks(1, 2, 3)), {"1", "2", "3"}),
    "grey labels": (Image.fromarray(blocks(1, 2, 3)), {"1", "2", "3"}),
    "grey labels of 16 bits": (Image.fromarray(blocks(1, 2).astype(np.uint16)), {"1", "2"}),
    "greys": (Image.fromarray(blocks(64, 128, 255)), {"64", "128", "255"}),
    "equal channels": (Image.fromarray(blocks(1, 2)).convert("RGB"), {"1", "2"}),
    "a rare label": (palette(rare()), {"1", "2", "3"}),
    "colours": (coloured(RED, BLUE), {"#ff0000", "#0000ff"}),
    "colours with soft edges": (soft(coloured(RED, BLUE)), {"#ff0000", "#0000ff"}),
    "white": (Image.fromarray(blocks(255, 255)), {"255"}),
    "white with soft edges": (soft(Image.fromarray(blocks(255, 255))), {"255"}),
    "a grey palette": (palette(blocks(1, 1), [0, 0, 0, 255, 255, 255]), {"1"}),
    "a turned palette": (palette(1 - blocks(1, 1), [255, 0, 0, 0, 0, 0]), {"#ff0000"}),
    "one bit": (Image.fromarray(blocks(1, 1) > 0), {"255"}),
    "nothing": (Image.fromarray(blocks(0, 0)), set()),
    "noise": (Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), "u1")), set()),
}


@pytest.mark.parametrize("name", MASKS)
def test_labels_of_masks(name, tmp_path):
    image, expected = MASKS[name]
    path = tmp_path / "s1.png"
    image.save(path)
    labels = labels_of_mask(path).counts
    assert set(labels) == expected
    assert all(n > 0 for n in labels.values())
    if len(expected) > 1:  # by these names the mask is read, each label as a class of its own
        plan = ClassPlan(tuple(labels), {label: k for k, label in enumerate(labels, 1)})
        areas = load.load(path, image.size, plan).regions.classes
        assert len(areas) == len(expected)
        assert min(region.area for region in areas.values()) > 0


def test_a_mask_that_cannot_be_read_says_nothing_here(tmp_path):
    (tmp_path / "s1.png").write_bytes(b"no picture")
    assert labels_of_mask(tmp_path / "s1.png").counts == {}


def test_a_dim_mask_is_refused_with_the_way_to_learn_its_labels(tmp_path):
    Image.fromarray(blocks(1, 2)).save(tmp_path / "s1.png")
    with pytest.raises(PodiumError, match=r"labels, or a dim picture.*\nremedy: podium insp"):
        load.load(tmp_path / "s1.png", (40, 40))


@pytest.mark.parametrize("name", ["Normal", "healthy", "Exclude", "Ignore*", "Pen mark",
                                  "non-neoplastic", "Nontumour", "Background",
                                  "artefact", "Other"])  # fmt: skip
def test_no_class_by_its_name(name):
    assert is_no_class(name)


@pytest.mark.parametrize("name", ["Stroma", "Necrosis", "Benign", "Tumor: Negative", "Immune cells",
                                  "Non-small cell carcinoma", "non-glandular",
                                  "1", "#ff0000", "gland", "Normal-like tumour"])  # fmt: skip
def test_a_class_by_its_name(name):
    assert not is_no_class(name)


def each(*names):
    return [{name: []} for name in names]


@pytest.mark.parametrize(
    ("outlined", "labels", "asked", "answer", "expected"),
    [
        (["Tumor", "Stroma"], [], None, None, each("Tumor", "Stroma")),
        (["Tumor", "Normal"], [], None, None, None),  # tumour or not, as ever
        (["Tumor", "no class"], [], None, None, None),
        (["Tumor", "Stroma", "Normal"], [], None, None, each("Tumor", "Stroma")),
        (["Tumor", "Normal"], [], None, True, each("Tumor", "Normal")),
        (["Tumor", "no class"], [], None, True, each("Tumor")),
        (["Tumor", "Stroma", "Normal"], [], None, False, ["Tumor", "Stroma"]),
        (["Tumor", "Stroma", "no class"], [], None, False, ["Tumor", "Stroma", "no class"]),
        (["Tumor", "Stroma"], [], [], None, []),  # the sample asks for one mask
        (["Tumor", "Stroma"], [], ["stroma", "tumor"], None, each("stroma", "tumor")),
        (["Tumor", "Stroma"], [], ["a", "b"], None, each("Tumor", "Stroma")),
        (["Stroma"], [], None, None, ["Stroma"]),  # by default it would be no tumour
        (["Stroma"], [], [], None, ["Stroma"]),
        (["Stroma", "Lymphocytes"], [], [], None, ["Stroma", "Lymphocytes"]),
        (["Stroma", "no class"], [], None, None, None),
        (["Stroma", "Normal"], [], None, None, None),
        (["Tumor", "Stroma", "no class"], [], None, None, None),
        (["_0", "_1", "_2"], [], None, None, None),
        (["_0", "_1"], [], None, True, each("_0", "_1")),
        (["Tumor", "none"], [], None, None, None),
        (["#ff0000", "#0000ff"], [], None, None, None),  # lines of unnamed layers
        ([], ["#0000ff", "#ff0000"], None, None, each("#0000ff", "#ff0000")),
        ([], ["64", "128"], None, None, None),
        ([], ["7"], None, None, ["7"]),
        ([f"title {k}" for k in range(101)], [], None, None, None),
        (["Tumor"], [], None, None, None),
        ([], [], None, None, None),
        ([], ["1", "2", "3"], None, None, each("1", "2", "3")),
        ([], ["2", "10"], None, None, each("2", "10")),
        ([], ["1", "2"], None, False, ["1", "2"]),  # else a mask of labels is not read
        ([], ["1", "2"], [], None, ["1", "2"]),
        (["Tumor"], ["1", "2"], None, None, each("Tumor", "1", "2")),
    ],
)
def test_what_is_learnt(outlined, labels, asked, answer, expected):
    names = frozenset(name.lower() for name in (*outlined, *labels))
    seen = Seen(outlined, labels, [names] * 2)
    assert proposed(seen, asked, answer).classes == expected


TWO = [frozenset({"a", "b"})] * 2


@pytest.mark.parametrize(
    ("slides", "doubt"),
    [
        ([*TWO, frozenset({"no class"})], "1 slides have outlines without a class"),
        ([frozenset({"a"}), frozenset({"a", "b"})], "b on one slide only"),
        ([*TWO, frozenset({"255"})], "1 slides hold other outlines or labels only"),
        ([*TWO, frozenset({"normal"})], ""),
        ([frozenset({"a", "b"})], ""),
    ],
)
def test_several_classes_are_chosen_only_where_that_is_safe(slides, doubt):
    proposal = proposed(Seen(["a", "b"], [], slides), None, None)
    assert (proposal.classes is None) == bool(doubt)
    line = f"seen: a, b; none chosen: {doubt}; choose by --each (each on its own), --merge (all "
    assert proposal.line.startswith(line) if doubt else not proposal.line


def test_more_classes_than_can_be_learnt():
    names = [f"title {k}" for k in range(101)]
    seen = Seen(names, [], [frozenset(names)] * 2)
    assert "101 classes, 100 can be learnt" in proposed(seen, None, None).line
    with pytest.raises(SettingsError, match=r"--each: 101 classes.*\nremedy: leave --each out"):
        proposed(seen, None, True)


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        ([{"1"}, {"255"}], []),
        ([{"7"}, {"7"}, set()], ["7"]),
        ([{"255"}], []),
        ([{"1", "2"}, {"255"}], ["1", "2", "255"]),
        ([{"10", "3"}, {"2"}], ["2", "3", "10"]),
    ],
)
def test_labels_of_all_masks(masks, expected):
    assert several_labels([frozenset(labels) for labels in masks]) == expected


WHITE = (255, 255, 255)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (palette(blocks(1, 2), [*WHITE, *RED, *BLUE]), "#ffffff"),
        (Image.fromarray(np.array([(9, 200, 9), RED], "u1")[blocks(1, 1)]), "#09c809"),
        (coloured(RED, BLUE), ""),
        (Image.fromarray(blocks(1, 2) + 3), "3"),
    ],
)
def test_the_ground_of_masks_without_black(image, expected, tmp_path):
    image.save(tmp_path / "s1.png")
    assert ground_of([labels_of_mask(tmp_path / "s1.png")] * 3) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("slide,probability,rle", []), ("id,rle", []),
        ("slide,probability,rle Tumor,rle Stroma", ["Tumor", "Stroma"]),
    ],
)  # fmt: skip
def test_classes_that_a_sample_asks_for(tmp_path, header, expected):
    path = tmp_path / "sample_submission.csv"
    assert asked_classes(path) is None
    path.write_text(f"{header}\n")
    assert asked_classes(path) == expected
