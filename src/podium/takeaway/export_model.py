"""Export a model: write it, run it again, and refuse it where it says something else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from podium.core.errors import PodiumError, SettingsError
from podium.core.files import write_json
from podium.core.printable import printable
from podium.takeaway.agreement import TOLERANCE, Agreement, agreement
from podium.takeaway.captcha_models import portable_reader
from podium.takeaway.formats import FORMATS, Format, quiet
from podium.takeaway.photo_models import portable_heads, portable_network
from podium.takeaway.portable import Pixels, Portable
from podium.takeaway.slide_models import portable_segmenter
from podium.training.model_file import read_description


def portable(path: Path, weights_dir: Path, any_width: bool) -> Portable:
    """Return the model in a file as one graph.

    Args:
        path: of an artefact.
        weights_dir: where ImageNet weights of one's own lie.
        any_width: of captcha readers: whether pictures may have another width.

    Raises:
        PodiumError: it is no model that can be exported.
        SettingsError: an option does not fit it.
    """
    task = str(read_description(path)["task"])
    if any_width and not task.startswith("captcha-"):
        raise SettingsError("--any-width: only captcha readers have it\nremedy: leave it out")
    if task == "photos":
        return portable_heads(path, weights_dir)
    if task == "photos-network":
        return portable_network(path)
    if task == "slides":
        return portable_segmenter(path)
    if task.startswith("captcha-"):
        return portable_reader(path, any_width)
    raise PodiumError(
        f"{printable(path)}: a model for {printable(task)}, which is not exported\n"
        "remedy: give a model of photos or slides, or a captcha reader"
    )


def export(model: Portable, name: str, out: Path, pictures: Sequence[Pixels]) -> Agreement | None:
    """Write a model to `out`, with what it takes and gives in a JSON file beside it.

    Returns how it compares; None where this machine cannot run the format.

    Args:
        model: to be exported.
        name: of the format.
        out: a file, or a folder for savedmodel; replaced if it is there.
        pictures: RGB pixels (H, W, 3) to compare answers on.

    Raises:
        PodiumError: the exported model says something else than the pipeline; nothing is written.
    """
    if name == "litert-int8" and "recurrent" in model.description:
        raise SettingsError(
            "--to litert-int8: LiteRT cannot quantise the recurrent layers of this reader\n"
            "remedy: --to litert, or export a cnn"
        )
    form = FORMATS[name]
    _refuse_other(out, name, form)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export") as folder:
        path = Path(folder) / out.name
        with quiet():
            form.write(model, path, pictures)
            compared = agreement(model, name, path, pictures) if form.runs_here else None
        if name != "litert-int8" and compared and not compared.worst <= TOLERANCE:
            raise PodiumError(
                f"{out}: not written, its answers differ by {compared.worst:.1e} from the "
                f"pipeline's, more than {TOLERANCE:g}\nremedy: another --to; savedmodel is exact"
            )
        if out.is_dir():
            shutil.rmtree(out)
        path.replace(out)
    write_json(out.with_name(f"{out.name}.json"), {"format": name, **model.description})
    return compared


def _refuse_other(out: Path, name: str, form: Format) -> None:
    """Check that `out` may be replaced: it is not there, or is what `name` writes."""
    ours = (out / form.marker).is_file()  # of a format that is a file: the file itself
    if out.exists() and not ours:
        kind = "folder" if out.is_dir() else "file"
        raise SettingsError(
            f"--out {printable(out)}: a {kind} of that name is there, and no {name} model\n"
            "remedy: choose another name"
        )
