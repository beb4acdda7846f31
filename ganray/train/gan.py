"""One GAN in training, as plain PyTorch: usable from a notebook without Ray and without a store.

trainer = GanTrainer(images, DefenseGan(width=16), WganGp(ema=0.98))
run(trainer, until=500)
pictures = trainer.sampler()(torch.randn(16, 128))

`advance` is one iteration. What its steps are, and down which losses they go, the algorithm's file
says (`train/algorithms/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.models.sampler import Sampler, new_networks, trained_sampler
from ganray.tensors import Tensors
from ganray.train.algorithms import check_fit
from ganray.train.device import choose_device
from ganray.train.inputs.batches import Batches
from ganray.train.inputs.feed import Feed
from ganray.train.spec import TrainSpec
from ganray.train.state import (
    below,
    clip,
    freeze_first,
    hold_all_but,
    load_module,
    load_optimizer,
    module_tensors,
    moving_average,
    optimizer_tensors,
    prefixed,
    trainable,
)
from ganray.train.steps import Batch, Noise, Step, told
from ganray.train.updates.kernels import descent_of, functions_of, lay_out
from ganray.train.updates.optimisers import Descent
from ganray.train.updates.turns import Turns

_HISTORY = "history"  # of generated images, in a checkpoint


class GanTrainer:
    """The networks, their optimisers and the step: a trajectory that `run` moves along.

    Args:
        images: the training images, a NumPy array or torch tensor of uint8, 0 … 255, and of shape
            (n, channels, height, width), with 1 or 3 channels; or what gives batches of such
            values as the networks take.
        model: which networks; image size and channels are those of `images`.
        train: how they are trained.
        seed: everything random follows from it: initial weights, batches, latents, penalty mixes.
        device: "auto" takes CUDA where there is one, else the CPU.
        labels: the class of each image, whole numbers from 0, in any array or list; needed where
            the networks or the algorithm are told them.
        classes: how many there are; none: as many as `labels` name.
        given: the weights of networks that come from elsewhere, by their roles, if there are any.
        weights: how often each image is seen, in proportion; none: all alike.

    Attributes:
        networks: by their roles.
        classes: how many training images of each class there are; without labels one class has
            all.
        feed: what the steps are given.
        losses: the names of what `advance` returns.

    Raises:
        RefusedInput: `images` are no such images, fewer than a batch, `device` is not here, the
            algorithm cannot train the networks, labels are missing, or `weights` are no such
            weights or given to networks that are told labels.
    """

    def __init__(
        self,
        images: np.ndarray | Tensor | Batches,
        model: ModelSpec,
        train: TrainSpec,
        seed: int = 0,
        device: str = "auto",
        labels: Any = None,
        classes: int | None = None,
        given: Mapping[str, Tensors] | None = None,
        weights: Float64[np.ndarray, "m"] | None = None,
    ) -> None:
        check_fit(model, train)
        self.device = choose_device(device)
        self.spec, self.model, self.seed, self.step = train, model, seed, 0
        self.feed = Feed(images, model, train, seed, self.device, labels, classes, weights)
        self.shape, self.classes = self.feed.shape, self.feed.classes
        if model.given and given is None:
            raise RefusedInput(
                f"given (=None): {' and '.join(model.given)} of {model.name} come from elsewhere; "
                "give their weights by role, or {} for any"
            )
        heads = train.heads(model, len(self.classes))
        self.networks = new_networks(model, self.shape, seed, len(self.classes), heads)
        for role, known in (given or {}).items():
            self.networks[role].load_state_dict(known)
        for network in self.networks.values():
            network.to(self.device)
        lay_out(train, self.networks)
        self._functions = functions_of(train, self.networks, self.device)
        freeze_first(self.networks, train.frozen)
        # It shares their weights.
        self._drawn = Sampler(model, self.shape, self.networks, self.classes)
        self._average = moving_average(self._drawn, train.ema) if train.ema else None
        self._steps, self._turns = train.steps(), Turns(train)
        self._weights = trainable(self.networks)
        self._optimizers = {
            step.name: descent_of(train, step, self._moved(step)) for step in self._steps
        }
        self.losses, self.remedy = train.losses, train.remedy

    @property
    def images_per_step(self) -> int:
        """Real images seen in an iteration as the next one is."""
        return self.spec.scheduled(self.step).images

    def advance(self) -> Float[Tensor, "losses"]:
        """One iteration: every step of the algorithm, in order, as often as it says.

        Returns the last loss of each, named by `losses`.
        """
        self._follow_schedule()
        self.model.prepare(self.networks, self.step)
        try:
            losses = [self._repeated(step) for step in self._steps]
        finally:
            hold_all_but(None, self._weights)
        if self._average is not None and self.ema is not None:
            self._average.update_parameters(self._drawn)
            self.model.prepare(dict(self.ema.networks.items()), self.step)
        self.step += 1
        return torch.stack(losses)

    def _repeated(self, step: Step) -> Float[Tensor, ""]:
        """The step's moves in this iteration; the loss of the last."""
        first = self._turns.before(step.name, self.step)
        for index in range(first, first + step.times):
            loss = self._descend(step, index)
        return loss

    def _descend(self, step: Step, index: int) -> Float[Tensor, ""]:
        """Move the step's networks once, on its batch number `index`; the loss before."""
        hold_all_but(step.moves, self._weights)
        optimizer = self._optimizers[step.name]
        optimizer.zero_grad(set_to_none=True)
        batch, noise = self._given(step, index)
        networks = told(self.model, self._functions, batch.labels)
        if step.replay is not None:
            batch = self.feed.replayed(step, step.replay, networks, batch, noise)
        loss = step.loss(networks, batch, noise)
        loss.backward()
        loss = self._reduce(step, loss.detach())
        optimizer.step()
        if step.clip is not None:
            clip(self._moved(step), step.clip)
        return loss

    def _given(self, step: Step, index: int) -> tuple[Batch, Noise]:
        """What the step is given as number `index` of its kind."""
        return self.feed.batch(step, index, self.step), self.feed.noise(step, index)

    def _reduce(self, _: Step, loss: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """The loss of the global batch, once its gradients are; one process's batch is global."""
        return loss

    def _moved(self, step: Step) -> list[nn.Parameter]:
        """The parameters that a step moves."""
        return [weight for role in step.moves for weight in self._weights[role]]

    @property
    def trained(self) -> dict[str, list[str]]:
        """The names of the weights of each network that are trained."""
        return {
            role: [name for name, weight in network.named_parameters() if weight.requires_grad]
            for role, network in self.networks.items()
        }

    def descent(self, step: Step) -> Descent:
        """What moves a step's networks, where it is one of the project's own."""
        found = self._optimizers[step.name]
        assert isinstance(found, Descent)
        return found

    def _follow_schedule(self) -> None:
        """Take the settings in force in this iteration for its steps and their optimisers."""
        if not self.spec.varies:
            return
        self._steps = self.spec.at(self.step).steps()
        for step in self._steps:
            self._optimizers[step.name].param_groups[0].update(step.optimiser.settings)

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
        return trained_sampler(self.model, self.shape, trained.tensors(), self.classes)

    def tensors(self) -> Tensors:
        """The whole state but the step, as named tensors."""
        state: Tensors = {}
        for role, network in self.networks.items():
            state |= module_tensors(role, network)
        if self.ema is not None:
            state |= prefixed("ema", self.ema.tensors())
        for step in self._steps:
            state |= optimizer_tensors(self._called(step), self._optimizers[step.name])
        return state | prefixed(_HISTORY, self.feed.histories.tensors())

    def load(self, step: int, tensors: Tensors) -> None:
        """Continue from `tensors` as they were after `step` iterations."""
        for role, network in self.networks.items():
            load_module(role, network, tensors)
        if self.ema is not None:
            self.ema.load(below("ema", tensors))
        for one in self._steps:
            load_optimizer(self._called(one), self._optimizers[one.name], tensors)
        self.feed.histories.load(below(_HISTORY, tensors))
        self.step = step

    def _called(self, step: Step) -> str:
        """What the state of its optimiser is called."""
        return f"{step.name}_{step.optimiser.word}"
