"""Several processes that form a gloo group on loopback, each of which does one thing and answers.

What they do is a function at the top level of a module, called as `work(folder, *arguments)`; its
answer is a dict of tensors, kept in `folder` for the test to read.
"""

from __future__ import annotations

import datetime
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from ganray.tensors import deserialise, serialise
from tests import HANG_SECONDS

Tensors = dict[str, torch.Tensor]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["ganray.stages", "tests.stages.stores"])  # what most load


def together(
    size: int, work: Callable[..., Tensors | None], folder: Path, *arguments: Any
) -> list[Tensors]:
    """Each rank's answer; an AssertionError that names the ranks that failed or hung."""
    folder.mkdir(parents=True, exist_ok=True)
    ranks = [
        _context.Process(target=_rank, args=(rank, size, work, folder, arguments))
        for rank in range(size)
    ]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(HANG_SECONDS)
    codes = [process.exitcode for process in ranks]
    for process in ranks:
        process.kill()
    assert codes == [0] * size, f"exit codes of the ranks: {codes}"
    return [deserialise((folder / f"rank-{rank}").read_bytes()) for rank in range(size)]


def _rank(rank: int, size: int, work: Callable, folder: Path, arguments: tuple) -> None:
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    store = dist.FileStore(str(folder / "rendezvous"), size)
    patience = datetime.timedelta(seconds=HANG_SECONDS)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=patience)
    answer = work(folder, *arguments) or {}
    (folder / f"rank-{rank}").write_bytes(serialise(answer))
    dist.destroy_process_group()
