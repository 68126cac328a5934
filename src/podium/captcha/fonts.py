"""The fonts that captchas are drawn with, by name: files inside installed packages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from podium.core.errors import EnvironmentFault, unknown
from podium.evaluation.lettering import CHINESE


@dataclass(frozen=True)
class FontSource:
    """Where a font lies inside an installed package, and its licence."""

    package: str
    path: str
    requirement: str
    licence: str


_DEJAVU = "Bitstream Vera licence, changes in the public domain"
_OFL = "SIL Open Font License 1.1; the package MIT"
FONTS = {
    "droid-sans-mono": FontSource(
        "captcha", "data/DroidSansMono.ttf", "captcha==0.7.1", "Apache-2.0; the package MIT"
    ),
    "dejavu-sans": FontSource(
        "matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf", "matplotlib>=3.10", _DEJAVU
    ),
    "dejavu-sans-bold": FontSource(
        "matplotlib", "mpl-data/fonts/ttf/DejaVuSans-Bold.ttf", "matplotlib>=3.10", _DEJAVU
    ),
    "dejavu-sans-mono": FontSource(
        "matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono.ttf", "matplotlib>=3.10", _DEJAVU
    ),
    "dejavu-serif": FontSource(
        "matplotlib", "mpl-data/fonts/ttf/DejaVuSerif.ttf", "matplotlib>=3.10", _DEJAVU
    ),
    "noto-sans-sc": FontSource(*CHINESE, "mplfonts==0.0.11", _OFL),
    "noto-serif-sc": FontSource(
        "mplfonts", "fonts/NotoSerifCJKsc-Regular.otf", "mplfonts==0.0.11", _OFL
    ),
    "source-han-mono-sc": FontSource(
        "mplfonts", "fonts/SourceHanMonoSC-Regular.otf", "mplfonts==0.0.11", _OFL
    ),
}


def font_path(name: str) -> Path:
    """The path of the font `name`.

    Raises:
        SettingsError: no font has that name.
        EnvironmentFault: the package that contains it is not installed, or lacks the file.
    """
    if name not in FONTS:
        raise unknown("font", name, FONTS)
    source = FONTS[name]
    spec = find_spec(source.package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    path = Path(folders[0] if folders else source.package) / source.path
    if not path.is_file():
        raise EnvironmentFault(
            f"font {name}: {path} is missing\nremedy: pip install '{source.requirement}'"
        )
    return path


@lru_cache(maxsize=64)
def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """The font `name` at `size` pixels per em; raises the errors of `font_path`."""
    return ImageFont.truetype(str(font_path(name)), size)
