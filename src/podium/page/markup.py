"""Pieces of HTML: text that is safe, scores that say where they come from, tables, figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from podium.core.printable import printable
from podium.page.run_facts import Sourced


def words(value: object) -> str:
    """Return a value as text that is safe in HTML, control characters escaped."""
    return escape(printable(str(value)))


def score(sourced: Sourced | None, interval: bool = True) -> str:
    """Return a score to four digits with its interval, and its exact value and source as data.

    Args:
        sourced: the score; None: `unknown`.
        interval: whether to say it.
    """
    if sourced is None:
        return "unknown"
    each, source = sourced.score, words(f"{sourced.file} {sourced.dotted}")
    text = f'<data value="{each.value!r}" data-source="{source}">{each.value:.4f}</data>'
    if interval and each.low is not None and each.high is not None:
        text += f' <span class="interval">({each.low:.4f} to {each.high:.4f})</span>'
    return text


def table(caption: str, names: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Return a table of cells that are HTML already; the first cell of a row names it.

    Args:
        caption: what it shows, plain text.
        names: of the columns, plain text.
        rows: of cells.
        kind: class of the table: sorted, cards.
    """
    head = "".join(f'<th scope="col">{words(name)}</th>' for name in names)
    body = "\n".join(_row(names, row) for row in rows)
    return (
        f'<div class="wide" role="group" aria-label="{words(caption)}" tabindex="0">'
        f'<table class="{kind}">\n<caption>{words(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _row(names: Sequence[str], cells: Sequence[str]) -> str:
    first, *others = cells
    rest = "".join(
        f'<td data-name="{words(name)}">{cell}</td>'
        for name, cell in zip(names[1:], others, strict=True)
    )
    return f'<tr><th scope="row">{first}</th>{rest}</tr>'


def figure(content: str, caption: str) -> str:
    """Return a figure: HTML with a caption of plain text below."""
    return f"<figure>{content}<figcaption>{words(caption)}</figcaption></figure>"


def pictures(each: Sequence[tuple[Sequence[tuple[str, str]], str]], broad: bool = False) -> str:
    """Return a list of figures: data URI of each picture with what a screen reader says, caption.

    Args:
        each: of the figures.
        broad: whether they are wider than high.
    """
    items = "".join(f"<li>{figure(''.join(map(_picture, uris)), text)}</li>" for uris, text in each)
    return f'<ul class="pictures{" broad" if broad else ""}">{items}</ul>'


def _picture(named: tuple[str, str]) -> str:
    uri, alt = named
    return f'<img src="{uri}" alt="{words(alt)}" loading="lazy">'


def folded(summary: str, content: str) -> str:
    """Return HTML that opens with a click or a key; nothing if there is no content."""
    return f"<details><summary>{words(summary)}</summary>{content}</details>" if content else ""


def pairs(caption: str, values: Mapping[str, object], names: tuple[str, str]) -> str:
    """Return a table of two columns, nothing if it is empty.

    Args:
        caption: what it shows.
        values: by name.
        names: of the columns.
    """
    rows = [[words(name), words(value)] for name, value in values.items()]
    return table(caption, names, rows) if rows else ""
