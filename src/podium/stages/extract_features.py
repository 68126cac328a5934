"""Compute the bottleneck features of all photos with one extractor."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core import cluster
from podium.core.errors import guarded
from podium.core.feature_store import write_features
from podium.core.files import require_space
from podium.core.params import load_params
from podium.core.throughput import ThroughputMeter
from podium.pictures.dataset import read_items
from podium.pictures.extract import (
    build_recipe,
    compute_by_cluster,
    compute_missing,
    device_report,
    open_shards,
)
from podium.pictures.source import PictureSource
from podium.stages.arguments import parse, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out from the pictures that --items lists in --source."""
    paths = ("source", "items", "weights-dir", "out", "metrics")
    args = parse(__doc__, argv, *paths, names=["extractor"])
    params = load_params(args.params)
    recipe = build_recipe(args.extractor, params, params.photos.max_megapixels, args.weights_dir)
    items, shards, n_features = read_items(args.items), open_shards(recipe), recipe.n_features
    require_space(args.out, len(items) * n_features * 4)
    meter, read = ThroughputMeter(), PictureSource(args.source).read
    shard_size = params.extract_features.shard_size
    n_new = 0
    if cluster.in_use():
        given = args.source, args.extractor, params, args.weights_dir
        n_new = compute_by_cluster(items, *given)
        shards = open_shards(recipe)
    n_new += compute_missing(items, read, recipe, shards, shard_size, meter)
    ids, labels, content = (items[name].tolist() for name in ("id", "label", "content"))
    blocks = shards.blocks(content)
    write_features(args.out, ids, labels, content, blocks, n_features, recipe.provenance)
    sizes = {"n_pictures": len(items), "n_features": n_features}
    throughput = meter.throughput(len(items), recipe.batch_size)
    write_metrics(args, sizes, throughput, device_report(recipe))
    print(f"{args.out}: {sizes}, {n_new} pictures new, {meter.items_per_second:.0f} pictures/s")


if __name__ == "__main__":
    main()
