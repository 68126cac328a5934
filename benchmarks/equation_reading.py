"""Reading equations and training their reader: ours beside the book's way, in turns.

- ours: lines by a network, a strip of 768x64, our reader, decoding that searches where needed;
- book: lines by morphology, a strip of 900x80, its network by `model.predict`, greedy decoding.

Learning is a step of the reader that params.yaml describes, in either precision, and of the
book's network as it was trained: Keras' CTC, Adam, L2. Milliseconds are those of one picture,
seconds are by the clock, all figures medians over the rounds. Run it from the repository's root.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import cv2
import h5py
import numpy as np
from equation_lines import book_lines
from numpy.typing import NDArray

from podium.captcha import ctc, network
from podium.captcha.charset import Charset
from podium.captcha.ctc import padded_labels
from podium.captcha.dataset import CHUNK, SPLITS, Facts, Split, write_captchas
from podium.captcha.decoding import Decoder, rules_for
from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.render import render, render_strip
from podium.captcha.equations.scene import Box
from podium.captcha.equations.strips import SIZE, lay_out
from podium.captcha.reader import CaptchaReader, LogitPredictor
from podium.captcha.scoring import share
from podium.core import hardware
from podium.core.files import write_json
from podium.core.params import TrainCaptchaReader as Settings
from podium.core.params import load_params
from podium.models.losses import reader_loss
from podium.training.loop import Trainer
from podium.training.runtime import (
    GPUS,
    keras,
    set_up,
    tf,
)

SEED = 12  # no stage uses it
READER = "equations-crnn"
PRECISIONS = ("mixed_bfloat16", "float32")
BOOK_SIZE = (900, 80)  # (w, h) of the book's strip
BOOK_GAP = 2  # pixels between its lines
BOOK_L2 = 1e-5
ALL = 100_000  # pictures of the competition
CHARSET = Charset(Equations().alphabet)
Pixels = NDArray[np.uint8]
Steps = dict[str, Callable[[Any], Any]]  # name -> step; each takes the result of the one before
WithLines = list[tuple[Pixels, list[Box]]]  # pictures and the boxes of their lines
layers = keras.layers


def book_network() -> keras.Model:
    """The book's "346" as plain Keras layers, untrained: speed does not depend on weights."""
    l2 = keras.regularizers.L2(BOOK_L2)
    x = pixels = keras.Input((BOOK_SIZE[1], BOOK_SIZE[0], 3))
    for channels, n_layers in ((32, 3), (64, 4), (128, 6)):
        for _ in range(n_layers):
            x = layers.Conv2D(channels, 3, padding="same", kernel_regularizer=l2)(x)
            x = layers.BatchNormalization(beta_regularizer=l2, gamma_regularizer=l2)(x)
            x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.Dense(128, kernel_regularizer=l2, bias_regularizer=l2)(x)
    x = layers.BatchNormalization(beta_regularizer=l2, gamma_regularizer=l2)(x)
    x = layers.ReLU()(x)
    for mode in ("sum", "concat"):
        x = layers.Bidirectional(layers.GRU(128, return_sequences=True), merge_mode=mode)(x)
    n_classes = ctc.n_classes(CHARSET)
    x = layers.Dense(n_classes, kernel_regularizer=l2, bias_regularizer=l2)(x)  # softmax: in CTC
    model = keras.Model(pixels, x)
    assert 1_400_000 < model.count_params() < 1_700_000
    assert model.output_shape[1] == 112
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.CTC())
    return model


def book_strip(pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
    """Lines of a picture as they are, left to right on black (80, 900, 3); what juts out is cut."""
    out = np.zeros((BOOK_SIZE[1], BOOK_SIZE[0], 3), dtype=np.uint8)
    x = 0
    for x0, y0, x1, y1 in boxes:
        part = pixels[y0 : min(y1, y0 + BOOK_SIZE[1]), x0 : min(x1, x0 + BOOK_SIZE[0] - x)]
        out[: part.shape[0], x : x + part.shape[1]] = part
        x = min(x + part.shape[1] + BOOK_GAP, BOOK_SIZE[0])
    return out


def book_way(model: keras.Model) -> Steps:
    """From pictures to texts as a notebook does it."""

    def lines(pictures: Sequence[Pixels]) -> WithLines:
        return [(picture, book_lines(picture)) for picture in pictures]

    def strips(pairs: WithLines) -> Pixels:
        return np.stack([book_strip(picture, boxes) for picture, boxes in pairs])

    return {
        "finding": lines,
        "laying_out": strips,
        "network": lambda pixels: model.predict(pixels.astype(np.float32), verbose=0),
        "decoding": lambda logits: ctc.greedy(logits, CHARSET),
    }


def our_way(finder: LineFinder, logits: LogitPredictor, decode: Callable[[Any], Any]) -> Steps:
    """From pictures to texts as an artefact does it.

    Args:
        finder: finds the lines.
        logits: from strips to logits.
        decode: from logits to texts.
    """

    def lines(pictures: Sequence[Pixels]) -> WithLines:
        return [(picture, finder.find(picture)) for picture in pictures]

    def strips(pairs: WithLines) -> Pixels:
        return np.stack([lay_out(picture, boxes) for picture, boxes in pairs])

    return {"finding": lines, "laying_out": strips, "network": logits, "decoding": decode}


def trained(model: Path, lines: Path) -> Steps:
    """The way of the artefact at `model`, with the finder at `lines` if it brings none."""
    reader = CaptchaReader(model)
    return our_way(reader.finder or LineFinder.load(lines), reader.logits, reader.decoder.best)


def right_by(way: Steps, pictures: Sequence[Pixels], texts: Sequence[str]) -> dict[str, Any]:
    """The share of pictures whose whole text is read right.

    Args:
        way: from pictures to texts.
        pictures: RGB (H, W, 3) each.
        texts: the true ones.
    """
    value: Any = pictures
    for step in way.values():
        value = step(value)
    n_right = sum(answer.text == text for answer, text in zip(value, texts, strict=True))
    return share(n_right, len(texts))


def our_network(settings: Settings, precision: str) -> keras.Model:
    """An untrained reader of equations; its layers keep the precision."""
    keras.mixed_precision.set_global_policy(precision)
    n_classes, longest = ctc.n_classes(CHARSET), Equations().longest
    model = network.build("crnn", SIZE, n_classes, longest, settings.width, {}, settings.step)
    keras.mixed_precision.set_global_policy("float32")
    return model


def spelt(texts: Sequence[str], n_steps: int, unsure: float) -> NDArray[np.float32]:
    """LogitPredictor (N, T, C) that say `texts`, as if a trained reader had given them.

    Args:
        texts: in the characters of CHARSET.
        n_steps: T.
        unsure: share of the texts that are less likely than not, which a decoder searches for.
    """
    out = np.zeros((len(texts), n_steps, ctc.n_classes(CHARSET)), dtype=np.float32)
    out[:, :, ctc.BLANK] = 12
    for row, text in enumerate(texts):
        label = np.array(CHARSET.encode(text))
        at = np.linspace(0, n_steps - 1, len(label)).astype(int)
        out[row, at, ctc.BLANK] = 0
        out[row, at, label] = 12
        if row < unsure * len(texts):
            out[row, at[::8], label[::8] % len(CHARSET) + 1] = 12  # as likely as the right one
    return out


def seconds_of(steps: Steps, pictures: Sequence[Pixels]) -> dict[str, float]:
    """Seconds of each step; pictures are RGB (H, W, 3) each."""
    taken: dict[str, float] = {}
    value: Any = pictures
    for name, step in steps.items():
        start = time.perf_counter()
        value = step(value)
        taken[name] = time.perf_counter() - start
    return taken


def reading(ways: dict[str, Steps], pictures: Sequence[Pixels], n_rounds: int) -> dict[str, Any]:
    """Pictures per second of both ways, and milliseconds of each step for a picture.

    Args:
        ways: name -> steps, for ours and book.
        pictures: RGB (H, W, 3) each.
        n_rounds: how often each is timed.
    """
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for number in range(n_rounds + 1):
        for name, steps in ways.items():
            taken = seconds_of(steps, pictures)
            if number:  # graphs are traced in the first round
                rounds[name].append(taken)
    totals = {name: [sum(steps.values()) for steps in each] for name, each in rounds.items()}
    results: dict[str, Any] = {
        f"{name}_per_second": round(len(pictures) / median(each), 2)
        for name, each in totals.items()
    }
    results["times_book"] = ratio(totals["book"], totals["ours"])
    for name, each in rounds.items():
        medians = {step: median(seconds[step] for seconds in each) for step in ways[name]}
        results[f"{name}_ms"] = {
            step: round(1000 * seconds / len(pictures), 2) for step, seconds in medians.items()
        }
    return results


def ratio(many: Sequence[float], few: Sequence[float]) -> float:
    """The median over the rounds of one by the other."""
    return round(median(more / less for more, less in zip(many, few, strict=True)), 2)


def learning(
    settings: Settings, book: keras.Model, batches: tuple[int, int], n_rounds: int
) -> dict[str, Any]:
    """Strips per second of a training step: ours in either precision, and the book's.

    Args:
        settings: of our reader.
        book: its network, compiled.
        batches: strips in a batch of ours and of the book's.
        n_rounds: steps of each.
    """
    drawn = [render_strip(SEED, index) for index in range(max(batches))]
    pixels, labels = (
        np.stack([px for px, _ in drawn]),
        padded_labels([tx for _, tx in drawn], CHARSET),
    )
    mine = pixels[: batches[0]], labels[: batches[0]]
    theirs = np.zeros((batches[1], BOOK_SIZE[1], BOOK_SIZE[0], 3), dtype=np.float32)
    theirs[:, : SIZE[1], : SIZE[0]] = pixels[: batches[1]]
    ways: dict[str, tuple[int, Callable[[], object]]] = {}
    for precision in PRECISIONS:
        trainer = Trainer(our_network(settings, precision), settings, reader_loss("crnn"))
        step = lambda trainer=trainer: trainer.step(mine, 0, 1000)  # noqa: E731
        ways[f"ours_{precision}"] = batches[0], step
    ways["book"] = batches[1], lambda: book.train_on_batch(theirs, labels[: batches[1]])
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(n_rounds + 1):
        for name, (n, run) in ways.items():
            start = time.perf_counter()
            run()
            if number:
                taken[name].append((time.perf_counter() - start) / n)
    results: dict[str, Any] = {"batch": batches[0], "book_batch": batches[1]}
    results |= {f"{name}_per_second": round(1 / median(each), 2) for name, each in taken.items()}
    for precision in PRECISIONS:
        results[f"{precision}_times_book"] = ratio(taken["book"], taken[f"ours_{precision}"])
    return results


def disk(pictures: Sequence[Pixels]) -> dict[str, Any]:
    """Bytes of pictures (H, W, 3) and their strips, raw and as stored; GB of the whole set."""
    drawn = [render_strip(SEED, index) for index in range(CHUNK)]  # what a block of a file holds
    pixels, texts = np.stack([px for px, _ in drawn]), [tx for _, tx in drawn]
    splits = [Split(name, [str(k) for k in range(CHUNK)], SEED) for name in SPLITS]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "strips.h5"
        write_captchas(path, Facts(SIZE, CHARSET, {}), splits, [(pixels, texts)] * len(splits))
        with h5py.File(path, "r") as file:
            stored = file[SPLITS[0]]["pixels"].id.get_storage_size() / CHUNK
    sizes = {
        "canvas_raw": fmean(picture.nbytes for picture in pictures),
        "canvas_png": fmean(map(png_bytes, pictures)),
        "strip_raw": float(pixels[0].nbytes),
        "strip_lzf": stored,
    }
    return {
        name: {"bytes": round(size), f"gb_of_{ALL}": round(size * ALL / 1e9, 2)}
        for name, size in sizes.items()
    }


def png_bytes(pixels: Pixels) -> int:
    """Bytes of the PNG file of a picture (H, W, 3)."""
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    assert done
    return int(data.nbytes)


def machine() -> dict[str, Any]:
    """Processor, GPUs and the versions of the main libraries."""
    return {
        "machine": f"{hardware.processor()}, {f'{len(GPUS)} GPU' if GPUS else 'no GPU'}",
        "versions": {
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "opencv": cv2.__version__,
            "numpy": np.__version__,
        },
    }


def table(results: dict[str, Any]) -> str:
    """The main figures as text, for people."""
    read, learnt = results["reading"], results["training"]
    lines = [f"{'':20}{'per second':>12}" + "".join(f"{step:>12}" for step in read["ours_ms"])]
    for name in ("ours", "book"):
        cells = [read[f"{name}_per_second"], *read[f"{name}_ms"].values()]
        lines.append(f"{'read, ' + name:20}" + "".join(f"{cell:12.2f}" for cell in cells))
    for name in (*(f"ours_{precision}" for precision in PRECISIONS), "book"):
        label = "learn, " + name.removeprefix("ours_").replace("mixed_", "")
        lines.append(f"{label:20}{learnt[f'{name}_per_second']:12.2f}")
    for name, sizes in results["disk"].items():
        lines.append(f"{name.replace('_', ', '):20}{sizes['bytes']:12,} bytes")
    times = [read["times_book"], *(learnt[f"{precision}_times_book"] for precision in PRECISIONS)]
    lines.append("times book: read {}, learnt {} and {}".format(*times))
    return "\n".join(lines)


def main() -> None:
    """Print, and with --out write, the speeds of both, their ratios, and what pictures take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path(f"models/{READER}.keras"))
    parser.add_argument("--finder", type=Path, default=Path("models/equation-lines.keras"))
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32, help="strips in a training step of ours")
    parser.add_argument("--book-batch", type=int, default=32, help="of the book's: about 6 GB")
    help_ = "share of texts to be searched for, where there is no model and logits are made up"
    parser.add_argument("--unsure", type=float, default=0.1, help=help_)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    set_up(SEED)
    settings = load_params().train_captcha_reader[READER]
    drawn = [render(SEED, index) for index in range(args.pictures)]
    pictures, texts = [px for px, _ in drawn], [tx for _, tx in drawn]
    book, untrained = book_network(), our_network(settings, settings.precision)
    results: dict[str, Any] = {"pictures": args.pictures, "rounds": args.rounds, **machine()}
    results["parameters"] = {"ours": untrained.count_params(), "book": book.count_params()}
    print("parameters: ours {ours:,}, book {book:,}".format(**results["parameters"]), flush=True)
    if args.model.exists():
        ours = trained(args.model, args.finder)
        results["reader"] = {"whole_string": right_by(ours, pictures, texts)}
    else:
        decoder = Decoder("crnn", CHARSET, rules_for("equations", CHARSET, texts), 10)
        made_up = spelt(texts, network.n_steps(untrained), args.unsure)
        finder = LineFinder.load(args.finder)
        ours = our_way(finder, LogitPredictor(untrained), lambda _: decoder.best(made_up))
        note = "untrained; its logits are not decoded, but others made up from the texts: the time"
        note += f" of decoding is not representative, {args.unsure:.0%} of them are searched for"
        results["reader"] = {"note": note}
        print(note, flush=True)
    results["reading"] = reading({"ours": ours, "book": book_way(book)}, pictures, args.rounds)
    results["training"] = learning(settings, book, (args.batch, args.book_batch), args.rounds)
    results["disk"] = disk(pictures)
    print(table(results))
    if args.out:
        write_json(args.out, results)


if __name__ == "__main__":
    main()
