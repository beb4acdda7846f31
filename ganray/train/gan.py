"""One GAN in training, as plain PyTorch: usable from a notebook without Ray and without a store.

trainer = GanTrainer(images, DefenseGan(width=16), WganGp(ema=0.98))
run(trainer, until=500)
pictures = trainer.sampler()(torch.randn(16, 128))

`advance` is one iteration. What its steps are, and down which losses they go, the algorithm's file
says (`train/algorithms/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64, UInt8
from torch import Tensor, nn

from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.models.sampler import Sampler, new_networks, trained_sampler
from ganray.randomness import derive_seed, uniforms
from ganray.tensors import Tensors
from ganray.train.algorithms import check_fit, check_labels, wants_labels
from ganray.train.device import choose_device
from ganray.train.inputs.batches import Batches, ShuffledImages, class_counts, class_labels
from ganray.train.inputs.draws import drawn
from ganray.train.inputs.replay import Histories
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
from ganray.train.steps import Batch, Networks, Noise, Replay, Shown, Step, told
from ganray.train.updates.kernels import descent_of, functions_of, laid_out, lay_out
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
        if isinstance(images, Batches) and train.told_labels:
            raise RefusedInput(
                f"images: train.algorithm (={train.algorithm!r}) is told labels; give an array"
            )
        if isinstance(images, Batches):
            self._batches = images
        else:
            self._batches = ShuffledImages(images, train.batch, seed, self.device, weights)
        self.shape = self._batches.shape
        labels = class_labels(labels, len(self._batches), classes)
        self.classes = class_counts(len(self._batches), labels, classes)
        check_labels(model, train, labels is not None, self.classes)
        if model.given and given is None:
            raise RefusedInput(
                f"given (=None): {' and '.join(model.given)} of {model.name} come from elsewhere; "
                "give their weights by role, or {} for any"
            )
        self._labels = labels if wants_labels(model, train) else None
        if weights is not None and wants_labels(model, train):
            raise RefusedInput(f"weights: {model.name} by {train.algorithm} draws by labels")
        self._more = self._further(labels)
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
        self._steps, self._part = train.steps(), slice(0, train.batch)
        self._turns = Turns(train)
        self._weights = trainable(self.networks)
        self._optimizers = {
            step.name: descent_of(train, step, self._moved(step)) for step in self._steps
        }
        self._histories = Histories(self.shape, seed, self.device)
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
        batch = self._batch(step, index)
        networks = told(self.model, self._functions, batch.labels)
        noise = self._noise(step, index)
        if step.replay is not None:
            batch = self._replayed(step, step.replay, networks, batch, noise)
        loss = step.loss(networks, batch, noise)
        loss.backward()
        loss = self._reduce(step, loss.detach())
        optimizer.step()
        if step.clip is not None:
            clip(self._moved(step), step.clip)
        return loss

    def _batch(self, step: Step, index: int) -> Batch:
        if step.real:
            images, rows = self._batches(index, self._part)
            real = laid_out(self.spec, self.model.pixels(images))
        else:
            real = torch.empty(0, *self.shape, device=self.device)
            known = self._labels is not None
            rows = self._drawn_rows(step, *self._rows(step, index)) if known else np.empty(0)
        more = {name: self._show(name, index) for name in self._more} if step.looks else {}
        labels = None if self._labels is None else self._told(rows)
        return Batch(index, real, labels, more, self.step)

    def _told(self, rows: Int64[np.ndarray, "k"]) -> Int64[Tensor, "k"]:
        """The labels of these training images."""
        assert self._labels is not None
        return torch.from_numpy(self._labels[rows]).to(self.device)

    def _further(self, labels: Int64[np.ndarray, "n"] | None) -> dict[str, ShuffledImages]:
        """Images that the algorithm's losses are shown beside those of a step, by their names."""
        if labels is None or not isinstance(self._batches, ShuffledImages):
            return {}
        found = {}
        for name, rows in self.spec.shown(labels, self.seed).items():
            order = derive_seed(self.seed, "train", "pairs" if self.spec.together else name)
            found[name] = self._batches.some(rows, order)
        return found

    def _show(self, name: str, index: int) -> Shown:
        images, rows = self._more[name](index, self._part)
        return Shown(self.model.pixels(images), self._told(rows))

    @torch.no_grad()
    def _replayed(
        self, step: Step, replay: Replay, networks: Networks, batch: Batch, noise: Noise
    ) -> Batch:
        """The batch with generated images, of this iteration or of earlier ones."""
        made = dict(replay.made(networks, batch, noise))
        for name, images in made.items() if replay.size else ():
            history = self._histories.of(f"{step.name}/{name}", replay.size)
            made[name] = history.exchange(images, batch.index * self.spec.batch)
        none = torch.empty(0, dtype=torch.int64, device=self.device)
        shown = {name: Shown(images, none) for name, images in made.items()}
        return replace(batch, more={**batch.more, **shown})

    def _drawn_rows(self, step: Step, start: int, count: int) -> Int64[np.ndarray, "k"]:
        """Training images whose labels a step takes that sees none of them."""
        assert self._labels is not None
        at = uniforms(self.seed, f"train/{step.name}/labels", start, count, 1)[:, 0]
        return (at * len(self._labels)).astype(np.int64)

    def ahead(
        self, step: Step, first: int, batches: int
    ) -> tuple[Int64[np.ndarray, "batches n"] | None, Int64[np.ndarray, "batches n"] | None]:
        """Of so many batches of a step, from number `first` on, which training images it sees, if
        any, and the labels that it is told, if any; all of it by numbers, so that no batch is
        made."""
        rows = labels = None
        if step.real:
            assert isinstance(self._batches, ShuffledImages)
            rows = labelled = self._batches.indices(first, batches)
        elif self._labels is not None:
            size = self.spec.batch * step.rows
            labelled = self._drawn_rows(step, first * size, batches * size)
        if self._labels is not None:
            labels = self._labels[labelled].reshape(batches, -1)
        return None if rows is None else rows.reshape(batches, -1), labels

    @property
    def resident(self) -> UInt8[Tensor, "n c h w"]:
        """The training images, on the device.

        Raises:
            RefusedInput: the trainer was given batches in place of images.
        """
        if not isinstance(self._batches, ShuffledImages):
            raise RefusedInput("images: these are batches, of which no cohort can be made")
        return self._batches.images

    def _rows(self, step: Step, index: int) -> tuple[int, int]:
        """This process's part of global batch `index`, among the rows of all: first, how many."""
        start, stop = self._part.start, self._part.stop
        return (index * self.spec.batch + start) * step.rows, (stop - start) * step.rows

    def _noise(self, step: Step, index: int) -> dict[str, Tensor]:
        """Of this process's part of global batch `index`: each row by its number among all."""
        start, count = self._rows(step, index)
        rows = {
            name: drawn(draw, self.model, self.shape, self.seed, start, count)
            for name, draw in step.noise.items()
        }
        return {name: torch.from_numpy(row).float().to(self.device) for name, row in rows.items()}

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
        return state | prefixed(_HISTORY, self._histories.tensors())

    def load(self, step: int, tensors: Tensors) -> None:
        """Continue from `tensors` as they were after `step` iterations."""
        for role, network in self.networks.items():
            load_module(role, network, tensors)
        if self.ema is not None:
            self.ema.load(below("ema", tensors))
        for one in self._steps:
            load_optimizer(self._called(one), self._optimizers[one.name], tensors)
        self._histories.load(below(_HISTORY, tensors))
        self.step = step

    def _called(self, step: Step) -> str:
        """What the state of its optimiser is called."""
        return f"{step.name}_{step.optimiser.word}"
