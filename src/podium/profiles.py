"""Profiles: named sets of settings laid over params.yaml, keeping its comments and order."""

from __future__ import annotations

import difflib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from podium.errors import SettingsError
from podium.files import write_text
from podium.params import read_yaml


def apply(profile: Path, params: Path) -> str:
    """Lay `profile` over `params` and give back the diff; '' if nothing changed.

    A key that holds a mapping is merged, any other is replaced. `extractors` is replaced whole,
    since a profile names the extractors it wants.

    Raises:
        SettingsError: a file is missing, or the profile is no YAML mapping.
    """
    for path in (profile, params):
        if not path.is_file():
            raise SettingsError(f"{path}: no such file; run from the project's folder")
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    before = params.read_text(encoding="utf-8")
    settings = yaml.load(before)
    _merge(settings, _changes(profile))
    text = io.StringIO()
    yaml.dump(settings, text)
    after = text.getvalue()
    if after != before:
        write_text(params, after)
    lines = difflib.unified_diff(
        before.splitlines(True), after.splitlines(True), str(params), f"{params} ({profile.stem})"
    )
    return "".join(lines)


def _changes(profile: Path) -> Mapping[str, Any]:
    changes = read_yaml(profile)
    if not isinstance(changes, dict):
        raise SettingsError(f"{profile}: a profile holds sections, as params.yaml does")
    return changes


def _merge(settings: Any, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(settings.get(key), dict):
            if key == "extractors":
                _keep_only(settings[key], value)
            _merge(settings[key], value)
        else:
            settings[key] = value


def _keep_only(settings: Any, wanted: Mapping[str, Any]) -> None:
    """Drop keys that are not wanted and make room for new ones, in the order of `wanted`.

    What stays is not built anew, since comments hang on it.
    """
    for key in [key for key in settings if key not in wanted]:
        del settings[key]
    for place, key in enumerate(wanted):
        if key not in settings:
            settings.insert(place, key, {})
