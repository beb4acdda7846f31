"""A step on a GPU that is recorded once and replayed: of many small kernels in place of Python."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_WARM = 3
"""Steps before a recording, in which libraries choose their kernels and take their memory."""


def recorded(step: Callable[[], None], state: Sequence[Tensor]) -> Callable[[], None]:
    """`step` as a CUDA graph, with the same answer; or itself, where it cannot be recorded.

    Args:
        step: changes `state` in place, and reads nothing that changes but this.
        state: tensors on one device, which are as they were when this returns.
    """
    if state[0].device.type != "cuda":
        return step
    before = [one.clone() for one in state]
    try:
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(_WARM):
                step()
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        replay: Callable[[], None] = graph.replay
    except RuntimeError as error:
        torch.cuda.synchronize()
        warnings.warn(
            f"steps are not recorded as a CUDA graph, and slower: {str(error).splitlines()[0]}",
            RuntimeWarning,
            stacklevel=2,
        )
        replay = step
    for one, was in zip(state, before, strict=True):
        one.copy_(was)
    return replay
