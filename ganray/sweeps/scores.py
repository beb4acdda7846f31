"""What a plan has for a trial of a sweep: its GANs, trained to one rung, and their score.

Its GANs are ordinary training trajectories, the same that a study with these settings and this seed
has as its first replicate; its score is an `objective` task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.plan import Task, task_seed
from ganray.plan.candidates import ObjectiveParameters, Shares
from ganray.specs import EmbedSpec, SampleSpec
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.counts import mixture_counts, needing
from ganray.studies.parts.data import Data
from ganray.studies.parts.scoring.ruler import add_embedder, embed_split, protocol_on
from ganray.sweeps.block import Side
from ganray.sweeps.settings import SweepSettings
from ganray.train.spec import TrainSpec


@dataclass(frozen=True)
class Scores:
    """Those of a sweep's trials.

    Args:
        classes: that every trial trains.
    """

    settings: SweepSettings
    data: Data
    classes: Sequence[int]

    def groups(self, side: Side) -> list[list[int]]:
        """The classes of each GAN of a side."""
        return [[*self.classes]] if side == "joint" else [[index] for index in self.classes]

    def add(
        self,
        blocks: Blocks,
        role: str,
        model: ModelSpec,
        train: TrainSpec,
        step: int,
        replicate: int,
        name: str = "",
    ) -> Task:
        """The GANs of one trial, trained to one rung, and their score."""
        embedder, reference = self.ruler(blocks)
        count, evaluate = self._sample_count(), self.settings.evaluate
        measured_on = self.settings.measured_on
        gans: dict[str, Task] = {}
        sides: dict[str, Shares] = {}
        for side in self.settings.sweep.sides:
            groups = self.groups(side)
            for index, group in enumerate(groups):
                own = step // len(groups)
                title = side if side == "joint" else f"class {self.data.label(group)}"
                gan = blocks.train(side, title, group, replicate, model, train, own)
                gans[f"gan/{side}/{index}"] = _titled(blocks, gan, name)
            sides[side] = Shares(
                counts=mixture_counts(groups, self.data.info, evaluate.mixture, count),
                seeds=[self._latents(group, replicate) for group in groups],
            )
        return blocks.builder.add(
            role,
            "objective",
            f"score of {name or f'{step} iterations'}",
            ObjectiveParameters(
                **protocol_on(blocks, measured_on, self.settings.encoder),
                metric=self.settings.sweep.metric,
                mixture=evaluate.mixture,
                classes=blocks.subset,
                rows=blocks.rows("held_out"),
                model=model,
                sample=SampleSpec(),
                embed=EmbedSpec(chunk=measured_on.chunk),
                sides=sides,
            ),
            {"embedder": embedder, "reference": reference} | gans,
        )

    def ruler(self, blocks: Blocks) -> tuple[Task, Task]:
        """The network, and the held-out images on it: the test split has no part in a sweep."""
        blocks.import_data(self.settings.data)
        encoder = self.settings.measured_on
        embedder = add_embedder(blocks, encoder, self.settings.encoder)
        return embedder, embed_split(blocks, encoder, embedder, "held_out")

    def _latents(self, group: list[int], replicate: int) -> int:
        """One set of latent vectors for all trials; another for each fresh seed."""
        return task_seed(self.settings.seed, "sweep/latents", group, replicate)

    def _sample_count(self) -> int:
        """How many images each side is measured on.

        Raises:
            RefusedInput: fewer than 2, or than the metric needs.
        """
        held_out = [self.data.info.counts["held_out"][index] for index in self.classes]
        evaluate = self.settings.evaluate
        if min(held_out) < 2:
            raise RefusedInput(
                "every class must have 2 held-out images to be measured on; here are "
                f"{held_out}; see data.held_out"
            )
        metric = self.settings.sweep.metric
        if evaluate.samples is None and metric.least > sum(held_out):
            raise RefusedInput(
                f"sweep.metric: {needing(metric)} needs {metric.least} samples of a side, which "
                f"has as many as are held out, {sum(held_out)}; name evaluate.samples"
            )
        count = evaluate.samples or sum(held_out)
        if count < metric.least:
            raise RefusedInput(
                f"evaluate.samples (={count}) must be at least {metric.least}, which "
                f"{needing(metric)} needs"
            )
        return count


def _titled(blocks: Blocks, gan: Task, name: str) -> Task:
    """The same GAN under a name that tells it from the other candidate's."""
    if name:
        titled = gan.model_copy(update={"title": f"{gan.title} of {name}"})
        blocks.builder.tasks[gan.address] = titled
    return gan
