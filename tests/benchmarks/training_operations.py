"""What torch's operations take of an iteration, on one thread, and how fast convolutions are.

    python -m tests.benchmarks.training_operations [--width 64] [--rounds 3] [--set kernel=fused …]

By Defense-GAN's published settings: of each operation its share of all operations' time, of each
convolution and shape how fast it is there, and by itself again and again; zeros of a padding count
as operations. Seconds are the thread's own, medians of calls.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ganray.models import DefenseGan
from ganray.train import GanTrainer, WganGp

_AGAIN = 5
CONVOLUTIONS = ("aten::convolution", "aten::convolution_backward")


def seconds(function: Callable[[], Any]) -> tuple[float, Any]:
    """What a call takes, and gives."""
    begun = time.thread_time()
    made = function()
    return time.thread_time() - begun, made


def operations(name: str, inputs: Sequence[Any]) -> float:
    """Of one convolution of whatever kind: two for each weight, image and place of the kernel."""
    if name == "aten::convolution":
        values, weight = inputs[:2]
        if inputs[6]:  # the transposed one: its places are those of what it is given
            return 2.0 * weight.numel() * len(values) * values[0, 0].numel()
        made = torch.ops.aten.convolution(*(_blank(one) for one in inputs))
        return 2.0 * weight.numel() * len(made) * made[0, 0].numel()
    delta, _, weight = inputs[:3]
    return 2.0 * weight.numel() * len(delta) * delta[0, 0].numel()


def _blank(one: Any) -> Any:
    return one.to("meta") if isinstance(one, torch.Tensor) else one


class Watched(TorchDispatchMode):
    """Times of all operations, by names and shapes; of convolutions again, and their speed."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[str, list[float]] = defaultdict(list)
        self.speeds: dict[str, list[tuple[float, float, float]]] = defaultdict(list)

    def __torch_dispatch__(
        self, function: Any, types: Any, inputs: Any = (), named: Any = None
    ) -> Any:
        name, named = function._schema.name, named or {}
        took, made = seconds(lambda: function(*inputs, **named))
        self.taken[name].append(took)
        if name in CONVOLUTIONS:
            again = [seconds(lambda: function(*inputs, **named))[0] for _ in range(_AGAIN)]
            shapes = [tuple(one.shape) for one in inputs if isinstance(one, torch.Tensor)]
            kind = " transposed" if name == CONVOLUTIONS[0] and inputs[6] else ""
            told = f"{name.removeprefix('aten::')}{kind} {shapes[:2]}"
            count = operations(name, inputs)
            self.speeds[told].append((took, statistics.median(again), count))
        return made


def main() -> None:
    """Print the shares and the speeds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=["kernel=fused"])
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    images = np.random.default_rng(0).integers(0, 256, (6000, 1, 28, 28), dtype=np.uint8)
    spec = WganGp(ema=0.98, **dict(one.split("=") for one in wanted.set))
    trainer = GanTrainer(images, DefenseGan(width=wanted.width), spec, device="cpu")
    for _ in range(2):
        trainer.advance()
    with Watched() as watched:
        for _ in range(wanted.rounds):
            trainer.advance()
    total = sum(sum(times) for times in watched.taken.values())
    shares = {name: sum(times) / total for name, times in watched.taken.items()}
    for name, share in sorted(shares.items(), key=lambda one: -one[1])[:8]:
        print(f"{share:6.1%}  {name.removeprefix('aten::')}")
    for told, calls in sorted(watched.speeds.items(), key=lambda one: -sum(c[0] for c in one[1])):
        there, again = (statistics.median(count / call[at] for call in calls for count in call[2:])
                        for at in (0, 1))  # fmt: skip
        share = sum(call[0] for call in calls) / total
        print(f"{share:6.1%}  {there / 1e9:5.0f} GFLOP/s, again {again / 1e9:5.0f}  {told}")


if __name__ == "__main__":
    main()
