"""Compute the bottleneck features of all photos with one extractor."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.feature_store import write_features
from podium.core.files import require_space
from podium.core.params import load_params
from podium.core.throughput import ThroughputMeter
from podium.pictures.dataset import read_items
from podium.pictures.extract import (
    compute_missing,
    device_of,
    in_order,
    recipe,
    shards_of,
)
from podium.pictures.source import PictureSource
from podium.stages.arguments import parse, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out from the pictures that --items lists in --source."""
    args = parse(
        __doc__, argv, "source", "items", "weights-dir", "out", "metrics", names=["extractor"]
    )
    params = load_params(args.params)
    how = recipe(args.extractor, params, args.weights_dir)
    items, source, shards = read_items(args.items), PictureSource(args.source), shards_of(how)
    require_space(args.out, len(items) * how.extractor.n_features * 4)
    meter = ThroughputMeter()
    shard_size = params.extract_features.shard_size
    n_new = compute_missing(items, source.read, how, shards, shard_size, meter)
    write_features(
        args.out,
        items["id"].tolist(),
        items["label"].tolist(),
        items["content"].tolist(),
        in_order(shards, items["content"].tolist()),
        how.extractor.n_features,
        how.provenance,
    )
    sizes = {"n_pictures": len(items), "n_features": how.extractor.n_features}
    throughput = meter.throughput(len(items), how.batch_size)
    write_metrics(args, sizes, throughput, device_of(how))
    print(f"{args.out}: {sizes}, {n_new} pictures new, {meter.items_per_second:.0f} pictures/s")


if __name__ == "__main__":
    main()
