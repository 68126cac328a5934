"""Where a model of photos or captchas looks, as a small picture for each picture."""

from __future__ import annotations

from pathlib import Path

from podium.takeaway.export_model import portable
from podium.takeaway.maps import class_map, places_of_characters, refuse_without_maps
from podium.takeaway.overlays import character_overlay, class_overlay
from podium.takeaway.portable import Pixels


class Looking:
    """Draws where a model looks.

    Attributes:
        model: as one graph.
    """

    def __init__(self, path: Path, weights_dir: Path) -> None:
        """Load a model.

        Raises:
            PodiumError: it cannot be explained.
        """
        self.model = portable(path, weights_dir, any_width=False)
        if self.model.description["task"] == "photos":
            refuse_without_maps(self.model)

    def at(self, picture: Pixels, name: str = "") -> tuple[Pixels, str]:
        """Return what speaks for a class, or where characters are, as RGB (h, w, 3), and of what.

        That is the class or label (`y` of numbers), or the characters that are the likeliest step
        by step, without a search for the likeliest text that the rules allow.

        Args:
            picture: RGB (H, W, 3).
            name: of a class or label; one that is none: the likeliest.
        """
        says = self.model.description
        if says["task"].startswith("captcha-"):
            seen = self.model.inputs(picture)[0]
            places = places_of_characters(self.model, seen, "ctc" in says)
            characters = [says["charset"][label - 1] if label else "" for label, _ in places]
            maps = [values for _, values in places]
            drawn = character_overlay(seen, list(zip(characters, maps, strict=True)))
            return drawn, "".join(characters)
        names = list(says["names"]) or ["y"]
        if name not in names:
            name = names[int(self.model.answer([picture])[0].argmax())]
        target = names.index(name)
        size = picture.shape[1], picture.shape[0]
        found = class_map(self.model, picture, target)
        return class_overlay(picture, found.whole(size)), name
