"""Studies in slow motion, so that a test does to one what it wants to while it runs.

However fast the machine is: a test that hoped to come in time would fail on the next one.
"""

from __future__ import annotations

import os
from pathlib import Path


def slow_motion(until: Path) -> dict[str, str]:
    """The environment in which GANs train slowly until there is a file `until`.

    That holds for a process that is started with it and, Ray's workers included, all below it.
    """
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, paths))
    return {"PYTHONPATH": path, "GANRAY_TEST_SLOW_UNTIL": str(until)}


def begun(until: Path) -> list[int]:
    """The processes that have done an iteration of a GAN since they were started so."""
    told = until.with_name(f"{until.name}.begun")
    return [int(line) for line in told.read_text().split()] if told.exists() else []
