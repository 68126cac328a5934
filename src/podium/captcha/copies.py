"""Copies of one picture: labels that contradict each other, and sides of the split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from podium.captcha.raw_folder import PictureFile
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut


def without_contradictions(
    files: Sequence[PictureFile], texts: Sequence[str]
) -> tuple[list[int], list[LeftOut]]:
    """The rows of pictures whose copies do not contradict them, and those left out.

    Of copies under several texts those with the text of more than half of them are kept.
    """
    of_content: dict[str, list[int]] = {}
    for row, file in enumerate(files):  # pages without a glyph are no copies
        of_content.setdefault(file.id if file.blank else file.content, []).append(row)
    kept, left_out = [], []
    for rows in of_content.values():
        [(text, n), *others] = Counter(texts[row] for row in rows).most_common()
        agreeing = [row for row in rows if not others or (texts[row] == text and 2 * n > len(rows))]
        kept += agreeing
        for row in sorted(set(rows) - set(agreeing)):
            other = next(twin for twin in rows if texts[twin] != texts[row])
            reason = (
                f"a copy of another picture under another text: {printable(files[other].id)} "
                f"says {printable(texts[other])}"
            )
            left_out.append(files[row].left_out("train", texts[row], reason))
    return sorted(kept), left_out


def split_validation(
    n_pictures: int, share: float, seed: int, contents: Sequence[str] = ()
) -> tuple[list[int], list[int]]:
    """Row numbers of the train pictures, and of the validation pictures; neither is empty.

    Args:
        n_pictures: two or more.
        share: of the pictures that is kept for validation.
        seed: of the random choice.
        contents: of the pictures; equal ones come to one side. None given: all differ.
    """
    order = np.random.default_rng(seed).permutation(n_pictures).tolist()
    n_kept = min(max(round(share * n_pictures), 1), n_pictures - 1)
    twins: dict[str, list[int]] = {}
    for row in order:
        twins.setdefault(contents[row] if contents else str(row), []).append(row)
    kept: list[int] = []
    for rows in [*twins.values()][: len(twins) - 1]:  # one is left to learn from
        if len(kept) < n_kept and (not kept or len(kept) + len(rows) <= n_kept):
            kept += rows
    return sorted(set(order) - set(kept)), sorted(kept)
