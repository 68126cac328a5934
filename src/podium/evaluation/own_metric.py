"""A metric of one's own: a function of predictions and truth, named module:function.

    def score(values, truth): ...    # (N, K) predictions, and the truth of the same rows -> a float
    score.lower_is_better = False

Truth is class indices (N,), 1 or 0 for each label (N, L), or numbers (N,).
"""

from __future__ import annotations

import sys
from pathlib import Path
from pkgutil import resolve_name

from podium.core.errors import SettingsError


def is_lower_better(name: str) -> bool:
    """Return the direction that the function module:function says in `lower_is_better`.

    Its module lies in the working folder, beside params.yaml, or on PYTHONPATH.

    Raises:
        SettingsError: there is no such function, or it does not say.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        function = resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(
            f"metric {name}: {error}\n"
            "remedy: write module:function, the module beside params.yaml or on PYTHONPATH"
        ) from None
    lower = getattr(function, "lower_is_better", None)
    if not callable(function) or not isinstance(lower, bool):
        attribute = f"{name.partition(':')[2]}.lower_is_better"
        raise SettingsError(
            f"metric {name}: it does not say which way is better\n"
            f"remedy: write {attribute} = True, or False, below the function"
        )
    return lower
