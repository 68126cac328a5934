"""The decoder: pixels by hand, every format, and what is refused."""

import errno
import re
import struct
import threading
import time
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from conftest import encoded
from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.picture_decoder import (
    FORMATS,
    UnreadableImage,
    decode,
    format_of,
    resize,
)

LOSSLESS = {
    "PNG": {}, "BMP": {}, "WEBP": {"lossless": True}, "TIFF": {}, "JPEG2000": {}, "PPM": {},
}  # fmt: skip


def pixels(data, max_megapixels=1.0):
    image = decode(data, max_megapixels)
    assert image.mode == "RGB"
    return np.asarray(image)


def grey(values, mode=None):
    return Image.fromarray(np.array(values, dtype=np.uint8), mode)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats_give_the_very_pixels(kind, rng):
    wanted = rng.integers(0, 256, (7, 11, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(wanted), kind, **LOSSLESS[kind])
    np.testing.assert_array_equal(pixels(data), wanted)


LOSSY = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "AVIF": {"quality": 95, "subsampling": "4:4:4"},
    "GIF": {},
}


@pytest.mark.parametrize("kind", LOSSY)
def test_lossy_formats_give_nearly_the_pixels(kind):
    wanted = np.zeros((16, 32, 3), dtype=np.uint8)
    wanted[:, :16], wanted[:, 16:] = (200, 30, 90), (10, 220, 120)
    found = pixels(encoded(Image.fromarray(wanted), kind, **LOSSY[kind]))
    np.testing.assert_allclose(found.astype(int), wanted, atol=4)


def test_every_format_of_the_policy_is_tried_above():
    assert {*LOSSY, *LOSSLESS} == set(FORMATS)


@pytest.mark.parametrize("kind", ["GIF", "TIFF"])
def test_the_first_of_several_pictures_in_a_file_counts(kind):
    frames = [grey(np.full((4, 4), level)) for level in (40, 200)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(pixels(data), np.full((4, 4, 3), 40))


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind not in ("BMP", "PPM")])
def test_the_first_bytes_say_the_format(kind):
    assert format_of(encoded(grey([[1, 2], [3, 4]]).convert("RGB"), kind)[:32]) == kind


def test_text_has_no_format():
    assert format_of(b"id,label\n1,cat\n") == format_of(b"") == ""


@pytest.mark.parametrize("values", [[[0.0, 1.0]], [[0.0, 255.0]]])
def test_floating_point_pixels_are_refused_for_want_of_a_white(values):
    with pytest.raises(UnreadableImage, match=r"^floating-point pixels are not read"):
        decode(encoded(Image.fromarray(np.array(values, np.float32)), "TIFF"), 1)


def test_pixels_of_32_bits_are_refused_not_clipped():
    wide = Image.fromarray(np.array([[0, 70_000]], np.int32))
    with pytest.raises(UnreadableImage, match=r"^pixels of more than 16 bits are not read"):
        decode(encoded(wide, "TIFF"), 1)


class Failing:
    def __init__(self, error):
        self.error = error

    def __call__(self, *_args, **_options):
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), EnvironmentFault),
        (OSError(errno.EIO, "Input/output error"), OSError),
        (OSError(errno.EMFILE, "Too many open files"), OSError),
    ],
)
def test_a_fault_of_the_machine_is_not_the_pictures(monkeypatch, error, kind):
    monkeypatch.setattr(Image.Image, "convert", Failing(error))
    with pytest.raises(kind) as caught:
        decode(encoded(grey([[1, 2]]), "PNG"), 1)
    assert not isinstance(caught.value, UnreadableImage)


# ---- EXIF


# what the camera stored, and what stands upright, by hand (EXIF 2.32, tag 0x0112)
STORED = [[10, 20, 30], [40, 50, 60]]
UPRIGHT = {
    1: [[10, 20, 30], [40, 50, 60]],
    2: [[30, 20, 10], [60, 50, 40]],  # in_scope
    3: [[60, 50, 40], [30, 20, 10]],  # upside down
    6: [[40, 10], [50, 20], [60, 30]],  # row 0 is the right edge: turn clockwise
    8: [[30, 60], [20, 50], [10, 40]],  # row 0 is the left edge: turn back
}


def oriented(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


@pytest.mark.parametrize("number", UPRIGHT)
def test_exif_orientation_turns_the_picture_upright(number):
    found = pixels(encoded(grey(STORED), "PNG", exif=oriented(number)))
    np.testing.assert_array_equal(found[:, :, 0], UPRIGHT[number])


def test_exif_orientation_6_of_a_jpeg():
    blocks = np.kron(np.array(STORED), np.ones((16, 16)))
    data = encoded(grey(blocks), "JPEG", quality=95, exif=oriented(6))
    found = pixels(data)
    assert found.shape == (48, 32, 3)
    np.testing.assert_allclose(found[8::16, 8::16, 0].astype(int), UPRIGHT[6], atol=3)


# ---- colour


def test_grey_becomes_three_equal_channels():
    found = pixels(encoded(grey([[0, 7], [200, 255]]), "PNG"))
    np.testing.assert_array_equal(found, np.array([[0, 7], [200, 255]])[:, :, None].repeat(3, 2))


def test_one_bit_becomes_black_and_white():
    image = grey([[0, 255, 255]]).convert("1")
    np.testing.assert_array_equal(pixels(encoded(image, "PNG"))[0, :, 0], [0, 255, 255])


def test_16_bit_grey_is_scaled_not_clipped():
    # 65535 / 257 = 255; 257 * 7 / 257 = 7; 128 / 257 = 0.498 -> 0; 129 / 257 = 0.502 -> 1
    values = np.array([[65535, 257 * 7, 0, 128, 129, 257 * 200]], dtype=np.uint16)
    found = pixels(encoded(Image.fromarray(values), "PNG"))
    np.testing.assert_array_equal(found[0, :, 0], [255, 7, 0, 0, 1, 200])
    np.testing.assert_array_equal(found[..., 0], found[..., 2])


def test_cmyk_jpeg():
    # no cyan, all magenta and yellow: red; nothing at all: white
    cmyk = np.zeros((16, 32, 4), dtype=np.uint8)
    cmyk[:, :16] = (0, 255, 255, 0)
    found = pixels(encoded(Image.fromarray(cmyk, "CMYK"), "JPEG", quality=95, subsampling=0))
    np.testing.assert_allclose(
        found[8, [8, 24]].astype(int), [(255, 0, 0), (255, 255, 255)], atol=4
    )


def test_rgba_is_laid_over_white():
    # alpha 51 = 1/5: 255 * 4/5 + (200, 100, 0) / 5 = (244, 224, 204); alpha 0: white; 255: itself
    rgba = np.array([[(200, 100, 0, 51), (9, 9, 9, 0), (1, 2, 3, 255)]], dtype=np.uint8)
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True})):
        found = pixels(encoded(Image.fromarray(rgba), kind, **options))
        np.testing.assert_array_equal(found[0], [(244, 224, 204), (255, 255, 255), (1, 2, 3)])


def test_grey_with_alpha_is_laid_over_white():
    image = Image.fromarray(np.array([[(0, 51), (77, 0), (77, 255)]], dtype=np.uint8), "LA")
    np.testing.assert_array_equal(pixels(encoded(image, "PNG"))[0, :, 1], [204, 255, 77])


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"])
def test_a_transparent_palette_colour_is_white(transparency):
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    data = encoded(image, "PNG", transparency=transparency)
    np.testing.assert_array_equal(pixels(data)[0], [(10, 20, 30), (255, 255, 255)])


def test_a_palette_without_transparency():
    image = Image.fromarray(np.array([[1, 0]], dtype=np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    np.testing.assert_array_equal(pixels(encoded(image, "PNG"))[0], [(40, 50, 60), (10, 20, 30)])


def test_a_transparent_rgb_colour_is_white():
    image = Image.fromarray(np.array([[(255, 0, 0), (0, 255, 0)]], dtype=np.uint8))
    data = encoded(image, "PNG", transparency=(255, 0, 0))
    np.testing.assert_array_equal(pixels(data)[0], [(255, 255, 255), (0, 255, 0)])


# ---- what is refused


@pytest.mark.parametrize("height", [1, 255, 256, 257, 600])
def test_bands_of_rows_give_what_the_whole_would(height, rng):
    pixels = rng.integers(0, 256, (height, 5, 4), dtype=np.uint8)
    white = Image.new("RGBA", (5, height), "white")
    whole = Image.alpha_composite(white, Image.fromarray(pixels)).convert("RGB")
    assert decode(encoded(Image.fromarray(pixels), "PNG"), 89).tobytes() == whole.tobytes()
    deep = rng.integers(0, 65536, (height, 5), dtype=np.uint16)
    scaled = np.rint(deep / 257).astype(np.uint8)[..., None].repeat(3, axis=2)
    np.testing.assert_array_equal(
        np.asarray(decode(encoded(Image.fromarray(deep), "PNG"), 89)), scaled
    )


def progressive_jpeg(n_scans):
    """A small progressive JPEG whose last scan is there again and again."""
    data = encoded(Image.new("L", (16, 16), 128), progressive=True)
    last = data.rindex(b"\xff\xda")
    more = n_scans - data.count(b"\xff\xda")
    return data[:-2] + data[last:-2] * more + data[-2:]


def test_a_jpeg_of_very_many_scans_is_refused_before_its_pixels_are_decoded():
    assert decode(progressive_jpeg(100), 89).size == (16, 16)
    with pytest.raises(UnreadableImage, match=r"^a JPEG of 101 scans, over the limit of 100: save"):
        decode(progressive_jpeg(101), 89)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_half_a_picture_is_refused(kind, share, rng):
    whole = encoded(Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)), kind)
    with pytest.raises(UnreadableImage, match=r"^(damaged: .|not a JPEG)"):
        decode(whole[: int(len(whole) * share)], 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"not a picture\n" * 100, r"^not a JPEG, PNG, .* picture$"),
        (b"<html>", r"^not a JPEG, PNG, .* picture$"),
        (b"\x00", r"^not a JPEG, PNG, .* picture$"),
        (b"\xff\xd8\xff", r"^damaged: its beginning says JPEG"),
        (b"\0\0\0\x18ftypheic" + bytes(40), r"^HEIC is not read: convert it to PNG or JPEG$"),
    ],
)
def test_other_files_are_refused(data, says):
    with pytest.raises(UnreadableImage, match=says):
        decode(data, 1)


def test_an_empty_file_is_refused():
    with pytest.raises(UnreadableImage, match=r"^empty file$"):
        decode(b"", 1)


@pytest.mark.parametrize("kind", ["ICO", "TGA"])
def test_formats_outside_the_policy_are_refused(kind):
    with pytest.raises(UnreadableImage, match=r"^not a JPEG, PNG, .* picture$"):
        decode(encoded(grey([[1, 2]]), kind), 1)


def test_unreadable_is_the_datas_fault():
    assert issubclass(UnreadableImage, PodiumError)
    assert UnreadableImage.exit_code == 1


def png_header(width, height):
    """A PNG that ends after the header, which is all a size check may need."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    # one IDAT chunk of no bytes, so that a decoder would start
    empty = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    return head + struct.pack(">I", zlib.crc32(chunk)) + empty


def test_a_huge_picture_is_refused_from_its_header():
    start = time.monotonic()
    with pytest.raises(
        UnreadableImage, match=r"^too large: 30000x30000 px is over the limit of 89 megapix"
    ):
        decode(png_header(30000, 30000), 89)
    with pytest.raises(
        UnreadableImage, match=r"^too large: 5000x2001 px is over the limit of 10 megapixels$"
    ):
        decode(png_header(5000, 2001), 10)
    assert time.monotonic() - start < 10
    with pytest.raises(UnreadableImage, match=r"^damaged"):  # the size is not what is wrong
        decode(png_header(5000, 2000), 10)


def test_the_limit_is_ours_not_pillows():
    with pytest.raises(UnreadableImage, match=r"^damaged"):  # 180 MP, above Pillow's own 179
        decode(png_header(180_000, 1000), 180)


def test_the_limit_itself_is_allowed():
    data = encoded(Image.new("RGB", (100, 50)), "PNG")
    assert decode(data, 0.005).size == (100, 50)
    with pytest.raises(
        UnreadableImage, match=r"^too large: 100x50 px is over the limit of 0.0049 megapixels$"
    ):
        decode(data, 0.0049)


def test_threads_leave_the_warning_filters_alone(monkeypatch):
    # decode runs in a pool of threads; two overlap here: A in, B in, A out, B out
    data = encoded(grey([[1, 2]]), "PNG")
    b_is_in, a_is_out = threading.Event(), threading.Event()
    opened, before = Image.open, list(warnings.filters)

    def slow_open(*args, **kwargs):
        if threading.current_thread().name == "A":
            b_thread.start()
            assert b_is_in.wait(10)
        else:
            b_is_in.set()
            assert a_is_out.wait(10)
        return opened(*args, **kwargs)

    def run_a():
        decode(data, 1)
        a_is_out.set()

    monkeypatch.setattr(Image, "open", slow_open)
    a_thread = threading.Thread(target=run_a, name="A")
    b_thread = threading.Thread(target=decode, args=(data, 1), name="B")
    a_thread.start()
    a_thread.join(20)
    b_thread.join(20)
    after, warnings.filters[:] = list(warnings.filters), before
    assert after == before


# ---- resize


def test_resize_keeps_a_constant_colour_and_is_height_by_width():
    found = resize(Image.new("RGB", (37, 91), (12, 200, 77)), (20, 30))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.full((30, 20, 3), (12, 200, 77)))


def test_resize_squashes_whatever_the_aspect():
    image = np.zeros((4, 80, 3), dtype=np.uint8)
    image[:, 40:] = 255  # right half white
    found = resize(Image.fromarray(image), (8, 6))[:, :, 0]
    np.testing.assert_array_equal(found[:, [0, 1, 6, 7]], [[0, 0, 255, 255]] * 6)


def test_resize_to_its_own_size_changes_nothing(rng):
    image = rng.integers(0, 256, (5, 9, 3), dtype=np.uint8)
    np.testing.assert_array_equal(resize(Image.fromarray(image), (9, 5)), image)


def test_resize_averages_fine_stripes():
    # columns 0, 255, 0, 255, ... at a sixteenth: every pixel is near their mean of 127.5;
    # sampling without antialiasing would give 0 or 255
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), 64)[None, :, None].repeat(128, 0)
    found = resize(Image.fromarray(stripes.repeat(3, 2)), (8, 8)).astype(int)
    np.testing.assert_allclose(found, 127.5, atol=3)


def test_resize_is_bicubic():
    # one bright row of 5 enlarged 5 times; centre rows: (12.5 - 0.5) / 5 -> 2.0 from the edge of
    # row 2, i.e. its very centre: bicubic passes through the sample, 100
    rows = np.zeros((5, 5, 3), dtype=np.uint8)
    rows[2] = 100
    column = resize(Image.fromarray(rows), (25, 25))[:, 12, 0].astype(int)
    assert column[12] == 100
    # half a row off (distance 0.4): Keys' kernel with a = -0.5, 1.5 x^3 - 2.5 x^2 + 1 at 0.4
    # = 0.096 - 0.4 + 1 = 0.696 -> 70 (bilinear would be 60)
    assert column[10] == column[14] == 70


def test_messages_are_one_line():
    for data in (b"", b"text", png_header(30000, 30000), png_header(5000, 2001)):
        with pytest.raises(UnreadableImage) as caught:
            decode(data, 10)
        assert re.fullmatch(r"[^\n]+", str(caught.value))
