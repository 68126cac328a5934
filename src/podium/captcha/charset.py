"""Characters and the whole numbers that stand for them: label 1, 2, ...; 0 is kept out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podium.core.errors import PodiumError, SettingsError


@dataclass(frozen=True)
class Charset:
    """The characters a reader knows, in order: the first has label 1."""

    characters: str

    def __post_init__(self) -> None:
        if not self.characters:
            raise SettingsError("a charset needs at least one character")
        twice = {one for one in self.characters if self.characters.count(one) > 1}
        if twice:
            raise SettingsError(f"charset holds {', '.join(sorted(twice))} more than once")

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """The labels of `text`, each from 1 to the number of characters.

        Raises:
            PodiumError: names the characters of `text` that are not in the charset.
        """
        foreign = sorted(set(text) - set(self.characters))
        if foreign:
            shown = ", ".join(repr(one) for one in foreign[:5])
            raise PodiumError(
                f"label {text[:40]!r}: {shown} not in the charset {self.characters!r}\n"
                "remedy: correct the label, or add the character to the charset"
            )
        return [self.characters.index(one) + 1 for one in text]

    def decode(self, labels: Sequence[int]) -> str:
        """The text of `labels`.

        Raises:
            PodiumError: a label is not between 1 and the number of characters.
        """
        for label in labels:
            if not 1 <= label <= len(self.characters):
                raise PodiumError(f"label {label} is not between 1 and {len(self.characters)}")
        return "".join(self.characters[label - 1] for label in labels)


def charset_of(texts: Iterable[str]) -> Charset:
    """The charset of all characters in `texts`, in the order of their code points.

    Raises:
        PodiumError: the texts hold no character at all.
    """
    found = sorted(set().union(*texts))
    if not found:
        raise PodiumError("the labels are all empty: there is nothing to read")
    return Charset("".join(found))
