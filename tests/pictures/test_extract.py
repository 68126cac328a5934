from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from house import encoded, striped
from podium.core.errors import PodiumError
from podium.models.backbones import Extractor
from podium.pictures.dataset import CheckCache, check_pictures
from podium.pictures.extract import (
    Recipe,
    compute_missing,
    open_shards,
)
from podium.pictures.source import PictureSource

HERE = Path(__file__).parent


class Counting:
    """A toy network: mean colour and position-free contrast; counts the batches it saw."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, pixels):
        self.batches.append(len(pixels))
        values = pixels.astype(np.float32)
        return np.concatenate([values.mean((1, 2)), values.std((1, 2))], axis=1)


def recipe(network, batch_size=8, **provenance) -> Recipe:
    return Recipe(
        Extractor("toy", 16, 6, {"extractor": "toy", **provenance}, network), batch_size, 89.0
    )


def listed(photos_dir):
    source = PictureSource(photos_dir)
    return check_pictures(source, CheckCache(89.0))[0], source


def features_of(items, how):
    return np.concatenate(list(open_shards(how).blocks(items["content"].tolist())))


def test_rows_belong_to_their_pictures_and_batches_are_always_full(photos_dir):
    items, source = listed(photos_dir)
    network = Counting()
    how = recipe(network)
    assert compute_missing(items, source.read, how, open_shards(how), 16) == 29
    assert network.batches == [8, 8, 8, 8]
    rows = features_of(items, how)
    for at in (0, 11, 28):
        pixels = how.pixels(source.read(items["path"][at]))[0]
        np.testing.assert_array_equal(rows[at, :3], pixels.astype(np.float32).mean((0, 1)))


def test_one_added_picture_costs_one_picture(photos_dir):
    items, source = listed(photos_dir)
    how = recipe(Counting())
    compute_missing(items, source.read, how, open_shards(how), 16)
    (photos_dir / "train/cat.5b.jpg").write_bytes(encoded(striped("cat", 77)))
    items, source = listed(photos_dir)
    network = Counting()
    how = recipe(network)
    assert compute_missing(items, source.read, how, open_shards(how), 16) == 1
    assert network.batches == [8]
    assert len(features_of(items, how)) == 30


def test_the_same_picture_twice_is_computed_once(photos_dir):
    (photos_dir / "train/cat.90.jpg").write_bytes((photos_dir / "train/cat.0.jpg").read_bytes())
    items, source = listed(photos_dir)
    how = recipe(Counting())
    assert compute_missing(items, source.read, how, open_shards(how), 16) == 29
    rows = features_of(items, how)
    at = items["id"].tolist().index
    np.testing.assert_array_equal(rows[at("cat.0")], rows[at("cat.90")])


def test_any_change_of_the_recipe_starts_anew(photos_dir):
    items, source = listed(photos_dir)
    how = recipe(Counting())
    compute_missing(items, source.read, how, open_shards(how), 16)
    for other in (recipe(Counting(), batch_size=4), recipe(Counting(), weights_sha256="x")):
        assert compute_missing(items, source.read, other, open_shards(other), 16) == 29


def test_an_interrupted_run_keeps_what_it_had_and_equals_an_uninterrupted_one(photos_dir):
    items, source = listed(photos_dir)
    whole = recipe(Counting(), run="whole")
    compute_missing(items, source.read, whole, open_shards(whole), 16)

    class Breaking(Counting):
        def __call__(self, pixels):
            if len(self.batches) == 2:
                raise KeyboardInterrupt
            return super().__call__(pixels)

    broken = recipe(Breaking(), run="broken")
    with pytest.raises(KeyboardInterrupt):
        compute_missing(items, source.read, broken, open_shards(broken), 1000)
    resumed = recipe(Counting(), run="broken")
    assert compute_missing(items, source.read, resumed, open_shards(resumed), 16) == 29 - 16
    assert features_of(items, resumed).tobytes() == features_of(items, whole).tobytes()


def test_kill_dash_nine_loses_at_most_a_shard(photos_dir, tmp_path):
    code = f"""
        import os, signal, sys
        sys.path[:0] = {[str(HERE), str(HERE.parent)]!r}
        from pathlib import Path
        from test_extract import Counting, compute_missing, listed, recipe, open_shards
        class Dying(Counting):
            def __call__(self, pixels):
                if len(self.batches) == 3:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().__call__(pixels)
        items, source = listed(Path({str(photos_dir)!r}))
        how = recipe(Dying())
        compute_missing(items, source.read, how, open_shards(how), 8)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    items, source = listed(photos_dir)
    how = recipe(Counting())
    assert compute_missing(items, source.read, how, open_shards(how), 8) == 29 - 24


def test_a_picture_changed_behind_our_back_is_named(photos_dir):
    items, source = listed(photos_dir)
    (photos_dir / "train/dog.4.jpg").write_bytes(encoded(striped("dog", 66)))
    how = recipe(Counting())
    with pytest.raises(PodiumError, match=r"train/dog\.4\.jpg: changed since it was ingested"):
        compute_missing(items, source.read, how, open_shards(how), 16)


def test_features_that_are_not_finite_are_refused(photos_dir):
    items, source = listed(photos_dir)
    how = recipe(lambda pixels: np.full((len(pixels), 6), np.nan, np.float32))
    with pytest.raises(PodiumError, match="toy: the network gave features that are not finite"):
        compute_missing(items, source.read, how, open_shards(how), 16)


def test_a_picture_that_was_removed_is_named(photos_dir):
    items, source = listed(photos_dir)
    (photos_dir / "train/dog.4.jpg").unlink()
    how = recipe(Counting())
    with pytest.raises(PodiumError, match=r"train/dog\.4\.jpg: removed since it was ingested"):
        compute_missing(items, source.read, how, open_shards(how), 16)
