"""A family of networks and an algorithm that `ganray` does not know, from YAML to report."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from pydantic import Field
from torch import nn

from ganray.drivers.python import run as run_study
from ganray.errors import RefusedInput, TrainingDiverged
from ganray.models import MODELS, ModelSpec
from ganray.models.layers.chain import chain
from ganray.models.layers.initial import initialise
from ganray.models.spec import Normal, Shape
from ganray.plan import Plan
from ganray.report.reading.results import Results
from ganray.runs.records.record import save_run
from ganray.stages.training.card import read_card
from ganray.store import Store
from ganray.studies import read_study
from ganray.sweeps.settings import SweepSettings
from ganray.tensors import deserialise, serialise
from ganray.train import GanTrainer, TrainSpec, WganGp, run
from ganray.train.algorithms import ALGORITHMS
from ganray.train.costs.flops import gan_flops
from ganray.train.inputs.draws import Latents
from ganray.train.steps import Adam, Batch, Networks, Noise, Step
from ganray.trained import draw, load_generator
from tests import tiny
from tests.cli.command import ganray
from tests.stages.stores import begun


class Flat(ModelSpec):
    """One hidden layer each; a judge in the critic's place."""

    roles = ("generator", "judge")

    name: Literal["flat"] = Field("flat", description="the family of networks")
    hidden: int = Field(8, ge=1, description="units of the hidden layer")

    @property
    def latents(self) -> Normal:
        return Normal(3)

    def networks(self, shape: Shape, _: int, /) -> dict[str, nn.Module]:
        pixels = int(np.prod(shape))
        return {
            "generator": chain(
                first=nn.Linear(3, self.hidden),
                relu=nn.ReLU(),
                last=nn.Linear(self.hidden, pixels),
                sigmoid=nn.Sigmoid(),
                image=nn.Unflatten(1, shape),
            ),
            "judge": chain(flat=nn.Flatten(), last=nn.Linear(pixels, 1), value=nn.Flatten(0)),
        }

    def initialise(self, networks: Mapping[str, nn.Module], seed: int) -> None:
        for role, network in networks.items():
            initialise(network, seed, role)


class LeastSquares(TrainSpec):
    """Mao et al., arXiv 1611.04076, with a = 0 and b = c = 1."""

    needs = ("generator", "judge")
    changeable = ("rate",)
    remedy = "a smaller train.rate"

    algorithm: Literal["least_squares"] = Field("least_squares", description="the rule of updates")
    rate: float = Field(1e-3, gt=0, description="Adam's step size")

    def steps(self) -> tuple[Step, ...]:
        adam = Adam(self.rate, 0.5, 0.999)
        noise = {"latents": Latents("train/latents")}
        return (
            Step("judge", ("judge",), judge_loss, adam, times=2, noise=noise),
            Step("generator", ("generator",), generator_loss, adam, noise=noise, real=False),
        )


def judge_loss(networks: Networks, batch: Batch, noise: Noise) -> torch.Tensor:
    """½ E[(D(x) − 1)²] + ½ E[D(G(z))²]."""
    judge, fake = networks["judge"], networks["generator"](noise["latents"])
    return ((judge(batch.real) - 1).square().mean() + judge(fake).square().mean()) / 2


def generator_loss(networks: Networks, _: Batch, noise: Noise) -> torch.Tensor:
    """½ E[(D(G(z)) − 1)²]."""
    return (networks["judge"](networks["generator"](noise["latents"])) - 1).square().mean() / 2


TOY = ("model={name: flat, hidden: 5}", "train={algorithm: least_squares, batch: 10, rate: 0.01}")


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    """Both lists have the toys meanwhile."""
    with MODELS.including(Flat), ALGORITHMS.including(LeastSquares):
        yield


@pytest.fixture(scope="module")
def run_of_toys(
    tiny_study: Path, tiny_run: tiny.TinyRun, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, Store]:
    """The tiny study with the toys' GANs, run to its end."""
    with MODELS.including(Flat), ALGORITHMS.including(LeastSquares):
        url = begun(tiny_run, tmp_path_factory.mktemp("toys"))
        _, agenda = tiny.run(tiny_study, url, *TOY)
        assert agenda.complete, agenda.failed
        return agenda.plan, agenda.store


def keys(plan: Plan, kind: str) -> set[str]:
    return {task.key for task in plan.tasks if task.kind == kind}


def test_a_file_may_name_them_and_their_keys_are_their_own(tiny_study, tiny_run):
    toys = read_study(str(tiny_study), TOY)
    assert toys.settings.model == Flat(hidden=5)
    plan = toys.plan()
    for kind in ("train", "sample", "search"):
        assert not keys(plan, kind) & keys(tiny_run.plan, kind)
    for kind in ("data", "encoder", "targets"):
        assert keys(plan, kind) == keys(tiny_run.plan, kind)
    bigger = read_study(str(tiny_study), (*TOY, "model.hidden=6")).plan()
    assert not keys(plan, "train") & keys(bigger, "train")


def test_they_are_explained_and_what_is_wrong_with_them_is_told(tiny_study):
    assert "model.hidden: whole number, ≥ 1, default 8" in ganray("explain", "model").out
    assert "of flat: units of the hidden layer" in ganray("explain", "model.hidden").out
    assert "model.name: defense_gan or " in ganray("explain").out
    assert " or flat, default defense_gan" in ganray("explain").out
    *known, last = map(ALGORITHMS.word, ALGORITHMS)
    assert f"train.algorithm: {' or '.join(known)} or {last}" in ganray("explain").out
    for wrong, *said in (
        ("model.hidden=0", "model.hidden (=0)", "greater than or equal to 1"),
        ("model.width=4", "model: unknown name 'width'"),
        ("model.name=flatt", "model.name: unknown name 'flatt'; did you mean 'flat'?"),
        ("train.critic_steps=1", "train: unknown name 'critic_steps'"),
    ):
        words = [word for value in (*TOY, wrong) for word in ("--set", value)]
        ganray("plan", tiny_study, *words).refused(*said)


def test_what_does_not_fit_is_refused_with_what_would(tiny_study):
    with pytest.raises(RefusedInput) as error:
        read_study(str(tiny_study), TOY[:1]).plan()
    assert str(error.value).startswith(
        "train.algorithm (='wgan_gp') cannot train model.name (='flat'): it has no critic, but "
        "generator, judge; algorithms for flat: least_squares; networks for wgan_gp: defense_gan, "
    )
    assert not {"dcgan", "bigan", "flat"} & set(str(error.value).replace(",", "").split()[-9:])


def test_what_an_algorithm_lets_change_is_a_schedules_and_a_populations(tiny_study):
    schedule = '[{iteration: 3, rate: "1e-4"}]'
    spec = read_study(str(tiny_study), (*TOY, f"train.schedule={schedule}")).settings.train
    assert spec.at(3) == LeastSquares(batch=10, rate=1e-4)
    assert spec.identity()["schedule"] == [{"iteration": 3, "rate": 1e-4}]
    assert ALGORITHMS.parse(spec.model_dump(mode="json"), "train") == spec
    sent = pickle.loads(pickle.dumps(spec))
    assert (sent, hash(sent), sent.schedule) == (spec, hash(spec), spec.schedule)
    assert spec.changed(4, {"rate": 1}).at(9).rate == 1.0
    with pytest.raises(RefusedInput, match=r"train.schedule: rate \(=0\): Input should be greater"):
        spec.changed(4, {"rate": 0})
    lines = ganray("explain", "train.schedule").out
    assert "train.schedule[].rate: number or none, > 0, default none" in lines
    assert "of least_squares: from then on" in lines
    for wrong, said in (
        ("{iteration: 3, learning_rate: 1}", "train.schedule.0: unknown name 'learning_rate'"),
        ("{iteration: 3, batch: 1}", "train.schedule.0: unknown name 'batch'"),
        ("{iteration: 3, rate: -1}", "train.schedule.0.rate (=-1)"),
    ):
        words = [word for value in TOY for word in ("--set", value)]
        ganray("plan", tiny_study, *words, "--set", f"train.schedule=[{wrong}]").refused(said)


def test_changeable_settings_are_checked_when_the_algorithm_is_made():
    class Loose(LeastSquares):
        """A setting without bounds."""

        algorithm: Literal["loose"] = "loose"
        changeable = ("momentum",)
        momentum: float = 0.5

    assert Loose(schedule=[{"iteration": 2, "momentum": -1}]).at(2).momentum == -1.0
    assert Loose().changed(2, {"momentum": 0.1, "iteration": 9}).schedule[0].iteration == 2
    with pytest.raises(RefusedInput, match=r"iteration \(=2\) must be above .* last change, 2"):
        Loose().changed(2, {"momentum": 0.1}).changed(2, {"momentum": 0.2})
    with pytest.raises(ValueError, match=r"Misspelt.changeable: 'rat' is no field of it"):

        class Misspelt(LeastSquares):
            changeable = ("rat",)

    with pytest.raises(ValueError, match=r"Undecided.changeable: 'ema' may be none"):

        class Undecided(LeastSquares):
            changeable = ("ema",)


def test_a_population_changes_what_the_algorithm_lets_change():
    def swept(path: str) -> SweepSettings:
        sweep = {"over": {path: {"uniform": [0.1, 0.2]}}, "scheduler": "pbt", "trials": 2}
        toys = {"model": {"name": "flat"}, "train": {"algorithm": "least_squares"}}
        return SweepSettings(data={"source": "mnist"}, sweep=sweep, **toys)

    assert swept("train.rate").sweep.count == 2
    with pytest.raises(ValueError, match=r"'train.ema'.*'least_squares'.* allows for train.rate"):
        swept("train.ema")


def test_a_list_in_a_spec_hinders_no_cache():
    class Listed(LeastSquares):
        algorithm: Literal["listed"] = "listed"
        rates: list[float] = Field([])

    assert gan_flops((1, 8, 8), Flat(), Listed(rates=[1.0])) == gan_flops(
        (1, 8, 8), Flat(), Listed(rates=[1])
    )


def test_a_remedy_is_the_algorithms_own(mnist_small_images):
    trainer = GanTrainer(mnist_small_images[:20], Flat(), LeastSquares(batch=5, rate=1e38))
    with pytest.raises(TrainingDiverged, match=r"is kept\. Try a smaller train\.rate"):
        run(trainer, until=5, progress=False)


def test_a_network_that_normalises_where_it_may_not_is_refused(tiny_study):
    class Normalised(Flat):
        name: Literal["normalised"] = "normalised"
        batch_normalised = ("judge",)

    class Penalised(LeastSquares):
        algorithm: Literal["penalised"] = "penalised"
        unnormalised = ("judge",)

    words = ("model={name: normalised}", "train={algorithm: penalised, batch: 10}")
    with MODELS.including(Normalised), ALGORITHMS.including(Penalised):
        with pytest.raises(RefusedInput, match="its judge must not normalise over a batch; alg"):
            read_study(str(tiny_study), words).plan()
        read_study(str(tiny_study), (words[0], TOY[1])).plan()


def test_workers_do_not_share_batches_over_which_a_network_normalises(tiny_study):
    class Normalised(Flat):
        name: Literal["normalised"] = "normalised"
        batch_normalised = ("generator",)

    words = ("model={name: normalised}", TOY[1], "joint.workers=2")
    with (
        MODELS.including(Normalised),
        pytest.raises(RefusedInput, match=r"joint.workers \(=2\) cannot train model.name \(='norm"),
    ):
        read_study(str(tiny_study), words).plan()


def test_two_steps_of_one_name_are_refused():
    class Doubled(LeastSquares):
        algorithm: Literal["doubled"] = "doubled"

        def steps(self) -> tuple[Step, ...]:
            return (super().steps()[0],) * 2

    with pytest.raises(ValueError, match="doubled: steps must differ in their names"):
        Doubled()


def test_weights_that_a_family_fixes_stay_and_others_are_free_afterwards(mnist_small_images):
    class Fixed(Flat):
        name: Literal["fixed"] = "fixed"

        def networks(self, shape: Shape, _: int, /) -> dict[str, nn.Module]:
            made = super().networks(shape, 1)
            made["generator"].first.requires_grad_(False)
            return made

    trainer = GanTrainer(mnist_small_images[:20], Fixed(), LeastSquares(batch=5, rate=0.1))
    before = {name: value.clone() for name, value in trainer.tensors().items()}
    run(trainer, until=2, progress=False)
    after = trainer.tensors()
    assert torch.equal(after["generator/first.weight"], before["generator/first.weight"])
    assert not torch.equal(after["generator/last.weight"], before["generator/last.weight"])
    free = {n: p.requires_grad for n, p in trainer.networks["judge"].named_parameters()}
    assert set(free.values()) == {True}
    assert not trainer.networks["generator"].first.weight.requires_grad
    assert gan_flops((1, 28, 28), Fixed(), LeastSquares(batch=10)) < gan_flops(
        (1, 28, 28), Flat(), LeastSquares(batch=10)
    )


def test_workers_elsewhere_would_not_know_them(tiny_study, tmp_path):
    with pytest.raises(RefusedInput, match=r"model \(='flat'\) was added in this process"):
        run_study(tiny_study, overrides=TOY, store=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_trainer_refuses_what_does_not_fit(mnist_small_images):
    with pytest.raises(RefusedInput, match="it has no critic"):
        GanTrainer(mnist_small_images[:20], Flat(), WganGp(batch=5))


def test_they_are_planned_with_their_cost(tiny_study):
    words = [word for value in TOY for word in ("--set", value)]
    tasks = {
        task["task"]: task for task in ganray("plan", tiny_study, *words, "--json").json["tasks"]
    }
    of_one = gan_flops((1, 28, 28), Flat(hidden=5), LeastSquares(batch=10))
    # Products alone: two judge steps and one generator step, twice their multiplications.
    generator, judge = 3 * 5 + 5 * 784, 784
    judging = generator + judge + judge + 2 * judge  # forward twice, weights of two batches
    moving = generator + judge + judge + (5 * 784 + 3 * 5) + 5 * 784
    assert of_one == 2 * 10 * (2 * judging + moving)
    assert tasks["joint r0"]["flops"] == 4 * of_one


def test_they_are_trained_sampled_searched_measured_and_reported(run_of_toys):
    plan, store = run_of_toys
    results = Results.open(store, plan)
    assert results.complete
    history = results.history("train/joint/0+1+2/0")
    assert set(history) == {"iteration", "judge_loss", "generator_loss"}
    manifest = results.manifest("train/joint/0+1+2/0")
    assert manifest.result["images_seen"] == 4 * 2 * 10
    assert {m.side for m in results.scores} == {"joint", "marginal"}
    save_run(store, plan)
    answer = ganray("report", "tiny", "--store", store.url, "--json")
    text = Path(answer.json["report"]).read_text()
    assert "Judge loss (in colour) and generator loss (grey)" in text
    assert "algorithm: least_squares" in text
    folder = str(
        Path(store.url, results.manifest("card/joint/0+1+2/0").file("README.md").path).parent
    )
    assert read_card(Path(folder, "README.md").read_text())["model"] == {
        "name": "flat",
        "hidden": 5,
    }
    loaded = load_generator(folder)
    drawn = draw(store, plan, 7, "joint").images
    assert loaded.model == Flat(hidden=5)
    assert drawn.shape == (7, 1, 28, 28)


def test_a_resumed_trajectory_is_the_same_to_the_bit(mnist_small_images):
    images = mnist_small_images[:40]
    specs = Flat(), LeastSquares(batch=7, ema=0.9)
    whole, begun, resumed = (GanTrainer(images, *specs, seed=3, device="cpu") for _ in range(3))
    _, history = run(whole, until=5, progress=False)
    _, first = run(begun, until=2, progress=False)
    resumed.load(begun.step, deserialise(serialise(begun.tensors())))
    run(resumed, until=5, history=first, progress=False)
    expected = whole.tensors()
    assert expected.keys() == resumed.tensors().keys()
    assert all(torch.equal(value, expected[name]) for name, value in resumed.tensors().items())
    assert np.isfinite(history).all()


def test_a_loss_is_a_pure_function_that_stacks_of_networks_share():
    """The same loss through modules, through their parameters as arguments, and for two at once."""
    networks = Flat().networks((1, 28, 28), 1)
    real, latents = torch.rand(4, 1, 28, 28), torch.randn(4, 3)

    def loss(*parameters):
        bound = {
            role: partial(torch.func.functional_call, network, own)
            for (role, network), own in zip(networks.items(), parameters, strict=True)
        }
        functions = {role: (lambda x, f=f: f((x,))) for role, f in bound.items()}
        return judge_loss(functions, Batch(0, real), {"latents": latents})

    own = [dict(network.named_parameters()) for network in networks.values()]
    expected = judge_loss(networks, Batch(0, real), {"latents": latents})
    torch.testing.assert_close(loss(*own), expected)
    stacked = [{name: torch.stack([w, 2 * w]) for name, w in one.items()} for one in own]
    both = torch.vmap(loss)(*stacked)
    torch.testing.assert_close(both[0], expected)
    assert not torch.allclose(both[1], expected)
