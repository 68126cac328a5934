"""All slides of a competition predicted, one at a time: of each only its `SlideResult` is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.params import Params
from podium.core.printable import printable
from podium.core.progress import progress
from podium.core.throughput import ThroughputMeter
from podium.slides.dataset import SlideRecord, open_slide, regions_of
from podium.slides.heat import heat_map, tiles_to_predict
from podium.slides.segmenter import Segmenter
from podium.slides.slide_results import HeatStatistics, SlideResult


@dataclass(frozen=True)
class Predictor:
    """Predicts slides of the table.

    Attributes:
        source: folder of the slides.
        annotations: folder of their tumours as GeoJSON.
        segmenter: the networks.
        weights: sha256 of the networks' file.
        params: all settings.
    """

    source: Path
    annotations: Path
    segmenter: Segmenter
    weights: str
    params: Params

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
        shown = progress(rows, len(rows), "slides")
        for row in meter.measure_each(shown, lambda _: self.segmenter.take_tile_count()):
            try:
                results.append(self._result(row))
            except EnvironmentFault:
                raise
            except PodiumError as error:
                failures[row.slide] = str(error).replace("\n", "; ")
                print(printable(f"left out: {failures[row.slide]}"))
        if not results:
            raise PodiumError(f"{self.source}: not one slide could be predicted\nremedy: see above")
        return results, failures

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
            statistics.add,
        )  # fmt: skip
        return statistics.result(row, heat)
