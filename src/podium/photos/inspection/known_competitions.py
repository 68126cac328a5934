"""Public picture competitions whose metric and target are known, by Kaggle's name for them."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from podium.core.errors import SettingsError
from podium.core.printable import printable

MLE_BENCH = "openai/mle-bench: mlebench/competitions/{slug}/grade.py"
KAGGLE = "https://www.kaggle.com/competitions/{slug}"


class KnownCompetition(NamedTuple):
    """What a competition is scored by.

    Attributes:
        slug: Kaggle's name for it.
        metric: its name.
        target: class, labels, ordered or number.
        source: the public page or file that says so.
    """

    slug: str
    metric: str
    target: str
    source: str


_ROWS = """
aerial-cactus-identification                 auc              class    mle
aptos2019-blindness-detection                quadratic_kappa  ordered  mle
cassava-leaf-disease-classification          accuracy         class    mle
dog-breed-identification                     log_loss         class    mle
dogs-vs-cats-redux-kernels-edition           log_loss         class    mle
herbarium-2020-fgvc7                         macro_f1         class    mle
herbarium-2021-fgvc8                         macro_f1         class    mle
herbarium-2022-fgvc9                         macro_f1         class    mle
histopathologic-cancer-detection             auc              class    mle
hotel-id-2021-fgvc8                          map@5            class    mle
imet-2020-fgvc7                              micro_f1         labels   mle
inaturalist-2019-fgvc6                       accuracy         class    mle
invasive-species-monitoring                  auc              class    mle
iwildcam-2019-fgvc6                          macro_f1         class    mle
iwildcam-2020-fgvc7                          accuracy         class    mle
leaf-classification                          log_loss         class    mle
paddy-disease-classification                 accuracy         class    mle
petfinder-pawpularity-score                  rmse             number   mle
plant-pathology-2020-fgvc7                   mean_auc         class    mle
plant-pathology-2021-fgvc8                   micro_f1         labels   mle
plant-seedlings-classification               micro_f1         class    mle
ranzcr-clip-catheter-line-classification     mean_auc         labels   mle
siim-isic-melanoma-classification            auc              class    mle
whale-categorization-playground              map@5            class    mle
dogs-vs-cats                                 accuracy         class    kaggle
cifar-10                                     accuracy         class    kaggle
diabetic-retinopathy-detection               quadratic_kappa  ordered  kaggle
happy-whale-and-dolphin                      map@5            class    kaggle
hotel-id-to-combat-human-trafficking-2022-fgvc9  map@5        class    kaggle
humpback-whale-identification                map@5            class    kaggle
intel-mobileodt-cervical-cancer-screening    log_loss         class    kaggle
sorghum-id-fgvc-9                            accuracy         class    kaggle
state-farm-distracted-driver-detection       log_loss         class    kaggle
the-nature-conservancy-fisheries-monitoring  log_loss         class    kaggle
"""


def _row(line: str) -> KnownCompetition:
    slug, metric, target, source = line.split()
    pattern = MLE_BENCH if source == "mle" else KAGGLE
    return KnownCompetition(slug, metric, target, pattern.format(slug=slug))


COMPETITIONS = {row.slug: row for row in map(_row, _ROWS.strip().splitlines())}


def known_competition(slug: str) -> KnownCompetition:
    """Return the row of a competition.

    Raises:
        SettingsError: it is not in the table; names those that are spelt alike.
    """
    if slug in COMPETITIONS:
        return COMPETITIONS[slug]
    near = difflib.get_close_matches(slug, COMPETITIONS, 3, 0.4)
    hint = f"; perhaps {', '.join(near)}" if near else ""
    raise SettingsError(
        f"--competition: {printable(slug)} is not among the {len(COMPETITIONS)} that are known"
        f"{hint}\nremedy: say its metric, which its page on Kaggle names: --metric NAME"
    )
