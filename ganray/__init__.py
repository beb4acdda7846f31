"""ganray: one GAN per class, or one for all? Train, measure, search and report, on Ray.

The names below load torch on first use only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ganray._version import __version__

if TYPE_CHECKING:
    from ganray.trained import load_generator

__all__ = ["__version__", "load_generator"]


def __getattr__(name: str) -> Any:
    if name == "load_generator":
        from ganray.trained import load_generator

        return load_generator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
