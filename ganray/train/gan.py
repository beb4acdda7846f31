"""One GAN in training, as plain PyTorch: usable from a notebook without Ray and without a store.

trainer = GanTrainer(images, DefenseGan(width=16), WganGp(ema=0.98))
run(trainer, until=500)
pictures = trainer.sampler()(torch.randn(16, 128))

`advance` is one iteration. What its steps are, and down which losses they go, the algorithm's file
says (`train/algorithms/`).
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ganray.models import ModelSpec
from ganray.models.sampler import Sampler, new_networks, trained_sampler
from ganray.tensors import Tensors
from ganray.train.algorithms import check_fit
from ganray.train.batches import ShuffledImages
from ganray.train.device import choose_device
from ganray.train.spec import TrainSpec
from ganray.train.state import (
    below,
    hold_all_but,
    load_module,
    load_optimizer,
    module_tensors,
    optimizer_tensors,
    prefixed,
    trainable,
)
from ganray.train.steps import Batch, Step


class GanTrainer:
    """The networks, their optimisers and the step: a trajectory that `run` moves along.

    Args:
        images: the training images, a NumPy array or torch tensor of uint8, 0 … 255, and of shape
            (n, channels, height, width), with 1 or 3 channels.
        model: which networks; image size and channels are those of `images`.
        train: how they are trained.
        seed: everything random follows from it: initial weights, batches, latents, penalty mixes.
        device: "auto" takes CUDA where there is one, else the CPU.

    Attributes:
        networks: by their roles.
        losses: the names of what `advance` returns.

    Raises:
        RefusedInput: `images` are no such images, fewer than a batch, `device` is not here, or
            the algorithm cannot train the networks.
    """

    def __init__(
        self,
        images: np.ndarray | Tensor,
        model: ModelSpec,
        train: TrainSpec,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        check_fit(model, train)
        self.device = choose_device(device)
        self.spec, self.model, self.seed, self.step = train, model, seed, 0
        self._batches = ShuffledImages(images, train.batch, seed, self.device)
        self.shape = self._batches.shape
        self.networks = new_networks(model, self.shape, seed)
        for network in self.networks.values():
            network.to(self.device)
        self._drawn = Sampler(model, self.shape, self.networks)  # shares their weights
        self._average = _moving_average(self._drawn, train.ema) if train.ema else None
        self._steps, self._part = train.steps(), slice(0, train.batch)
        self._weights = trainable(self.networks)
        self._optimizers = {step.name: self._optimizer(step) for step in self._steps}
        self.losses, self.remedy = train.losses, train.remedy

    @property
    def images_per_step(self) -> int:
        """Real images seen in one iteration."""
        return self.spec.images

    def advance(self) -> Float[Tensor, "losses"]:
        """One iteration: every step of the algorithm, in order, as often as it says.

        Returns the last loss of each, named by `losses`.
        """
        self._follow_schedule()
        try:
            losses = [self._repeated(step) for step in self._steps]
        finally:
            hold_all_but(None, self._weights)
        if self._average is not None:
            self._average.update_parameters(self._drawn)
        self.step += 1
        return torch.stack(losses)

    def _repeated(self, step: Step) -> Float[Tensor, ""]:
        """The step's moves in this iteration; the loss of the last."""
        first = self.step * step.times
        for index in range(first, first + step.times):
            loss = self._descend(step, index)
        return loss

    def _descend(self, step: Step, index: int) -> Float[Tensor, ""]:
        """Move the step's networks once, on its batch number `index`; the loss before."""
        hold_all_but(step.moves, self._weights)
        optimizer = self._optimizers[step.name]
        optimizer.zero_grad(set_to_none=True)
        loss = step.loss(self.networks, self._batch(step, index), self._noise(step, index))
        loss.backward()
        loss = self._reduce(step, loss.detach())
        optimizer.step()
        return loss

    def _batch(self, step: Step, index: int) -> Batch:
        if not step.real:
            return Batch(index, torch.empty(0, *self.shape, device=self.device))
        return Batch(index, self._batches(index, self._part)[0])

    def _noise(self, step: Step, index: int) -> dict[str, Tensor]:
        """Of this process's part of global batch `index`: each row by its number among all."""
        part = self._part
        start, count = index * self.spec.batch + part.start, part.stop - part.start
        rows = {
            name: draw.rows(self.model, self.seed, start, count)
            for name, draw in step.noise.items()
        }
        return {name: torch.from_numpy(row).float().to(self.device) for name, row in rows.items()}

    def _reduce(self, _: Step, loss: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """The loss of the global batch, once its gradients are; one process's batch is global."""
        return loss

    def _moved(self, step: Step) -> list[nn.Parameter]:
        """The parameters that a step moves."""
        return [weight for role in step.moves for weight in self._weights[role]]

    def _optimizer(self, step: Step) -> torch.optim.Optimizer:
        adam = step.adam
        # Torch steps all parameters in one call on CUDA alone; on a CPU too it is the same bits.
        return torch.optim.Adam(
            self._moved(step),
            lr=adam.learning_rate,
            betas=(adam.beta1, adam.beta2),
            foreach=True,
        )

    def _follow_schedule(self) -> None:
        """Take the settings in force in this iteration for its steps and their optimisers."""
        if not self.spec.schedule:
            return
        self._steps = self.spec.at(self.step).steps()
        for step in self._steps:
            group = self._optimizers[step.name].param_groups[0]
            adam = step.adam
            group["lr"], group["betas"] = adam.learning_rate, (adam.beta1, adam.beta2)

    @property
    def ema(self) -> Sampler | None:
        """The moving average of the networks that images are drawn with, where one is kept."""
        return cast(Sampler, self._average.module) if self._average is not None else None

    def sampler(self) -> Sampler:
        """A copy to draw images with: of the moving average, where one is kept.

        It is on the CPU, in evaluation mode and with frozen parameters; further training does not
        change it.
        """
        trained = self._drawn if self.ema is None else self.ema
        return trained_sampler(self.model, self.shape, trained.tensors())

    def tensors(self) -> Tensors:
        """The whole state but the step, as named tensors."""
        state: Tensors = {}
        for role, network in self.networks.items():
            state |= module_tensors(role, network)
        if self.ema is not None:
            state |= prefixed("ema", self.ema.tensors())
        for name, optimizer in self._optimizers.items():
            state |= optimizer_tensors(f"{name}_adam", optimizer)
        return state

    def load(self, step: int, tensors: Tensors) -> None:
        """Continue from `tensors` as they were after `step` iterations."""
        for role, network in self.networks.items():
            load_module(role, network, tensors)
        if self.ema is not None:
            self.ema.load(below("ema", tensors))
        for name, optimizer in self._optimizers.items():
            load_optimizer(f"{name}_adam", optimizer, tensors)
        self.step = step


def _moving_average(networks: Sampler, decay: float) -> AveragedModel:
    """ema ← decay·ema + (1 − decay)·networks at each update, from the initial weights on."""
    average = AveragedModel(networks, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    average.n_averaged.fill_(1)  # else the first update would be a copy
    return average
