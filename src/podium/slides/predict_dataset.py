"""All slides of a competition predicted, one at a time: of each only its `SlideResult` is kept.

Where RAY_ADDRESS names a cluster, one slide is one task of it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from podium.core import cluster
from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.files import file_sha256
from podium.core.params import Params
from podium.core.printable import printable
from podium.core.progress import progress
from podium.core.throughput import ThroughputMeter
from podium.slides.dataset import UNKNOWN, SlideRecord, open_slide, regions_of
from podium.slides.heat import Views, heat_map, tiles_to_predict
from podium.slides.segmenter import Segmenter
from podium.slides.slide_results import HeatStatistics, SlideResult
from podium.slides.stain import Stain, mean_stain, stain_of
from podium.slides.tissue import tissue_mask
from podium.training import runtime

Outcome = tuple[SlideResult | str, int]  # of a slide, or why it failed; tiles the networks saw


def reference_stains(rows: Sequence[SlideRecord], source: Path, params: Params) -> dict[int, Stain]:
    """The mean stain of slides learnt from outside of each fold, and of all by -1; none unasked.

    Slides that cannot be read are left out here; prediction says why.

    Args:
        rows: of all slides.
        source: folder of the slides.
        params: all settings.

    Raises:
        PodiumError: those that can be read are of one fold.
    """
    if not params.predict_slides.normalise:
        return {}
    stains: list[tuple[int, Stain]] = []
    for row in rows:
        with suppress(PodiumError):
            if row.split == "train" and row.annotation != UNKNOWN:
                slide = open_slide(row, source, params.slides)
                thumbnail, _ = slide.thumbnail(params.tile_slides.thumbnail)
                stains.append((row.fold, stain_of(thumbnail, tissue_mask(thumbnail))))
    folds = {fold for fold, _ in stains}
    if len(folds) < 2:
        raise PodiumError(
            f"{source}: predict_slides.normalise needs annotated train slides of two folds, those "
            f"of {len(folds)} can be read\nremedy: copy the others again, or set it to false"
        )
    return {fold: mean_stain([one for k, one in stains if k != fold]) for fold in {-1, *folds}}


@dataclass(frozen=True)
class Predictor:
    """Predicts slides of the table.

    Attributes:
        source: folder of the slides.
        annotations: folder of their tumours as GeoJSON.
        segmenter: the networks.
        weights: sha256 of the networks' file.
        params: all settings.
        references: by fold, the stain of the slides learnt from; of all by -1; empty: not asked.
    """

    source: Path
    annotations: Path
    segmenter: Segmenter
    weights: str
    params: Params
    references: Mapping[int, Stain] = field(default_factory=dict)

    def predict(
        self, rows: Sequence[SlideRecord], meter: ThroughputMeter
    ) -> tuple[list[SlideResult], dict[str, str]]:
        """The results of slides, out of fold where they have one; why others failed, by slide.

        Failures are printed.

        Raises:
            PodiumError: not one slide can be predicted.
            EnvironmentFault: the machine is at fault; heat maps done so far are kept.
        """
        results: list[SlideResult] = []
        failures: dict[str, str] = {}
        shown = progress(self.outcomes(rows), len(rows), "slides")
        measured = meter.measure_each(shown, lambda outcome: outcome[1])
        for row, (result, _) in zip(rows, measured, strict=True):
            if isinstance(result, SlideResult):
                results.append(result)
            else:
                failures[row.slide] = result
                print(printable(f"left out: {result}"))
        if not results:
            raise PodiumError(f"{self.source}: not one slide could be predicted\nremedy: see above")
        return results, failures

    @property
    def stain(self) -> dict[str, Any] | None:
        """The stain of all slides learnt from, as JSON values, where it was asked for."""
        return asdict(self.references[-1]) if self.references else None

    def _reference(self, fold: int) -> Stain | None:
        return self.references.get(fold, self.references.get(-1))

    def outcomes(self, rows: Sequence[SlideRecord]) -> Iterator[Outcome]:
        """Yield the outcome of each slide, from this machine or from a cluster."""
        if not cluster.in_use():
            yield from map(self.outcome, rows)
            return
        settings = self.params.model_dump_json()
        given = self.source, self.annotations, self.segmenter.path, settings, self.weights
        with cluster.ClusterPool(gpu=True) as pool:
            yield from pool.map(partial(_outcome_on_node, given, dict(self.references)), rows)

    def outcome(self, row: SlideRecord) -> Outcome:
        """The result of a slide, or why it failed; and how many tiles the networks saw.

        Raises:
            EnvironmentFault: the machine is at fault.
        """
        result: SlideResult | str
        try:
            result = self._result(row)
        except EnvironmentFault:
            raise
        except PodiumError as error:
            result = str(error).replace("\n", "; ")
        return result, self.segmenter.take_tile_count()

    def _result(self, row: SlideRecord) -> SlideResult:
        settings = self.params.predict_slides
        slide = open_slide(row, self.source, self.params.slides)
        tiles = tiles_to_predict(slide, self.segmenter.tiles, settings.stride)
        regions = regions_of(row, self.annotations)
        n_classes = len(self.segmenter.classes)
        statistics = HeatStatistics(tiles, regions, settings.baseline and n_classes == 1, n_classes)
        heat = heat_map(
            tiles, self.segmenter, row.fold, settings.batch_size,
            f"{row.content} {row.mpp} {self.weights}", self.params.tile_slides.max_unreadable,
            statistics.add, Views(settings.turns, self._reference(row.fold)),
        )  # fmt: skip
        return statistics.result(row, heat)


_Given = tuple[Path, Path, Path, str, str]  # source, annotations, model, settings, weights


def _outcome_on_node(given: _Given, references: Mapping[int, Stain], row: SlideRecord) -> Outcome:
    """Predict a slide in a process of a cluster."""
    source, annotations, path, settings, weights = given
    segmenter, params = _networks_once(path, settings, weights)
    return Predictor(source, annotations, segmenter, weights, params, references).outcome(row)


@functools.lru_cache(maxsize=1)
def _networks_once(path: Path, settings: str, weights: str) -> tuple[Segmenter, Params]:
    """The networks, loaded once in a process; `weights` tells later ones of the same path."""
    params = Params.model_validate_json(settings)
    runtime.set_up(params.train_segmenter.seed, deterministic=params.device.deterministic)
    if file_sha256(path) != weights:
        raise EnvironmentFault(
            f"{path}: a node of the cluster sees another file\n"
            "remedy: mount the project on all nodes under the same path"
        )
    return Segmenter(path, params.device.engine), params
