"""One GAN in training, as plain PyTorch: usable from a notebook without Ray and without a store.

trainer = GanTrainer(images, ModelSpec(width=16), TrainSpec(ema=0.98))
run(trainer, until=500)
pictures = trainer.sampler()(torch.randn(16, 128))
"""

from __future__ import annotations

from functools import partial
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ganray.models import ModelSpec
from ganray.models.build import build_critic, build_generator, trained_generator
from ganray.models.defense_gan import Generator
from ganray.randomness import normals, uniforms
from ganray.tensors import Tensors
from ganray.train.batches import ShuffledImages
from ganray.train.device import choose_device
from ganray.train.spec import TrainSpec
from ganray.train.state import load_module, load_optimizer, module_tensors, optimizer_tensors
from ganray.train.updates import CriticNoise, Reduce, alone, critic_step, generator_step


class GanTrainer:
    """Generator, critic, their optimisers and the step: a trajectory that `run` moves along.

    Args:
        images: the training images, a NumPy array or torch tensor of uint8, 0 … 255, and of shape
            (n, channels, height, width), with 1 or 3 channels.
        model: which networks; image size and channels are those of `images`.
        train: how they are trained.
        seed: everything random follows from it: initial weights, batches, latents, penalty mixes.
        device: "auto" takes CUDA where there is one, else the CPU.

    Raises:
        RefusedInput: `images` are no such images, fewer than a batch, or `device` is not here.
    """

    losses: tuple[str, ...] = ("critic_loss", "generator_loss")

    def __init__(
        self,
        images: np.ndarray | Tensor,
        model: ModelSpec,
        train: TrainSpec,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        self.device = choose_device(device)
        self.spec, self.model, self.seed, self.step = train, model, seed, 0
        self._batches = ShuffledImages(images, train.batch, seed, self.device)
        shape = self._batches.shape
        self.generator = build_generator(model, shape, seed).to(self.device)
        self.critic = build_critic(model, shape, seed).to(self.device)
        self._average = _moving_average(self.generator, train.ema) if train.ema else None
        self.ema = cast(Generator, self._average.module) if self._average else None
        self._part, self._reduce = slice(0, train.batch), cast(Reduce, alone)
        # Torch steps all parameters in one call on CUDA alone; on a CPU too it is the same bits.
        adam = partial(
            torch.optim.Adam,
            lr=train.learning_rate,
            betas=(train.beta1, train.beta2),
            foreach=True,
        )
        self._generator_adam = adam(self.generator.parameters())
        self._critic_adam = adam(self.critic.parameters())

    @property
    def images_per_step(self) -> int:
        """Real images seen in one iteration."""
        return self.spec.batch * self.spec.critic_steps

    def advance(self) -> Float[Tensor, "losses"]:
        """One iteration: `critic_steps` critic steps, then one generator step.

        Returns the last critic step's loss and the generator's, named by `losses`.
        """
        first, spec = self.step * self.spec.critic_steps, self._settings()
        for critic_index in range(first, first + self.spec.critic_steps):
            critic_loss = critic_step(
                self.generator,
                self.critic,
                self._critic_adam,
                self._batches(critic_index, self._part)[0],
                self._critic_noise(critic_index),
                spec,
                with_penalty=critic_index % self.spec.penalty_interval == 0,
                reduce=self._reduce,
            )
        latents = self._latents("train/generator", self.step)
        loss = generator_step(
            self.generator, self.critic, self._generator_adam, latents, self._reduce
        )
        if self._average is not None:
            self._average.update_parameters(self.generator)
        self.step += 1
        return torch.stack([critic_loss, loss])

    def _settings(self) -> TrainSpec:
        """Those in force in this iteration, by the schedule; the optimisers are set to them."""
        spec = self.spec.at(self.step)
        if self.spec.schedule:
            for adam in (self._generator_adam, self._critic_adam):
                adam.param_groups[0]["lr"] = spec.learning_rate
                adam.param_groups[0]["betas"] = (spec.beta1, spec.beta2)
        return spec

    def sampler(self) -> Generator:
        """A copy of the generator to sample from: of the moving average, where one is kept.

        It is on the CPU, in evaluation mode and with frozen parameters; further training does not
        change it.
        """
        network = self.generator if self.ema is None else self.ema
        return trained_generator(self.model, network.shape, network.state_dict())

    def tensors(self) -> Tensors:
        """The whole state but the step, as named tensors."""
        state = module_tensors("generator", self.generator) | module_tensors("critic", self.critic)
        if self.ema is not None:
            state |= module_tensors("ema", self.ema)
        state |= optimizer_tensors("generator_adam", self._generator_adam)
        return state | optimizer_tensors("critic_adam", self._critic_adam)

    def load(self, step: int, tensors: Tensors) -> None:
        """Continue from `tensors` as they were after `step` iterations."""
        load_module("generator", self.generator, tensors)
        load_module("critic", self.critic, tensors)
        if self.ema is not None:
            load_module("ema", self.ema, tensors)
        load_optimizer("generator_adam", self._generator_adam, tensors)
        load_optimizer("critic_adam", self._critic_adam, tensors)
        self.step = step

    def _critic_noise(self, critic_index: int) -> CriticNoise:
        first, count = self._rows(critic_index)
        mix = uniforms(self.seed, "train/mix", first, count, 1)
        return CriticNoise(
            latents=self._latents("train/critic", critic_index),
            mix=torch.from_numpy(mix).float().to(self.device).view(-1, 1, 1, 1),
        )

    def _latents(self, stream: str, index: int) -> Float[Tensor, "part latent"]:
        rows = normals(self.seed, stream, *self._rows(index), self.model.latent)
        return torch.from_numpy(rows).float().to(self.device)

    def _rows(self, index: int) -> tuple[int, int]:
        """Of this process's part of global batch `index`: its first row of all, and their count."""
        part = self._part
        return index * self.spec.batch + part.start, part.stop - part.start


def _moving_average(generator: Generator, decay: float) -> AveragedModel:
    """ema ← decay·ema + (1 − decay)·generator at each update, from the initial weights on."""
    average = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    average.n_averaged.fill_(1)  # else the first update would be a copy
    return average
