"""Pictures that stages draw for people: matplotlib without a screen, PNG files written whole."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from podium.core.files import write_bytes

mpl.use("Agg")


def write_figure(path: Path, figure: Figure) -> None:
    """Write `figure` as PNG to `path`; the same bytes whichever matplotlib says its name."""
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110, metadata={"Software": None})
    write_bytes(path, data.getvalue())


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write `picture` as PNG to `path`."""
    data = io.BytesIO()
    picture.save(data, "PNG")
    write_bytes(path, data.getvalue())
