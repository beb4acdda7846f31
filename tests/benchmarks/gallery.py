"""Samples of every family, each made by one command: `python -m tests.benchmarks.gallery STORE`.

Writes `docs/gallery.md` and `docs/images/gallery/`. What is in the store already is not run again.
Widths are smaller than published and iterations few, so that two cores do it in some hours.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from ganray.plan.roles import gans_of
from ganray.report.results import Results
from ganray.runs.record import find_run
from ganray.store import Store
from ganray.studies.families import families
from ganray.study_yaml import load
from ganray.trained import draw
from ganray.wording import number, quantity

ROOT = Path(__file__).parents[2]
ROWS, COLUMNS = 4, 12
ALL = 'marginals=[["0","1","2","3","4","5","6","7","8","9"]]'
QUICK = "train.learning_rate=1.0e-3 train.critic_learning_rate=2.0e-4 train.ema=0.98"
SMALL = "model.width=16"
INNER = "model.of.width=16"
RESNET = "model.width=16 model.generator_width=32"
SETTINGS: dict[str, tuple[str, int]] = {
    "vanilla": ("model.width=256 model.output=tanh train.ema=0.98", 4000),
    "dcgan": (f"{SMALL} {QUICK}", 1000),
    "small_dcgan": (QUICK, 1500),
    "wgan": (f"{SMALL} train.learning_rate=2.0e-4 train.ema=0.98", 600),
    "wgan_as_published": (f"{SMALL} train.ema=0.98", 1000),
    "wgan_gp": (f"{SMALL} train.learning_rate=5.0e-4 train.ema=0.98", 600),
    "dragan": (f"{SMALL} train.learning_rate=5.0e-4 train.ema=0.98", 600),
    "lsgan": (f"{SMALL} {QUICK}", 1000),
    "f_gan": (f"{SMALL} {QUICK}", 1000),
    "improved": (f"{SMALL} {QUICK}", 800),
    "feature_matching": (f"{SMALL} model.critic_norm=batch train.ema=0.98", 1200),
    "semi_supervised": (
        f"{SMALL} model.critic_norm=batch train.learning_rate=1.0e-3 "
        "train.critic_learning_rate=3.0e-4 train.ema=0.98",
        900,
    ),
    "sngan": (f"{SMALL} {QUICK} train.decay_until=null train.augment.flips=false", 500),
    "sngan_resnet": (f"{RESNET} {QUICK} train.critic_steps=1 train.augment.flips=false", 300),
    "wgan_gp_resnet": (f"{RESNET} {QUICK} train.critic_steps=2 train.augment.flips=false", 200),
    "sagan": (f"{RESNET} train.learning_rate=4.0e-4 train.ema=0.98", 300),
    "r3gan": (f"{RESNET} {QUICK}", 300),
    "info_gan": (
        "model.width=16 model.units=256 train.batch=64 train.learning_rate=2.0e-3 "
        "train.information=0.1 train.ema=0.98",
        1000,
    ),
    "basic_gan": (f"model.width=16 model.units=256 {QUICK}", 1000),
    "bigan": (f"{INNER} train.ema=0.98 train.learning_rate=5.0e-4", 800),
    "ali": (f"{INNER} train.ema=0.98 train.learning_rate=5.0e-4", 800),
    "vae": (f"{INNER} train.ema=0.98", 1000),
    "mgan": (f"{INNER} {QUICK}", 300),
    "mad_gan": (f"{INNER} {QUICK}", 400),
    "mix_gan": (f"{INNER} {QUICK} model.components=3", 200),
    "cgan": (f"{INNER} {QUICK}", 700),
    "acgan": (f"{INNER} {QUICK}", 600),
    "projection": (
        "model.of.width=16 model.of.generator_width=16 train.learning_rate=1.0e-3 "
        "train.critic_learning_rate=2.0e-4 train.ema=0.98 train.critic_steps=1",
        250,
    ),
    "dial": (f"model.of.width=8 {QUICK} train.batch=64", 150),
    "big_gan": (
        "model.width=16 model.part=16 model.parts=3 model.embedding=32 train.critic_steps=1 "
        "train.learning_rate=1.0e-3 train.ema=0.98",
        200,
    ),
    "progressive": (
        "model.width=16 model.phase=200 train.batch=32 train.ema=0.98",
        1200,
    ),
}
"""Of each family what is set besides, and its iterations."""


def commands(name: str) -> list[list[str]]:
    """What makes a family's samples: a study file, and its run.

    Marginal GANs of one group of all classes are the joint GAN, which is trained once.
    """
    one = families()[name]
    overrides, iterations = SETTINGS[name]
    groups = load(one.text) if one.told_labels else {}
    written = [f"{group}={json.dumps(value)}" for group, value in groups.items()]
    settings = [*written, ALL, f"budget.iterations={iterations}", "search.on=[]"]
    sets = [word for one in [*settings, *overrides.split()] for word in ("--set", one)]
    init = ["init", name] if groups else ["init", name, "--model", name]
    return [init, ["run", f"{name}.yaml", *sets]]


def main(store: str, *names: str) -> None:
    """Run what is missing, family by family, and write the page anew after each.

    Args:
        names: of families; none: all.
    """
    folder = Path(store)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or SETTINGS:
        init, run = commands(name)
        if not (folder / f"{name}.yaml").exists():
            subprocess.run(["ganray", *init], cwd=folder, check=True)
        done = subprocess.run(
            ["ganray", *run, "--store", ".", "--runner", "local"], cwd=folder, check=False
        )
        print(name, done.returncode, flush=True)
        write(folder)


def write(folder: Path) -> None:
    """The page, of the runs that the store has."""
    pictures = ROOT / "docs" / "images" / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    store, parts = Store(str(folder)), []
    for name in SETTINGS:
        if not any((folder / "runs").glob(f"{name}-*")):
            continue
        plan = find_run(store, name).plan
        results = Results.open(store, plan)
        gan = next(gan for gan in gans_of(plan) if gan.side == "joint")
        trained = results.result(gan.task)
        if not trained:
            continue
        drawn = draw(store, plan, ROWS * COLUMNS, "joint").images[:, 0]
        rows = drawn.reshape(ROWS, COLUMNS, 28, 28).transpose(0, 2, 1, 3)
        Image.fromarray(rows.reshape(ROWS * 28, COLUMNS * 28)).save(pictures / f"{name}.png")
        parts.append(part(name, results, gan.task.horizon or 0, trained))
    text = [HEAD, TABLE, *(row for row, _ in parts), "", *(text for _, text in parts)]
    (ROOT / "docs" / "gallery.md").write_text("\n".join(text))


HEAD = """\
# Gallery

The first 48 samples of one GAN of each family, trained on the 4,000 digits of MNIST that come with
ganray by the commands below, on two cores. Networks are narrower than published and iterations few:
this shows that each family works, not which is best. Made by
`python -m tests.benchmarks.gallery FOLDER`.
"""
TABLE = """\
CAFD and the Fréchet distance are on the classifier's features, of 1,000 samples against 1,000 test
images; in parentheses stands the floor, of held-out real images at the same number.

| family | iterations | operations | training, s | CAFD | Fréchet distance |
|---|---|---|---|---|---|"""


def part(name: str, results: Results, iterations: int, trained: dict[str, Any]) -> tuple[str, str]:
    """A family's row of the table, and its picture with its command."""
    values = {one.name.metric: one.score for one in results.scores if one.side == "joint"}
    seconds = results.manifest(f"train/joint/{LABEL}/0")
    cells = [
        f"[{name}](#{name})",
        f"{iterations:,}",
        quantity(trained["flops"], "FLOP"),
        f"{seconds.record['device_seconds']:,.0f}" if seconds else "",
        *(
            f"{number(values[metric].value)} ({number(values[metric].floor)})"
            if metric in values
            else "undefined"
            for metric in ("cafd", "frechet_distance")
        ),
    ]
    lines = "\n".join(f"ganray {shlex.join(words)}" for words in commands(name))
    text = f"""\
## {name}

{families()[name].about}

![48 samples of {name}](images/gallery/{name}.png)

```
{lines}
```
"""
    return "| " + " | ".join(cells) + " |", text


LABEL = "+".join("0123456789")

if __name__ == "__main__":
    main(*sys.argv[1:])
