"""The characters a reader knows and their labels 1, 2, ...; label 0 is reserved for the blank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podium.core.errors import PodiumError, SettingsError


@dataclass(frozen=True)
class Charset:
    """The characters a reader knows, in order: the first has label 1."""

    characters: str

    def __post_init__(self) -> None:
        if not self.characters:
            raise SettingsError("a charset without a character\nremedy: give one or more")
        if repeated := sorted(char for char, n in Counter(self.characters).items() if n > 1):
            shown = ", ".join(repeated)
            raise SettingsError(f"charset holds {shown} more than once\nremedy: give it once")

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """The labels of `text`, one a character, each from 1 to the size of the charset.

        Raises:
            PodiumError: a character is not in the charset; the message names it.
        """
        foreign = sorted(set(text) - set(self.characters))
        if foreign:
            shown = ", ".join(map(repr, foreign[:5]))
            raise PodiumError(
                f"label {text[:40]!r}: {shown} not in the charset {self.characters!r}\n"
                "remedy: correct the label, or add the character to the charset"
            )
        return [self.characters.index(character) + 1 for character in text]

    def decode(self, labels: Sequence[int]) -> str:
        """The text that `labels` stand for.

        Raises:
            PodiumError: a label is not between 1 and the size of the charset.
        """
        for label in labels:
            if not 1 <= label <= len(self.characters):
                raise PodiumError(f"label {label} is not between 1 and {len(self.characters)}")
        return "".join(self.characters[label - 1] for label in labels)


def charset_of(texts: Iterable[str]) -> Charset:
    """The charset of all characters that occur in `texts`, sorted by code point.

    Raises:
        PodiumError: all texts are empty.
    """
    characters = "".join(sorted(set().union(*texts)))
    if not characters:
        raise PodiumError("the labels are all empty\nremedy: label the train pictures")
    return Charset(characters)
