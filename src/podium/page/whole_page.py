"""The whole page: the first screen, then a section for each competition."""

from __future__ import annotations

from collections.abc import Sequence

from podium.competitions import COMPETITIONS
from podium.page import markup
from podium.page.ladder import best_first, ladder
from podium.page.run_facts import RunFacts, handing_in
from podium.page.sections import section
from podium.page.style import SCRIPT, STYLE
from podium.page.this_run import provenance, timings

TIMINGS = "runs/timings.html"  # neither git nor DVC compares it


def page(each: Sequence[RunFacts], more: str = "") -> str:
    """Return the page of a run as HTML; equal facts give equal text.

    Args:
        each: competition.
        more: a section that differs from run to run; without it the page links to a file of that.
    """
    link = (
        f'<footer><p><a href="../{TIMINGS}">Revision, seconds, device and versions of each stage'
        "</a> differ from run to run, and lie in a file of their own.</p></footer>\n"
    )
    links = "".join(
        f'<li><a href="#{facts.competition.name}">{facts.competition.name}</a></li>'
        for facts in each
    )
    links += '<li><a href="#this-run">this run</a></li>' if more else ""
    sections = "\n".join(map(section, each))
    return _document(
        "Results of this run",
        '<a class="skip" href="#results">Skip to the results</a>\n'
        "<header><h1>Results of this run</h1>\n"
        '<p class="faint">Scores are of rows that no model was fitted on, '
        "with 95 % intervals.</p>\n"
        f'<nav aria-label="Competitions"><ul>{links}</ul></nav></header>\n'
        f'<main id="results">\n<div class="first">{_first_screen(each)}</div>\n'
        f"{sections}\n{more}</main>\n{'' if more else link}",
    )


def timings_page(each: Sequence[RunFacts]) -> str:
    """Return revision, and seconds, device and versions of each stage as a page of its own."""
    tables = "".join(f"<h2>{facts.competition.name}</h2>{timings(facts)}" for facts in each)
    heading = '<h1>Timings of this run</h1><p><a href="../reports/index.html">Results</a></p>'
    heading += provenance(each[0].root)
    return _document("Timings of this run", f"<main>{heading}{tables}</main>")


def _document(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{body}<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _first_screen(each: Sequence[RunFacts]) -> str:
    names = ["competition", "metric", "score (95 %)", "trivial baseline", "best single model",
             "the book", "submission"]  # fmt: skip
    caption = (
        "Each competition: its score, what needs no training, the best model alone, and what the "
        "book states of its own pictures"
    )
    return markup.table(caption, names, map(_row, each), "cards")


def _row(facts: RunFacts) -> list[str]:
    name = facts.competition.name
    link = f'<a href="#{name}">{name}</a>'
    if not facts.headline:
        return [link, "", "not run yet", "", "", _book(facts), "nothing to hand in"]
    state, sentence = handing_in(facts)
    return [
        link,
        _metric(facts),
        f"<strong>{markup.score(facts.headline)}</strong>",
        markup.score(facts.trivial, interval=False),
        _single(facts),
        _book(facts),
        f'<span class="verdict {state}">{markup.words(sentence)}</span>',
    ]


def _metric(facts: RunFacts) -> str:
    """The metric that counts, and which way is better."""
    lower = {each.key: each.lower_is_better for each in facts.competition.metrics}
    text = markup.words(facts.result.metric_name)
    if facts.result.metric not in lower:
        return text
    way = "lower" if lower[facts.result.metric] else "higher"
    return f'{text} <span class="faint">{way} is better</span>'


def _single(facts: RunFacts) -> str:
    """The best model alone, by the metric that counts."""
    key = facts.result.metric
    if facts.blend.get("metric") == key:
        name, score = facts.blend.get("single", {}).get("model", ""), facts.single
    else:  # the blend has another one, such as that of the labels of slides
        rungs = best_first(facts, [each for each in ladder(facts) if each.kind == "model"], key)
        name, score = (rungs[0].name, rungs[0].scores[key]) if rungs else ("none", None)
    return f"{markup.score(score, interval=False)} ({markup.words(name)})"


def _book(facts: RunFacts) -> str:
    """The book's figure; none where it has no such one."""
    competition = facts.competition
    original = COMPETITIONS[competition.name]
    if not competition.book or competition.metrics[0] != original.metrics[0]:
        return "none"
    value, pictures = competition.book
    return markup.words(f"{value:.4f}, {pictures}")
