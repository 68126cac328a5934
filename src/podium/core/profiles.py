"""Profiles: named sets of settings laid over params.yaml, keeping its comments and order."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from podium.core.errors import SettingsError
from podium.core.files import write_text
from podium.core.nearest import did_you_mean
from podium.core.params import Params, read_yaml, validate_params
from podium.core.printable import printable

# sections whose keys are names that people choose
NAMED = ("extractors", "train_captcha_reader", "photo_networks")


def refuse_unknown(name: str, folder: Path = Path("profiles")) -> None:
    """Raise a SettingsError that names the nearest profile if `folder` has none of that name."""
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in names:
        offered = ", ".join(names) or "none; run from the project's folder"
        raise SettingsError(
            f"{printable(name)}: no such profile{did_you_mean(name, names)}\n"
            f"remedy: {folder} has {offered}"
        )


def apply(profile: Path, params: Path) -> str:
    """Write the settings of `profile` into `params`; the diff, or '' if nothing changed.

    A key that holds a mapping is merged, any other is replaced. Of `extractors`,
    `train_captcha_reader` and `photo_networks` only the names that the profile has stay.

    Raises:
        SettingsError: a file is missing, or the profile is no YAML mapping.
    """
    return write_changes(params, read_changes(profile, params), profile.stem)


def write_changes(params: Path, changes: Mapping[str, Any], name: str) -> str:
    """Write settings into `params`, as `apply` does; the diff, or '' if nothing changed.

    Args:
        params: the settings, with comments that stay.
        changes: sections with the keys to change.
        name: of the changes, for the diff.
    """
    before, after = _before_and_after(params, changes)
    if after != before:
        write_text(params, after)
    lines = difflib.unified_diff(
        before.splitlines(True), after.splitlines(True), str(params), f"{params} ({name})"
    )
    return "".join(lines)


def load_with_profile(profile: Path, params: Path) -> Params:
    """The settings as `apply` would leave them; no file is written.

    Raises:
        SettingsError: a file is missing, or the settings that result do not fit.
    """
    _, after = _before_and_after(params, read_changes(profile, params))
    return validate_params(YAML(typ="safe").load(after), profile)


def _before_and_after(params: Path, changes: Mapping[str, Any]) -> tuple[str, str]:
    """The text of `params` without and with `changes`."""
    yaml = _round_trip_yaml()
    before = params.read_text(encoding="utf-8")
    settings = yaml.load(before)
    _merge(settings, changes)
    text = io.StringIO()
    yaml.dump(settings, text)
    return before, re.sub(r"(?m)^( *[^#\s][^#\n]*?) {2,}#", r"\1 #", text.getvalue())


def _round_trip_yaml() -> YAML:
    """A YAML reader and writer that keeps comments, order, quotes and indents."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(
        type(None), lambda writer, _: writer.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return yaml


def read_changes(profile: Path, params: Path) -> Mapping[str, Any]:
    """Return the settings of `profile`.

    Raises:
        SettingsError: it or `params` is missing, or it is no YAML mapping.
    """
    for path in (profile, params):
        if not path.is_file():
            raise SettingsError(f"{path}: no such file\nremedy: run from the project's folder")
    changes = read_yaml(profile)
    if not isinstance(changes, dict):
        raise SettingsError(
            f"{profile}: it holds no sections\nremedy: write it as params.yaml is written"
        )
    return changes


def _merge(settings: Any, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(settings.get(key), dict):
            if key in NAMED:
                _keep_only(settings[key], value)
            _merge(settings[key], value)
        else:
            settings[key] = _written_alike(settings.get(key), value)


def _written_alike(before: Any, value: Any) -> Any:
    """A list on one line if it replaces one that is empty or so written; else `value` itself."""
    if not (isinstance(value, list) and isinstance(before, CommentedSeq)):
        return value
    if before and not before.fa.flow_style():
        return value
    on_one_line = CommentedSeq(value)
    on_one_line.fa.set_flow_style()
    return on_one_line


def _keep_only(settings: Any, names: Mapping[str, Any]) -> None:
    """Drop the keys of `settings` that are not in `names`, and insert the missing ones, empty.

    Keys that stay are not built anew, since comments hang on them.
    """
    for key in [key for key in settings if key not in names]:
        del settings[key]
    if names:
        settings.fa.set_block_style()  # `{}`, as an empty section is written, is no style for many
    for place, key in enumerate(names):
        if key not in settings:
            settings.insert(place, key, {})
