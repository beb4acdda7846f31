"""Runs studies in processes that are killed, one after another, until one lives to finish each.

    python -m tests.stages.killed

reads them, a line each: `["STUDY", "STORE", SEED, KILLS]`.

Each process dies at a moment drawn from SEED, which is the same on every machine: at its n-th
`fsync`, which every write of a store passes before and after it gets its name, or at its n-th call
of a function, wherever that is. Prints one line for each process: how it was to die, and its wait
status; and goes on when it is told to by a line.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from tests import tiny

_FIRST_CALLS = 14_000  # before the first artifact of a run that begins; a whole one makes 198,000


def die_at_write(count: int) -> None:
    """SIGKILL at the `count`-th fsync."""
    real: Callable[[int], None] = os.fsync
    left = iter(range(count))

    def fsync(descriptor: int) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        real(descriptor)

    os.fsync = fsync  # type: ignore[assignment]


def die_at_call(count: int) -> None:
    """SIGKILL when a function of Python is called for the `count`-th time."""
    left = iter(range(count))

    def look(_: object, event: str, __: object) -> None:
        if event == "call" and next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(look)


def lives(fate: Callable[[], None], study: Path, url: str) -> int:
    """Run the study in a fork of this process, which has imported everything; its wait status."""
    child = os.fork()
    if not child:
        fate()
        _, agenda = tiny.run(study, url)
        os._exit(0 if agenda.complete else 1)
    return os.waitpid(child, 0)[1]


def kill(study: str, url: str, seed: int, kills: int) -> None:
    """Kill so many processes, then let one finish."""
    draw = random.Random(seed)
    for number in range(kills):
        value = draw.randint(1, 90)
        at_call = _FIRST_CALLS + 500 * value
        how = f"call {at_call}" if number % 3 == 2 else f"write {value}"
        fate = partial(die_at_call, at_call) if number % 3 == 2 else partial(die_at_write, value)
        print(f"{how}: {lives(fate, Path(study), url)}", flush=True)
        sys.stdin.readline()  # the test looks at the store before it goes on
    print(f"last: {lives(lambda: None, Path(study), url)}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    while asked := sys.stdin.readline():
        kill(*json.loads(asked))
