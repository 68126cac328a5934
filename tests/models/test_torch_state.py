"""PyTorch's legacy files, built here by hand: what is read, and what is refused unrun."""

import collections
import io
import os
import pickle
import re
import sys
import types
import zipfile

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.models.torch_state import read_state_dict

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # torch/serialization.py
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"long": 4}}


def _stand_ins():
    """Just enough of torch for a pickle to name it."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage", "HalfStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def rebuild(*_):
        raise AssertionError("only named, never called")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    return {"torch": torch, "torch._utils": utils}


TORCH = _stand_ins()


class Storage:
    """Numbers on disk; pickled by name only."""

    def __init__(self, key, values, kind="FloatStorage"):
        self.key, self.values, self.kind = key, np.asarray(values), kind


class Tensor:
    """A view of a storage, pickled as torch does: offset, shape and strides count in items."""

    def __init__(self, storage, offset, shape, strides):
        self.args = (storage, offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self):
        return TORCH["torch._utils"]._rebuild_tensor_v2, self.args


class Evil:
    """Unpickled without care, runs a command."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class _Pickler(pickle.Pickler):
    def persistent_id(self, item):
        if not isinstance(item, Storage):
            return None
        kind = getattr(TORCH["torch"], item.kind)
        return ("storage", kind, item.key, "cpu", len(item.values), None)


def pickled(value):
    data = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        for name, module in TORCH.items():
            patch.setitem(sys.modules, name, module)
        _Pickler(data, protocol=2).dump(value)
    return data.getvalue()


def legacy(state, *storages, magic=MAGIC, protocol=PROTOCOL, system=SYSTEM, keys=None):
    """The bytes of a legacy file: three headers, the state, the storage keys, the numbers."""
    keys = [storage.key for storage in storages] if keys is None else keys
    parts = [pickled(part) for part in (magic, protocol, system, state, keys)]
    for storage in storages:
        values = storage.values.astype("<i8" if storage.kind == "LongStorage" else "<f4")
        parts += [np.array(len(values), "<i8").tobytes(), values.tobytes()]
    return b"".join(parts)


@pytest.fixture
def read(tmp_path):
    def from_bytes(data):
        path = tmp_path / "w.pth"
        path.write_bytes(data)
        return read_state_dict(path)

    return from_bytes


def test_tensors_come_back_by_name(read):
    weight = Storage("94", [0.5, -1.0, 2.0, 3.0, 4.0, 5.0])
    steps = Storage("95", [7], "LongStorage")
    state = collections.OrderedDict(
        [
            ("conv.weight", Tensor(weight, 0, (2, 3), (3, 1))),
            ("bn.num_batches_tracked", Tensor(steps, 0, (), ())),
        ]
    )
    found = read(legacy(state, weight, steps))
    assert list(found) == ["conv.weight", "bn.num_batches_tracked"]
    np.testing.assert_array_equal(found["conv.weight"], [[0.5, -1.0, 2.0], [3.0, 4.0, 5.0]])
    assert found["conv.weight"].dtype == np.float32
    assert (found["bn.num_batches_tracked"].shape, int(found["bn.num_batches_tracked"])) == ((), 7)
    assert found["bn.num_batches_tracked"].dtype == np.int64


def test_views_share_a_storage_and_may_be_strided(read):
    storage = Storage("0", np.arange(12))
    state = {
        "transposed": Tensor(storage, 0, (4, 3), (1, 4)),  # of 3 rows of 4
        "offset": Tensor(storage, 5, (2, 2), (4, 1)),
        "every third": Tensor(storage, 2, (4,), (3,)),
        "repeated": Tensor(storage, 9, (2, 2), (0, 1)),
        "last": Tensor(storage, 11, (1, 1), (99, 99)),  # a stride over one item never steps
        "none": Tensor(storage, 0, (0, 3), (3, 1)),
    }
    found = read(legacy(state, storage))
    np.testing.assert_array_equal(
        found["transposed"], [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]
    )
    np.testing.assert_array_equal(found["offset"], [[5, 6], [9, 10]])
    np.testing.assert_array_equal(found["every third"], [2, 5, 8, 11])
    np.testing.assert_array_equal(found["repeated"], [[9, 10], [9, 10]])
    np.testing.assert_array_equal(found["last"], [[11]])
    assert found["none"].shape == (0, 3)


def test_integers_may_be_strided_too(read):
    storage = Storage("0", [1, 2, 3, 4, 5, 1 << 40], "LongStorage")
    found = read(legacy({"x": Tensor(storage, 1, (2, 2), (1, 3))}, storage))
    np.testing.assert_array_equal(found["x"], [[2, 5], [3, 1 << 40]])


def test_several_storages_keep_their_own_numbers(read):
    # the numbers follow in the order of the keys, which need not be that of the tensors
    first, second = Storage("a", [1, 2, 3]), Storage("b", [4])
    state = {"y": Tensor(second, 0, (1,), (1,)), "x": Tensor(first, 0, (3,), (1,))}
    found = read(legacy(state, first, second))
    np.testing.assert_array_equal(found["x"], [1, 2, 3])
    np.testing.assert_array_equal(found["y"], [4])


def test_the_arrays_cannot_be_written(read):
    storage = Storage("0", [1.0])
    found = read(legacy({"x": Tensor(storage, 0, (1,), (1,))}, storage))
    with pytest.raises(ValueError, match="read-only"):
        found["x"][0] = 2


@pytest.mark.parametrize("where", ["magic", "protocol", "system", "state", "value", "keys"])
def test_a_pickle_that_would_run_a_command_is_refused_unrun(read, tmp_path, where):
    evil = Evil(f"touch {tmp_path}/ran")
    parts = {"state": {}, where: evil}
    if "value" in parts:
        parts["state"] = {"x": parts.pop("value")}
    data = legacy(parts.pop("state"), **parts)
    with pytest.raises(
        PodiumError, match=r"w\.pth: not a plain PyTorch state dict .*system has no"
    ):
        read(data)
    assert not (tmp_path / "ran").exists()
    stream = io.BytesIO(data)  # the command is real: an ordinary unpickler runs it
    with pytest.MonkeyPatch.context() as patch:
        for name, module in TORCH.items():
            patch.setitem(sys.modules, name, module)
        for _ in range(5):
            pickle.Unpickler(stream).load()  # noqa: S301
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [("builtins", "eval"), ("torch", "load"), ("collections", "deque"), ("torch", "HalfStorage")],
)
def test_other_globals_are_refused(read, module, name):
    state = b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"."  # the pickle of one global
    data = pickled(MAGIC) + pickled(PROTOCOL) + pickled({}) + state
    with pytest.raises(PodiumError, match=f"{module}.{name} has no place in a state dict"):
        read(data)


def small():
    storage, steps = Storage("0", [1.0, 2.0]), Storage("1", [3], "LongStorage")
    state = {"x": Tensor(storage, 0, (2,), (1,)), "n": Tensor(steps, 0, (), ())}
    return legacy(state, storage, steps)


def test_every_truncation_is_refused(read):
    whole = small()
    assert list(read(whole)) == ["x", "n"]
    for length in range(len(whole)):
        with pytest.raises(PodiumError, match="not a plain PyTorch state dict"):
            read(whole[:length])


def test_damage_never_shows_as_another_error(read):
    whole = small()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] = b"\x00.}\xff"[place % 4]
        try:
            found = read(bytes(damaged))
        except PodiumError as error:
            assert "not a plain PyTorch state dict" in str(error)  # noqa: PT017
        else:
            assert len(found) <= 2


@pytest.mark.parametrize("count", [3, 1 << 60, -(1 << 60), -(1 << 63)])
def test_a_storage_that_says_another_length_is_refused(read, count):
    storage = Storage("0", [1.0, 2.0])
    data = legacy({"x": Tensor(storage, 0, (2,), (1,))}, storage)
    data = data[:-16] + np.array(count, "<i8").tobytes() + data[-8:]
    with pytest.raises(PodiumError, match="not a plain PyTorch state dict"):
        read(data)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (5,), (1,)),
        (1, (4,), (1,)),
        (4, (), ()),
        (99, (1,), (1,)),
        (0, (2, 2), (3, 1)),
        (0, (3,), (2,)),
        (3, (2,), (-1,)),
        (0, (-1,), (1,)),
        (-1, (1,), (1,)),
        (0, (2,), (1 << 62,)),
        (0, (1,), (1 << 70,)),
        (0, (2, 2), (1,)),
        (0, (1.5,), (1,)),
        ("0", (1,), (1,)),
    ],
)
def test_a_tensor_outside_its_storage_is_refused(read, offset, shape, strides):
    storage = Storage("0", [0, 1, 2, 3])
    data = legacy({"x": Tensor(storage, offset, shape, strides)}, storage)
    with pytest.raises(PodiumError, match=r"w\.pth: not a plain PyTorch state dict \(.+\)$"):
        read(data)


def zipped():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("archive/data.pkl", pickled({}))
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        zipped(),
        b"PK\x03\x04 all of it ASCII\nas some zips begin\n",
        b"",
        b"<!DOCTYPE html>\n<html></html>\n",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        legacy({}, magic=1),
        legacy({}, protocol=1000),
        legacy([]),
        legacy(None),
        legacy({"epoch": 3}),
        legacy({}, keys=None)[:-5] + pickled(3),
        legacy({}, keys=["never named"]),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_files_of_another_kind_are_refused(read, tmp_path, data):
    wanted = rf"^{re.escape(str(tmp_path))}/w\.pth: not a plain PyTorch state dict \("
    with pytest.raises(PodiumError, match=wanted) as caught:
        read(data)
    assert str(caught.value).count("\n") <= 2


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PodiumError, match=r"gone\.pth: no such weights file$"):
        read_state_dict(tmp_path / "gone.pth")
