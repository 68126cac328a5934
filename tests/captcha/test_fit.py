import numpy as np
import pytest

from house import ROOT
from podium.captcha.fit import PictureFit, chosen_fit, paper_of
from podium.core.params import load_params

RAW = load_params(ROOT / "params.yaml").captcha.text.raw


def page(w: int, h: int, paper: int = 200) -> np.ndarray:
    pixels = np.full((h, w, 3), paper, np.uint8)
    pixels[h // 4 : -(h // 4) or None, w // 4 : -(w // 4) or None] = 10
    return pixels


def test_a_picture_of_that_size_stays() -> None:
    pixels = page(50, 20)
    assert PictureFit((50, 20))(pixels) is pixels


@pytest.mark.parametrize("size", [(25, 10), (300, 5), (5, 300), (1, 1), (2000, 16), (100, 20)])
@pytest.mark.parametrize("mode", ["pad", "stretch"])
def test_any_size_becomes_that_of_the_reader(mode: str, size: tuple[int, int]) -> None:
    assert PictureFit((100, 40), mode)(page(*size)).shape == (40, 100, 3)


def test_padding_is_paper_and_keeps_the_shape() -> None:
    found = PictureFit((100, 40))(page(40, 40))
    assert (found[:, :30] == 200).all()
    assert (found[:, 70:] == 200).all()
    np.testing.assert_array_equal(found[:, 30:70], page(40, 40))
    stretched = PictureFit((100, 40), "stretch")(page(40, 40))
    assert (stretched[20, 30:70] == 10).all()


def test_paper_is_the_colour_of_the_edge() -> None:
    assert paper_of(page(9, 9, 77)).tolist() == [77, 77, 77]


@pytest.mark.parametrize(
    ("sizes", "fit"),
    [
        ([(160, 60)] * 9, PictureFit((160, 60))),
        ([(100, 12)] * 9, PictureFit((267, 32))),
        ([(100, 40), (120, 50), (205, 80)], PictureFit((125, 50), "stretch")),
        ([(40, 40), (80, 40), (160, 40)], PictureFit((160, 40))),
        ([(100, 200), (400, 400)], PictureFit((64, 64))),
        ([(100, 40)] * 12 + [(50, 40)] * 6 + [(4000, 20)], PictureFit((200, 40))),
        ([(3000, 40), (100, 40)], PictureFit((1024, 40))),
        ([(3000, 900)] * 9, PictureFit((213, 64))),
        ([(3000, 900)] * 9 + [(2990, 900)], PictureFit((213, 64), "stretch")),
        ([(10, 20)] * 9, PictureFit((12, 24))),
    ],
)
def test_the_data_choose(sizes: list[tuple[int, int]], fit: PictureFit) -> None:
    assert chosen_fit(sizes, ["ab"] * len(sizes), RAW) == fit


def test_long_texts_get_room() -> None:
    assert chosen_fit([(20, 20), (40, 20)], ["aab" * 9, "a"], RAW).size == (8 * 37, 32)


def test_a_person_chooses() -> None:
    mine = RAW.model_copy(update={"fit": "stretch", "width": 96, "height": 24})
    for sizes in ([(40, 40), (80, 40)], [(160, 60)] * 3):
        assert chosen_fit(sizes, ["ab"] * len(sizes), mine) == PictureFit((96, 24), "stretch")
