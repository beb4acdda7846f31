"""Stages of a sweep: the score of a trial at a rung, and the choice between the best two."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from ganray.embed import Embedding, EmbedSpec, embed, join
from ganray.errors import RefusedInput, TrainingDiverged, UndefinedScore, quoted
from ganray.metrics.intervals import mean_interval, welch
from ganray.metrics.score import Score
from ganray.models.spec import ModelSpec
from ganray.pipeline.measuring import (
    Reference,
    posteriors,
    read_embedder,
    read_generator,
    read_protocol,
    read_reference,
    real_split,
    score_values,
)
from ganray.pipeline.workspace import Workspace
from ganray.sample import SampleSpec, sample
from ganray.store import Store

SPEC_FILE = "spec.json"


def score_trial(work: Workspace) -> None:
    """Score each side of a trial against the held-out images of its classes.

    The objective is the mean over sides.

    Raises:
        TrainingDiverged: a score is not finite.
    """
    parameters = work.task.parameters
    known = posteriors(work, parameters["classes"])
    reference = read_reference(work, parameters["rows"], known)
    scores = {side: _score(work, reference, side) for side in parameters["sides"]}
    work.commit(
        {},
        {
            "value": float(np.mean([score.value for score in scores.values()])),
            "sides": {side: score.model_dump(mode="json") for side, score in scores.items()},
        },
    )


def _score(work: Workspace, reference: Reference, side: str) -> Score:
    parameters = work.task.parameters
    metric = parameters["metrics"][0]
    known = posteriors(work, parameters["classes"])
    generated = _generated(work, side, **parameters["sides"][side]).among(known)
    try:
        values = score_values(reference, generated, [metric], parameters["splits"])[metric]
    except UndefinedScore as why:
        raise TrainingDiverged(f"{metric} of the {side} side is undefined: {why}") from None
    if not math.isfinite(values["value"]):
        raise TrainingDiverged(f"{metric} of the {side} side is {values['value']}")
    split = real_split("held_out", parameters["classes"])
    protocol = read_protocol(work, reference.embedding.count, generated.count, split)
    return Score(metric=metric, protocol=protocol, **values)


def _generated(work: Workspace, side: str, counts: list[int], seeds: list[int]) -> Embedding:
    """The features of every GAN's share of samples, in the GANs' order."""
    parameters, embedder = work.task.parameters, read_embedder(work)
    model, sampling = ModelSpec(**parameters["model"]), SampleSpec(**parameters["sample"])
    parts = []
    for index, (count, seed) in enumerate(zip(counts, seeds, strict=True)):
        if count:
            generator = read_generator(work.store, work.input(f"gan/{side}/{index}"), model)
            images = sample(generator, count, seed, sampling)
            parts.append(embed(embedder, images, EmbedSpec(**parameters["embed"])))
    return join(parts)


def choose_spec(work: Workspace) -> None:
    """Commit the candidate with the better mean over fresh seeds, with the evidence for it."""
    parameters = work.task.parameters
    candidates = parameters["candidates"]
    values = [_values(work, index) for index in range(len(candidates))]
    sign = 1.0 if parameters["better"] == "lower" else -1.0
    chosen = min(range(len(values)), key=lambda index: sign * float(np.mean(values[index])))
    fresh = [
        candidate | {"fresh": own, "interval": vars(mean_interval(own))}
        for candidate, own in zip(candidates, values, strict=True)
    ]
    spec = {
        "train": candidates[chosen]["train"],
        "model": candidates[chosen]["model"],
        "iterations": parameters["iterations"],
        "evidence": {
            "sweep": parameters["sweep"],
            "metric": parameters["metric"],
            "better": parameters["better"],
            "side": parameters["side"],
            "chosen": chosen,
            "candidates": fresh,
            "comparison": vars(welch(values[0], values[1])) if len(values) > 1 else None,
        },
    }
    work.commit({SPEC_FILE: json.dumps(spec, indent=1).encode()}, spec)


def _values(work: Workspace, candidate: int) -> list[float]:
    """The objective on each fresh seed."""
    roles = (role for role in work.task.inputs if role.startswith(f"{candidate}/"))
    ordered = sorted(roles, key=lambda role: int(role.rpartition("/")[2]))
    return [float(work.input(role).result["value"]) for role in ordered]


def read_spec(store: Store, name: str) -> dict[str, Any]:
    """The settings that a sweep committed: `train`, `model`, and what speaks for them.

    Args:
        name: `spec/<key>`, as the sweep's report names it.

    Raises:
        RefusedInput: the store has no such spec; names those that there are.
    """
    address = name.removesuffix("/whole") + "/whole"
    known = {manifest.address: manifest for manifest in store.manifests("spec/")}
    if address not in known:
        there = ", ".join(one.removesuffix("/whole") for one in known) or "none"
        raise RefusedInput(f"from (={quoted(name)}) must be a sweep's spec in {store.url}: {there}")
    spec: dict[str, Any] = json.loads(store.read(known[address], SPEC_FILE))
    return spec
