"""Sections of the photo stages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from podium.core.params.section import Count, Positive, Precision, Section, Seed, Share

Target = Literal["auto", "class", "labels", "ordered", "number"]
Auto = Literal["auto"]


class PhotoLayout(Section):
    """Which raw files hold what; '' and [] mean the places that need no table.

    Paths are relative to the folder of the photos; `images.zip!train` is a folder inside a zip.

    Attributes:
        train: folder or zip of the train pictures; `.` for all that is not test.
        test: likewise; the same as `train` where tables tell them apart.
        table: holds the labels of the train pictures; '': their folders or names do.
        test_table: names the test pictures and holds their columns; '': none.
        id: column of both tables that holds the ids.
        file: column of both that names the picture files; '': the ids do.
        targets: columns of `table` to predict.
        separator: between several labels of one cell; '': a cell is one label.
        group: column whose rows of one value stay in one fold; '': none.
        columns: columns of both tables that models may use.
        sample: the sample submission; '': sample_submission.csv, if it is there.
    """

    train: str
    test: str
    table: str
    test_table: str
    id: str
    file: str
    targets: list[str]
    separator: str
    group: str
    columns: list[str]
    sample: str


class Photos(Section):
    """Where the photos come from, how large one may be, and what is predicted of them.

    Attributes:
        source: standin (drawn) or raw.
        max_megapixels: larger pictures are not read.
        metric: its name; auto: log loss, where no table and no sample asks for another.
        target: what kind of answer; auto: as metric and labels say.
        layout: of raw photos.
    """

    source: Literal["standin", "raw"]
    max_megapixels: Positive
    metric: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]*(@[1-9][0-9]*)?|[\w.]+:\w+)$")]
    target: Target
    layout: PhotoLayout


class ExtractorParams(Section):
    """Where an extractor's weights come from, and over which views its features are averaged.

    Attributes:
        weights: package, download, none, or the sha256 of a weights file.
        views: plain (the whole picture), flip (that and its mirror image), or crops (five crops
            and their mirror images).
    """

    weights: Annotated[str, Field(pattern=r"^(package|download|none|[0-9a-f]{64})$")]
    views: Literal["plain", "flip", "crops"]


class DrawPhotos(Section):
    """How many stand-in photos are drawn."""

    n_train: Annotated[int, Field(ge=2)]
    n_test: Count
    seed: Seed


class IngestPhotos(Section):
    """The share of train photos that may be unreadable."""

    max_unreadable: Share


class AssignPhotoFolds(Section):
    """Folds for each seed; photos whose perceptual hashes differ by so few bits share a fold."""

    n_folds: Annotated[int, Field(ge=2)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    duplicate_distance: Annotated[int, Field(ge=0, le=64)]


class ExtractFeatures(Section):
    """Batch size, precision of the networks, and pictures per file of work in progress."""

    batch_size: Count
    precision: Precision
    shard_size: Count


class Head(Section):
    """How a dense head on the bottleneck features is trained; `epoch_size`: rows, at most."""

    dropout: Annotated[float, Field(ge=0, lt=1)]
    l2: Annotated[float, Field(ge=0)]
    optimizer: Literal["adam", "sgd", "adadelta", "rmsprop"]
    learning_rate: Positive
    batch_size: Count
    epoch_size: Count
    epochs: Count
    patience: Annotated[int, Field(ge=0)]
    class_weight: Literal["none", "balanced"]


class Boosting(Section):
    """Gradient boosting on principal components: their number, and the trees of all classes."""

    components: Count
    iterations: Count
    trees: Count
    learning_rate: Positive
    leaves: Annotated[int, Field(ge=2)]
    l2: Annotated[float, Field(ge=0)]


class TrainPhotoClassifier(Head):
    """The dense head, the book's head, and the scikit-learn models they are compared with.

    Attributes:
        logistic_c: values of C that linear models on the fused features choose from.
        hog_c: likewise, on hand-made features.
        sample: train rows of a scikit-learn model, at most.
    """

    head: Literal["dense", "book"]
    book: Head
    logistic_c: Annotated[list[Positive], Field(min_length=1)]
    hog_c: Annotated[list[Positive], Field(min_length=1)]
    sample: Count
    calibrate: bool
    boosting: Boosting
    pseudo_label: Share
    seed: Seed


class NetworkAugment(Section):
    """How far train pictures are changed at random, either way; 0.0 and none: not.

    Attributes:
        rotate: degrees.
        shift: share of the width, and of the height.
        shear: share of the height.
        zoom: share of the scale, each side for itself by a third of it.
        flip: mirrors half of the pictures: none, sides (left and right), or both.
        colour: share of brightness, contrast and saturation.
    """

    rotate: Annotated[float, Field(ge=0, le=180)]
    shift: Share
    shear: Share
    zoom: Annotated[float, Field(ge=0, le=0.9)]
    flip: Literal["none", "sides", "both"]
    colour: Share


class PhotoNetwork(Section):
    """A network that is trained on the pictures themselves, one for each fold.

    Attributes:
        network: small_cnn, small_resnet, or a network of the extractor table.
        start: scratch, imagenet (weights of a package, or downloaded), download, the sha256 of
            data/weights/<network>.weights.h5, or the .keras file of another such network.
        train: head, last_block or all: what learns once the head has been trained alone.
        batch_norm: frozen (statistics and scales stay as they are) or trained.
        image_size: width and height in pixels.
        epochs: over all train pictures; 0: the head alone, without augmentation.
        learning_rate: the highest one.
        optimizer: Keras' name of it.
        clip: largest norm of a gradient; 0.0: any.
        ema: share that averaged weights keep at each step; 0.0: no average.
        mix: none, mixup or cutmix.
        mix_alpha: of the beta distribution that says how much of each picture is mixed.
        views: of a picture that is predicted: plain, flip or crops.
    """

    network: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    start: Annotated[str, Field(pattern=r"^(scratch|imagenet|download|[0-9a-f]{64}|.+\.keras)$")]
    train: Literal["head", "last_block", "all"]
    batch_norm: Literal["frozen", "trained"]
    image_size: Auto | Annotated[int, Field(ge=16, le=2048)]
    epochs: Auto | Annotated[int, Field(ge=0)]
    batch_size: Auto | Count
    learning_rate: Auto | Positive
    optimizer: Annotated[str, Field(pattern=r"^[a-zA-Z]+$")]
    weight_decay: Annotated[float, Field(ge=0)]
    clip: Annotated[float, Field(ge=0)]
    schedule: Literal["constant", "exponential", "cosine"]
    warmup: Share
    dropout: Annotated[float, Field(ge=0, lt=1)]
    ema: Annotated[float, Field(ge=0, lt=1)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    mix: Literal["none", "mixup", "cutmix"]
    mix_alpha: Positive
    augment: NetworkAugment
    class_weight: Literal["none", "balanced"]
    views: Literal["plain", "flip", "crops"]
    precision: Precision
    seed: Seed
