"""Fetch the weights of extractors over the network, for machines that have none.

`PYTHONPATH=src python -m podium.models.fetch_weights dinov2-small` writes
`data/weights/dinov2-small.weights.h5` and prints the line for params.yaml.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from podium.core.errors import SettingsError, guarded
from podium.core.files import file_sha256
from podium.models import hub_networks, keras_networks
from podium.models.extractor_table import find


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write a weights file for each extractor that is named, and say its sha256."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extractors", nargs="+", metavar="EXTRACTOR")
    parser.add_argument("--to", type=Path, default=Path("data/weights"), metavar="FOLDER")
    args = parser.parse_args(argv)
    for name in args.extractors:
        path = fetch(name, args.to)
        print(f"{path}\nparams.yaml: extractors.{name}.weights: {file_sha256(path)}")


def fetch(name: str, folder: Path) -> Path:
    """Download the weights of an extractor and return the file they were written to.

    Raises:
        SettingsError: its weights are not downloaded.
        EnvironmentFault: the download failed, or KerasHub is not installed.
    """
    spec = find(name)
    if spec.family not in ("hub", "keras"):
        raise SettingsError(f"{name}: its weights need no file\nremedy: leave it out")
    if spec.family == "hub":
        network = hub_networks.downloaded(name)
    else:
        options = {"pooling": "avg", "input_shape": (spec.image_size, spec.image_size, 3)}
        network = keras_networks.build(name, "download", folder, options, "")
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / f"{name}.weights.h5", folder / f"partial-{name}.weights.h5"
    network.save_weights(partial, overwrite=True)
    return partial.replace(path)


if __name__ == "__main__":
    main()
