"""What the steps of a cohort read, write and launch, counted.

    python -m tests.benchmarks.step_traffic [--members 11] [--width 64]

Every operation that computes or copies is counted as one kernel that reads its operands and writes
its results once, by kinds, as a GPU would be asked for it in bfloat16; views cost nothing. Products
have the forms that won the races on an NVIDIA H200 (`results/nvidia-h200.json`), or those that
finish what they make; Triton kernels are not run but counted, so that the package `triton` is
needed and no GPU. Nothing is timed, and nothing
depends on the machine. Floors are an H200's by its data sheet, 4.8 TB/s and 990 TFLOP/s of dense
bfloat16, each kernel taking the longer of the two.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

BYTES, FLOPS = 4.8e12, 990e12
"""In a second, of an H200."""
CRITIC_STEPS = 5
"""Of a published iteration."""
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
        "_unsafe_view", "lift_fresh", "promote_types")  # fmt: skip


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

    def join(self, other: Count, times: int = 1) -> None:
        """Another's kernels, too, so often."""
        self.kernels += times * other.kernels
        self.bytes += times * other.bytes
        self.flops += times * other.flops
        self.seconds += times * other.seconds

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
            if name == "_fused_adam_":
                written = tensors([given[at] for at in (0, 2, 3)])  # weights and moments
            elif name.endswith("_"):
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
        """In place of `tiles.launch`."""
        distinct = {one.data_ptr(): one for one in read if one.data_ptr() != made.data_ptr()}
        rows = read[0].shape[1]
        if constants.get("BATCHES") == 2:
            rows += read[2].shape[1]
        flops = of_convolution(constants, rows, len(made)) if "DEPTH" in constants else 0.0
        self.counted("launch", list(distinct.values()), [made], flops)


def of_convolution(constants: dict[str, Any], rows: int, networks: int) -> float:
    """Operations of one of the three products."""
    places = constants["places_down"] * constants["places_across"]
    taps = constants["KERNEL_ROWS"] * constants["KERNEL_COLUMNS"]
    networks = constants.get("NETWORKS", networks)
    return 2.0 * networks * rows * places * taps * constants["CHANNELS"] * constants["MAPS"]


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

    from ganray.train.cohorts.kernels import finished, gathered, implicit, summed
    from ganray.train.cohorts.products import FORMS, NOTHING, Finish, Geometry, then_finished

    def taken(
        kind: str, one: Tensor, other: Tensor, geometry: Geometry, _: Finish = NOTHING
    ) -> Any:
        narrow = other.shape[2] == 1 if kind != "weights" else one.shape[2] == 1
        if kind == "images" and narrow and not finishing:
            return then_finished(FORMS["images"]["folded"])
        if kind == "images" and narrow:
            return partial(gathered.images, finished.TILES["finished"])
        if kind == "weights" and finishing:
            return partial(summed.weights, summed.TILES["summed"])
        if kind == "weights" and not narrow:
            return then_finished(FORMS["weights"]["columns"])
        if finishing:
            return partial(finished.PRODUCTS[kind], finished.TILES["finished"])
        return then_finished(partial(implicit.PRODUCTS[kind], implicit.TILES["implicit"]))

    return taken


class Form(NamedTuple):
    """How a step is computed.

    Attributes:
        finishing: whether products finish what they make.
    """

    kernel: str
    finishing: bool


FORMS = {
    "plain": Form("plain", finishing=False),
    "fused": Form("fused", finishing=False),
    "fused, finished products": Form("fused", finishing=True),
}


@contextmanager
def replaced(counting: Counting, form: Form) -> Iterator[None]:
    """Forms and launches as they are counted."""
    from ganray.train.cohorts import convolutions, stacked
    from ganray.train.cohorts.kernels import finished, gathered, implicit, single, summed, tiles
    from ganray.train.cohorts.products import races

    before = [(place, place.launch) for place in (implicit, finished, gathered, summed, single)]
    choosing = [(place, place.fastest) for place in (convolutions, stacked)]
    heads = stacked.one_output, races.quickest
    programs = tiles.PROGRAMS
    try:
        # A sum is split by how many networks there are.
        tiles.PROGRAMS = int(programs / counting.times)
        for place, _ in before:
            place.launch = counting.launch  # type: ignore[assignment]
        stacked.one_output = lambda weight: form.finishing and weight.shape[1] == 1
        races.quickest = lambda name, *given: getattr(single, name)(*given)
        for place, _ in choosing:
            place.fastest = form_of(form.finishing)  # type: ignore[attr-defined]
        yield
    finally:
        tiles.PROGRAMS = programs
        for place, own in before:
            place.launch = own
        stacked.one_output, races.quickest = heads
        for place, own in choosing:
            place.fastest = own  # type: ignore[attr-defined]


def counted(
    members: int, width: int, form: Form, step: str = "critic", batch: int = 50
) -> Counting:
    """One step of a cohort of the published kind, in bfloat16."""
    import numpy as np

    from ganray.models import DefenseGan
    from ganray.train import GanTrainer, WganGp
    from ganray.train.cohorts import Cohort

    train = WganGp.model_validate({"precision": "bf16", "kernel": form.kernel, "batch": batch})
    images = np.zeros((batch, 1, 28, 28), dtype=np.uint8)
    own = [GanTrainer(images, DefenseGan(width=width), train, at, "cpu") for at in range(COUNTED)]
    cohort = Cohort(own)
    one = next(some for some in train.steps() if some.name == step)
    supply = cohort.supplies.of(one, 0, range(1)).at(0)
    descent = cohort._parts[0]._descents[one.name]
    descent.on_device = descent.fused = True  # type: ignore[attr-defined]
    counting = Counting(members / COUNTED)
    with replaced(counting, form):
        cohort._move(one, 0, supply)  # moments begin
        with counting:
            counting.counts.clear()
            counting.names.clear()
            cohort._move(one, 0, supply)
    return counting


def main(words: Sequence[str] | None = None) -> int:
    """Print a table for each form and step, and what an iteration comes to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--members", type=int, default=11)
    parser.add_argument("--width", type=int, default=64)
    wanted = parser.parse_args(words)
    torch.set_num_threads(1)
    for name, form in FORMS.items():
        steps = {"critic": CRITIC_STEPS, "generator": 1}
        iteration = Count()
        for step, times in steps.items():
            print(f"\n{name}: a {step} step of {wanted.members} × width {wanted.width}")
            counts = counted(wanted.members, wanted.width, form, step).counts
            for kind, one in sorted(counts.items(), key=lambda pair: -pair[1].bytes):
                line(kind, one)
                iteration.join(one, times)
            line("all", sum_of(counts.values()))
        line("an iteration", iteration)
    return 0


def sum_of(counts: Iterable[Count]) -> Count:
    """All of them together."""
    whole = Count()
    for one in counts:
        whole.join(one)
    return whole


def line(kind: str, one: Count) -> None:
    """One row."""
    print(
        f"{kind:13}{one.kernels:5} kernels{one.bytes / 1e6:10.1f} MB"
        f"{one.flops / 1e9:9.1f} GFLOP{one.seconds * 1e6:9.1f} µs at the least"
    )


if __name__ == "__main__":
    raise SystemExit(main())
