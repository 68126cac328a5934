"""Every slide is read in one frame, white where it has nothing, and damage stays where it is."""

from __future__ import annotations

import pickle
import re
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from podium.core.errors import EnvironmentFault, PodiumError
from podium.slides import pyramid, reader
from podium.slides.reader import Slide, UnreadableRegion
from slide_fixtures import coded, damage, halved, stained, write_levels, write_pyramid

W, H = 300, 200


@pytest.fixture(params=["pyramid", "tiff", "png"])
def slide(request, tmp_path):
    """The same picture as a pyramid, as a TIFF without tiles and as a PNG."""
    path = tmp_path / "a slide.tif"
    if request.param == "pyramid":
        write_pyramid(path, coded(W, H))
    else:
        path = path.with_suffix(f".{request.param}")
        Image.fromarray(coded(W, H)).save(path)
    return Slide.open(path)


def test_a_window_inside(slide):
    assert slide.size == (W, H)
    assert np.array_equal(slide.read((30, 10, 150, 40)), coded(W, H)[10:50, 30:180])


@pytest.mark.parametrize(
    ("x", "y", "w", "h"),
    [(-20, -10, 60, 50), (280, 190, 60, 50), (-5, -5, W + 10, H + 10), (-20, 50, 400, 5)],
)
def test_beyond_the_edges_it_is_white(slide, x, y, w, h):
    frame = np.full((H + 400, W + 400, 3), 255, np.uint8)
    frame[200 : 200 + H, 200 : 200 + W] = coded(W, H)
    wanted = frame[200 + y : 200 + y + h, 200 + x : 200 + x + w]
    assert np.array_equal(slide.read((x, y, w, h)), wanted)


@pytest.mark.parametrize("corner", [(-500, 0), (W + 5, 0), (0, -400), (0, H), (5000, 5000)])
def test_a_window_off_the_slide_is_white(slide, corner):
    assert (slide.read((*corner, 20, 30)) == np.full((30, 20, 3), 255)).all()


def test_levels_give_their_own_pixels(tmp_path):
    slide = Slide.open(write_pyramid(tmp_path / "s.tif", coded(W, H)))
    half = halved(coded(W, H))
    assert slide.downsamples == (1.0, 2.0, 4.0)
    assert np.array_equal(slide.read((40, 20, 50, 30), 2.0), half[10:40, 20:70])
    assert np.array_equal(slide.read((40, 20, 50, 30), 4.0), halved(half)[5:35, 10:60])


def test_the_coarsest_level_that_is_fine_enough_is_read(tmp_path):
    plain = [
        np.full((H // n, W // n, 3), grey, np.uint8) for n, grey in ((1, 10), (2, 20), (4, 40))
    ]
    slide = Slide.open(write_levels(tmp_path / "s.tif", plain))
    found = {one: slide.read((8, 8, 9, 9), one)[4, 4, 0] for one in (1, 1.5, 2, 3.9, 3.97, 4, 9)}
    assert found == {1: 10, 1.5: 10, 2: 20, 3.9: 20, 3.97: 40, 4: 40, 9: 40}


def test_between_levels_pixels_are_averaged(slide):
    grey = (np.arange(W) % 3 * 30).astype(np.uint8)  # 0, 30, 60, 0, ...: a mean of 30 in threes
    pixels = np.repeat(np.broadcast_to(grey, (H, W))[:, :, None], 3, axis=2)
    flat = slide.path.with_name("grey.png")
    Image.fromarray(pixels).save(flat)
    found = Slide.open(flat).read((0, 0, W // 3, H // 3), 3)
    assert (found == np.full((H // 3, W // 3, 3), 30)).all()
    assert slide.read((3, 3, 40, 20), 1.7).shape == (20, 40, 3)


def test_no_pixels_are_invented(slide):
    with pytest.raises(ValueError, match=r"downsample of 0\.5 would invent pixels"):
        slide.read((0, 0, 5, 5), 0.5)


@pytest.mark.parametrize("downsample", [1.0, 2.0, 2.7])
def test_large_windows_are_read_in_parts(slide, downsample, monkeypatch):
    box = (-10, -6, 70, 50)
    whole, sizes, region = slide.read(box, downsample), [], slide._source.region

    def noted(corner, level, size):
        sizes.append(size)
        return region(corner, level, size)

    monkeypatch.setattr(slide._source, "region", noted)
    monkeypatch.setattr(reader, "_MAX_READ", 600)
    parts = slide.read(box, downsample)
    assert max(w * h for w, h in sizes) <= 600 < sum(w * h for w, h in sizes)
    monkeypatch.setattr(pyramid, "SQUARE", 7)
    assert np.array_equal(slide.read(box, downsample), parts)
    if downsample == 2.7:  # parts begin at whole pixels of the level: half of one is the difference
        assert np.abs(parts.astype(int) - whole)[8:-8, 8:-8, :2].max() <= 3
    else:
        assert np.array_equal(parts, whole)


def test_a_thumbnail(slide):
    pixels, downsample = slide.thumbnail(100)
    assert (pixels.shape, downsample) == ((67, 100, 3), 3.0)  # 200 / 3 = 66.7
    wanted = coded(W, H)[1::3, 1::3][: len(pixels)]
    assert (
        np.abs(pixels[:66, :85].astype(int) - wanted[:66, :85]).max() <= 1
    )  # until x wraps at 256
    pixels, downsample = slide.thumbnail(1000)
    assert downsample == 1
    assert np.array_equal(pixels, coded(W, H))


# ---- flat pictures


def test_transparent_parts_are_white_not_black(tmp_path):
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[:, 20:40] = 100, 50, 150, 255
    rgba[:, 40:] = 200, 100, 0, 51  # a fifth of it
    for name in ("a.png", "a.tif"):
        Image.fromarray(rgba).save(tmp_path / name)
        found = Slide.open(tmp_path / name).read((0, 0, 60, 40))
        assert found[5, [10, 30, 50]].tolist() == [[255] * 3, [100, 50, 150], [244, 224, 204]]


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "RGB"])
def test_flat_tiffs_of_any_colour_mode_are_rgb(tmp_path, mode):
    image = Image.new("RGB", (30, 20), "white")
    image.paste((0, 0, 0), (10, 5, 20, 15))
    image.convert(mode).save(tmp_path / "a.tif")
    assert np.array_equal(Slide.open(tmp_path / "a.tif").read((0, 0, 30, 20)), np.asarray(image))


def test_a_jpeg_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # stored lying on its side
    Image.fromarray(coded(60, 40)).save(tmp_path / "a.jpg", exif=exif)
    assert Slide.open(tmp_path / "a.jpg").size == (40, 60)


def test_flat_pictures_that_are_too_large_are_refused_unread(tmp_path, monkeypatch):
    for name in ("a.png", "a.tif"):
        Image.new("RGB", (1100, 1000)).save(tmp_path / name)
        with pytest.raises(PodiumError, match=r"(?s)over .*1 megapixels.*remedy: .*tiled TIFF"):
            Slide.open(tmp_path / name, max_megapixels=1)
        assert Slide.open(tmp_path / name, max_megapixels=1.1).size == (1100, 1000)
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(9_000_000)
    monkeypatch.setattr("pathlib.Path.read_bytes", None)  # not even looked into
    with pytest.raises(PodiumError, match="too large for 1 flat megapixels"):
        Slide.open(tmp_path / "huge", max_megapixels=1)


# ---- mpp


@pytest.mark.parametrize(("stored", "given", "mpp"), [
    (0.25, None, 0.25), (0.25, 0.5, 0.5), (None, None, None), (None, 0.4, 0.4),
    (1000.0, None, None), (1000.0, 0.5, 0.5), (0.001, None, None), (20.0, None, 20.0),
])  # fmt: skip
def test_mpp(tmp_path, stored, given, mpp):
    slide = Slide.open(write_pyramid(tmp_path / "s.tif", coded(W, H), stored, 1), given)
    assert slide.mpp == (mpp if mpp is None else pytest.approx(mpp, rel=1e-6))
    if stored == 1000 and given is None:
        assert slide.claimed_mpp == pytest.approx(1000)


@pytest.mark.parametrize("given", [0.0, 0.01, 25.0, float("nan"), -0.5])
def test_a_given_mpp_that_cannot_be_true_is_refused(tmp_path, given):
    path = write_pyramid(tmp_path / "s.tif", coded(W, H), None, 1)
    with pytest.raises(PodiumError, match=f"mpp of {given:g} is not between 0.05 and 20"):
        Slide.open(path, given)


@pytest.mark.parametrize(("stored", "given", "default", "mpp"), [
    (0.5, None, 2.0, 0.5),
    (None, None, 2.0, 2.0),
    (1000, None, 2.0, 2.0),
    (None, 0.25, 2.0, 0.25),
    (None, None, None, None),
])  # fmt: skip
def test_a_default_mpp_is_for_slides_that_do_not_say_theirs(
    tmp_path, monkeypatch, stored, given, default, mpp
):
    slide = Slide.open(write_pyramid(tmp_path / "s.tif", coded(W, H), stored, 1), given)
    with monkeypatch.context() as patch:
        patch.setattr(Slide, "open", None)  # the same handle serves
        found = slide.with_default_mpp(default)
    assert found.mpp == (mpp if mpp is None else pytest.approx(mpp, rel=1e-6))
    assert pickle.loads(pickle.dumps(found)).mpp == found.mpp  # noqa: S301
    assert np.array_equal(found.read((0, 0, 9, 9)), slide.read((0, 0, 9, 9)))


def test_a_default_mpp_that_cannot_be_true_is_refused(tmp_path):
    slide = Slide.open(write_pyramid(tmp_path / "s.tif", coded(W, H), None, 1))
    with pytest.raises(PodiumError, match=r"mpp of 25 is not between 0\.05 and 20"):
        slide.with_default_mpp(25.0)


def test_the_resolution_of_a_flat_picture_is_not_believed(tmp_path):
    Image.fromarray(coded(W, H)).save(tmp_path / "a.png", dpi=(25400, 25400))  # would be 1.0
    assert Slide.open(tmp_path / "a.png").claimed_mpp is None


# ---- damage


def test_one_damaged_tile_costs_that_tile_only(tmp_path):
    pixels = coded(1024, 1024)
    path = write_pyramid(tmp_path / "s.tif", pixels, n_levels=1)
    damage(path, 37)  # the tile in row 2, column 5
    slide, failed = Slide.open(path), []
    for number in range(256):
        x, y = number % 16 * 64, number // 16 * 64
        try:
            found = slide.read((x, y, 64, 64))
        except UnreadableRegion as error:
            failed.append((number, str(error)))
        else:
            assert np.array_equal(found, pixels[y : y + 64, x : x + 64])
    assert [number for number, _ in failed] == [37]
    where = rf"^{re.escape(str(path))}: damaged at x 320, y 128 of level 0, 64x64 px"
    assert re.match(where, failed[0][1])


def test_a_thumbnail_leaves_damaged_places_white(tmp_path, monkeypatch):
    pixels = coded(512, 512)
    path = write_pyramid(tmp_path / "s.tif", pixels, n_levels=1)
    damage(path, 9)  # row 1, column 1
    monkeypatch.setattr(reader, "_SMALL", 64)
    found, _ = Slide.open(path).thumbnail(512)
    assert (found[64:128, 64:128] == np.full((64, 64, 3), 255)).all()
    found[64:128, 64:128] = pixels[64:128, 64:128]
    assert np.array_equal(found, pixels)
    monkeypatch.setattr(reader, "_MAX_DAMAGED", 3)
    Slide.open(path).thumbnail(256)
    damage(path, 20, 30, 40)
    with pytest.raises(UnreadableRegion, match="damaged at"):
        Slide.open(path).thumbnail(512)


def test_a_truncated_slide(tmp_path):
    path = write_pyramid(tmp_path / "s.tif", coded(512, 512), n_levels=1)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(
        PodiumError, match=r"cannot be opened as a slide: .*\nremedy: copy it again"
    ):
        Slide.open(path)


def test_files_that_are_no_slides(tmp_path):
    whole = write_pyramid(tmp_path / "s.tif", coded(W, H)).read_bytes()
    Image.fromarray(coded(W, H)).save(tmp_path / "flat.tif")
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(tmp_path / "deep.tif")
    flat, deep = ((tmp_path / name).read_bytes() for name in ("flat.tif", "deep.tif"))
    with tifffile.TiffFile(tmp_path / "s.tif", mode="r+b") as file:
        file.pages[0].tags["Compression"].overwrite(52479)
    other = (tmp_path / "s.tif").read_bytes()
    cases = {
        "empty": (b"", "empty file"),
        "text": (b"no picture at all", "not a JPEG, PNG"),
        "cut": (whole[: len(whole) // 2], "TIFF"),  # the directories of its levels are gone
        "flat": (flat[:5000], "flat TIFF: "),
        "deep": (deep, "flat TIFF: more than 8 bits in a channel"),
        "other": (other, "Unsupported TIFF compression: 52479"),
    }
    for name, (data, reason) in cases.items():
        (tmp_path / name).write_bytes(data)
        said = rf"^{re.escape(str(tmp_path / name))}: cannot be opened as a slide: .*{reason}"
        with pytest.raises(PodiumError, match=rf"{said}.*\nremedy: copy it again"):
            Slide.open(tmp_path / name)
    for place in ("nowhere.svs", "."):
        with pytest.raises(PodiumError, match=r"(?i)cannot be opened as a slide: (no such|is a d)"):
            Slide.open(tmp_path / place)


# ---- threads and processes


def red_at(slide_and_x):
    slide, x = slide_and_x
    return int(slide.read((x, 0, 1, 1))[0, 0, 0])


def test_a_slide_travels_to_other_processes(slide):
    copy = pickle.loads(pickle.dumps(slide))  # noqa: S301
    assert np.array_equal(copy.read((5, 5, 9, 9)), slide.read((5, 5, 9, 9)))
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(red_at, (slide, 123)).result() == 123


def test_a_slide_that_travels_keeps_its_mpp_and_limit(tmp_path):
    Image.new("RGB", (1100, 1000)).save(tmp_path / "a.png")
    slide = Slide.open(tmp_path / "a.png", 0.5, max_megapixels=2)
    for copy in (pickle.loads(pickle.dumps(slide)), slide.reopen()):  # noqa: S301
        assert (copy.mpp, copy.size, copy._opened[2]) == (0.5, (1100, 1000), 2)


@pytest.mark.parametrize("way", ["reopen", "shared"])
def test_damage_that_one_thread_meets_is_nothing_to_another(tmp_path, way):
    path = write_pyramid(tmp_path / "s.tif", coded(512, 512), n_levels=1)
    damage(path, 0)
    opened = Slide.open(path)
    slides = [getattr(opened, way)() for _ in range(2)]

    def reads(number):
        slide, good = slides[number], 0
        for turn in range(60):
            x = (turn % 8) * 64
            try:
                good += np.array_equal(slide.read((x, 0, 64, 64)), coded(512, 64)[:, x : x + 64])
            except UnreadableRegion:
                assert x == 0
        return good

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(reads, range(2))) == [52, 52]  # 60 less the 8 at the damaged tile


def test_a_flat_picture_is_held_once(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), coded(W, H))
    slide = Slide.open(tmp_path / "a.png")
    assert slide.reopen()._source is slide._source


def test_too_little_memory_says_nothing_about_the_slide(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    Image.fromarray(coded(64, 48)).save(path)

    def give_up(*_args, **_more):
        raise MemoryError

    monkeypatch.setattr(Image, "open", give_up)
    with pytest.raises(EnvironmentFault, match=r"a\.tif: too little memory to open it\nremedy: "):
        Slide.open(path)


# ---- OME-TIFF and pixels that are no squares


def ome(path, pixels, axes, tile=None, **sizes):
    kind = "rgb" if axes.endswith("S") else "minisblack"
    tifffile.imwrite(path, pixels, tile=tile, photometric=kind, metadata={"axes": axes, **sizes})
    return path


@pytest.mark.parametrize("tile", [None, (64, 64)])
@pytest.mark.parametrize(
    ("value", "unit"), [(0.25, "µm"), (250, "nm"), (0.00025, "mm"), (0.25, None)]
)
def test_the_scale_of_an_ome_tiff(tmp_path, tile, value, unit):
    sizes = {f"PhysicalSize{axis}": value for axis in "XY"}
    sizes |= {f"PhysicalSize{axis}Unit": unit for axis in "XY"} if unit else {}
    path = ome(tmp_path / "a.ome.tif", stained(160, 128), "YXS", tile, **sizes)
    assert Slide.open(path).mpp == pytest.approx(0.25)
    assert Slide.open(path).reopen().mpp == pytest.approx(0.25)


@pytest.mark.parametrize("tile", [None, (64, 64)])
@pytest.mark.parametrize("n", [2, 3, 5])
def test_planes_of_an_ome_tiff_are_rgb(tmp_path, tile, n):
    planes = np.stack([np.full((96, 128), 40 * k, np.uint8) for k in range(1, n + 1)])
    slide = Slide.open(ome(tmp_path / "a.ome.tif", planes, "CYX", tile))
    assert slide.read((5, 5, 1, 1)).ravel().tolist() == [40, 80, 120 if n > 2 else 0]
    assert slide.note == ("planes 1 to 3 of 5 are taken as RGB" if n == 5 else "")


def test_planes_of_a_stack_are_those_of_its_first_layer(tmp_path):
    stack = np.arange(6, dtype=np.uint8).reshape(2, 3, 1, 1) * np.ones((1, 1, 64, 80), np.uint8)
    slide = Slide.open(ome(tmp_path / "a.ome.tif", stack, "ZCYX"))
    assert slide.size == (80, 64)
    assert slide.read((5, 5, 1, 1)).ravel().tolist() == [0, 1, 2]


@pytest.mark.parametrize(("unit", "per_mm"), [("CENTIMETER", 10), ("INCH", 25.4)])
def test_resolutions_in_cm_and_inch(tmp_path, unit, per_mm):
    path = tmp_path / "a.tif"
    resolution = (per_mm * 2000, per_mm * 2000)
    tifffile.imwrite(path, stained(160, 128), tile=(64, 64), photometric="rgb",
                     resolution=resolution, resolutionunit=unit)  # fmt: skip
    assert Slide.open(path).mpp == pytest.approx(0.5)


def test_pixels_that_are_no_squares_are_refused_unless_a_scale_is_given(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stained(160, 128), tile=(64, 64), photometric="rgb",
                     resolution=(20_000, 40_000), resolutionunit="CENTIMETER")  # fmt: skip
    with pytest.raises(PodiumError, match=r"no squares: 0\.5 by 0\.25 micrometres\nremedy"):
        Slide.open(path)
    assert Slide.open(path, 0.5).mpp == 0.5
