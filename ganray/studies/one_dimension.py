"""What does the generator learn from a critic that is far ahead of it, far behind, or in step?

GANs whose images are single numbers, as in the first figures of "Understanding Generative
Adversarial Networks" (Mangal and Banerjee): real numbers are a mixture of uniform laws, networks a
few units, and all that happens can be drawn. No data set.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from ganray.cost.spending import Cost
from ganray.errors import RefusedInput
from ganray.laboratory.networks import Mixture, NumberNetworks
from ganray.plan import Plan, PlanBuilder, Resources
from ganray.plan.laboratory import NumberGanParameters
from ganray.report import Page, Results
from ganray.report.page import Block, Column, Figure, Gallery, Paragraph, Section, Table
from ganray.spec import RUN_NAME, Spec
from ganray.text.wording import number
from ganray.train.algorithms import Training, check_fit, wants_labels
from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.algorithms.vanilla import CrossEntropy
from ganray.train.spec import TrainSpec

Fraction = Annotated[float, Field(gt=0, le=1)]
_OF_IMAGES = ("flips", "colours", "translation", "cutout")


class Game(Spec):
    """One GAN of numbers."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9 _-]{0,31}$", description="what it is called")
    train: Training
    iterations: int = Field(400, ge=1, le=10**6, description="of its training")

    @field_validator("train")
    @classmethod
    def _is_of_numbers(cls, train: TrainSpec) -> TrainSpec:
        check_fit(NumberNetworks(), train)
        if not isinstance(train, Adversarial) or wants_labels(NumberNetworks(), train):
            raise ValueError(
                f"algorithm (={train.algorithm!r}) must be of a generator and a critic without "
                "labels, such as vanilla, wgan or wgan_gp"
            )
        used = [name for name in _OF_IMAGES if getattr(train.augment, name)]
        if used:
            raise ValueError(f"augment.{used[0]} is of images; a number can have noise alone")
        return train

    @property
    def players(self) -> Adversarial:
        """How it is trained."""
        assert isinstance(self.train, Adversarial)
        return self.train


class Settings(Spec):
    """A study file of this study."""

    study: Literal["one_dimension"] = Field(
        "one_dimension", description="which study the file is of"
    )
    name: str = Field("one-dimension", pattern=RUN_NAME, description="its runs bear it")
    seed: int = Field(0, ge=0, description="everything random follows from it")
    real: Mixture = Field(Mixture(), description="the real numbers")
    networks: NumberNetworks = Field(NumberNetworks(), description="of every game")
    games: list[Game] = Field(min_length=1, description="the GANs that are compared")
    fractions: list[Fraction] = Field(
        [0.025, 0.25, 1.0],
        description="of each game's iterations, where it is looked at; the last is 1",
    )
    samples: int = Field(
        4096, ge=16, le=10**6, description="generated and real numbers that are compared"
    )
    resources: Resources = Resources()
    cost: Cost = Cost()

    @field_validator("games")
    @classmethod
    def _names_differ(cls, games: list[Game]) -> list[Game]:
        names = [one.name for one in games]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise ValueError(f"two are called {name!r}; each needs a name of its own")
        return games

    @field_validator("fractions")
    @classmethod
    def _ascending_to_one(cls, fractions: list[float]) -> list[float]:
        if fractions != sorted(set(fractions)) or fractions[-1:] != [1.0]:
            raise ValueError("must rise, without repetition, and end with 1, all iterations")
        return fractions


def plan(settings: Settings) -> Plan:
    """Of each game one training, which is looked at on its way.

    Raises:
        RefusedInput: two fractions come to the same iterations of a game.
    """
    builder = PlanBuilder()
    for game in settings.games:
        told = NumberGanParameters(
            real=settings.real,
            networks=settings.networks,
            train=game.train,
            samples=settings.samples,
            seed=settings.seed,
        )
        for until in _looks(settings, game):
            title = game.name if until == game.iterations else f"{game.name} to {until}"
            builder.add(_role(game, until), "number_gan", title, told, {}, until)
    return builder.plan(settings.name, settings.study, settings.model_dump(mode="json"), named=True)


def _looks(settings: Settings, game: Game) -> list[int]:
    """The iterations in which a game is looked at."""
    found = [max(1, round(fraction * game.iterations)) for fraction in settings.fractions]
    if len(set(found)) < len(found):
        raise RefusedInput(
            f"fractions (={settings.fractions}) of the {game.iterations} iterations of "
            f"{game.name!r} come to {found}; choose others or more iterations"
        )
    return found


def _role(game: Game, until: int) -> str:
    return f"number_gan/{game.name}/{until}"


def page(results: Results) -> Page:
    """How near each game comes, what its generator is told, and how both look on the way."""
    settings = Settings(**results.plan.settings)
    courses = [_course(results, settings, game) for game in settings.games]
    parts = [_distances(results, settings), *courses]
    return Page.of(
        "What does a generator learn from a critic far ahead, far behind, or in step?",
        "GANs of one number",
        _lead(results, settings),
        parts,
    )


def _lead(results: Results, settings: Settings) -> str:
    ends = [(results.result(_role(game, game.iterations)), game.name) for game in settings.games]
    done = sorted((end["distance"], name) for end, name in ends if end)
    if not done:
        return "Nothing has been trained to its end yet."
    (best, nearest), (worst, farthest) = done[0], done[-1]
    said = f"Nearest to the data ends “{nearest}”, with W₁ {number(best)}"
    return f"{said}." if len(done) == 1 else f"{said}; farthest “{farthest}”: {number(worst)}."


def _distances(results: Results, settings: Settings) -> Section:
    titles = ("W₁", "|D′| first", "|D′|", "pull first", "pull")
    columns = [
        *map(Column, ("game", "algorithm", "critic : generator")),
        *(Column(title, numeric=True) for title in titles),
    ]
    rows: list = []
    floors = []
    for game in settings.games:
        looks = _looks(settings, game)
        first, end = (results.result(_role(game, until)) for until in (looks[0], looks[-1]))
        train = game.players
        rows.append(
            [
                game.name,
                _algorithm(train),
                f"{train.critic_steps} : {train.generator_steps}",
                number(end.get("distance")),
                *(number(one.get(name)) for name in ("gradient", "pull") for one in (first, end)),
            ]
        )
        floors += [one["floor"] for one in (first, end) if one]
    rows.append(["real numbers", "–", "–", number(floors[0] if floors else None), *4 * ["–"]])
    text = (
        f"W₁: Wasserstein distance of {settings.samples:,} generated and as many real numbers at "
        "the end, by sorting; below, of as many real ones. |D′|: mean slope, where generated "
        "numbers lie, of what the critic says: the probability D that a number is real, "
        "or its value where it is no classifier. Pull: mean slope there of the generator’s loss, "
        f"which is what moves it. First: after {settings.fractions[0]:g} of the iterations, not at "
        "the end. Each is one training: another seed gives other figures."
    )
    blocks: list[Block] = [Table("Distance and slopes", columns, rows), Paragraph(text, note=True)]
    return Section("How near they come", "distance", blocks)


def _algorithm(train: Adversarial) -> str:
    if isinstance(train, CrossEntropy):
        return f"{train.algorithm}, {train.game.replace('_', '-')}"
    return train.algorithm


def _course(results: Results, settings: Settings, game: Game) -> Section | None:
    figures = [
        figure
        for until in _looks(settings, game)
        if (figure := _look(results, settings, game, until)) is not None
    ]
    if not figures:
        return None
    text = (
        "Above: densities of real (shaded) and of generated numbers (line, cut off where it is far "
        "higher). Below: what the critic says of each number."
    )
    place = settings.games.index(game)
    blocks: list[Block] = [] if place else [Paragraph(text)]
    title = game.name[:1].upper() + game.name[1:]
    return Section(title, f"game-{place}", [*blocks, Gallery(figures, "panels")])


def _look(results: Results, settings: Settings, game: Game, until: int) -> Figure | None:
    from ganray.report.drawing.laboratory import number_curves

    arrays = results.arrays(_role(game, until), "look.safetensors")
    if arrays is None:
        return None
    found = results.result(_role(game, until))
    said = "D" if isinstance(game.train, CrossEntropy) else "critic"
    shown = number_curves(arrays, settings.real, said, f"{game.name} after {until} iterations")
    slopes = f"|D′| {number(found['gradient'])}, pull {number(found['pull'])}"
    return Figure([shown], f"iteration {until:,}", [f"W₁ {number(found['distance'])}, {slopes}"])
