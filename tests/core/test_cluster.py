"""Work by a real Ray cluster of two nodes on this machine, one of which is killed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from podium.core import cluster
from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.processes import n_workers, parallel_map, process_pool

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is an extra: requirements/ray.txt"
)

Result = TypeVar("Result")
HEAD = {"num_cpus": 1, "include_dashboard": False}


def test_without_the_variable_nothing_changes(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert n_workers(3) == 3
    assert list(parallel_map(abs, [-1, -2], 1)) == [1, 2]


def test_without_ray_the_line_that_installs_it_is_said(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "ray", None)
    wanted = r"^RAY_ADDRESS: it needs Ray, .*\nremedy: pip install .*ray\.txt, or unset RAY_ADDRESS"
    with pytest.raises(EnvironmentFault, match=wanted):
        process_pool(2)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """Two nodes of a cluster; the second may be killed."""
    from ray.cluster_utils import Cluster

    scratch = tmp_path_factory.mktemp("shared")
    before = dict(os.environ)
    os.environ["PODIUM_SCRATCH"] = str(scratch)
    made = Cluster(initialize_head=True, head_node_args=HEAD)
    made.second = made.add_node(num_cpus=1)
    os.environ["RAY_ADDRESS"] = made.address
    try:
        yield made
    finally:
        import ray

        ray.shutdown()
        made.shutdown()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def shared(nodes, monkeypatch):
    """The cluster, in an environment in which it is used."""
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)
    return nodes


def square(folder: Path, number: int) -> int:
    """A slow square that leaves the name of its process."""
    time.sleep(0.3)
    (folder / f"{number}-{os.getpid()}").touch()
    return number**2


def refuse(number: int) -> int:
    raise PodiumError(f"item {number}\nremedy: none")


@needs_ray
@pytest.mark.slow
def test_two_nodes_share_the_work_and_a_lost_one_is_replaced(shared, tmp_path):
    assert n_workers(1) == 2
    results = parallel_map(partial(square, tmp_path), range(24), 1)
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    shared.remove_node(shared.second, allow_graceful=False)
    assert list(results) == [number**2 for number in range(3, 24)]
    assert len({path.name.split("-")[1] for path in tmp_path.glob("*-*")}) >= 2
    shared.second = shared.add_node(num_cpus=1)


@needs_ray
@pytest.mark.slow
def test_an_error_of_the_cluster_is_said_as_one_of_this_machine(shared):
    with pytest.raises(PodiumError, match=r"^item 7\nremedy: none$"):
        list(parallel_map(refuse, [7], 1))


@needs_ray
@pytest.mark.slow
def test_few_tasks_wait_however_many_items_there_are(shared):
    taken = []

    def items():
        for number in range(40):
            taken.append(number)
            yield number

    with cluster.ClusterPool() as pool:
        results = pool.map(abs, items(), chunksize=2)
        assert next(results) == 0
        assert len(taken) <= 2 * (cluster.AHEAD * pool.n_workers + 1)
        assert list(results) == list(range(1, 40))


def visible_gpus(_: int) -> str:
    return os.environ["CUDA_VISIBLE_DEVICES"]


@needs_ray
@pytest.mark.slow
def test_a_task_takes_a_whole_gpu_where_there_is_any(shared):
    node = shared.add_node(num_cpus=1, num_gpus=1)
    try:
        with cluster.ClusterPool(gpu=True) as pool:
            assert pool.n_workers == 1
            assert list(pool.map(visible_gpus, range(2))) == ["0", "0"]
    finally:
        shared.remove_node(node)


@needs_ray
@pytest.mark.slow
def test_a_node_that_does_not_see_the_project_is_named(shared, monkeypatch):
    import ray

    ray.shutdown()
    monkeypatch.setattr(cluster, "_sees", lambda token, folder: folder)
    with pytest.raises(EnvironmentFault, match=r"^cluster node .+: it cannot see /.+\nremedy: mo"):
        cluster.ClusterPool()
    ray.shutdown()


def killed(shared, results: Iterator[Result]) -> Iterator[Result]:
    """The results; after the first one the second node is lost."""
    yield next(results)
    shared.remove_node(shared.second, allow_graceful=False)
    yield from results
    shared.second = shared.add_node(num_cpus=1)


@needs_ray
@pytest.mark.slow
def test_captchas_are_those_of_one_machine(shared, monkeypatch):
    from house import ROOT
    from podium.captcha.generator import PART, generate
    from podium.captcha.tasks import task_from
    from podium.core.params import load_params

    task, n = task_from("text", load_params(ROOT / "params.yaml").captcha), 6 * PART
    by_cluster = list(killed(shared, generate(task, 5, 0, n, 1)))
    monkeypatch.delenv("RAY_ADDRESS")
    for (pixels, texts), (expected, expected_texts) in zip(
        by_cluster, generate(task, 5, 0, n, 0), strict=True
    ):
        np.testing.assert_array_equal(pixels, expected)
        assert texts == expected_texts


@needs_ray
@pytest.mark.slow
def test_tiles_are_the_bytes_of_one_machine(shared, tmp_path, monkeypatch):
    import ray

    from podium.slides import tiling
    from slide_fixtures import stained, write_pyramid

    paths = [tmp_path / f"s{number}.tif" for number in range(8)]
    for number, path in enumerate(paths):
        write_pyramid(path, stained(480, 320, number), n_levels=1)
    jobs = [tiling.Job(path.stem, path, path.stem, mpp=0.5) for path in paths]
    plan = tiling.Plan(tile=64, stride=64, target_mpp=0.5, min_tissue=0.4, thumbnail=128)

    def tiled(name: str) -> dict[str, bytes]:
        monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch" / name))
        tiling.tile_all(jobs, plan, tmp_path / name, 1)
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    ray.shutdown()  # a new connection tells the nodes the new scratch folder
    with monkeypatch.context() as patch:
        patch.setattr(tiling, "parallel_map", lambda *given: killed(shared, parallel_map(*given)))
        by_cluster = tiled("many")
    monkeypatch.delenv("RAY_ADDRESS")
    assert len(by_cluster) >= len(paths)
    assert by_cluster == tiled("one")


@needs_ray
@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.timeout(1200)
def test_features_are_the_bytes_of_one_machine(shared, photos_dir, write_params, monkeypatch):
    from podium.stages import extract_features, ingest_photos

    params = write_params(photos__source="raw", extract_features__shard_size=4)
    root, out = photos_dir.parent, params.parent
    about = ("--items", out / "items.csv")
    words = [
        "--source", photos_dir, *about, "--quarantine", out / "q.csv", "--columns", out / "c.csv",
        "--task", out / "t.json", "--metrics", out / "m.json", "--params", params,
    ]  # fmt: skip
    ingest_photos.main([str(word) for word in words])

    def extract(name: str, scratch: str) -> bytes:
        monkeypatch.setenv("PODIUM_SCRATCH", str(root / scratch))
        words = [
            "--extractor", "efficientnet-lite0", "--source", photos_dir, *about, "--weights-dir",
            root, "--out", out / name, "--metrics", out / "x.json", "--params", params,
        ]  # fmt: skip
        extract_features.main([str(word) for word in words])
        return (out / name).read_bytes()

    import ray

    ray.shutdown()  # a new connection tells the nodes the new scratch folder
    plain = cluster.ClusterPool.map
    with monkeypatch.context() as patch:
        patch.setattr(cluster.ClusterPool, "map", lambda *given: killed(shared, plain(*given)))
        by_cluster = extract("cluster.h5", "a")
    shards = {path.name for path in (root / "a/features").rglob("shard-*.h5")}
    assert len(shards) >= 7  # 29 pictures by fours
    monkeypatch.delenv("RAY_ADDRESS")
    assert np.array_equal(
        np.frombuffer(by_cluster, "u1"), np.frombuffer(extract("one.h5", "b"), "u1")
    )


def write_slides(root: Path, n: int) -> tuple[Path, list]:
    """Small slides, their rows, and an artefact of two networks for them."""
    from podium.slides.segmenter import assemble, describe
    from podium.training import artefact
    from podium.training.runtime import keras, set_up
    from slide_fixtures import stained, write_pyramid
    from slide_networks import PARAMS, TILES, row

    def network(seed: int) -> keras.Model:
        set_up(seed)
        pixels = keras.Input((None, None, 3))
        x = keras.layers.Rescaling(1 / 128, offset=-1)(pixels)
        return keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(x))

    (root / "images").mkdir()
    for number in range(n):
        write_pyramid(root / f"images/s{number}.tif", stained(480, 320, number), n_levels=1)
    networks = {fold: network(fold) for fold in (0, 1)}
    artefact.save(assemble(networks, describe(PARAMS.slides, TILES)), root / "slides.keras")
    return root / "slides.keras", [row(f"s{number}", fold=number % 2) for number in range(n)]


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_heat_maps_are_those_of_one_machine(shared, tmp_path, monkeypatch):
    import ray

    from podium.core.files import file_sha256
    from podium.slides.predict_dataset import Predictor
    from podium.slides.segmenter import Segmenter
    from podium.slides.stitch import heat_bands
    from slide_networks import PARAMS, TILES

    path, rows = write_slides(tmp_path, 8)
    params = PARAMS.model_copy(update={"tile_slides": TILES})
    given = tmp_path, tmp_path / "annotations", Segmenter(path), file_sha256(path), params
    rows.append(rows[0].__class__(**{**vars(rows[0]), "slide": "gone", "path": "images/gone.tif"}))

    ray.shutdown()  # a new connection tells the nodes the new scratch folder
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "many"))
    outcomes = Predictor(*given).outcomes(rows)
    by_cluster = [next(outcomes)]
    shared.remove_node(shared.second, allow_graceful=False)
    by_cluster += outcomes
    shared.second = shared.add_node(num_cpus=1)
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "one"))
    monkeypatch.delenv("RAY_ADDRESS")
    here = list(Predictor(*given).outcomes(rows))

    assert by_cluster[-1] == here[-1]
    assert by_cluster[-1][0].startswith(f"{tmp_path}/images/gone.tif: ")
    for (result, n_tiles), (expected, n_expected) in zip(by_cluster[:-1], here[:-1], strict=True):
        assert n_tiles == n_expected > 0
        assert result.row == expected.row
        np.testing.assert_array_equal(result.histogram, expected.histogram)
        assert result.heat.name == expected.heat.name
        bands = [list(heat_bands(each.heat)) for each in (result, expected)]
        for (row, band), (expected_row, expected_band) in zip(*bands, strict=True):
            assert row == expected_row
            np.testing.assert_array_equal(band, expected_band)
