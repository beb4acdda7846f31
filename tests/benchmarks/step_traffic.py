"""What a critic's step of a cohort reads, writes and launches, counted.

    python -m tests.benchmarks.step_traffic [--members 11] [--width 64] [--generator]

Every operation that computes or copies is counted as one kernel that reads its operands and writes
its results once, by kinds, as a GPU would be asked for it in bfloat16; views cost nothing. Products
are those forms that won the races on an NVIDIA H200 (`results/nvidia-h200.json`), whose Triton
kernels are not run but counted. Nothing is timed, and nothing depends on the machine. The floors are an H200's
by its data sheet: 4.8 TB/s and 990 TFLOP/s of dense bfloat16, each kernel taking the longer of the two.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

BYTES, FLOPS = 4.8e12, 990e12
"""In a second, of an H200."""
COUNTED = 2
"""Members that are counted: all have the same."""
KINDS = {
    "products": ("bmm", "baddbmm", "mm", "addmm", "convolution", "convolution_backward", "launch"),
    "layouts": ("clone", "copy_", "constant_pad_nd", "cat", "stack", "flip", "index", "fill_"),
    "casts": ("_to_copy",),
    "biases": ("add_",),
    "LeakyReLU": ("leaky_relu", "leaky_relu_", "leaky_relu_backward", "relu", "threshold_backward"),
    "optimiser": ("_fused_adam_",),
}
FREE = ("empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "detach", "alias",
        "_unsafe_view", "lift_fresh", "_local_scalar_dense", "is_same_size")  # fmt: skip


@dataclass
class Count:
    """Of one kind.

    Attributes:
        seconds: the floor's.
    """

    kernels: int = 0
    bytes: float = 0.0
    flops: float = 0.0
    seconds: float = 0.0

    def add(self, moved: float, flops: float) -> None:
        """One kernel more."""
        self.kernels += 1
        self.bytes += moved
        self.flops += flops
        self.seconds += max(moved / BYTES, flops / FLOPS)


@dataclass
class Counting(TorchDispatchMode):
    """Counts what is asked of torch within it.

    Args:
        times: that many networks for each that is there.
    """

    times: float
    counts: defaultdict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    names: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_dispatch__(
        self, function: Any, types: Any, given: Any = (), named: Any = None
    ) -> Any:
        made = function(*given, **(named or {}))
        name = function.overloadpacket.__name__
        if not function.is_view and name not in FREE:
            read, written = tensors((given, named)), tensors(made)
            if name.endswith("_"):
                written = written or read[:1]
            self.counted(name, read, written, flops_of(name, read, written))
        return made

    def counted(
        self, name: str, read: Sequence[Tensor], written: Sequence[Tensor], flops: float
    ) -> None:
        """One kernel that reads and writes these."""
        kind = next((kind for kind, some in KINDS.items() if name in some), "the rest")
        moved = sum(map(size, read)) + sum(map(size, written))
        if name in ("fill_", "zeros", "ones", "zeros_like", "copy_"):  # only written, or said twice
            moved -= size(read[0]) if read else 0
        self.counts[kind].add(self.times * moved, self.times * flops)
        self.names[name] += 1

    def launch(
        self,
        kernel: Any,
        _: Any,
        read: Sequence[Tensor],
        made: Tensor,
        numbers: Sequence[int],
        **constants: Any,
    ) -> None:
        """In place of `implicit.launch`."""
        distinct = {one.data_ptr(): one for one in read if one.data_ptr() != made.data_ptr()}
        flops = 0.0
        if "DEPTH" in constants:
            flops = of_convolution(constants, list(read), made)
        self.counted("launch", list(distinct.values()), [made], flops)


def of_convolution(constants: dict[str, Any], read: Sequence[Tensor], made: Tensor) -> float:
    """Operations of one of the three products."""
    places = constants["places_down"] * constants["places_across"]
    taps = constants["KERNEL_ROWS"] * constants["KERNEL_COLUMNS"]
    k, n = read[0].shape[:2]
    return 2.0 * k * n * places * taps * constants["CHANNELS"] * constants["MAPS"]


def flops_of(name: str, read: Sequence[Tensor], written: Sequence[Tensor]) -> float:
    """Of a product of matrices."""
    if name in ("bmm", "mm"):
        return 2.0 * written[0].numel() * read[0].shape[-1]
    return 0.0


def tensors(some: Any) -> list[Tensor]:
    """Those in a structure."""
    return [one for one in tree_flatten(some)[0] if isinstance(one, Tensor)]


def size(one: Tensor) -> float:
    """Bytes of the numbers that it is made of."""
    sides = (side for side, by in zip(one.shape, one.stride(), strict=True) if by)
    return float(math.prod(sides) * one.element_size())


def form_of(finishing: bool) -> Callable[..., Any]:
    """What wins for each product on an H200."""
    from functools import partial

    from ganray.train.cohorts import finished, implicit
    from ganray.train.cohorts.products import FORMS, NOTHING, Finish, Geometry, then_finished

    def taken(
        kind: str, one: Tensor, other: Tensor, geometry: Geometry, _: Finish = NOTHING
    ) -> Any:
        narrow = other.shape[2] == 1 if kind != "weights" else one.shape[2] == 1
        if kind == "images" and narrow and not finishing:
            return then_finished(FORMS["images"]["folded"])
        if kind == "images" and narrow:
            return partial(finished.gathered_images, finished.TILES["finished"])
        if kind == "weights" and not narrow:
            return then_finished(FORMS["weights"]["columns"])
        if kind == "weights":
            return partial(finished.weights, implicit.TILES["implicit"])
        if finishing:
            return partial(finished.PRODUCTS[kind], finished.TILES["finished"])
        return then_finished(partial(implicit.PRODUCTS[kind], implicit.TILES["implicit"]))

    return taken


@contextmanager
def replaced(counting: Counting, finishing: bool) -> Iterator[None]:
    """Forms and launches as they are counted."""
    from ganray.train.cohorts import convolutions, finished, implicit, stacked

    before = [(place, place.launch) for place in (implicit, finished)]
    races = [(place, place.fastest) for place in (convolutions, stacked)]
    try:
        for place, _ in before:
            place.launch = counting.launch  # type: ignore[assignment]
        for place, _ in races:
            place.fastest = form_of(finishing)  # type: ignore[attr-defined]
        yield
    finally:
        for place, own in before:
            place.launch = own
        for place, own in races:
            place.fastest = own  # type: ignore[attr-defined]


def counted(
    members: int, width: int, kernel: str, finishing: bool, step: str = "critic", batch: int = 50
) -> Counting:
    """One step of a cohort of the published kind, in bfloat16."""
    import numpy as np

    from ganray.models import DefenseGan
    from ganray.train import GanTrainer, WganGp
    from ganray.train.cohorts import Cohort

    train = WganGp.model_validate({"precision": "bf16", "kernel": kernel, "batch": batch})
    images = np.zeros((batch, 1, 28, 28), dtype=np.uint8)
    own = [GanTrainer(images, DefenseGan(width=width), train, at, "cpu") for at in range(COUNTED)]
    cohort = Cohort(own)
    one = next(some for some in train.steps() if some.name == step)
    supply = cohort.supplies.of(one, 0, 1).at(0)
    descent = cohort._optimisers[one.name]
    descent.on_device = descent.fused = True  # type: ignore[attr-defined]
    counting = Counting(members / COUNTED)
    with replaced(counting, finishing):
        cohort._move(one, 0, supply)  # moments begin
        with counting:
            counting.counts.clear()
            counting.names.clear()
            cohort._move(one, 0, supply)
    return counting


FORMS = {
    "plain": ("plain", False),
    "fused": ("fused", False),
    "fused, finished products": ("fused", True),
}


def main(words: Sequence[str] | None = None) -> int:
    """Print a table for each form."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--members", type=int, default=11)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--generator", action="store_true", help="its step in place of a critic's")
    parser.add_argument("--names", action="store_true", help="operations by their names, too")
    wanted = parser.parse_args(words)
    step = "generator" if wanted.generator else "critic"
    torch.set_num_threads(1)
    for name, (kernel, finishing) in FORMS.items():
        counting = counted(wanted.members, wanted.width, kernel, finishing, step)
        print(f"\n{name}: a {step} step of {wanted.members} × width {wanted.width}")
        whole = Count()
        for kind, one in sorted(counting.counts.items(), key=lambda pair: -pair[1].bytes):
            line(kind, one)
            whole = Count(
                *(a + b for a, b in zip(vars(whole).values(), vars(one).values(), strict=True))
            )
        line("all", whole)
        if wanted.names:
            print(counting.names.most_common())
    return 0


def line(kind: str, one: Count) -> None:
    """One row."""
    print(
        f"{kind:12}{one.kernels:5} kernels{one.bytes / 1e6:10.1f} MB"
        f"{one.flops / 1e9:9.1f} GFLOP{one.seconds * 1e6:9.1f} µs at the least"
    )


if __name__ == "__main__":
    raise SystemExit(main())
