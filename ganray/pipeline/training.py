"""Stages that learn: the data set, the encoder and the GANs."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from jaxtyping import Float32

from ganray.data import DatasetSpec, import_dataset, open_source
from ganray.embed import embed
from ganray.errors import RefusedInput, Stopped
from ganray.models.spec import ModelSpec
from ganray.pipeline.card import model_card
from ganray.pipeline.workspace import Workspace, numerics
from ganray.plan import Task
from ganray.store import StoredFile
from ganray.train import EncoderSpec, TrainSpec
from ganray.train.encoder import EncoderTrainer
from ganray.train.flops import encoder_flops, gan_flops
from ganray.train.gan import GanTrainer
from ganray.train.loop import Host, Progress, run
from ganray.train.parallel import DataParallelGanTrainer
from ganray.train.state import deserialise, serialise

STATE, LOSSES = "state.safetensors", "losses.safetensors"


def import_data(work: Workspace) -> None:
    """Bring the source into the store, partitioned by split and class."""
    spec = DatasetSpec(**work.task.parameters["data"])
    stored: list[StoredFile] = []

    @contextmanager
    def open_file(name: str) -> Iterator[Any]:
        with work.attempt.open(name) as writer:
            yield writer
        stored.append(writer.stored)

    info = import_dataset(open_source(spec), spec, open_file)
    work.commit({}, {"digest": info.digest, "counts": dict(info.counts)}, stored=tuple(stored))


def train_encoder(work: Workspace) -> None:
    """Train the CAFD encoder on the training split; test accuracy goes into its result."""
    parameters, dataset = work.task.parameters, work.dataset()
    images, labels = dataset.images("train")
    spec = EncoderSpec(**parameters["encoder"])
    classes = len(dataset.info.class_names)
    trainer = EncoderTrainer(images, labels, classes, spec, parameters["seed"], work.device)
    history, seconds = _follow(work, trainer, trainer.steps)
    encoder = trainer.encoder.cpu().eval()
    test_images, test_labels = dataset.images("test")
    guesses = embed(encoder, test_images).probabilities.argmax(axis=1)
    work.commit(
        {
            "encoder.safetensors": serialise(encoder.state_dict()),
            "history.parquet": _history_table(history, trainer.losses),
        },
        {
            "test_accuracy": float(np.mean(guesses == test_labels)),
            "test_images": len(test_labels),
            "shape": list(dataset.info.shape),
            "classes": classes,
            "flops": encoder_flops(dataset.info.shape, classes, spec) * trainer.steps,
        },
        device_seconds=seconds,
    )


def train_gan(work: Workspace) -> None:
    """Train one GAN on its classes, from the last checkpoint of its trajectory, to its horizon.

    Of several ranks, which all call this, the first resumes, keeps checkpoints and commits.

    Raises:
        RefusedInput: the task is for another number of ranks than there are.
        LostRank, RanksDiffer: the ranks cannot go on, but from the last checkpoint.
    """
    refuse_other_ranks(work.task, work.ranks.size if work.ranks else 1)
    parameters, dataset, until = work.task.parameters, work.dataset(), work.task.horizon or 0
    model, spec = ModelSpec(**parameters["model"]), TrainSpec(**parameters["train"])
    images, _ = dataset.images("train", parameters["classes"])
    common = (images, model, spec, parameters["seed"], work.device)
    trainer = DataParallelGanTrainer(*common, work.ranks) if work.ranks else GanTrainer(*common)
    history, seconds = _follow(work, trainer, until)
    if work.ranks and not work.ranks.first:
        return
    weights = serialise(trainer.sampler().state_dict())
    digest = hashlib.sha256(weights).hexdigest()
    work.commit(
        {
            "generator.safetensors": weights,
            "history.parquet": _history_table(history, trainer.losses),
            "README.md": model_card(work.task, dataset.info, digest).encode(),
        },
        {
            "shape": list(dataset.info.shape),
            "images_seen": until * trainer.images_per_step,
            "flops": gan_flops(dataset.info.shape, model, spec) * until,
            "training_images": len(images),
        },
        device_seconds=seconds,
        device=trainer.device.type,
        workers=work.task.ranks,
    )


def refuse_other_ranks(task: Task, ranks: int) -> None:
    """Refuse a task that another number of ranks must train: its result would not be its key's.

    Raises:
        RefusedInput: it is.
    """
    if task.ranks != ranks:
        raise RefusedInput(
            f"joint.workers (={task.ranks}): {task.title} is trained by {task.ranks} processes on "
            f"Ray, here {'are' if ranks > 1 else 'is'} {ranks}; use --runner ray or joint.workers 1"
        )


def _follow(
    work: Workspace, trainer: GanTrainer | EncoderTrainer, until: int
) -> tuple[Float32[np.ndarray, "steps losses"], float]:
    """Move the trainer to `until`, resuming and checkpointing; (losses, device seconds in all).

    Raises:
        Stopped: on request, after a checkpoint.
    """
    history, spent = _resume(work, trainer, until)
    keeper = _Keeper(work, trainer.step, spent)
    host = Host(
        should_stop=work.should_stop,
        progress=lambda progress: _tell(work, progress),
        checkpoint=keeper.keep,
        checkpoint_seconds=work.checkpoint_seconds,
    )
    if work.ranks and not work.ranks.first:
        host = Host(should_stop=work.should_stop)
    arrived, history = run(trainer, until, host, history)
    if not arrived:
        raise Stopped(f"{work.task.title} stopped at {trainer.step} of {until} and is kept")
    return history, keeper.kept


def _resume(
    work: Workspace, trainer: GanTrainer | EncoderTrainer, until: int
) -> tuple[Float32[np.ndarray, "steps losses"], float]:
    """(losses so far, device seconds); of several ranks the first resumes, and tells the others."""
    if not isinstance(trainer, DataParallelGanTrainer):
        return _load_checkpoint(work, trainer, until)
    found = _load_checkpoint(work, trainer, until) if trainer.ranks.first else None
    trainer.share()
    return found or (np.zeros((trainer.step, len(trainer.losses)), np.float32), 0.0)


def _load_checkpoint(
    work: Workspace, trainer: GanTrainer | EncoderTrainer, until: int
) -> tuple[Float32[np.ndarray, "steps losses"], float]:
    checkpoint = work.store.latest_checkpoint(work.task.trajectory, at_most=until)
    if checkpoint is None:
        return np.zeros((0, len(trainer.losses)), np.float32), 0.0
    trainer.load(checkpoint.step, deserialise(work.store.read(checkpoint, STATE)))
    work.report(checkpoint.step, until, resumed=checkpoint.step)
    changed = {
        name: (checkpoint.info["numerics"].get(name), value)
        for name, value in numerics().items()
        if checkpoint.info["numerics"].get(name) != value
    }
    if changed:
        work.report(
            *(checkpoint.step, until),
            warning=f"{work.task.title} resumes from iteration {checkpoint.step} under other "
            f"conditions (then, now): {changed}; its last bits may differ from an uninterrupted "
            "run's",
        )
    losses = deserialise(work.store.read(checkpoint, LOSSES))["losses"].numpy()
    return losses, float(checkpoint.info["device_seconds"])


@dataclass
class _Keeper:
    """Makes a training's checkpoints.

    Args:
        resumed_at: the step that has a checkpoint already.
        kept: device seconds that the last checkpoint knows of. They are what the result says,
            too: a longer training goes on from that checkpoint, and no second is counted twice.
    """

    work: Workspace
    resumed_at: int
    kept: float
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._before = self.kept

    def keep(self, trainer: Any, losses: Float32[np.ndarray, "steps losses"]) -> None:
        """Make a checkpoint of the trainer as it is."""
        if trainer.step == self.resumed_at:
            return
        spent = (time.monotonic() - self.begun) * self.work.task.ranks
        self.kept = round(self._before + spent, 3)
        files = {
            STATE: serialise(trainer.tensors()),
            LOSSES: serialise({"losses": torch.from_numpy(losses)}),
        }
        info = {"device_seconds": self.kept, "numerics": numerics()}
        self.work.attempt.checkpoint(trainer.step, files, info)
        self.work.report(trainer.step, 0, checkpoint=trainer.step)


def _tell(work: Workspace, progress: Progress) -> None:
    work.report(
        progress.step,
        progress.until,
        images_per_second=round(progress.images_per_second, 1),
        seconds_left=round(progress.seconds_left, 1),
        **progress.losses,
    )


def _history_table(losses: Float32[np.ndarray, "steps losses"], names: tuple[str, ...]) -> bytes:
    """Parquet: iteration (from 1) and each loss."""
    columns: dict[str, Any] = {"iteration": np.arange(1, len(losses) + 1)}
    columns |= {name: losses[:, index] for index, name in enumerate(names)}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


def read_history(data: bytes) -> dict[str, np.ndarray]:
    """The columns of `history.parquet`."""
    table = pq.read_table(io.BytesIO(data))
    return {name: table[name].to_numpy() for name in table.column_names}
