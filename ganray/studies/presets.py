"""Settings under one word: `train: fast` in a file, or `{from: fast, …}` with more beside it.

A preset is the settings themselves, written down once: a plan knows and keeps these alone.
"""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "train": {
        "fast": {
            "critic_steps": 2,
            "learning_rate": 5e-4,
            "penalty_interval": 4,
            "ema": 0.98,
            "kernel": "fused",
        },
    },
}
"""By the group of a file, then by their word."""
