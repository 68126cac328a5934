"""Tiny networks that are trained on tiny pictures, for tests of every kind of target."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from house import ROOT
from podium.core.params import PhotoNetwork, TrainingSettings, load_params
from podium.evaluation.table_kinds import kind_named
from podium.evaluation.task import PictureTask, SampleStyle
from podium.photos.crossval import Split, TrainRows
from podium.photos.networks.choices import Choices
from podium.photos.networks.task import NetworkTask

STILL = {"rotate": 0.0, "shift": 0.0, "shear": 0.0, "zoom": 0.0, "flip": "none", "colour": 0.0}
MOVING = {
    "rotate": 20.0, "shift": 0.1, "shear": 0.1, "zoom": 0.2, "flip": "sides", "colour": 0.2
}  # fmt: skip
ENTRY = {
    "network": "small_cnn", "start": "scratch", "train": "all", "batch_norm": "trained",
    "image_size": 16, "epochs": 2, "batch_size": 4, "learning_rate": 0.003, "optimizer": "adam",
    "weight_decay": 0.0, "clip": 5.0, "schedule": "cosine", "warmup": 0.1, "dropout": 0.0,
    "ema": 0.0, "label_smoothing": 0.0, "mix": "none", "mix_alpha": 0.2, "augment": STILL,
    "class_weight": "none", "views": "plain", "precision": "float32", "seed": 0,
}  # fmt: skip
LITE = {"network": "efficientnet-lite0", "start": "imagenet", "image_size": 32,
        "batch_norm": "frozen"}  # fmt: skip
TASKS = {
    "classes": PictureTask("classes", ("a", "b", "c"), "log_loss", SampleStyle(("id",), "class")),
    "ordered": PictureTask(
        "classes", ("0", "1", "2"), "quadratic_kappa", SampleStyle(("id",), "class"), ordered=True
    ),
    "labels": PictureTask("labels", ("x", "y"), "mean_auc", SampleStyle(("id",), "labels")),
    "number": PictureTask("number", (), "rmse", SampleStyle(("id", "y"), "number")),
}


def settings(**changes: object) -> PhotoNetwork:
    return PhotoNetwork(**(ENTRY | changes))


def truth_of(kind: str, n: int) -> np.ndarray:
    k = np.arange(n)
    if kind == "labels":
        return np.stack([k % 2, (k // 2) % 2], axis=1)
    return (100.0 + 10 * k) if kind == "number" else k % 3


def pixels_of(truth: np.ndarray, size: int, seed: int = 0) -> np.ndarray:
    """Pictures whose colours say the truth, under noise; `truth` (n,) or (n, L)."""
    rng = np.random.default_rng(seed)
    columns = truth.reshape(len(truth), -1).astype(float)
    columns = columns / max(columns.max(), 1)
    pixels = rng.integers(0, 60, (len(truth), size, size, 3))
    pixels[..., : columns.shape[1]] += (190 * columns[:, None, None, :]).astype(int)
    return pixels.astype(np.uint8)


def file_hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def task(kind: str = "classes", n: int = 8, n_test: int = 2, **changes: object) -> NetworkTask:
    """A task of `n` rows in two folds; changes are those of the entry."""
    entry, about = settings(**changes), TASKS[kind]
    truth, fold = truth_of(kind, n), np.arange(n) // 3 % 2
    none = np.zeros(n, dtype=bool)
    stop = [(np.arange(n) % 4 == 3) & (fold != held) for held in (0, 1)]
    splits = [Split(0, held, fold == held, none | stop[held]) for held in (0, 1)]
    ids, tests = [f"p{k}" for k in range(n)], [f"t{k}" for k in range(n_test)]
    size = entry.image_size
    pixels = pixels_of(np.concatenate([truth, truth[:n_test]]), size)
    data = TrainRows(
        ids, truth, kind_named(about.kind, about.names), splits, tests,
        np.arange(n), [file_hash(f"{kind}{k}") for k in range(n + n_test)],
    )  # fmt: skip
    training = TrainingSettings(
        epochs=max(entry.epochs, 1), epoch_size=n, batch_size=entry.batch_size,
        learning_rate=entry.learning_rate, weight_decay=entry.weight_decay,
        warmup=entry.warmup, seed=entry.seed,
    )  # fmt: skip
    head = load_params(ROOT / "params.yaml").train_photo_classifier
    head = head.model_copy(update={"epochs": 5, "patience": 2})
    choices = Choices(size, training, ())
    return NetworkTask("mine", entry, choices, data, about, pixels, head, Path("data/weights"))
