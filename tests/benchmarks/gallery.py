"""Samples of every family, each made by one command: `python -m tests.benchmarks.gallery STORE`.

Writes `docs/gallery.md` and `docs/images/gallery/`. What is in the store already is not run again;
of families that it does not have the page stays as it is. Widths are smaller than published and
iterations few, so that two cores do it in some hours.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ganray.data.pictures.files import joined, png
from ganray.models.spec import Shape
from ganray.plan import Plan, Task
from ganray.plan.parameters import SampleParameters, TrainParameters
from ganray.plan.roles import Gan, gans_of
from ganray.process.numerics import threads
from ganray.report.drawing.figures import canvas, thinned
from ganray.report.reading.results import Results
from ganray.runs.records.inputs import dataset_location
from ganray.runs.records.record import read_runs
from ganray.spec import parse
from ganray.stages.artifacts import source_images
from ganray.stages.stage import image_shape
from ganray.store import Store
from ganray.studies import read_study
from ganray.studies.families import families
from ganray.text.study_yaml import load
from ganray.text.wording import number, quantity
from ganray.train.costs.blank import blank_trainer
from ganray.train.costs.flops import gan_parameters, sampling_flops
from ganray.trained import draw

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gallery.md"
PICTURES = ROOT / "docs" / "images" / "gallery"
ROWS, COLUMNS, TIMED = 4, 12, 8
ALL = 'marginals=[["0","1","2","3","4","5","6","7","8","9"]]'
QUICK = "train.learning_rate=1.0e-3 train.critic_learning_rate=2.0e-4 train.ema=0.98"
SMALL = "model.width=16"
DIGITS = "train.decay_until=null train.augment.flips=false"  # few iterations, and no mirrored 3
CLOSE = (  # features alone leave all samples of so small a network alike
    "model.minibatch=30 train.augment.noise=0.2 train.augment.noise_halves=1000000 train.ema=0.98"
)
INNER = "model.of.width=16"
RESNET = "model.width=16 model.generator_width=32"
SETTINGS: dict[str, tuple[str, int]] = {
    "vanilla": ("model.width=256 model.output=tanh train.ema=0.98", 4000),
    "dcgan": (f"{SMALL} {QUICK}", 1000),
    "small_dcgan": (QUICK, 1500),
    "wgan": (f"{SMALL} train.learning_rate=2.0e-4 train.ema=0.98", 600),
    "wgan_as_published": (f"{SMALL} train.ema=0.98", 1000),
    "wgan_gp": (f"{SMALL} train.learning_rate=5.0e-4 train.ema=0.98", 600),
    "dragan": (f"{SMALL} {QUICK}", 800),
    "lsgan": (f"{SMALL} {QUICK}", 1000),
    "f_gan": (f"{SMALL} {QUICK}", 1000),
    "improved": (f"{SMALL} {QUICK}", 800),
    "feature_matching": (f"{SMALL} {CLOSE}", 800),
    "semi_supervised": (f"{SMALL} {CLOSE}", 800),
    "deep_dcgan": (f"{SMALL} {QUICK} {DIGITS}", 800),
    "wgan_cnn": (f"{SMALL} train.learning_rate=5.0e-4 train.ema=0.98 {DIGITS}", 800),
    "wgan_gp_cnn": (f"{SMALL} train.learning_rate=5.0e-4 train.ema=0.98 {DIGITS}", 600),
    "sngan": (f"{SMALL} {QUICK} {DIGITS}", 500),
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
        "train.learning_rate=5.0e-4 train.critic_learning_rate=2.0e-4 train.ema=0.98",
        250,
    ),
    "progressive": (
        "model.width=16 model.phase=200 train.batch=32 train.ema=0.98",
        1200,
    ),
}
"""Of each family what is set besides, and its iterations."""


_SMALL = "width: 16, blocks: 2, critic_width: 16, critic_halvings: 2"
SIDES: dict[str, tuple[str, str, str, int]] = {
    "cycle_gan": (
        "translators",
        f"{{name: cycle_gan, {_SMALL}}}",
        "{algorithm: cycle_gan, batch: 8}",
        300,
    ),
    "fused_cycle_gan": (
        "translators",
        f"{{name: cycle_gan, {_SMALL}, shared: true}}",
        "{algorithm: cycle_gan, batch: 8}",
        300,
    ),
    "pix2pix": (
        "translators",
        "{name: pix2pix, width: 16, depth: 2, critic_width: 16, critic_halvings: 2}",
        "{algorithm: pix2pix, batch: 8}",
        300,
    ),
    "modnet": (
        "modnets",
        "{name: modnet, width: 16}",
        "{algorithm: modnet, learning_rate: 5.0e-4}",
        400,
    ),
}
"""Of each family whose images are made of images: the group of its study's sides, its networks, its
algorithm and its iterations."""


def commands(name: str) -> list[list[str]]:
    """What makes a family's samples: a study file, and its run.

    Marginal GANs of one group of all classes are the joint GAN, which is trained once.
    """
    one = families()[name]
    if name in SIDES:
        group, model, train, iterations = SIDES[name]
        side = f"{group}=[{{name: {name}, model: {model}, train: {train}}}]"
        few = "evaluate.metrics=[cafd, frechet_distance]"
        sets = [word for one in (side, f"budget.iterations={iterations}", few)
                for word in ("--set", one)]  # fmt: skip
        return [["init", name, "--model", name], ["run", f"{name}.yaml", *sets]]
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
    for name in names or (*SETTINGS, *SIDES):
        init, run = commands(name)
        if not (folder / f"{name}.yaml").exists():
            subprocess.run(["ganray", *init], cwd=folder, check=True)
        done = subprocess.run(
            ["ganray", *run, "--store", ".", "--runner", "local"], cwd=folder, check=False
        )
        print(name, done.returncode, flush=True)
        write(folder)


def write(folder: Path) -> None:
    """The page: of the runs that the store has, and of others what it says of them already."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    shown = known(PAGE.read_text()) if PAGE.exists() else {}
    for name in (*SETTINGS, *SIDES):
        if (found := finished(Store(str(folder)), folder, name)) is not None:
            shown[name] = entry(folder, name, *found)
    lacking = [name for name in families() if name not in shown]
    missing = [f"Not run yet: {', '.join(lacking)}.\n"] if lacking else []
    rows, parts = (
        [[shown[name][index] for name in group if name in shown] for group in (SETTINGS, SIDES)]
        for index in (0, 1)
    )
    of_images = ["", OF_IMAGES, *rows[1]] if rows[1] else []
    text = [HEAD, *missing, TABLE, *rows[0], *of_images, "", *parts[0], *parts[1]]
    PAGE.write_text("\n".join(text))


def known(page: str) -> dict[str, tuple[str, str]]:
    """The row and the part of each family on the page."""
    head, *parts = page.split("\n## ")
    rows = {line.split("]")[0][3:]: line for line in head.splitlines() if line[:3] == "| ["}
    return {
        name: (rows[name], f"## {part.rstrip()}\n")
        for part in parts
        if (name := part.partition("\n")[0]) in rows
    }


def finished(store: Store, folder: Path, name: str) -> tuple[Results, Gan] | None:
    """The run of a family, and its GAN; None: there is none, or it has not ended."""
    plan = planned(store, folder, name)
    if plan is None:
        return None
    side = name if name in SIDES else "joint"
    results, gan = Results.open(store, plan), next(g for g in gans_of(plan) if g.side == side)
    return (results, gan) if results.result(gan.task) else None


def entry(folder: Path, name: str, results: Results, gan: Gan) -> tuple[str, str]:
    """A family's row and part; its pictures are drawn."""
    shape = image_shape(results.plan)
    if name in SIDES:
        sheet = beside_sources(results, gan)
    else:
        drawn = draw(results.store, results.plan, ROWS * COLUMNS, "joint").images
        sheet = drawn.reshape(ROWS, COLUMNS, *shape)
    (PICTURES / f"{name}.png").write_bytes(png(joined(sheet)))
    if name in POOR:
        draw_losses(name, results.history(gan.role) or {})
    return row(name, results, gan, speed(folder, name, gan.task, shape)), part(name)


def beside_sources(results: Results, gan: Gan) -> np.ndarray:
    """Held-out images at equal distances, and under each what was made of it."""
    drawn = next(one for one in results.made_of(gan.task, "sample"))
    told = SampleParameters.of(drawn)
    place = dataset_location(results.store, drawn.inputs["data"], None)
    sources, _ = source_images(place, None, told)
    made = (results.rows(drawn, "images") or {})["images"]
    each = len(made) // len(sources)
    chosen = np.linspace(0, len(sources) - 1, COLUMNS).astype(int)
    return np.stack([sources[chosen], *(made[each * chosen + k] for k in range(min(each, 3)))])


def planned(store: Store, folder: Path, name: str) -> Plan | None:
    """The run of a family by its present settings: there may be others, of earlier ones."""
    file = folder / f"{name}.yaml"
    if not file.exists():
        return None
    words = commands(name)[1]
    settings = read_study(str(file), words[words.index("--set") + 1 :: 2]).settings
    for run in read_runs(store).readable:
        told = run.plan.settings
        if run.plan.name == name and parse(type(settings), told, name) == settings:
            return run.plan
    return None


def draw_losses(name: str, history: dict[str, Any]) -> None:
    """The training curve of a family, as a small picture."""
    with canvas((4.2, 1.8)) as drawn:
        axes = drawn.subplots()
        for losses in (one for one in history if one != "iteration"):
            label = losses.replace("_", " ")
            axes.plot(*thinned(history["iteration"], history[losses], 150), label=label, lw=0.9)
        axes.set_xlabel("iteration")
        axes.legend(frameon=False)
        drawn.savefig(PICTURES / f"{name}-losses.png", dpi=90, metadata={"Software": None})


def speed(folder: Path, name: str, task: Task, shape: Shape) -> float:
    """Real images that training sees in a second of one core's time; measured once."""
    kept = folder / "speeds.json"
    known: dict[str, float] = json.loads(kept.read_text()) if kept.exists() else {}
    key = f"{name}/{task.address}"
    if key not in known:
        told = TrainParameters.of(task)
        with threads(1):
            trainer = blank_trainer(shape, told.model, told.train, "cpu", len(told.kinds))
            trainer.step = told.model.alike(task.horizon or 1)[-1][0]
            trainer.advance()
            begun = time.process_time()
            for _ in range(TIMED):
                trainer.advance()
            known[key] = TIMED * told.train.images / (time.process_time() - begun)
        kept.write_text(json.dumps(known, indent=1))
    return known[key]


HEAD = """\
# Gallery

The first 48 samples of one GAN of each family, trained on the 4,000 digits of MNIST that come with
ganray by the commands below. Networks are narrower than published and iterations few, so that each
takes some minutes on a core: this shows that each family works, not which is best. Made by
`python -m tests.benchmarks.gallery FOLDER`.
"""
OF_IMAGES = """\
[Families whose images are made of images](models.md#images-of-images): translators between digits
and their edges, against test images of these, and ModNet's siblings of held-out digits. Pictures
show held-out images, and under each what was made of it.

| family | parameters | an image | iterations | real images | images/s | CAFD | Fréchet distance | |
|---|---|---|---|---|---|---|---|---|"""
TABLE = """\
Parameters are of all networks, operations of drawing one image, images/s those real ones that
training sees in a second of one core's time. CAFD and the Fréchet distance are on the classifier's
features, of 1,000 samples against 1,500 test images; in parentheses stands the floor, of 1,000
held-out real images. The command stands under each picture.

| family | parameters | an image | iterations | real images | images/s | CAFD | Fréchet distance | |
|---|---|---|---|---|---|---|---|---|"""


def row(name: str, results: Results, gan: Gan, images_per_second: float) -> str:
    """A family's row of the table."""
    values = {one.name.metric: one.score for one in results.scores if one.side == gan.side}
    told, shape = TrainParameters.of(gan.task), image_shape(results.plan)
    classes = len(told.kinds)
    iterations = gan.task.horizon or 0
    cells = [
        f"[{name}](#{name})",
        f"{sum(gan_parameters(shape, told.model, told.train, classes).values()):,}",
        quantity(sampling_flops(shape, told.model, classes), "FLOP"),
        f"{iterations:,}",
        f"{iterations * told.train.images:,}",
        f"{images_per_second:,.0f}",
        *(
            f"{number(values[metric].value)} ({number(values[metric].floor)})"
            if metric in values
            else "undefined"
            for metric in ("cafd", "frechet_distance")
        ),
        "trains badly here" if name in POOR else "",
    ]
    return "| " + " | ".join(cells) + " |"


def part(name: str) -> str:
    """A family's picture with its command."""
    lines = "\n".join(f"ganray {shlex.join(words)}" for words in commands(name))
    poor = ""
    if name in POOR:
        losses = f"![losses of {name}](images/gallery/{name}-losses.png)"
        poor = f"\nIt trains badly at this budget: {POOR[name]}\n\n{losses}\n"
    return f"""\
## {name}

{families()[name].about}

![samples of {name}](images/gallery/{name}.png)
{poor}
```
{lines}
```
"""


POOR = {
    "vanilla": "digits are there, but single pixels shine all around them.",
    "wgan": "strokes are crooked, on a restless ground.",
    "wgan_cnn": "bars alone. The critic, which nothing normalises and whose weights may be ±0.1, "
    "reaches values of millions.",
    "sngan_resnet": "a few shapes repeat; 300 iterations are few.",
    "pix2pix": "strokes are doubled in grey, not yet drawn along their edges.",
    "dragan": "many digits stand on a grey ground, which differs from sample to sample.",
    "bigan": "the ground is grey and strokes are blurred.",
    "vae": "samples are dim and blurred.",
    "mgan": "strokes are crooked; ten generators have shared 300 iterations.",
    "mix_gan": "strokes end in the grey and some digits repeat; 200 iterations are few.",
    "projection": "the digits of some classes have become blots; 250 iterations are few.",
    "dial": "ten pairs of networks in 150 iterations have got no further than a grey ground with "
    "the outlines of some digits.",
    "big_gan": "classes have collapsed, some to black or to a pattern; its width is a sixteenth of "
    "the published one, and 250 iterations are few.",
}
"""What is seen of families whose samples are bad at this budget."""

if __name__ == "__main__":
    main(*sys.argv[1:])
