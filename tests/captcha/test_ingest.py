import hashlib
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from house import ROOT
from podium.captcha.charset import Charset
from podium.captcha.dataset import Captchas, Facts, read_captchas, read_facts, read_texts
from podium.captcha.equations.answers import answer
from podium.captcha.generator import PART, generate, render
from podium.captcha.ingest import standin_splits, write_drawn_captchas, write_raw_captchas
from podium.captcha.source import read_train
from podium.captcha.tasks import task_from
from podium.core.errors import PodiumError, SettingsError
from podium.core.params import Params, load_params


def params_with(**changes: object) -> Params:
    """The project's settings but for small texts, whose glyphs are soon cut, and `changes`."""
    params = load_params(ROOT / "params.yaml")
    small = {"width": 120, "height": 64, "alphabet": "XY7", "length": 3}
    captcha = params.captcha.model_copy(
        update={"text": params.captcha.text.model_copy(update=small)}
    )
    generate = params.generate_captcha.model_copy(update=changes)
    return params.model_copy(update={"generate_captcha": generate, "captcha": captcha})


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- drawn

SIZES = {"n_train": PART + 5, "n_validation": 3, "n_test": 2}
SEEDS = {"seed_train": 70, "seed_validation": 5, "seed_test": 6}
TASK = task_from("text", params_with().captcha)


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("captcha") / "text.h5"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(path.parent / "scratch"))
        words = write_drawn_captchas(path, "text", params_with(**SIZES, **SEEDS), 0)
    assert words == f"{PART + 10} pictures drawn"
    return path


@pytest.mark.parametrize(
    ("name", "seed", "n"), [("train", 70, PART + 5), ("validation", 5, 3), ("test", 6, 2)]
)
def test_each_split_is_a_seed_counted_from_zero(
    standin: Path, name: str, seed: int, n: int
) -> None:
    found = read_captchas(standin, name)
    assert found.ids == [str(number) for number in range(n)]
    assert found.pixels.shape == (n, 64, 120, 3)
    for index in {0, min(PART, n - 1), n - 1}:
        pixels, text = render(TASK, seed, index)
        assert found.texts[index] == text
        np.testing.assert_array_equal(found.pixels[index], pixels)


def test_the_standin_says_how_it_was_drawn(standin: Path) -> None:
    text = {"source": "standin", "width": 120, "height": 64, "alphabet": "XY7", "length": 3}
    assert read_facts(standin) == Facts((120, 64), Charset("XY7"), {"task": "text", **text})


def test_processes_do_not_change_a_byte(standin: Path, tmp_path: Path) -> None:
    again = tmp_path / "two.h5"
    write_drawn_captchas(again, "text", params_with(**SIZES, **SEEDS), 2)
    assert sha256(again) == sha256(standin)


def test_arithmetic_is_drawn_too(tmp_path: Path) -> None:
    path = tmp_path / "arithmetic.h5"
    write_drawn_captchas(path, "arithmetic", params_with(**{**SIZES, "n_train": 3}, **SEEDS), 0)
    drawn = params_with().captcha.arithmetic.model_dump(exclude={"raw"})
    provenance = {"task": "arithmetic", **drawn}
    assert read_facts(path) == Facts((180, 60), Charset("0123456789+-*()"), provenance)
    found = read_captchas(path, "train")
    for index in range(3):
        pixels, text = render(task_from("arithmetic", params_with().captcha), 70, index)
        assert found.texts[index] == text
        np.testing.assert_array_equal(found.pixels[index], pixels)


@pytest.mark.parametrize("seeds", [(1, 1, 2), (1, 2, 1), (2, 1, 1), (5, 5, 5)])
def test_seeds_must_differ(tmp_path: Path, seeds: tuple[int, int, int]) -> None:
    names = ("seed_train", "seed_validation", "seed_test")
    params = params_with(**dict(zip(names, seeds, strict=True)))
    with pytest.raises(
        SettingsError, match=r"have the seeds \(.*\), two are equal\nremedy: "
    ) as caught:
        write_drawn_captchas(tmp_path / "text.h5", "text", params, 0)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "text.h5").exists()


def test_splits_carry_their_seeds() -> None:
    settings = params_with(n_train=3, n_validation=2, n_test=1, seed_train=8).generate_captcha
    found = [(one.name, one.ids, one.seed) for one in standin_splits(settings)]
    assert found == [
        ("train", ["0", "1", "2"], 8),
        ("validation", ["0", "1"], settings.seed_validation),
        ("test", ["0"], settings.seed_test),
    ]


def test_an_unknown_task(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'voice' is unknown"):
        write_drawn_captchas(tmp_path / "x.h5", "voice", params_with(), 0)


@pytest.mark.parametrize(
    ("start", "stop", "sizes"),
    [
        (0, PART, [PART]),
        (0, PART + 1, [PART, 1]),
        (PART - 3, PART + 2, [3, 2]),
        (PART, PART + 4, [4]),
        (130, 140, [10]),
        (PART + 7, PART + 8, [1]),
        (9, 9, []),
        (9, 3, []),
    ],
)
def test_a_stream_from_anywhere(start: int, stop: int, sizes: list[int]) -> None:
    parts = list(generate(TASK, 4, start, stop, 0))
    assert [len(texts) for _, texts in parts] == sizes
    assert [pixels.shape for pixels, _ in parts] == [(n, 64, 120, 3) for n in sizes]
    pictures = [both for pixels, texts in parts for both in zip(pixels, texts, strict=True)]
    for place in {0, len(pictures) // 2, len(pictures) - 1} if pictures else ():
        pixels, text = render(TASK, 4, start + place)
        assert pictures[place][1] == text
        np.testing.assert_array_equal(pictures[place][0], pixels)


# ---- dropped in

COLOURS = np.random.default_rng(3).integers(0, 256, (20, 16, 24, 3)).astype(np.uint8)


def drop(path: Path, number: int = 0, mode: str = "RGB", size: tuple[int, int] = (24, 16)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(COLOURS[number]).resize(size).convert(mode).save(path)


def drop_train(folder: Path, n: int = 10) -> None:
    for number in range(n):
        drop(folder / f"train/{'ABC'[number % 3]}{number}_{number}.png", number)


def without_cnn(params: Params) -> Params:
    """`params` without readers of one length, and none of them votes."""
    readers = {k: v for k, v in params.train_captcha_reader.items() if v.model != "cnn"}
    text = params.blend["captcha-text"].model_copy(update={"readers": ["text-crnn"]})
    blend = params.blend | {"captcha-text": text}
    return params.model_copy(update={"train_captcha_reader": readers, "blend": blend})


def take(tmp_path: Path, task: str = "text", **changes: object) -> tuple[str, Path]:
    out = tmp_path / f"{task}.h5"
    return write_raw_captchas(
        out, out.with_suffix(".csv"), tmp_path / "raw", task, without_cnn(params_with(**changes))
    ), out


def all_labelled(path: Path) -> Captchas:
    learn, keep = (read_captchas(path, name) for name in ("train", "validation"))
    pixels = np.concatenate([learn.pixels, keep.pixels])
    return Captchas(pixels, learn.texts + keep.texts, learn.ids + keep.ids)


def test_what_was_found_is_said(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw")
    drop(tmp_path / "raw/test/x.png", 15)
    words, path = take(tmp_path, validation_share=0.3)
    assert words == (
        "found 10 labelled pictures of 24x16 px, texts of 2 characters out of 13: 0123456789ABC\n"
        "7 to learn from, 3 for validation, 1 in test"
    )
    provenance = {"task": "text", "source": "raw", "validation_share": 0.3, "fit": "pad"}
    assert read_facts(path) == Facts((24, 16), Charset("0123456789ABC"), provenance)


def test_texts_of_several_lengths_are_said(tmp_path: Path) -> None:
    for number, name in enumerate(("b_0.png", "a不b_1.png", "bb_2.png")):
        drop(tmp_path / "raw/train" / name, number)
    assert "texts of 1 to 3 characters out of 3: ab不\n" in take(tmp_path)[0]


def test_pixels_texts_and_ids_stay_together(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw")
    found = all_labelled(take(tmp_path)[1])
    assert len(found.ids) == 10
    for pixels, text, name in zip(found.pixels, found.texts, found.ids, strict=True):
        number = int(name.split("_")[1])
        assert text == f"{'ABC'[number % 3]}{number}"
        np.testing.assert_array_equal(pixels, COLOURS[number])


def test_grey_and_colour_together(tmp_path: Path) -> None:
    drop(tmp_path / "raw/train/a_0.png", 0)
    drop(tmp_path / "raw/train/b_1.png", 1, "L")
    found = all_labelled(take(tmp_path)[1])
    by_text = dict(zip(found.texts, found.pixels, strict=True))
    np.testing.assert_array_equal(by_text["a"], COLOURS[0])
    grey = np.asarray(Image.fromarray(COLOURS[1]).convert("L"))
    np.testing.assert_array_equal(by_text["b"], np.repeat(grey[:, :, None], 3, axis=2))


def test_all_pictures_grey(tmp_path: Path) -> None:
    for number in range(3):
        drop(tmp_path / f"raw/train/a_{number}.png", number, "L")
    assert all_labelled(take(tmp_path)[1]).pixels.shape == (3, 16, 24, 3)


def test_the_share_and_the_seed_of_validation(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw")
    kept = {}
    for share, seed in ((0.3, 2), (0.3, 5), (0.5, 2), (0.01, 2), (0.99, 2)):
        path = take(tmp_path, validation_share=share, seed_validation=seed)[1]
        learn, kept[share, seed] = read_texts(path, "train")[0], read_texts(path, "validation")[0]
        assert sorted(learn + kept[share, seed]) == sorted(all_labelled(path).ids)
        assert len(set(learn + kept[share, seed])) == 10
    assert [len(one) for one in kept.values()] == [3, 3, 5, 1, 9]
    assert kept[0.3, 2] != kept[0.3, 5]
    again = take(tmp_path, validation_share=0.3, seed_validation=2)[1]
    assert read_texts(again, "validation")[0] == kept[0.3, 2]


def test_the_same_folder_is_the_same_bytes(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw")
    first = sha256(take(tmp_path)[1])
    assert sha256(take(tmp_path)[1]) == first


def test_the_samples_order_is_that_of_the_test_split(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw", 3)
    for number in (1, 2, 10):
        drop(tmp_path / f"raw/test/{number}.png", number)
    assert read_texts(take(tmp_path)[1], "test") == (["1", "2", "10"], ["", "", ""])
    (tmp_path / "raw/sample_submission.csv").write_text("id,text\n10,\n1,\n2,\n")
    found = read_captchas(take(tmp_path)[1], "test")
    assert (found.ids, found.texts) == (["10", "1", "2"], ["", "", ""])
    np.testing.assert_array_equal(found.pixels, COLOURS[[10, 1, 2]])
    (tmp_path / "raw/test_labels.csv").write_text("id,text\n1,one\n2,two\n10,ten\n")
    found = read_captchas(take(tmp_path)[1], "test")
    assert (found.ids, found.texts) == (["10", "1", "2"], ["ten", "one", "two"])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("sample_submission.csv", "id,text\n1,\n", "1 ids are missing, namely 2"),
        ("sample_submission.csv", "id,label\n1,\n2,\n", "column text is missing"),
        ("test_labels.csv", "id,text\n1,a\n", "1 ids are missing, namely 2"),
        ("test_labels.csv", "id,text\n1,a\n2,b\n3,c\n", "1 ids are unknown, namely 3"),
        ("test_labels.csv", "id,text\n1,a\n1,b\n2,c\n", "1 ids occur more than once, namely 1"),
    ],
)
def test_test_files_of_other_pictures(tmp_path: Path, name: str, content: str, reason: str) -> None:
    drop_train(tmp_path / "raw", 3)
    for number in (1, 2):
        drop(tmp_path / f"raw/test/{number}.png", number)
    (tmp_path / "raw" / name).write_text(content)
    with pytest.raises(PodiumError, match=re.escape(f"{name}: {reason}")):
        take(tmp_path)
    assert not (tmp_path / "text.h5").exists()


def test_arithmetic_dropped_in(tmp_path: Path) -> None:
    for number in range(3):
        drop(tmp_path / f"raw/train/{number}.png", number, size=(64, 16))
    (tmp_path / "raw/train/labels.txt").write_text("(3-7)+5 1\n5-6+2 1\n(6+7)*2 26\n")
    drop(tmp_path / "raw/test/0.png", 4, size=(64, 16))
    (tmp_path / "raw/sample_submission.csv").write_text("id,expression,value\n0,1+1+1,3\n")
    (tmp_path / "raw/test_labels.csv").write_text("id,text\n0,7+3*0 7\n")
    words, path = take(tmp_path, "arithmetic")
    assert "texts of 5 to 7 characters out of 10: ()*+-23567\n" in words
    assert "WARNING: no train text has 01489: readers will never read these" in words
    assert read_facts(path).charset == Charset("()*+-23567")
    assert sorted(all_labelled(path).texts) == ["(3-7)+5", "(6+7)*2", "5-6+2"]
    assert read_texts(path, "test") == (["0"], ["7+3*0"])


def test_no_test_folder(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw", 3)
    words, path = take(tmp_path)
    assert words.endswith("2 to learn from, 1 for validation, 0 in test")
    assert read_texts(path, "test") == ([], [])


def test_pictures_of_many_sizes_are_fitted(tmp_path: Path) -> None:
    for number in range(6):
        drop(tmp_path / f"raw/train/a{number}_{number}.png", number, size=(60 + 30 * number, 40))
    drop(tmp_path / "raw/test/x.png", 7, size=(300, 9))
    words, path = take(tmp_path, validation_share=0.25)
    assert "of 60x40 to 210x40 px, scaled and padded to 210x40 px" in words
    pixels = all_labelled(path).pixels
    assert pixels.shape == (6, 40, 210, 3)
    assert read_captchas(path, "test").pixels.shape == (1, 40, 210, 3)
    assert read_facts(path).provenance["fit"] == "pad"


def test_a_test_picture_of_another_size(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw", 3)
    drop(tmp_path / "raw/test/x.png", size=(48, 32))
    words, path = take(tmp_path)
    assert "24x16 to 48x32 px, scaled and padded to 24x16 px" in words
    halved = Image.fromarray(COLOURS[0]).resize((48, 32)).resize((24, 16), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(read_captchas(path, "test").pixels[0], np.asarray(halved))


def test_an_unusual_rule_of_names_is_said(tmp_path: Path) -> None:
    for number, text in enumerate(("AB", "CD", "EF", "GH")):
        drop(tmp_path / f"raw/train/img{number}_{text}.png", number)
    words, path = take(tmp_path)
    assert "texts: after the last _ (4)" in words
    assert sorted(all_labelled(path).texts) == ["AB", "CD", "EF", "GH"]


def test_low_pictures_are_enlarged(tmp_path: Path) -> None:
    for number in range(3):
        drop(tmp_path / f"raw/train/a{number}_{number}.png", number, size=(40, 10))
    assert "40x10 px, scaled and padded to 128x32 px" in take(tmp_path)[0]


def test_one_case(tmp_path: Path) -> None:
    for number, text in enumerate(("Ab", "AB", "aB", "CC")):
        drop(tmp_path / f"raw/train/{text}_{number}.png", number)
    drop(tmp_path / "raw/test/x.png", 9)
    (tmp_path / "raw/test_labels.csv").write_text("id,text\nx,cC\n")
    params = without_cnn(params_with())
    raw = params.captcha.text.raw.model_copy(update={"ignore_case": True})
    text = params.captcha.text.model_copy(update={"raw": raw})
    captcha = params.captcha.model_copy(update={"text": text})
    path = tmp_path / "text.h5"
    params = params.model_copy(update={"captcha": captcha})
    write_raw_captchas(path, tmp_path / "q.csv", tmp_path / "raw", "text", params)
    assert sorted(all_labelled(path).texts) == ["AB", "AB", "AB", "CC"]
    assert read_texts(path, "test")[1] == ["CC"]


@pytest.mark.parametrize("number", [0, 1])
def test_unreadable_pictures(tmp_path: Path, number: int) -> None:
    """One in three is left out and told; more than half are refused."""
    drop_train(tmp_path / "raw", 3)
    for broken in [tmp_path / f"raw/train/{'AB'[k]}{k}_{k}.png" for k in (number, 1 - number)]:
        words, path = take(tmp_path)
        broken.write_bytes(broken.read_bytes()[:60])
    assert "quarantined: 1 x damaged, e.g. train/" in words
    assert len(all_labelled(path).ids) == 2
    path.unlink()
    with pytest.raises(PodiumError, match=r"A0_0\.png: damaged.*\nremedy: replace or remove"):
        take(tmp_path)
    assert not (tmp_path / "text.h5").exists()


def test_a_picture_over_the_limit(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw", 3)
    with pytest.raises(
        PodiumError, match=r"\.png: too large: 24x16 px is over the limit of 0.00038 megapixels"
    ):
        take(tmp_path, max_megapixels=3.8e-4)


def test_one_picture_is_not_enough(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw", 1)
    where = re.escape(str(tmp_path / "raw"))
    with pytest.raises(PodiumError, match=f"{where}.*needs two labelled pictures at least"):
        take(tmp_path)


def test_copies_are_told(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw")
    for name in ("train/A0_99.png", "train/XY_77.png", "test/x.png"):
        drop(tmp_path / "raw" / name, 0)
    words, _ = take(tmp_path)
    told = "WARNING: 1 train pictures are copies of others under another text and are "
    assert told in words
    assert "left out, e.g. XY_77 (XY): A0_0 says A0\n" in words.replace(told, "")
    table = pd.read_csv(tmp_path / "text.csv", dtype=str, keep_default_na=False)
    assert table["path"].tolist() == ["train/XY_77.png"]
    assert "1 train pictures are copies of others, and share their side of the split" in words
    assert "WARNING: 1 pictures are in train and in test" in words


def test_a_sample_without_test_pictures_is_told(tmp_path: Path) -> None:
    drop_train(tmp_path / "raw", 3)
    (tmp_path / "raw/sample_submission.csv").write_text("id,text\n1,\n")
    assert "sample_submission.csv is there, but no picture in test/: nothing" in take(tmp_path)[0]


def test_values_that_the_competition_computed_in_floats(tmp_path: Path) -> None:
    texts = ("流=94490;流*(87027*28841)/3", "君=3;君*100000*99999*99999*99999*77777/7")
    for number in range(2):
        drop(tmp_path / f"train/{number}.png", number)
    values = [float(answer(text)) for text in texts]
    assert abs(Fraction(values[1]) - answer(texts[1])) > 1
    lines = [f"{text} {value:.2f}" for text, value in zip(texts, values, strict=True)]
    (tmp_path / "labels.txt").write_text("\n".join(lines))
    assert read_train(tmp_path, "equations").texts == list(texts)
    (tmp_path / "labels.txt").write_text(f"{lines[0]}\n{texts[1]} {values[1] * (1 + 1e-13):.2f}")
    with pytest.raises(PodiumError, match=r"picture 1: it comes to \d+\nremedy"):
        read_train(tmp_path, "equations")
