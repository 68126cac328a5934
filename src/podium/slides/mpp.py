"""The scale of a slide, micrometres per pixel: what can be true, and pixels that are no squares."""

from __future__ import annotations

from pathlib import Path

from podium.core.errors import PodiumError

MIN_MPP, MAX_MPP = 0.05, 20.0  # micrometres per pixel; default TIFF tags claim 353 or 1000
_SQUARENESS = 1.05  # sides of a pixel that differ by more are refused


def require_mpp(path: Path, mpp: float | None) -> None:
    """Raise a PodiumError if a given scale cannot be true; None is no scale."""
    if mpp is not None and not MIN_MPP <= mpp <= MAX_MPP:
        raise PodiumError(
            f"{path}: an mpp of {mpp:g} is not between {MIN_MPP} and {MAX_MPP:g} micrometres\n"
            "remedy: correct it in slides.csv, or leave it empty"
        )


def refuse_oblong(path: Path, mpp: tuple[float, float] | None) -> None:
    """Raise a PodiumError if pixels of known sides are no squares."""
    if mpp and min(mpp) >= MIN_MPP and max(mpp) <= MAX_MPP and max(mpp) > _SQUARENESS * min(mpp):
        raise PodiumError(
            f"{path}: its pixels are no squares: {mpp[0]:g} by {mpp[1]:g} micrometres\n"
            "remedy: resample it, or give its mpp (in slides.csv, or --mpp) to take them as squares"
        )
