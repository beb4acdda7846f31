"""A classifier of the real classes in training, moved along by the same `run` as GANs are."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from ganray.models.encoders.networks.own import new_classifier
from ganray.randomness import uniforms
from ganray.tensors import Tensors
from ganray.train.device import choose_device
from ganray.train.encoder_spec import EncoderSpec
from ganray.train.inputs.augment import translate
from ganray.train.inputs.batches import ShuffledImages
from ganray.train.state import load_module, load_optimizer, module_tensors, optimizer_tensors
from ganray.train.updates.optimisers import AdamDescent


class EncoderTrainer:
    """The encoder, its optimiser and the step.

    Args:
        images: training images of every class, as `GanTrainer` takes them.
        labels: their classes, 0 … classes−1.
        spec: how it is trained.
        seed: initial weights and the order of images follow from it.
    """

    losses: tuple[str, ...] = ("cross_entropy",)

    def __init__(
        self,
        images: np.ndarray | Tensor,
        labels: Int64[np.ndarray, "n"],
        classes: int,
        spec: EncoderSpec,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        self.device = choose_device(device)
        self.spec, self.step, self.remedy = spec, 0, spec.remedy
        self._batches = ShuffledImages(images, spec.batch, seed, self.device)
        self.encoder = new_classifier(spec.network, self._batches.shape, classes)
        self.encoder.initialise(seed, "encoder")
        self.encoder.to(self.device)
        self._labels = torch.from_numpy(labels).to(self.device)
        self._adam = AdamDescent(self.encoder.parameters(), lr=spec.learning_rate)
        self.steps, self._seed = encoder_steps(spec, len(images)), seed

    @property
    def images_per_step(self) -> int:
        """Real images seen in one iteration."""
        return self.spec.batch

    def advance(self) -> Float[Tensor, "losses"]:
        """One Adam step on one batch; returns its cross-entropy."""
        for group in self._adam.param_groups:
            group["lr"] = self.spec.rate(self.step, self.steps)
        images, rows = self._batches(self.step)
        first, published = self.step * self.spec.batch, self.spec.dropout == "as_published"
        self.encoder.drop(self._seed, "encoder/dropout", first, published)
        _, logits = self.encoder.features_and_logits(self._changed(images))
        loss = functional.cross_entropy(
            logits,
            self._labels[torch.from_numpy(rows)],
            label_smoothing=self.spec.label_smoothing,
        )
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        self._adam.step()
        self.step += 1
        return loss.detach().view(1)

    def _changed(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Mirrored and moved as the settings say, by numbers that are this step's own."""
        if not (self.spec.flips or self.spec.crops):
            return images
        start = self.step * self.spec.batch
        drawn = uniforms(self._seed, "encoder/augment", start, len(images), 3)
        numbers = torch.from_numpy(drawn).to(self.device, torch.float32)
        if self.spec.flips:
            images = images.flip(3).where((numbers[:, 0] < 0.5)[:, None, None, None], images)
        return translate(images, numbers[:, 1:], self.spec.crops) if self.spec.crops else images

    def tensors(self) -> Tensors:
        """The whole state but the step, as named tensors."""
        return module_tensors("encoder", self.encoder) | optimizer_tensors("adam", self._adam)

    def load(self, step: int, tensors: Tensors) -> None:
        """Continue from `tensors` as they were after `step` iterations."""
        load_module("encoder", self.encoder, tensors)
        load_optimizer("adam", self._adam, tensors)
        self.step = step


def encoder_steps(spec: EncoderSpec, images: int) -> int:
    """Iterations of `spec.epochs` passes over that many images."""
    return spec.epochs * images // spec.batch
