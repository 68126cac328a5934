"""All pictures at the size of a network, decoded once and mapped into memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.code_fingerprint import computing_code
from podium.core.files import atomic_write, json_sha256, locked, require_space, scratch_dir
from podium.core.picture_decoder import DECODER, decode, resize
from podium.core.progress import progress
from podium.pictures.extract import decoded

PART = 64  # pictures decoded at once


def cached_pixels(
    items: pd.DataFrame, read: Callable[[str], bytes], size: int, max_megapixels: float
) -> NDArray[np.uint8]:
    """Return RGB pixels (N, size, size, 3) of pictures, mapped from a file in the scratch folder.

    Each is squashed to a square, as extractors see it.

    Args:
        items: content and path of each picture.
        read: returns the bytes of the picture at a path.
        size: width and height in pixels.
        max_megapixels: larger pictures are refused.

    Raises:
        PodiumError: a picture was removed or changed since it was ingested.
    """
    content = items["content"].tolist()
    code = computing_code(__name__)
    key = json_sha256({"content": content, "size": size, "decoder": DECODER, "code": code})
    path = scratch_dir("pixels") / f"{key}.npy"
    shape = (len(items), size, size, 3)

    def pixels(data: bytes) -> NDArray[np.uint8]:
        return resize(decode(data, max_megapixels), (size, size))

    with locked(path):
        if not path.is_file():
            require_space(path, int(np.prod(shape)))
            pictures = list(zip(content, items["path"], strict=True))
            with atomic_write(path) as partial:
                out = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
                parts = decoded(pictures, read, pixels, PART)
                n_parts, start = -(-len(items) // PART), 0
                for _, rows in progress(parts, n_parts, f"decoding to {size} px, batches"):
                    out[start : start + len(rows)] = rows
                    start += len(rows)
                out.flush()
    return np.load(path, mmap_mode="r")
