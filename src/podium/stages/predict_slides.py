"""Heat maps of all slides, out of fold where there is a truth; masks, calls and scores."""

from __future__ import annotations

from collections.abc import Sequence

from podium import predictions, runtime
from podium.errors import EnvironmentFault, PodiumError, guarded
from podium.files import file_sha256, write_json, write_table
from podium.params import load_params
from podium.progress import watched
from podium.slides import calls, outputs, report
from podium.slides.dataset import read_slides, regions_of, slide_of
from podium.slides.findings import find
from podium.slides.heat import heat_map, view_of
from podium.slides.prediction import write_manner
from podium.slides.scoring import LEVELS
from podium.slides.segmenter import Segmenter
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write thresholds, masks, GeoJSON, run lengths, the table, metrics and plots."""
    args = parse(
        __doc__, argv, "source", "slides", "annotations", "model", "manner", "out", "table",
        "metrics", "plots",
    )  # fmt: skip
    params = load_params(args.params)
    runtime.set_up(params.train_segmenter.seed)
    settings, segmenter = params.predict_slides, Segmenter(args.model)
    most = params.tile_slides.max_unreadable
    weights, rows, truths = file_sha256(args.model), read_slides(args.slides), {}
    findings, views = {}, {}
    for row in watched(rows, len(rows), "slides"):
        try:
            slide = slide_of(row, args.source, params.slides)
            view = view_of(slide, segmenter.tiles, settings.stride)
            key = f"{row.content} {row.mpp} {weights}"
            heat = heat_map(view, segmenter, row.fold, settings.batch_size, key, most)
            truths[row.slide] = regions_of(row, args.annotations)
            findings[row.slide] = find(row, view, heat, truths[row.slide], settings.baseline)
            views[row.slide] = view
        except EnvironmentFault:
            raise
        except PodiumError as error:
            print(f"left out: {error}".replace("\n", "; "))
    if not findings:
        raise PodiumError(f"{args.source}: not one slide could be predicted\nremedy: see above")
    train = [one for one in findings.values() if one.row.split == "train"]
    test = [one for one in findings.values() if one.row.split == "test"]
    oof, called = calls.out_of_fold(train), calls.call(test, train)
    table = calls.table(oof, called, params.train_segmenter.seed)
    predictions.write_predictions(args.table, table)
    level = calls.level_for(train)
    metrics = calls.metrics(oof, settings.bootstrap) | {
        "threshold": level / LEVELS,
        "n_left_out": len(rows) - len(findings),
    }
    write_json(args.metrics, metrics)
    write_manner(args.manner, level, calls.fitted(train), settings, most)
    curve = calls.precision_recall(train)
    write_table(args.plots / "precision_recall.csv", curve)
    report.precision_recall_png(args.plots / "precision_recall.png", curve, level)
    for one in watched([*oof, *called], len(findings), "masks"):
        name = one.finding.row.slide
        outputs.write_outlines(args.out, name, views[name], one.finding.heat, one.level)
        report.overlay_png(args.plots / f"{name}.png", views[name], one, truths[name])
    print("\n".join([*report.summary_lines(metrics), f"{args.out}: {len(findings)} slides"]))


if __name__ == "__main__":
    main()
