"""ganray: one GAN per class, or one for all? Train, measure, search and report, on Ray.

The names below load torch on first use only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganray._version import __version__

if TYPE_CHECKING:
    from ganray.drivers.python import run
    from ganray.trained import load_generator

__all__ = ["__version__", "evaluate", "load_generator", "run"]

_HOMES = {
    "evaluate": "ganray.drivers.evaluate",
    "load_generator": "ganray.trained",
    "run": "ganray.drivers.python",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
