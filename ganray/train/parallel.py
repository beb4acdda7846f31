"""One GAN trained by several processes together, as plain PyTorch over `torch.distributed`.

torch.distributed.init_process_group(…)
trainer = DataParallelGanTrainer(images, DefenseGan(), WganGp(), seed=0, ranks=Ranks())
run(trainer, until=500, host=Host(should_stop=lambda: trainer.ranks.stopping))

Each process (rank) computes its rows of the same global batch, from the same noise by index, as
`GanTrainer` does; the gradients, the penalty's share included, are summed over the ranks in one
all-reduce per optimiser step. `DistributedDataParallel` is not used: its hooks run within the
backward pass and do not support the second derivatives of the penalty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from jaxtyping import Float, Float64
from torch import Tensor

from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.tensors import Tensors, deserialise, serialise
from ganray.train.algorithms import check_shared
from ganray.train.gan import GanTrainer
from ganray.train.spec import TrainSpec
from ganray.train.steps import Step

_DIGIT_BITS = 12  # sums of 4,096 ranks' digits are still exact in float32
_DIGITS = 3


class LostRank(RuntimeError):
    """Another rank has gone, so that this one cannot go on; all may resume from a checkpoint."""


class RanksDiffer(RuntimeError):
    """The ranks hold different weights, which only a fault of a machine or of its network makes."""


class Ranks:
    """This process's place among those of the default process group.

    Args:
        wants_stop: asked at each iteration; when any rank's says yes, `stopping` becomes true on
            all of them after the same iteration, so that none is left waiting for the others.
    """

    def __init__(self, wants_stop: Callable[[], bool] = lambda: False) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.stopping, self.wants_stop = False, wants_stop
        self._device = torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")

    @property
    def first(self) -> bool:
        """Whether this is the rank that reports, keeps checkpoints and commits."""
        return self.rank == 0

    def part(self, batch: int) -> slice:
        """This rank's rows of a batch; parts differ by one row where the ranks do not divide it.

        Raises:
            RefusedInput: there are fewer rows than ranks.
        """
        if self.size > batch:
            raise RefusedInput(
                f"workers (={self.size}) must be at most train.batch (={batch}): each takes a "
                "part of every batch"
            )
        return slice(self.rank * batch // self.size, (self.rank + 1) * batch // self.size)

    def sum(self, values: Float[Tensor, "n"]) -> None:
        """Add up the ranks' values, in place; every rank has the same bits afterwards.

        Raises:
            LostRank: another rank has gone.
        """
        self._together(lambda: dist.all_reduce(values))

    def broadcast(self, data: bytes) -> bytes:
        """The first rank's bytes, whatever the others give; LostRank as in `sum`."""
        length = torch.tensor([len(data)], device=self._device)
        self._together(lambda: dist.broadcast(length, src=0))
        buffer = torch.empty(int(length), dtype=torch.uint8, device=self._device)
        if self.first:
            buffer.copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))
        self._together(lambda: dist.broadcast(buffer, src=0))
        return buffer.cpu().numpy().tobytes()

    def _together(self, collective: Callable[[], object]) -> None:
        try:
            collective()
        except RuntimeError as error:  # gloo has no exception of its own
            raise LostRank(f"rank {self.rank} of {self.size} lost another: {error}") from error


class DataParallelGanTrainer(GanTrainer):
    """A `GanTrainer` that does its rank's part of every batch; all ranks hold the same state.

    The updates are those of one process but for the order in which float32 numbers are added.
    Losses are those of the global batch. After each iteration `ranks.stopping` says whether some
    rank wants to stop.

    Args:
        ranks: this process's place among them; the other arguments, which must be equal on all
            ranks, are `GanTrainer`'s.
    """

    def __init__(
        self,
        images: np.ndarray | Tensor,
        model: ModelSpec,
        train: TrainSpec,
        seed: int,
        device: str,
        ranks: Ranks,
        labels: Any = None,
        classes: int | None = None,
        given: Mapping[str, Tensors] | None = None,
        weights: Float64[np.ndarray, "m"] | None = None,
    ) -> None:
        check_shared(model, train, ranks.size)
        super().__init__(images, model, train, seed, device, labels, classes, given, weights)
        self.ranks = ranks
        self.feed.part = part = ranks.part(train.batch)
        self._share = (part.stop - part.start) / train.batch
        self._signals = self._heard = torch.empty(0)

    def advance(self) -> Float[Tensor, "losses"]:
        """One iteration of all ranks together; the losses of the global batch.

        Raises:
            LostRank: another rank has gone.
            RanksDiffer: the ranks began this iteration with different weights.
        """
        wish = torch.tensor([float(self.ranks.wants_stop())], device=self.device)
        self._signals = torch.cat([wish, self._checksum()])
        losses = super().advance()
        wishes, *sums = self._heard.tolist()
        if sums != (self._signals[1:] * self.ranks.size).tolist():
            raise RanksDiffer(
                f"rank {self.ranks.rank} of {self.ranks.size} began iteration {self.step} with "
                "other weights than the rest"
            )
        self.ranks.stopping = wishes > 0
        return losses

    def share(self) -> None:
        """Give the first rank's step and state to all; every rank calls it before the first step.

        Raises:
            LostRank: another rank has gone.
        """
        step = torch.tensor(self.step)
        state = self.ranks.broadcast(
            serialise(self.tensors() | {"step": step}) if self.ranks.first else b""
        )
        if not self.ranks.first:
            tensors = deserialise(state)
            step = tensors.pop("step")
            self.load(int(step), tensors)

    def _reduce(self, step: Step, loss: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """Sum the ranks' shares of the gradients and the loss, and hear what they signal."""
        gradients = [weight.grad for weight in self._moved(step) if weight.grad is not None]
        flat = torch.cat([*(g.flatten() for g in gradients), loss.reshape(1), self._signals])
        flat[: -len(self._signals)].mul_(self._share)
        self.ranks.sum(flat)
        sizes = [gradient.numel() for gradient in gradients]
        *sums, total, self._heard = flat.split([*sizes, 1, len(self._signals)])
        for gradient, whole in zip(gradients, sums, strict=True):
            gradient.copy_(whole.view_as(gradient))
        return total[0]

    def _checksum(self) -> Float[Tensor, "digits"]:
        """36 bits over the networks' weights, as digits whose sums over the ranks are exact."""
        networks = [*self.networks.values(), *([self.ema] if self.ema is not None else [])]
        with torch.no_grad():
            total = sum(
                parameter.view(torch.int32).sum(dtype=torch.int64)
                for network in networks
                for parameter in network.parameters()
            )
        shifts = torch.arange(_DIGITS, device=self.device) * _DIGIT_BITS
        return ((total >> shifts) & (2**_DIGIT_BITS - 1)).float()
