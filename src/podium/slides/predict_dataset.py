"""All slides of a competition predicted, one at a time: nothing of a slide stays in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shapely import MultiPolygon

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.params import Params
from podium.core.progress import progress
from podium.core.throughput import ThroughputMeter
from podium.slides import export, report
from podium.slides.dataset import SlideRecord, regions_of, slide_of
from podium.slides.heat import View, heat_map, view_of
from podium.slides.segmenter import Segmenter
from podium.slides.slide_classification import SlidePrediction
from podium.slides.slide_results import SlideResult, find


@dataclass(frozen=True)
class Predictor:
    """What is needed to predict a slide of the table.

    Attributes:
        source: folder of the slides.
        annotations: folder of their tumours as GeoJSON.
        segmenter: the networks.
        weights: names the networks.
        params: all settings.
    """

    source: Path
    annotations: Path
    segmenter: Segmenter
    weights: str
    params: Params

    def find_all(self, rows: Sequence[SlideRecord], meter: ThroughputMeter) -> list[SlideResult]:
        """What is found on each slide, out of fold where it has one; those that fail are told of.

        Raises:
            PodiumError: not one slide can be predicted.
            EnvironmentFault: the machine is at fault; heat maps done so far are kept.
        """
        found = []
        shown = progress(rows, len(rows), "slides")
        for row in meter.measure_each(shown, lambda _: self.segmenter.newly_seen()):
            try:
                found.append(self._find(row))
            except EnvironmentFault:
                raise
            except PodiumError as error:
                print(f"left out: {error}".replace("\n", "; "))
        if not found:
            raise PodiumError(f"{self.source}: not one slide could be predicted\nremedy: see above")
        return found

    def leave(self, call: SlidePrediction, out: Path, plots: Path) -> None:
        """Write mask, GeoJSON and run lengths of a slide to `out`, its overlay to `plots`."""
        row = call.finding.row
        view = self._view(row)
        export.write_outlines(out, row.slide, view, call.finding.heat, call.level)
        report.overlay_png(plots / f"{row.slide}.png", view, call, self._regions(row))

    def _find(self, row: SlideRecord) -> SlideResult:
        settings, view = self.params.predict_slides, self._view(row)
        key = f"{row.content} {row.mpp} {self.weights}"
        most = self.params.tile_slides.max_unreadable
        heat = heat_map(view, self.segmenter, row.fold, settings.batch_size, key, most)
        return find(row, view, heat, self._regions(row), settings.baseline)

    def _view(self, row: SlideRecord) -> View:
        slide = slide_of(row, self.source, self.params.slides)
        return view_of(slide, self.segmenter.tiles, self.params.predict_slides.stride)

    def _regions(self, row: SlideRecord) -> MultiPolygon | None:
        return regions_of(row, self.annotations)
