"""What an artefact says of itself, checked by the schema of those that read it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.training.model_file import RETRAIN


class Described(BaseModel):
    """The part of a description that is checked; what else it holds is left alone."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)
    purpose: ClassVar[str]  # "photos", in messages


Schema = TypeVar("Schema", bound=Described)


def checked(schema: type[Schema], path: Path, description: Mapping[str, Any]) -> Schema:
    """Return what the artefact at `path` says of itself.

    Args:
        schema: what it must say.
        path: of the artefact.
        description: as `artefact.load` gives it.

    Raises:
        PodiumError: it says something else, as a foreign or damaged artefact does.
    """
    try:
        return schema.model_validate(dict(description))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise foreign(path, schema, f"{where}: {fault['msg']}") from None


def foreign(path: Path, schema: type[Described], fault: str) -> PodiumError:
    """Return the error of an artefact that is none of those that a schema describes.

    Args:
        path: of the artefact.
        schema: of the artefacts that were wanted.
        fault: what does not fit.
    """
    reason = f"a podium model, but not one for {schema.purpose} ({printable(fault)})"
    return PodiumError(f"{printable(path)}: {reason}\n{RETRAIN}")
