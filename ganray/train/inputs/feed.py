"""What the steps of a training are given: images, labels and random numbers, by number alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, Int64, UInt8
from torch import Tensor

from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.randomness import derive_seed, uniforms
from ganray.train.algorithms import check_labels, wants_labels
from ganray.train.inputs.batches import Batches, ShuffledImages, class_counts, class_labels
from ganray.train.inputs.draws import drawn
from ganray.train.inputs.replay import Histories
from ganray.train.spec import TrainSpec
from ganray.train.steps import Batch, Networks, Noise, Replay, Shown, Step
from ganray.train.updates.kernels import laid_out


class Feed:
    """What a step is given as number `index` of its kind, the same wherever and whenever it is.

    Its arguments, and what it refuses, are `GanTrainer`'s.

    Attributes:
        shape: of the images: channels, height and width.
        classes: how many training images of each class there are.
        part: this process's rows of each batch.
        histories: generated images of earlier iterations.
    """

    def __init__(
        self,
        images: np.ndarray | Tensor | Batches,
        model: ModelSpec,
        train: TrainSpec,
        seed: int,
        device: torch.device,
        labels: Any,
        classes: int | None,
        weights: Float64[np.ndarray, "m"] | None,
    ) -> None:
        if isinstance(images, Batches) and train.told_labels:
            raise RefusedInput(
                f"images: train.algorithm (={train.algorithm!r}) is told labels; give an array"
            )
        self.spec, self.model, self.seed, self.device = train, model, seed, device
        if isinstance(images, Batches):
            self._batches = images
        else:
            self._batches = ShuffledImages(images, train.batch, seed, device, weights)
        self.shape, self.part = self._batches.shape, slice(0, train.batch)
        labels = class_labels(labels, len(self._batches), classes)
        self.classes = class_counts(len(self._batches), labels, classes)
        check_labels(model, train, labels is not None, self.classes)
        self._labels = labels if wants_labels(model, train) else None
        if weights is not None and wants_labels(model, train):
            raise RefusedInput(f"weights: {model.name} by {train.algorithm} draws by labels")
        self._more = self._further(labels)
        self.histories = Histories(self.shape, seed, device)

    def batch(self, step: Step, index: int, iteration: int) -> Batch:
        """The data of this process's part of a step, which is done in `iteration`."""
        if step.real:
            images, rows = self._batches(index, self.part)
            real = laid_out(self.spec, self.model.pixels(images))
        else:
            real = torch.empty(0, *self.shape, device=self.device)
            known = self._labels is not None
            rows = self._drawn_rows(step, *self._rows(step, index)) if known else np.empty(0)
        more = {name: self._show(name, index) for name in self._more} if step.looks else {}
        labels = None if self._labels is None else self._told(rows)
        return Batch(index, real, labels, more, iteration)

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
        images, rows = self._more[name](index, self.part)
        return Shown(self.model.pixels(images), self._told(rows))

    @torch.no_grad()
    def replayed(
        self, step: Step, replay: Replay, networks: Networks, batch: Batch, noise: Noise
    ) -> Batch:
        """The batch with generated images, of this iteration or of earlier ones."""
        made = dict(replay.made(networks, batch, noise))
        for name, images in made.items() if replay.size else ():
            history = self.histories.of(f"{step.name}/{name}", replay.size)
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
        start, stop = self.part.start, self.part.stop
        return (index * self.spec.batch + start) * step.rows, (stop - start) * step.rows

    def noise(self, step: Step, index: int) -> dict[str, Tensor]:
        """Of this process's part of global batch `index`: each row by its number among all."""
        start, count = self._rows(step, index)
        rows = {
            name: drawn(draw, self.model, self.shape, self.seed, start, count)
            for name, draw in step.noise.items()
        }
        return {name: torch.from_numpy(row).float().to(self.device) for name, row in rows.items()}
