"""The blend of photo models in use: from pictures to what the submission says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.array_tree import read_tree
from podium.core.errors import PodiumError, first_line
from podium.core.printable import printable
from podium.ensemble.stored_blend import StoredBlend, blend_of
from podium.evaluation.table_kinds import TableKind, kind_named
from podium.models import extractor_table
from podium.photos.members import Floats, Predictor, columns_of, predictor
from podium.photos.recipes import features_of, recipe_of
from podium.pictures.recipe import Recipe

# reads a network that was trained on pictures, <model>-<name>.keras
NETWORK = "podium.photos.networks.predictor:NetworkPredictor"
REBLEND = "remedy: run dvc repro blend@photos"


class Network(Protocol):
    """A member that takes pixels."""

    def pixels(self, data: bytes) -> NDArray[np.uint8]:
        """Return RGB pixels (S, S, 3) of the bytes of a picture file."""

    def predict(self, pixels: NDArray[np.uint8]) -> Floats:
        """Return predictions (N, K) of pixels (N, S, S, 3)."""


@dataclass(frozen=True)
class BlendFiles:
    """The files of a blend.

    Attributes:
        members: all models as arrays.
        blend: how they are blended.
        model: the artefact that they lie beside; networks are called after it.
    """

    members: Path
    blend: Path
    model: Path

    def network(self, name: str) -> Path:
        """Return the file of a network."""
        return self.model.with_name(f"{self.model.stem}-{name}.keras")

    @property
    def exist(self) -> bool:
        """Whether both files are there."""
        return self.members.is_file() and self.blend.is_file()


def blend_files(model: Path) -> BlendFiles:
    """Return the files of the blend beside an artefact: photos-blend.h5 of photos.keras."""
    members, blend = (model.with_name(f"{model.stem}-{part}.h5") for part in ("members", "blend"))
    return BlendFiles(members, blend, model)


class PhotoBlend:
    """Reads a blend and its models, and predicts pictures as the pipeline does.

    Attributes:
        blend: how models are blended.
        kind: of the answer, with the names of classes or labels.
        extractors: settings of those whose features it needs.
        columns: beside the pictures, that it needs.
        recipes: how the features of each extractor are computed.
    """

    def __init__(self, files: BlendFiles, weights_dir: Path, few: int = 0) -> None:
        members = read_tree(files.members, "file of photo models")
        self.blend = _matching(blend_of(read_tree(files.blend, "file of a blend"), files.blend),
                               members, files)  # fmt: skip
        self.kind: TableKind = kind_named(self.blend.kind, self.blend.names)
        try:
            own = {name: members["members"][name] for name in self.blend.tables
                   if name in members["members"]}  # fmt: skip
            needed = {name for member in own.values() for name in member["extractors"]}
            self.extractors = [each for each in members["extractors"] if each["name"] in needed]
            self.columns = list(
                dict.fromkeys(name for member in own.values() for name in columns_of(member))
            )
            self._predictors: dict[str, Predictor] = {
                name: predictor(member) for name, member in own.items()
            }
            self._try()
            megapixels = float(members["max_megapixels"])
            self.recipes: dict[str, Recipe] = {
                each["name"]: recipe_of(each, megapixels, weights_dir, few)
                for each in self.extractors
            }
        except PodiumError:
            raise
        except Exception as error:  # arrays of other shapes raise many kinds
            raise PodiumError(
                f"{printable(files.members)}: not the models of the blend ({first_line(error)})\n"
                "remedy: run dvc repro blend@photos, which trains them again"
            ) from None
        self._networks: dict[str, Network] = {
            name: _network(files, name) for name in self.blend.tables if name not in own
        }

    @property
    def batch_size(self) -> int:
        """The most pictures that `features` takes."""
        return min([recipe.batch_size for recipe in self.recipes.values()] or [32])

    def _try(self) -> None:
        """Predict one empty row, so that broken arrays show now."""
        sizes = {name: extractor_table.find(name).n_features
                 for name in (each["name"] for each in self.extractors)}  # fmt: skip
        row = {name: np.zeros((1, size), np.float32) for name, size in sizes.items()}
        row[""] = np.zeros((1, 0), np.float32)
        columns = pd.DataFrame("", index=[0], columns=pd.Index(self.columns), dtype=str)
        n_outputs = len(self.kind.columns())
        for name, predict in self._predictors.items():
            if predict(row, columns).shape != (1, n_outputs):
                raise ValueError(f"{name} gives no {n_outputs} outputs")

    def predict(self, data: Sequence[bytes], columns: pd.DataFrame | None) -> Answer:
        """Return what the blend says of the bytes of n pictures, at most `batch_size`.

        Models get full batches, so that an answer does not depend on how many there are.

        Args:
            data: of the picture files.
            columns: beside the pictures as text, n rows; None: it needs none.

        Raises:
            UnreadableImage: one cannot be read.
        """
        n, size = len(data), self.batch_size
        features = {"": np.zeros((size, 0), np.float32)}  # says how many there are
        for name, recipe in self.recipes.items():
            rows = features_of(recipe, data)
            features[name] = np.pad(rows, [(0, size - n), (0, 0)])
        if columns is not None:
            columns = columns.reset_index(drop=True).reindex(range(size), fill_value="")
        each = [
            self._predictors[name](features, columns)[:n]
            if name in self._predictors
            else _of_network(self._networks[name], data)
            for name in self.blend.tables
        ]
        values, decided = self.blend(np.stack(each))
        return Answer(values, decided)

    def in_words(self) -> str:
        """Return which models answer, with their weights: `weighted: book 0.62, dense 0.38`."""
        weights = ", ".join(f"{name} {value:.2f}" for name, value in self.blend.weights().items())
        return f"{self.blend.method}: {weights}"


@dataclass(frozen=True)
class Answer:
    """What a blend says of n pictures.

    Attributes:
        values: (n, K) calibrated predictions.
        decided: (n, K) 1 where a class or label is chosen, else 0; None where nobody decides.
    """

    values: Floats
    decided: Floats | None


def _matching(blend: StoredBlend, members: Mapping[str, Any], files: BlendFiles) -> StoredBlend:
    """The blend, if it was fitted on what these members predict."""
    tables, own = members.get("tables", {}), members.get("members", {})
    for name, digest in blend.tables.items():
        if name in own and tables.get(name) != digest:
            raise PodiumError(
                f"{printable(files.blend)}: made of other models than those in "
                f"{printable(files.members)} ({printable(name)} differs)\n{REBLEND}"
            )
    return blend


def _of_network(network: Network, data: Sequence[bytes]) -> Floats:
    return network.predict(np.stack([network.pixels(value) for value in data]))


def _network(files: BlendFiles, name: str) -> Network:
    """The network `name`, which lies beside the artefact."""
    path = files.network(name)
    if not path.is_file():
        raise PodiumError(
            f"{printable(files.blend)}: {printable(name)} is in the blend, but neither in "
            f"{printable(files.members)} nor in {printable(path)}\n"
            "remedy: name such tables in blend.photos.leave_out, then run dvc repro blend@photos"
        )
    make: Callable[[Path], Network] = resolve_name(NETWORK)
    return make(path)
