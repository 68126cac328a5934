"""What the section photo_networks may say, told without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podium.core.errors import SettingsError
from podium.core.nearest import did_you_mean
from podium.core.params import Params, PhotoNetwork
from podium.models import hub_networks
from podium.models.extractor_table import TABLE

TASK = "photos-network"  # of artefacts
SMALL = {"small_cnn": 16, "small_resnet": 16}  # built for the size; the fewest pixels a side
FAMILIES = ("lite", "keras", "hub")  # of the extractor table, that can be trained
FEWEST_PX = {"inceptionv3": 75, "xception": 71}  # a side; others 32
OPTIMIZERS = (
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "muon",
    "nadam", "rmsprop", "sgd",
)  # fmt: skip
OTHER_MODELS = (
    "dense", "book", "logistic", "boosting", "prior", "pseudo", "pictures", "blend",
)  # fmt: skip


def networks() -> list[str]:
    """Return the names of all networks that can be trained."""
    return [*SMALL, *(name for name, spec in TABLE.items() if spec.family in FAMILIES)]


def check_networks(params: Params) -> None:
    """Check what can be told from the settings alone.

    Raises:
        SettingsError: names the first key that does not fit, and what would.
    """
    for name, settings in params.photo_networks.items():
        if name in (*OTHER_MODELS, *TABLE):
            raise SettingsError(
                f"photo_networks.{name}: another model's table has or may have that name\n"
                f"remedy: call it {name}-network, say"
            )
        for key, fault in _faults(settings).items():
            raise SettingsError(f"photo_networks.{name}.{key}: {getattr(settings, key)}{fault}")


def _faults(settings: PhotoNetwork) -> Mapping[str, str]:
    """Key -> what is wrong with its value; the first one counts."""
    network, start, faults = settings.network, settings.start, {}
    if network not in networks():
        return {"network": _no_such("network", network, networks())}
    if settings.optimizer.lower() not in OPTIMIZERS:
        faults["optimizer"] = _no_such("optimizer", settings.optimizer, OPTIMIZERS)
    if settings.image_size != "auto":
        faults |= _size_faults(network, settings.image_size)
    if network in SMALL and start != "scratch" and not start.endswith(".keras"):
        faults["start"] = (
            f", but {network} has no pretrained weights\nremedy: say scratch, or choose another "
            "network"
        )
    if start == "scratch":
        faults |= _scratch_faults(settings)
    if settings.views == "flip" and settings.augment.flip == "none" and settings.epochs != 0:
        faults["views"] = (
            ", but a network learnt with augment.flip: none never saw a mirrored picture\n"
            "remedy: say plain where sides matter (digits, letters), or augment.flip: sides"
        )
    return faults


def _scratch_faults(settings: PhotoNetwork) -> Mapping[str, str]:
    faults = {}
    if settings.train != "all":
        faults["train"] = ", but from scratch all of a network must learn\nremedy: say all"
    if settings.batch_norm == "frozen":
        faults["batch_norm"] = ", but from scratch it must learn\nremedy: say trained"
    if settings.epochs == 0:
        faults["epochs"] = ", but from scratch nothing would be learnt\nremedy: say auto"
    return faults


def _size_faults(network: str, size: int) -> Mapping[str, str]:
    fewest = fewest_px(network)
    if size < fewest:
        fault = f": {network} takes {fewest} px a side at least\nremedy: say {fewest} or auto"
    elif size not in sizes(network, [size]):
        (near,) = sizes(network, [size])
        fault = f": {network} does not take that many px a side\nremedy: say {near} or auto"
    else:
        return {}
    return {"image_size": fault}


def _no_such(thing: str, word: str, known: Sequence[str]) -> str:
    return f": no such {thing}{did_you_mean(word, known)}\nremedy: one of {', '.join(known)}"


def fewest_px(network: str) -> int:
    """Return the smallest width and height in pixels that a network takes."""
    least = SMALL.get(network) or FEWEST_PX.get(network, 32)
    return sizes(network, [least])[0]


def is_transformer(network: str) -> bool:
    """Whether a network is one of KerasHub's."""
    return network not in SMALL and TABLE[network].family == "hub"


def sizes(network: str, usual: Sequence[int]) -> list[int]:
    """Return the widths in pixels, near the usual ones, that a network takes.

    A transformer takes whole patches only, and some have places learnt for one size alone.
    """
    if not is_transformer(network):
        return list(usual)
    if TABLE[network].module in hub_networks.ONE_SIZE:
        return [TABLE[network].image_size]
    patch = hub_networks.ARCHITECTURES[TABLE[network].builder]["patch_size"]
    return sorted({patch * max(2, round(size / patch)) for size in usual})
