"""Steps captured as CUDA graphs: all of a step's kernels are launched as one, without Python.

Elsewhere than on a GPU, and for a step that cannot be captured, the step is simply done.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map

_BEFORE = 3
"""So often a step is done as it is first: races are held, and libraries choose their kernels."""


@dataclass
class _Captured:
    graph: torch.cuda.CUDAGraph
    given: Any
    made: Any

    def replay(self, given: Any) -> Any:
        for place, value in zip(tree_flatten(self.given)[0], tree_flatten(given)[0], strict=True):
            if isinstance(place, Tensor):
                place.copy_(value)
        self.graph.replay()
        return self.made


class Graphs:
    """What was captured, by names.

    Args:
        device: where the work is done.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._done: dict[str, int] = {}
        self._captured: dict[str, _Captured | None] = {}
        self._pool: Any = None
        self._beside: torch.cuda.Stream | None = None

    @property
    def captures(self) -> bool:
        """Whether work is captured on this device."""
        return self._device.type == "cuda"

    def run(self, name: str, work: Callable[..., Any], given: Any = ()) -> Any:
        """Do a piece of work whose kernels depend on its name alone.

        Args:
            work: called with `given`, whose tensors may differ from time to time.

        Returns:
            what `work` returns; its tensors are overwritten at the next time.
        """
        if not self.captures or (name in self._captured and not self._captured[name]):
            return work(given)
        captured = self._captured.get(name)
        if captured is not None:
            return captured.replay(given)
        self._done[name] = self._done.get(name, 0) + 1
        if self._done[name] > _BEFORE:
            captured = self._captured[name] = self._capture(name, work, given)
            return work(given) if captured is None else captured.replay(given)
        return self._aside(lambda: work(given))

    def leave(self, name: str) -> None:
        """Never capture this work."""
        self._captured.setdefault(name, None)

    def _aside(self, work: Callable[[], Any]) -> Any:
        """As a capture needs it: on a stream that is not the default one."""
        # One for all: each keeps memory of its own.
        own = self._beside = self._beside or torch.cuda.Stream(self._device)
        main = torch.cuda.current_stream(self._device)
        own.wait_stream(main)
        with torch.cuda.stream(own):
            made = work()
        main.wait_stream(own)
        return made

    def _capture(self, name: str, work: Callable[..., Any], given: Any) -> _Captured | None:
        kept = tree_map(lambda one: one.clone() if isinstance(one, Tensor) else one, given)
        self._pool = self._pool or torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize(self._device)
        try:
            # Other threads may keep checkpoints meanwhile.
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                made = work(kept)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            torch.cuda.synchronize(self._device)
            warnings.warn(
                f"{name} is not captured as a CUDA graph, and slower: {str(error).splitlines()[0]}",
                RuntimeWarning,
                stacklevel=2,
            )
            return None
        return _Captured(graph, kept, made)


def recorded(step: Callable[[], None], state: Sequence[Tensor]) -> Callable[[], None]:
    """`step` as a CUDA graph, with the same answer; or itself, where it cannot be captured.

    Args:
        step: changes `state` in place, and reads nothing that changes but this.
        state: tensors on one device, which are as they were when this returns.
    """
    graphs = Graphs(state[0].device)
    if not graphs.captures:
        return step
    before = [one.clone() for one in state]

    def again() -> None:
        graphs.run("a step", lambda _: step())

    try:
        for _ in range(_BEFORE + 1):
            again()
    except torch.OutOfMemoryError:  # a graph has memory of its own
        graphs.leave("a step")
    for one, was in zip(state, before, strict=True):
        one.copy_(was)
    return again
