"""As many processes of one GAN each on one card, as Ray's fractions of a GPU are: side by side.

A part of `tests.benchmarks.gpu`. With an MPS server their kernels run beside each other, without
one in turn. A server is started where `nvidia-cuda-mps-control` is found, with pipes and logs in a
folder of its own, and ended again; the card's settings stay as they are. The process that asks
holds nothing of the card.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.gpu_parts import Clock, Works, wait

MEMBERS, WIDTH, PRECISION = 11, 64, "bf16"
SECONDS, CONTROL = 8.0, 20.0
"""For which all train at once; that a server's start or end may take."""


def works(device: str, _: Clock) -> Works:
    """Without a server, and with one."""
    size = (2, 2, 0.2) if device == "cpu" else (MEMBERS, WIDTH, SECONDS)
    yield "in turn", partial(shared, device, *size)
    yield "with MPS", partial(by_server, device, *size)


def by_server(device: str, members: int, width: int, seconds: float) -> dict[str, Any]:
    """With an MPS server; or why there is none."""
    with mps() as (environment, why):
        if environment is None:
            return {"none": why}
        return shared(device, members, width, seconds, environment)


def shared(
    device: str,
    members: int,
    width: int,
    seconds: float,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Iterations of all together in a second, and milliseconds of one iteration of all.

    Args:
        seconds: for which they train, all from one moment on.
        environment: what they are told beside this process's own.
    """
    words = ["-m", __name__, device, str(width), str(seconds)]
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(_ended(subprocess.Popen(
                [sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={**os.environ, **(environment or {})},
            )))
            for _ in range(members)
        ]  # fmt: skip
        for one in running:
            _line(one)
        for one in running:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        told = [json.loads(_line(one)) for one in running]
    each = sum(one["iterations"] / one["seconds"] for one in told)
    return {
        "members": members,
        "width": width,
        "precision": PRECISION,
        "iterations_per_second": each,
        "ms_of_all": 1e3 * members / each,
    }


def _line(one: subprocess.Popen[str]) -> str:
    assert one.stdout is not None
    found = one.stdout.readline()
    if not found:
        raise RuntimeError(f"one of the processes ended with {one.wait()}")
    return found


@contextlib.contextmanager
def _ended(one: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield one
        one.wait(CONTROL)
    finally:
        if one.poll() is None:
            one.kill()
            one.wait()


@contextlib.contextmanager
def mps() -> Iterator[tuple[dict[str, str] | None, str]]:
    """An MPS server of one's own: what its clients' environment says; or None, and why."""
    control = shutil.which("nvidia-cuda-mps-control")
    if control is None:
        yield None, "no nvidia-cuda-mps-control here"
        return
    with tempfile.TemporaryDirectory() as folder:
        own = {f"CUDA_MPS_{name}_DIRECTORY": str(Path(folder, name)) for name in ("PIPE", "LOG")}
        for place in own.values():
            Path(place).mkdir()
        if why := _asked([control, "-d"], own):
            yield None, why
            return
        try:
            yield own, ""
        finally:
            _asked([control], own, "quit\n")


def _asked(words: list[str], environment: Mapping[str, str], told: str = "") -> str:
    """Ask the control of a server; why it did not do so, if it did not."""
    with tempfile.TemporaryFile("w+") as said:  # no pipe: a server would keep it open
        try:
            done = subprocess.run(
                words, env={**os.environ, **environment}, input=told, text=True, stdout=said,
                stderr=said, timeout=CONTROL, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        said.seek(0)
        failed = f"{' '.join(words)} ended with {done.returncode}: {said.read()}"
        return failed if done.returncode else ""


def train(device: str, width: int, seconds: float) -> None:
    """One of the processes: say when it is ready, wait for a word, train, tell."""
    from tests.benchmarks.gpu_cohorts import trainers

    (one,) = trainers(device, 1, width, PRECISION)
    for _ in range(3):
        one.advance()
    wait(device)
    print("ready", flush=True)
    sys.stdin.readline()
    begun, count = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        one.advance()
        wait(device)
        count += 1
    print(json.dumps({"iterations": count, "seconds": time.monotonic() - begun}), flush=True)


if __name__ == "__main__":
    train(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
