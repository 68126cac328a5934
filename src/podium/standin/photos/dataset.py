"""Drawn stand-ins for the photographs of Kaggle's "Dogs vs. Cats Redux", in its exact layout.

https://www.kaggle.com/competitions/dogs-vs-cats-redux-kernels-edition/data
A label is always true to the anatomy drawn. Everything else (coat, pose, scene, light, camera)
comes from one distribution for both animals, so nothing but anatomy tells them apart. How hard
that is, is fixed here and tested; it is no setting.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from podium.core import hardware
from podium.core.errors import SettingsError
from podium.core.files import write_table
from podium.core.processes import parallel_map
from podium.standin.photos.anatomy import Animal
from podium.standin.photos.animal import add_animal
from podium.standin.photos.camera import photograph, picture_size
from podium.standin.photos.fur import random_light
from podium.standin.photos.objects import add_obstacle
from podium.standin.photos.scene import random_scene

ANIMALS: tuple[Animal, Animal] = ("cat", "dog")  # an animal's place is its code and its label
FIRST_TEST_INDEX = 1_000_000  # train pictures count from 0, so both can grow without meeting


class _Job(NamedTuple):
    path: Path
    animal: Animal
    seed: int
    number: int


def draw_picture(animal: Animal, seed: int, index: int) -> Image.Image:
    """The RGB picture of a number: the same in any order and any process.

    Args:
        animal: cat or dog.
        seed: of the whole set.
        index: number of the picture.
    """
    rng = np.random.default_rng([seed, index, ANIMALS.index(animal)])
    width, height = picture_size(rng)
    canvas = random_scene((height, width), rng)
    add_animal(canvas, animal, random_light(rng), rng)
    if rng.random() < 0.16:
        add_obstacle(canvas, rng)
    return Image.fromarray(photograph(canvas, rng))


def draw_dataset(
    out_dir: Path, n_train: int, n_test: int, seed: int, n_processes: int | None = None
) -> None:
    """Write train/, test/, sample_submission.csv and the answer key test_labels.csv to `out_dir`.

    Args:
        out_dir: folder to write into, made where missing.
        n_train: even; half of them cats.
        n_test: half of them cats, rounded up.
        seed: other seeds give other pictures and another order of the test set.
        n_processes: how many draw at once, by default one per core; never changes a byte.

    Raises:
        SettingsError: the numbers cannot be met.
    """
    if n_train < 0 or n_test < 0 or seed < 0 or n_train % 2 or n_train > FIRST_TEST_INDEX:
        raise SettingsError(f"cannot draw {n_train} train and {n_test} test pictures, seed {seed}")
    answers = _answers(n_test, seed)
    for folder in ("train", "test"):
        (out_dir / folder).mkdir(parents=True, exist_ok=True)
    jobs = [*_train_jobs(out_dir, n_train, seed), *_test_jobs(out_dir, answers, seed)]
    for _ in parallel_map(_write_picture, jobs, n_processes or hardware.cores(), chunksize=8):
        pass
    write_table(out_dir / "sample_submission.csv", _labelled([0.5] * n_test))
    write_table(out_dir / "test_labels.csv", _labelled(answers))


def _answers(n_test: int, seed: int) -> list[int]:
    """Label (0 = cat, 1 = dog) of each test picture, balanced and shuffled."""
    rng = np.random.default_rng([seed, FIRST_TEST_INDEX, len(ANIMALS)])
    return [int(label) for label in rng.permutation(np.arange(n_test) % 2)]


def _train_jobs(out_dir: Path, n_train: int, seed: int) -> Iterator[_Job]:
    for index in range(n_train // 2):
        for animal in ANIMALS:
            yield _Job(out_dir / "train" / f"{animal}.{index}.jpg", animal, seed, index)


def _test_jobs(out_dir: Path, answers: list[int], seed: int) -> Iterator[_Job]:
    for number, label in enumerate(answers, start=1):
        path = out_dir / "test" / f"{number}.jpg"
        yield _Job(path, ANIMALS[label], seed, FIRST_TEST_INDEX + number)


def _write_picture(job: _Job) -> None:
    data = io.BytesIO()
    picture = draw_picture(job.animal, job.seed, job.number)
    picture.save(data, "JPEG", quality=90, subsampling="4:2:0")
    job.path.write_bytes(data.getvalue())


def _labelled(labels: list[int] | list[float]) -> pd.DataFrame:
    return pd.DataFrame({"id": range(1, len(labels) + 1), "label": labels})
