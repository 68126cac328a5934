"""What the page says of one competition, read from metrics, tables, manifests and run records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from podium.comparison.results import Result, read_result
from podium.comparison.results_page import all_warnings
from podium.core.files import file_sha256, read_table
from podium.core.run_records import read_run
from podium.evaluation.competition import Competition, Settings, flat, value_at
from podium.evaluation.headline import read_metrics
from podium.evaluation.predictions import read_predictions
from podium.evaluation.scores import Score, score_from

DEFAULTS = Path("profiles/laptop.yaml")


@dataclass(frozen=True)
class Sourced:
    """A score, and where it stands: a file and a dotted name in it."""

    score: Score
    file: str
    dotted: str


@dataclass(frozen=True)
class RunFacts:
    """What is known of a competition after a run.

    Attributes:
        root: the project's folder.
        competition: with the metrics of its task.
        settings: of params.yaml.
        result: score, trivial score and warnings.
        blend: the metrics of its blend.
    """

    root: Path
    competition: Competition
    settings: Settings
    result: Result
    blend: Mapping[str, Any]

    @property
    def metrics_dir(self) -> Path:
        """The folder of metrics."""
        return self.root / "metrics"

    @property
    def submission(self) -> Path:
        """The file that is handed in."""
        return self.root / "submissions" / f"{self.competition.name}.csv"

    @property
    def is_standin(self) -> bool:
        """Whether the pictures are drawn stand-ins."""
        setting = self.competition.source_setting
        return bool(setting) and value_at(self.settings, setting) != "raw"

    def sourced(self, file: str, dotted: str) -> Sourced | None:
        """Return the score at a dotted name of metrics/<file>.json; None if there is none."""
        value = value_at(read_metrics(self.metrics_dir / f"{file}.json"), dotted)
        score = score_from(value if isinstance(value, Mapping) else {"value": value})
        return Sourced(score, f"metrics/{file}.json", dotted) if score else None

    def place(self, place: str) -> Sourced | None:
        """Return the first score at `file:dotted.name`, of the files that it stands for."""
        file, _, dotted = place.partition(":")
        names = self.competition.names(self.settings, file)
        return next((each for name in names if (each := self.sourced(name, dotted))), None)

    @property
    def headline(self) -> Sourced | None:
        """The score that counts, of rows that no model was fitted on."""
        own = f"blend_{self.competition.name}:nested.{self.blend.get('metric')}"
        return self.place(self.competition.score or own)

    @property
    def trivial(self) -> Sourced | None:
        """The score of what needs no training."""
        metric = str(self.blend.get("metric"))
        return self.place(self.competition.trivial.replace("{metric}", metric))

    @property
    def single(self) -> Sourced | None:
        """The score of the best model alone, by the metric of the blend."""
        return self.sourced(f"blend_{self.competition.name}", f"single.{self.blend.get('metric')}")

    @property
    def warnings(self) -> list[str]:
        """The warnings of its stages."""
        return all_warnings(self.result)

    def table(self) -> pd.DataFrame:
        """Return the held-out rows of its blend, one for each id."""
        path = self.root / self.competition.files.blend
        if not path.is_file():
            return pd.DataFrame({"id": [], "truth": []})
        rows = read_predictions(path)
        return rows[(rows["split"] != "test") & (rows["truth"] != "")].drop_duplicates("id")

    def curves(self) -> dict[str, pd.DataFrame]:
        """Return the learning curves by the name of what learnt."""
        names = self.competition.timed_metrics(self.settings)
        paths = {name: self.root / "plots" / name / "learning_curve.csv" for name in names}
        return {name: pd.read_csv(path) for name, path in paths.items() if path.is_file()}

    def runs(self) -> dict[str, Mapping[str, Any]]:
        """Return the record of each stage's run, those that are known."""
        names = self.competition.timed_metrics(self.settings)
        records = {name: read_run(self.metrics_dir / f"{name}.json") for name in names}
        return {name: record for name, record in records.items() if "seconds" in record}

    def left_out(self) -> pd.DataFrame:
        """Return what was quarantined: id, split and reason of each."""
        files = self.competition.files.items
        names = [name for name in files if name.endswith("quarantine.csv")]
        if not names and self.competition.task:
            names = [files[0].replace(".h5", "-quarantine.csv")]
        tables = [read_table(path) for name in names if (path := self.root / name).is_file()]
        return pd.concat(tables) if tables else pd.DataFrame()

    def changed_settings(self) -> dict[str, tuple[Any, Any]]:
        """Return the settings that differ from the defaults: dotted name -> (default, own)."""
        path = self.root / DEFAULTS
        if not path.is_file():
            return {}
        defaults = flat(YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {})
        sections = self.competition.sections
        return {
            name: (default, value_at(self.settings, name))
            for name, default in defaults.items()
            if any(f"{name}.".startswith(f"{section}.") for section in sections)
            and value_at(self.settings, name) != default
        }


def read_facts(root: Path, competition: Competition, settings: Settings) -> RunFacts:
    """Return what a run below `root` says of a competition.

    Args:
        root: the project's folder.
        competition: of the registry.
        settings: of params.yaml.
    """
    own = competition.with_task(root)
    result = read_result(root / "metrics", own, settings)
    blend = read_metrics(root / "metrics" / f"blend_{own.name}.json")
    return RunFacts(root, own, settings, result, blend)


def handing_in(facts: RunFacts) -> tuple[str, str]:
    """Return whether the submission is safe to hand in, good, bad or even, and one sentence."""
    path, name = facts.submission, f"submissions/{facts.submission.name}"
    manifest = read_metrics(path.with_suffix(".json"))
    if not path.is_file() or not manifest:
        return "bad", f"Nothing to hand in: {name} is not there yet."
    if file_sha256(path) != manifest.get("sha256"):
        return "bad", f"Do not hand in {name}: it was changed after it was checked."
    if fault := _fault_of_score(facts):
        return "bad", f"Do not hand in {name}: {fault}."
    if facts.is_standin:
        raw = facts.competition.unused_raw(facts.root, facts.settings)
        more = f"; {raw}" if raw else ""
        return "even", f"A rehearsal: {name} is checked, but it answers drawn stand-ins{more}."
    filled = len(manifest.get("filled", []))
    look = f", but {filled} rows are filled in without an answer" if filled else ""
    look += f"; read its {len(facts.warnings)} warnings first" if facts.warnings else ""
    rows = f"{manifest.get('rows', 0):,} rows"
    return "good", f"Safe to hand in: {name} has {rows}, all checked{look}."


def _fault_of_score(facts: RunFacts) -> str:
    """What is wrong with the score, in words; '' if it beats the trivial one."""
    score, trivial = facts.headline, facts.trivial
    metrics = {metric.key: metric for metric in facts.competition.metrics}
    metric = metrics.get(facts.result.metric)
    if not score:
        return "its score is not known"
    if metric and trivial and not metric.is_better(score.score.value, trivial.score.value):
        return "its score is no better than the trivial baseline"
    return ""
