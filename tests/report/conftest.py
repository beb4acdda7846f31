"""A finished run that nobody trained: the study's own plan, with made-up artifacts in a store."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ganray.data import SPLITS, DatasetInfo, import_dataset, open_source
from ganray.plan import Plan, Task
from ganray.report import Results
from ganray.runs.agenda import Agenda
from ganray.runs.records.outcome import save_outcome
from ganray.runs.records.parts import named, shard_file
from ganray.runs.records.record import save_run
from ganray.scores import Protocol, Score
from ganray.stages.workspace import Workspace
from ganray.store import Store, StoredFile
from ganray.studies import open_data
from ganray.studies.marginal_vs_joint import Settings, plan
from ganray.tensors import pack

HOSTILE = '<script>alert("x")</script>'
CLASSES = [HOSTILE, "T-shirt/top", "cats & 'dogs'"]
JOINT = "joint/" + "+".join(CLASSES) + "/0"
"""Ends the roles of what the first joint GAN is, and of what is made of it."""
SHAPE = (1, 10, 8)
COUNTS = {"train": 8, "held_out": 4, "test": 5}  # of each class
SAMPLES = 12
METRICS = ["cafd", {"name": "inception_score", "splits": 2}]
CAFD = {"marginal": (60.0, 62.0, 64.0), "joint": (75.0, 76.0, 77.0), "floor": (20.0,)}


@dataclass(frozen=True)
class MadeUp:
    """The run, its store, and what went into it."""

    store: Store
    plan: Plan
    agenda: Agenda

    @property
    def results(self) -> Results:
        """What a report would read."""
        return Results.open(self.store, self.plan)


@dataclass(frozen=True)
class Maker:
    """Commits made-up artifacts; `values` gives each side's CAFD by replicate."""

    store: Store
    plan: Plan
    values: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: CAFD)

    def make(self, role: str) -> None:
        """Commit the artifact of one task."""
        task = self.plan.task(role)
        work = Workspace(self.store, task)
        random = np.random.default_rng(len(task.address))
        for chunks in task.shards:
            work.commit({}, {}, chunks=chunks, device_seconds=0.5 * len(chunks))
        if task.kind == "data":
            self._data(work)
            return
        files, result, record = getattr(self, f"_{task.kind}")(role, task, random)
        work.commit(files, result, **record)

    def _data(self, work: Workspace) -> None:
        stored: list[StoredFile] = []

        @contextmanager
        def open_file(name: str) -> Iterator[Any]:
            with work.attempt.open(name) as writer:
                yield writer
            stored.append(writer.stored)

        settings = Settings(**self.plan.settings)
        info: DatasetInfo = import_dataset(open_source(settings.data), settings.data, open_file)
        work.commit({}, {"digest": info.digest}, stored=tuple(stored))

    def _encoder(self, role: str, task: Task, random: np.random.Generator) -> Any:
        return {}, {"test_accuracy": 0.9312, "test_images": 15}, {}

    def _train(self, role: str, task: Task, random: np.random.Generator) -> Any:
        table = {"iteration": np.arange(1, 701)}
        table |= {name: random.normal(size=700) for name in ("critic_loss", "generator_loss")}
        sink = io.BytesIO()
        pq.write_table(pa.table(table), sink)
        result = {"images_seen": 1000, "flops": 2_000_000}
        return {"history.parquet": sink.getvalue()}, result, {"device_seconds": 30.0}

    def _sample(self, role: str, task: Task, random: np.random.Generator) -> Any:
        images = sampled_images(task.horizon or 0)
        return {shard_file("images", 0): pack({"images/000000": images})}, {}, {}

    def _embed(self, role: str, task: Task, random: np.random.Generator) -> Any:
        count = self.plan.by_address.get(task.inputs.get("images", ""), task).horizon or 1
        probabilities = np.eye(3, dtype=np.float32)[np.arange(count) % 3]
        arrays = named({0: {"features": probabilities, "probabilities": probabilities}})
        return {shard_file("embedding", 0): pack(arrays)}, {}, {}

    def _measure(self, role: str, task: Task, random: np.random.Generator) -> Any:
        side, replicate = ("floor", "0") if role.startswith("floor/") else role.split("/")[3:]
        if task.parameters["metric"]["name"] == "cafd":
            floor = None if side == "floor" else self.values["floor"][0]
            made = score("cafd", self.values[side][int(replicate)], floor)
        else:
            value = {"floor": 2.9, "marginal": 2.0, "joint": 2.0}[side]
            made = score("inception_score", value + int(replicate) / 10)
        return {}, {"score": made.model_dump(mode="json")}, {}

    def _targets(self, role: str, task: Task, random: np.random.Generator) -> Any:
        return {}, {"names": task.parameters["targets"]}, {}

    def _search(self, role: str, task: Task, random: np.random.Generator) -> Any:
        targets = self.plan.task("targets").parameters["targets"]
        own = task.parameters["own_samples"]
        names = [*targets, *(f"own sample {i}" for i in range(own))]
        restarts = task.horizon or 0
        residuals = np.full((len(names), restarts), 0.08, dtype=np.float32)
        residuals[len(targets) :] = 0.02
        residuals[:, -1] *= 2
        arrays = {
            "targets": sampled_images(len(names)),
            "answers": sampled_images(len(names)),
            "latents": np.ones((len(names), 16), dtype=np.float32),
            "residuals": residuals,
            "nearest": sampled_images(len(targets)),
            "nearest_residuals": np.full(len(targets), 0.05, dtype=np.float32),
        }
        rows = [search_row(name, float(residuals[i, 0])) for i, name in enumerate(names)]
        for row in rows[: len(targets)]:
            row["nearest_training_residual"] = 0.05
        result = {"rows": rows, "probes": len(targets), "restarts": restarts}
        return {"answers.safetensors": pack(arrays)}, result, {}

    def _card(self, role: str, task: Task, random: np.random.Generator) -> Any:
        return {"README.md": b"---\n", "generator.safetensors": b"weights"}, {}, {}


def sampled_images(count: int) -> np.ndarray:
    """Image i is of the one grey i: pictures of it can be told apart."""
    greys = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return np.broadcast_to(greys, (count, *SHAPE)).copy()


def search_row(name: str, residual: float) -> dict[str, Any]:
    """A row as the search stage writes it."""
    classes = {"target_class": 1, "answer_class": 2}
    return {"target": name, "residual": residual, "best_restart": 0, "latent_norm": 4.0, **classes}


def score(metric: str, value: float, floor: float | None = None, **protocol: Any) -> Score:
    """A score under a made-up protocol; CAFD has one term for each class."""
    fields: dict[str, Any] = {
        "encoder": "classifier",
        "encoder_digest": "0123456789ab",
        "preprocessing": "uint8/255",
        "reference_split": "made-up/test",
        "reference_count": 15,
        "count": SAMPLES,
        "mixture": "real",
    }
    terms = [value - 5, value, value + 5] if metric == "cafd" else None
    return Score(
        metric=metric,
        value=value,
        floor=floor,
        per_class=terms,
        protocol=Protocol(**(fields | protocol)),
    )


def write_pictures(folder: Path) -> str:
    """A small Parquet source with hostile class names; returns its path."""
    rows = [(split, label) for split in SPLITS for label in range(3) for _ in range(COUNTS[split])]
    pictures = [np.full(SHAPE, 80 * label + 40, np.uint8) for _, label in rows]
    table = pa.table(
        {
            "image": pa.array([_png(picture) for picture in pictures], pa.binary()),
            "label": [label for _, label in rows],
            "split": [split for split, _ in rows],
        }
    )
    metadata = {"class_names": json.dumps(CLASSES)}
    pq.write_table(table.replace_schema_metadata(metadata), folder / "pictures.parquet")
    return str(folder / "pictures.parquet")


def _png(picture: np.ndarray) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(picture[0]).save(sink, "PNG")
    return sink.getvalue()


Make = Callable[..., MadeUp]


@pytest.fixture(scope="session")
def make_up(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes up a run; `failed` maps roles to why they failed, `settings` change the study."""

    def make(
        failed: Mapping[str, str] | None = None,
        values: Mapping[str, tuple[float, ...]] = CAFD,
        **settings: Any,
    ) -> MadeUp:
        folder = tmp_path_factory.mktemp("made_up")
        chosen = _settings(write_pictures(folder), **settings)
        store, made = Store(str(folder / "store")), plan(chosen, open_data(chosen.data))
        agenda = Agenda.open(made, store)
        for role, why in (failed or {}).items():
            agenda.fail(made.task(role), why)
        for role, address in made.roles.items():
            if address not in agenda.failed:
                Maker(store, made, values).make(role)
                agenda.finish(made.task(role))
        save_run(store, made)
        save_outcome(store, agenda, 12.5)
        return MadeUp(store, made, agenda)

    return make


def _settings(source: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "name": "made-up",
        "replicates": 3,
        "marginals": [CLASSES[:1], CLASSES[1:]],
        "data": {"source": source},
        "model": {"width": 2, "latent": 16},
        "train": {"batch": 4},
        "budget": {"iterations": 700},
        "encoder": {"batch": 4},
        "evaluate": {"samples": SAMPLES, "metrics": METRICS},
        "search": {
            "on": ["joint", HOSTILE],
            "restarts": 3,
            "own_samples": 2,
            "real": 3,
            "chunk": 9,
        },
    }
    return Settings(**(values | changes))


@pytest.fixture(scope="session")
def whole(make_up: Make) -> MadeUp:
    """A finished run. Tests read it and leave it as it is."""
    return make_up()
