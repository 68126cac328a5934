"""Masks: what counts as tumour in every kind of PNG, sizes, and damaged files."""

import io

import numpy as np
import pytest
from PIL import Image
from shapely import box

from podium.slides.annotations import load, mask_files
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.pixel_mask import downsample_of

WANTED = np.zeros((6, 8), dtype=bool)
WANTED[1:4, 2:7] = True
SIZE = (8, 6)
BOX = box(2, 1, 7, 4)


def encoded(image, **options):
    data = io.BytesIO()
    image.save(data, "PNG", **options)
    return data.getvalue()


def grey(values):
    return Image.fromarray(np.asarray(values))


def palette(colours, inside=WANTED):
    image = Image.fromarray(inside.astype(np.uint8)).convert("P")
    image.putdata(inside.astype(np.uint8).ravel())
    image.putpalette([value for colour in colours for value in colour])
    return image


MASKS = {
    "0 and 255": grey(WANTED * np.uint8(255)),
    "0 and 1": grey(WANTED * np.uint8(1)),
    "anti-aliased": grey(np.where(WANTED, 128, 127).astype(np.uint8)),
    "one bit": grey(WANTED),
    "16 bits": grey(WANTED * np.uint16(65_535)),
    "16 bits of 0 and 1": grey(WANTED * np.uint16(1)),
    "white on black": grey(np.dstack([WANTED * np.uint8(255)] * 3)),
    "red on black": grey(
        np.dstack([WANTED * np.uint8(200), WANTED * 0, WANTED * 0]).astype(np.uint8)
    ),
    "opaque": grey(
        np.dstack([WANTED * np.uint8(255)] * 3 + [np.full(WANTED.shape, 255, np.uint8)])
    ),
    "palette": palette([(0, 0, 0), (255, 255, 255)]),
    "coloured palette": palette([(0, 0, 0), (128, 0, 0)]),
    "turned palette": palette([(255, 255, 255), (0, 0, 0)], ~WANTED),
}


@pytest.mark.parametrize("name", MASKS)
def test_what_counts_as_tumour(name):
    assert mask_files.read(encoded(MASKS[name]), SIZE).regions.equals(BOX)


def test_no_tumour_and_nothing_else():
    assert mask_files.read(encoded(grey(np.zeros((6, 8), np.uint8))), SIZE).regions.is_empty
    assert mask_files.read(encoded(grey(np.full((6, 8), 255, np.uint8))), SIZE).regions.equals(
        box(0, 0, 8, 6)
    )


@pytest.mark.parametrize("factor", [4, 2.5, 0.5])
def test_masks_of_another_scale(factor):
    size = (round(8 * factor), round(6 * factor))
    found = mask_files.read(encoded(MASKS["0 and 255"]), size)
    assert found.regions.equals(box(2 * factor, 1 * factor, 7 * factor, 4 * factor))


@pytest.mark.parametrize("size", [(8, 7), (6, 8), (80, 75)])
def test_masks_that_do_not_fit_their_slide(size):
    says = f"the mask is 8x6 px, the slide {size[0]}x{size[1]} px"
    with pytest.raises(Unusable, match=says):
        mask_files.read(encoded(MASKS["0 and 255"]), size)


@pytest.mark.parametrize("highest", [2, 7, 127])
def test_labels_are_not_taken_for_no_tumour(highest):
    labels = grey((WANTED * highest).astype(np.uint8))
    with pytest.raises(Unusable, match=f"largest value is {highest}: labels"):
        mask_files.read(encoded(labels), SIZE)


def test_transparent_pixels_are_refused():
    alpha = np.where(WANTED, 255, 0).astype(np.uint8)
    overlay = np.dstack([np.full((6, 8, 3), 255, np.uint8), alpha])
    with pytest.raises(Unusable, match="transparent"):
        mask_files.read(encoded(grey(overlay)), SIZE)
    with pytest.raises(Unusable, match="transparent"):
        mask_files.read(encoded(palette([(0, 0, 0), (255, 255, 255)]), transparency=0), SIZE)


def test_a_larger_mask_than_the_contract_is_refused_by_its_header(monkeypatch):
    monkeypatch.setattr(mask_files, "MAX_SIDE", 7)
    monkeypatch.setattr(mask_files, "_values", lambda _: pytest.fail("was decoded"))
    with pytest.raises(Unusable, match="8x6 px, over the limit of 7"):
        mask_files.read(encoded(MASKS["0 and 255"]), SIZE)


def test_pillows_own_limit_does_not_come_first():
    large = encoded(Image.new("1", (12_000, 10_000)))  # 120 megapixels
    with pytest.raises(Unusable, match="12000x10000"):
        mask_files.read(large, SIZE)


def test_damaged_and_foreign_files():
    noise = grey(np.random.default_rng(0).integers(0, 2, (60, 80), dtype=np.uint8) * np.uint8(255))
    data = encoded(noise)
    with pytest.raises(Unusable, match="damaged"):
        mask_files.read(data[: len(data) // 2], (80, 60))
    jpeg = io.BytesIO()
    noise.save(jpeg, "JPEG")
    with pytest.raises(Unusable, match="not a PNG"):
        mask_files.read(jpeg.getvalue(), (80, 60))


# ---- colours are classes


def coloured(*colours):
    """A mask of stripes, 20 px each, of some colours, on black."""
    values = np.zeros((60, 80, 3), np.uint8)
    for number, colour in enumerate(colours):
        values[:, 20 * number : 20 * number + 20] = colour
    return encoded(grey(values))


RED, GREEN, DARK = (255, 0, 0), (0, 200, 0), (0, 0, 90)


def test_one_colour_is_no_class():
    _, notes, areas, tumour = mask_files.read(coloured(RED), (80, 60))
    assert (notes, areas, tumour) == ([], {}, frozenset())


def test_several_colours_are_told_apart():
    regions, _, areas, tumour = mask_files.read(coloured(RED, GREEN, DARK), (160, 120))
    assert areas == {"#ff0000": 4800, "#00c800": 4800, "#00005a": 4800}
    assert tumour == {"#ff0000", "#00c800"}
    assert regions.area == 9600


def test_colours_may_be_chosen():
    data = coloured(RED, GREEN, DARK)
    regions, _, _, tumour = mask_files.read(
        data, (80, 60), ClassPlan(labels=dict.fromkeys(["tumor", "#00005a", "#00c800"], 1))
    )
    assert regions.equals(box(20, 0, 60, 60))
    assert tumour == {"#00c800", "#00005a"}
    assert mask_files.read(data, (80, 60), ClassPlan(labels={"tumor": 1})).regions.area == 2400
    assert mask_files.read(data, (80, 60), ClassPlan(labels={"#123456": 1})).regions.is_empty


def test_grey_labels_are_told_apart():
    values = np.zeros((60, 80), np.uint8)
    values[:, :20], values[:, 20:40], values[:, 40:60] = 64, 128, 255
    regions, _, areas, tumour = mask_files.read(encoded(grey(values)), (80, 60))
    assert areas == {"#404040": 1200, "#808080": 1200, "#ffffff": 1200}
    assert tumour == {"#808080", "#ffffff"}
    assert regions.area == 2400


def test_soft_edges_and_photographs_have_no_classes():
    ramp = np.tile(np.r_[np.zeros(30), np.linspace(0, 255, 20), np.full(30, 255)], (60, 1))
    assert mask_files.read(encoded(grey(ramp.astype(np.uint8))), (80, 60)).areas == {}
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    assert mask_files.read(encoded(grey(noise)), (80, 60)).areas == {}


@pytest.mark.parametrize(
    ("mask", "slide", "downsample"),
    [
        ((251, 126), (2003, 1002), 8), ((250, 125), (2003, 1002), 8), ((300, 200), (300, 200), 1),
        ((501, 251), (2003, 1002), 4), ((250, 100), (2003, 1002), None),
        ((600, 400), (300, 200), 0.5),
    ],
)  # fmt: skip
def test_masks_of_a_level_with_rounded_sides(mask, slide, downsample):
    assert downsample_of(mask, slide) == downsample


def test_a_mask_with_rounded_sides_lies_where_its_pixels_lie(tmp_path):
    values = np.zeros((11, 16), np.uint8)  # of a slide of 123 x 83: 15.4 x 10.4 pixels
    values[3:, 4:] = 255
    found = mask_files.read(encoded(grey(values)), (123, 83)).regions
    assert found.bounds == (32, 24, 128, 88)
    path = tmp_path / "s.png"
    path.write_bytes(encoded(grey(values)))
    annotation = load.load(path, (123, 83))
    assert annotation.regions.equals(box(32, 24, 123, 83))
    assert annotation.notes == ()
