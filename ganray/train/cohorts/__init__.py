"""Several GANs of one shape trained together on one device.

What needs torch loads on first use: whoever forms cohorts only asks what can share one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganray.train.cohorts.fitting import objection

if TYPE_CHECKING:
    from ganray.train.cohorts.cohort import Cohort

__all__ = ["Cohort", "objection"]


def __getattr__(name: str) -> Any:
    if name != "Cohort":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.cohort").Cohort
