"""What differs between equal runs: the revision, seconds, devices, and experiments beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from podium.comparison import compare_pages
from podium.comparison.compare import Comparison
from podium.core.git_state import changed_files, revision
from podium.page import markup
from podium.page.run_facts import RunFacts

FILES = 12  # changed files that are named


def provenance(root: Path) -> str:
    """Return which revision the project below `root` is of, and what differs from it, as HTML."""
    name, changed = revision(root), changed_files(root)
    if not name:
        return "<p>Revision: unknown, no commit of Git is here.</p>"
    if not changed:
        return f"<p>Revision: {markup.words(name)}, no tracked file differs.</p>"
    more = f", and {len(changed) - FILES} more" if len(changed) > FILES else ""
    files = ", ".join(markup.words(path) for path in changed[:FILES])
    return f"<p>Revision: {markup.words(name)}; these files differ: {files}{more}.</p>"


def timings(facts: RunFacts) -> str:
    """Return seconds, device and versions of each stage of a competition as HTML."""
    rows = [
        [markup.words(stage), f'<data value="{float(run.get("seconds", 0))!r}">'
         f"{float(run.get('seconds', 0)):.1f}</data>",
         markup.words(run.get("run", {}).get("device", "")),
         markup.words(run.get("run", {}).get("software", ""))]
        for stage, run in facts.runs().items()
    ]  # fmt: skip
    names = ["stage", "seconds", "device", "software"]
    caption = f"seconds of each stage of {facts.competition.name}"
    return markup.table(caption, names, rows, "sorted") if rows else "<p>Not run yet.</p>"


def this_run(each: Sequence[RunFacts], compared: Mapping[str, Comparison | str]) -> str:
    """Return all that differs between equal runs as a section of HTML.

    Args:
        each: competition.
        compared: by the name of a competition: its experiments, or why there are none.
    """
    parts = [provenance(each[0].root)]
    for facts in each:
        name = facts.competition.name
        parts.append(f"<h3>{name}</h3>")
        if name in compared:
            parts.append(_experiments(compared[name]))
        parts.append(markup.folded(f"Seconds, devices and versions of {name}", timings(facts)))
    return f'<section id="this-run"><h2>This run</h2>{"".join(parts)}</section>'


def _experiments(comparison: Comparison | str) -> str:
    if isinstance(comparison, str):
        return f"<p>Experiments: {markup.words(comparison)}</p>"
    tables = [
        markup.table(
            f"models and experiments of {each.competition.name} by {each.lines[0].metric.name}",
            list(map(_signs, compare_pages.head(each))),
            [
                [markup.words(_signs(cell)) for cell in compare_pages.cells(each, line)]
                for line in each.lines
            ],
            "sorted",
        )
        for each in compare_pages.by_score(comparison)
    ]
    notes = "".join(f"<li>{markup.words(note)}</li>" for note in comparison.notes)
    about = f'<p class="faint">{markup.words(_signs(compare_pages.about(comparison)))}</p>'
    return "".join(tables) + about + (f"<ul>{notes}</ul>" if notes else "")


def _signs(text: str) -> str:
    return text.replace("+- ", "\u00b1 ")
