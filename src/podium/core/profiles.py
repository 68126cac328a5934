"""Profiles: named sets of settings merged into params.yaml, keeping its comments and order."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from podium.core.errors import SettingsError
from podium.core.files import write_text
from podium.core.params import Params, read_yaml, validate_params

# sections whose keys are names that the user chooses
NAMED = ("extractors", "train_captcha_reader")


def apply(profile: Path, params: Path) -> str:
    """Merge `profile` into the file `params` and return the diff; '' if nothing changed.

    Mappings are merged key by key, other values replaced. In `extractors` and
    `train_captcha_reader` names that the profile does not list are dropped.

    Raises:
        SettingsError: a file is missing, or the profile is no YAML mapping.
    """
    before, after = _merged_texts(profile, params)
    if after != before:
        write_text(params, after)
    lines = difflib.unified_diff(
        before.splitlines(True), after.splitlines(True), str(params), f"{params} ({profile.stem})"
    )
    return "".join(lines)


def params_with(profile: Path, params: Path) -> Params:
    """Return the settings that `apply` would write; no file is written.

    Raises:
        SettingsError: a file is missing, or the merged settings are invalid.
    """
    _, after = _merged_texts(profile, params)
    return validate_params(YAML(typ="safe").load(after), profile)


def _merged_texts(profile: Path, params: Path) -> tuple[str, str]:
    """The text of `params` before and after."""
    for path in (profile, params):
        if not path.is_file():
            raise SettingsError(f"{path}: no such file; run from the project's folder")
    yaml = _round_trip_yaml()
    before = params.read_text(encoding="utf-8")
    settings = yaml.load(before)
    _merge(settings, _changes(profile))
    text = io.StringIO()
    yaml.dump(settings, text)
    return before, re.sub(r"(?m)^( *[^#\s][^#\n]*?) {2,}#", r"\1 #", text.getvalue())


def _round_trip_yaml() -> YAML:
    """YAML that keeps comments, quotes and layout of what does not change."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(
        type(None),
        lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null"),
    )
    return yaml


def _changes(profile: Path) -> Mapping[str, Any]:
    changes = read_yaml(profile)
    if not isinstance(changes, dict):
        raise SettingsError(f"{profile}: a profile holds sections, as params.yaml does")
    return changes


def _merge(settings: Any, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(settings.get(key), dict):
            if key in NAMED:
                _keep_only(settings[key], value)
            _merge(settings[key], value)
        else:
            settings[key] = value


def _keep_only(settings: Any, names: Mapping[str, Any]) -> None:
    """Drop the keys that are not in `names` and insert new ones, in the order of `names`.

    The mapping itself stays, since comments belong to it.
    """
    for key in [key for key in settings if key not in names]:
        del settings[key]
    for position, key in enumerate(names):
        if key not in settings:
            settings.insert(position, key, {})
