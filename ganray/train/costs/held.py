"""What tensors hold at once, counted on tensors without data: nothing of that size is allocated."""

from __future__ import annotations

import weakref
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_leaves

from ganray.train.costs.counting import Watching, without_data

_CONVOLUTIONS = ("convolution", "convolution_backward")
"""They take copies of what they read and write, in an order of their own."""


class Held(Watching):
    """Counts, while it is in force, what is held by all tensors that are made on the `meta` device.

    A storage counts from the operation that makes it until nobody has it any more, those that
    autograd keeps among them.

    Attributes:
        now: bytes held.
        peak: the most that were held at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._seen: dict[int, Any] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do it, and look at what it made."""
        made = func(*args, **(kwargs or {}))
        for one in tree_leaves(made):
            if isinstance(one, Tensor):
                self._hold(one)
        if func.overloadpacket.__name__ in _CONVOLUTIONS:
            copies = [one for one in tree_leaves((args, made)) if isinstance(one, Tensor)]
            self.peak = max(self.peak, self.now + sum(map(_bytes, copies)))
        return made

    def _hold(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if tensor.device.type != "meta" or key in self._seen:
            return
        size = storage.nbytes()
        self._seen[key] = weakref.ref(storage, lambda _: self._let_go(key, size))
        self.now += size
        self.peak = max(self.peak, self.now)

    def _let_go(self, key: int, size: int) -> None:
        del self._seen[key]
        self.now -= size


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def peak_of(work: Any) -> int:
    """The most bytes that some work holds at once on tensors without data."""
    with without_data(), Held() as held:
        work()
    return held.peak
