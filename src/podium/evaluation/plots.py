"""Pictures that stages draw for people: matplotlib without a screen, PNG files written whole."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

from podium.core.files import write_bytes
from podium.evaluation.lettering import chinese_font


def _families() -> list[str]:
    """The fonts of figures: Matplotlib's, and one for the characters that it lacks."""
    own, path = list(mpl.rcParamsDefault["font.family"]), chinese_font()
    if path is None:
        return own
    font_manager.fontManager.addfont(path)
    return [*own, font_manager.FontProperties(fname=path).get_name()]


mpl.use("Agg")
mpl.rcParams["font.family"] = FAMILIES = _families()


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
