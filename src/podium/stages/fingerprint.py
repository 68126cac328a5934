"""Write a fingerprint of the code of each stage, of each competition and of each extractor.

A stage depends on the fingerprint of its own code, so that an edit reruns the stages that it
concerns and no others, and a changed docstring none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from podium.competitions import COMPETITIONS
from podium.core.code_fingerprint import code_fingerprint
from podium.core.errors import guarded
from podium.core.files import write_text
from podium.evaluation.competition import Competition
from podium.models.extractor_table import TABLE
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the files of the folder --out; those that say what they should are left alone."""
    args = parse(__doc__, argv, "out")
    fingerprints = all_fingerprints()
    changed = [name for name, text in fingerprints.items() if _write(args.out / name, text)]
    for path in args.out.iterdir():
        if path.name not in fingerprints:
            path.unlink()
    print(f"code changed: {', '.join(changed) or 'nothing'}")


def all_fingerprints() -> dict[str, str]:
    """File name -> text."""
    stages = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    names = [name for name in stages if name not in ("__init__", "arguments", "fingerprint")]
    of_stages = {name: code_fingerprint(f"podium.stages.{name}") for name in names}
    of_extractors = {f"extractor-{name}": _sha256(repr(spec)) for name, spec in TABLE.items()}
    of_competitions = {f"competition-{each.name}": _of(each) for each in COMPETITIONS.values()}
    registry = {"competitions": _sha256(" ".join(of_competitions.values()))}
    return of_stages | of_extractors | of_competitions | registry


def _of(competition: Competition) -> str:
    """Fingerprint of a row of the registry, and of the modules that it names."""
    return _sha256(" ".join([repr(competition), *map(code_fingerprint, competition.modules)]))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path: Path, text: str) -> bool:
    """Whether `path` had to be written to hold `text`."""
    if path.is_file() and path.read_text(encoding="utf-8") == f"{text}\n":
        return False
    write_text(path, f"{text}\n")
    return True


if __name__ == "__main__":
    main()
