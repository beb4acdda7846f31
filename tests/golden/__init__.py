"""What must not change when code is moved or rebuilt: keys of plans, bits of weights, scores.

    python -m tests.golden

writes the files anew: only where results are meant to change, after raising a stage's version.
"""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganray.attacks import ATTACKS
from ganray.data.spec import SourceInfo
from ganray.models import DefenseGan
from ganray.plan import Plan
from ganray.plan.candidates import Candidate
from ganray.process.numerics import numerics
from ganray.spec import parse
from ganray.store import Store
from ganray.studies import (
    adagan,
    budget_curve,
    defence,
    marginal_vs_joint,
    one_dimension,
    probing,
    range_audit,
    rivals,
    siblings,
    translation,
    two_gaussians,
    usefulness,
)
from ganray.studies.families import families
from ganray.studies.parts.data import Data
from ganray.sweeps.plan import SweepPlan
from ganray.sweeps.settings import SweepSettings
from ganray.tensors import deserialise, serialise
from ganray.train import Host, WganGp, run
from ganray.train.gan import GanTrainer
from ganray.train.parallel import DataParallelGanTrainer, Ranks
from ganray.train.state import below, prefixed
from tests.families import TRAININGS, partner, trainer

FOLDER = Path(__file__).parent
INFO = SourceInfo(
    name="letters",
    shape=(1, 28, 28),
    class_names=["a", "b", "c"],
    counts={"train": [600, 300, 100], "held_out": [60, 30, 10], "test": [60, 30, 10]},
)
DATA = Data(INFO, "f" * 64)
TWO_DOMAINS = Data(
    SourceInfo(
        name="paintings",
        shape=(1, 28, 28),
        class_names=["a", "b", "a edges", "b edges"],
        counts={"train": [300, 200] * 2, "held_out": [50, 40] * 2, "test": [40, 50] * 2},
    ),
    "b" * 64,
)
STUDY = {
    "name": "golden",
    "seed": 5,
    "replicates": 2,
    "marginals": [["a"], ["b", "c"]],
    "model": {"width": 16},
    "train": {"critic_steps": 3, "ema": 0.98},
    "evaluate": {"encoders": ["classifier", "efficientnet_lite0"]},
    "search": {"on": ["joint", "a"], "restarts": 4},
}
SWEEP = {
    "name": "golden",
    "sweep": {
        **{"side": "both", "rungs": 2, "classes": ["a", "b"]},
        "over": {"train.ema": {"choice": [0.9, 0.98]}, "model.width": {"choice": [8, 16]}},
    },
}
AUDIT = {
    "name": "golden",
    "on": ["b", "a+c", "joint"],
    "search": {"in_class": 9, "off_class": 8, "others": 5, "other": {"source": "/data/signs"}},
}
NUMBERS = {
    "games": [
        {"name": "clipped", "train": {"algorithm": "wgan", "clip": 0.5}},
        {"name": "minimax", "train": {"algorithm": "vanilla", "game": "saturating"}},
    ],
    "networks": {"width": 8},
    "real": {"segments": [[-0.5, 0.5]]},
}
MODEL = DefenseGan(width=4, latent=8)
TRAIN = WganGp(batch=8, critic_steps=2, penalty_interval=2, ema=0.9, learning_rate=0.001)
SEED, BEGUN, STEPS, RESUMED_AT = 7, 5, 50, 20


def planned(dataset: Data = DATA, /, **changes: Any) -> Plan:
    """The plan of the comparison above, with some of its settings changed."""
    settings = parse(marginal_vs_joint.Settings, STUDY | changes, "study")
    return marginal_vs_joint.plan(settings, dataset)


@cache
def plans() -> dict[str, Plan]:
    """Plans of every kind, that together have every field which shapes a result."""
    curve = parse(budget_curve.Settings, STUDY | {"fractions": [0.5, 1.0]}, "study")
    other = Data(INFO.model_copy(update={"name": "signs"}), "e" * 64)
    searched = STUDY | {
        "search": {
            **{"on": ["joint"], "restarts": 3, "steps": 9, "noisy": 2, "own_samples": 5},
            "other": {"source": "/data/signs"},
        }
    }
    searching = parse(marginal_vs_joint.Settings, searched, "study")
    colours = INFO.model_copy(update={"shape": (3, 32, 32)})
    every_field = {
        **{"batch": 32, "learning_rate": 0.0002, "beta1": 0.1, "beta2": 0.99, "critic_steps": 2},
        **{"penalty": "as_published", "penalty_weight": 5.0, "penalty_interval": 3, "threads": 2},
    }
    return {
        "comparison": planned(),
        "defaults": marginal_vs_joint.plan(marginal_vs_joint.Settings(), DATA),
        "curve": budget_curve.plan(curve, DATA),
        "some classes": planned(marginals=[["a"], ["c"]]),
        "joint on workers": planned(joint={"workers": 2}),
        "other probes": marginal_vs_joint.plan(searching, DATA, other),
        "external": planned(Data(INFO, "f" * 64, "/imported")),
        "colour, all fields": planned(
            Data(colours, "d" * 64),
            model={"width": 8, "latent": 32},
            train=every_field,
            encoder={"epochs": 2, "batch": 32},
            data={"held_out": 50, "test": 60},
            budget={"iterations": 300},
        ),
        "shown and drawn again": planned(
            evaluate={"encoders": ["pixels"], "metrics": ["frechet_distance"], "extremes": 4}
            | {"curve": 2, "sampling_seeds": 2}
        ),
        "clusters": planned(
            marginals="per_class", split={"clusters": 4}, search={"on": ["cluster 3"]}
        ),
        "adagan": adagan.plan(
            parse(adagan.Settings, {"components": 3, "beta": 0.3, "drawn": 500}, "study"), DATA
        ),
        "rivals": rivals.plan(every_family(), DATA),
        "translation": translation.plan(every_translator(), TWO_DOMAINS),
        "siblings": siblings.plan(every_modnet(), DATA),
        "range audit": range_audit.plan(parse(range_audit.Settings, AUDIT, "study"), DATA, other),
        "defence": defence.plan(every_attack(), DATA),
        "asked what they know": probing.plan(asked(), DATA),
        "usefulness": usefulness.plan(taught(), DATA),
        "two Gaussians": two_gaussians.plan(two_gaussians.Settings()),
        "one dimension": one_dimension.plan(parse(one_dimension.Settings, NUMBERS, "study")),
        **sweep_plans(),
    }


def asked() -> probing.Settings:
    """Of a few GANs all that the study asks."""
    told = {
        **{"study": "probing", "search": {"on": ["a"]}, "likelihood": {"sigmas": [0.1, 0.3]}},
        "interpolation": {"on": ["joint", "b+c"], "pairs": 9, "frames": 5},
    }
    return parse(probing.Settings, STUDY | told, "study")


def every_family() -> rivals.Settings:
    """A side for each family as it was published, and for each small one with its algorithm."""
    sides = [one for one in every_side() if not one["train"].of_images]
    published = [one for one in sides if one["model"].name != "big_gan"]  # of 32 pixels
    settings = {"name": "golden", "study": "rivals", "rivals": published}
    return parse(rivals.Settings, settings, "study")


def every_translator() -> translation.Settings:
    """A side for each of those that translate."""
    sides = [one for one in every_side() if one["train"].translates]
    settings = {
        **{"name": "golden", "study": "translation", "translators": sides},
        "data": {"views": ["plain", "edges"]},
    }
    return parse(translation.Settings, settings, "study")


def every_modnet() -> siblings.Settings:
    """A side for each of those that make images of images of other classes."""
    sides = [one for one in every_side() if one["train"].algorithm == "modnet"]
    settings = {"study": "siblings", "modnets": sides, "real": [5, 20], "judged": 10}
    return parse(siblings.Settings, settings, "study")


def every_attack() -> defence.Settings:
    """Each attack as it usually is, and some as they are not, of each classifier."""
    usual = [{"name": ATTACKS.word(attack)} for attack in ATTACKS]
    other = [{"name": "fgsm", "epsilon": 0.1}, {"name": "bpda", "iterations": 3}]
    settings = {
        **{"study": "defence", "attacks": usual + other, "classifiers": [*"ABCDEF"], "images": 40},
        "encoder": {"dropout": "as_published", "schedule": "constant"},
        "projection": {"steps": 9, "restarts": 4, "chunk": 8},
    }
    return parse(defence.Settings, settings, "study")


def taught() -> usefulness.Settings:
    """Sides whose images are of one class, told one, and of guessed ones."""
    told = {"name": "told", "model": {"name": "conditional", "of": {"name": "dcgan", "width": 8}}}
    settings = {
        **{"study": "usefulness", "marginals": [["a"], ["b", "c"]], "real": [5, 20]},
        **{"rivals": [told | {"train": {"algorithm": "vanilla"}}], "synthetic": 50},
    }
    return parse(usefulness.Settings, settings, "study")


def every_side() -> list[dict[str, Any]]:
    """Each family as it was published, then each algorithm with small networks."""
    published = [
        {"name": name, "model": one.model, "train": one.train} for name, one in families().items()
    ]
    small = [
        {"name": f"small-{place}", "model": partner(name), "train": train}
        for place, (name, train) in enumerate(TRAININGS.items())
    ]
    return [*published, *small]


def sweep_plans() -> dict[str, Plan]:
    """A sweep's: what all trials need, one trial at a rung, and the comparison that ends it."""
    sweep = SweepPlan(parse(SweepSettings, SWEEP, "sweep"), DATA)
    model, train = sweep.specs({"train.ema": 0.98, "model.width": 8})
    best = [
        Candidate(trial=3, model=model, train=train, value=1.5),
        Candidate(trial=1, model=DefenseGan(), train=WganGp(), value=2.5),
    ]
    return {
        "sweep, prepared": sweep.preparation(),
        "sweep, one rung": sweep.rung(model, train, sweep.steps[0]),
        "sweep, its end": sweep.final(best),
    }


def digits(count: int = 40) -> np.ndarray:
    """Drawn by arithmetic: uint8 [count, 1, 28, 28]; no file and no generator can change them."""
    n, y, x = np.ogrid[:count, :28, :28]
    return ((n * 37 + y * x * 3 + y * 11 + x * 5) % 256).astype(np.uint8)[:, None]


Tensors = dict[str, torch.Tensor]


def alone() -> Tensors:
    """One process's state after a few iterations, `begun`, and after all, `ended`."""
    return begun_and_ended(GanTrainer(digits(), MODEL, TRAIN, SEED, "cpu"))


def resumed() -> Tensors:
    """The same of one that goes on from the bytes of another's checkpoint, each time."""
    begun, found = GanTrainer(digits(), MODEL, TRAIN, SEED, "cpu"), {}
    for called, at, until in (("begun", BEGUN - 2, BEGUN), ("ended", RESUMED_AT, STEPS)):
        run(begun, at)
        trainer = GanTrainer(digits(), MODEL, TRAIN, SEED, "cpu")
        trainer.load(at, deserialise(serialise(begun.tensors())))
        run(trainer, until)
        found |= prefixed(called, trainer.tensors())
    return found


def in_ranks(_: Path) -> Tensors:
    """The same of each of several ranks."""
    trainer = DataParallelGanTrainer(digits(), MODEL, TRAIN, SEED, "cpu", Ranks())
    return begun_and_ended(trainer, Host(should_stop=lambda: trainer.ranks.stopping))


def begun_and_ended(trainer: GanTrainer, host: Host | None = None) -> Tensors:
    """Both states of a trainer."""
    found: Tensors = {}
    for called, until in (("begun", BEGUN), ("ended", STEPS)):
        run(trainer, until, host or Host())
        state = {name: value.clone() for name, value in trainer.tensors().items()}
        found |= prefixed(called, state)
    return found


def losses(name: str) -> list[list[float]]:
    """Of the first iterations of one algorithm, on the networks that it is tested with."""
    one = trainer(partner(name), TRAININGS[name], SEED)
    return [one.advance().tolist() for _ in range(4)]


def digest(found: Tensors) -> str:
    """Of the state in the end, to the last bit."""
    return hashlib.sha256(serialise(below("ended", found))).hexdigest()


def summary(found: Tensors) -> dict[str, list[float]]:
    """Of each tensor of the beginning its mean and its norm."""
    return {
        name: [round(float(value.double().mean()), 9), round(float(value.double().norm()), 9)]
        for name, value in sorted(below("begun", found).items())
    }


def scores(plan: Plan, store: Store) -> dict[str, float]:
    """Every score of a finished run, by what was measured."""
    return {
        role: manifest.result["score"]["value"]
        for role, address in sorted(plan.roles.items())
        if (manifest := store.manifest(address)) and manifest.address.startswith("measure/")
    }


def machine() -> dict[str, Any]:
    """What the last bits depend on: they are compared where this is as it was."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    models = {line.partition(":")[2].strip() for line in lines if line.startswith("model")}
    processor = ", ".join(sorted(models)) or platform.processor()
    return numerics() | {"processor": processor, "threads": 1}


def read(name: str) -> Any:
    """One golden file."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def write(name: str, value: Any) -> None:
    """Write one golden file."""
    (FOLDER / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n")
