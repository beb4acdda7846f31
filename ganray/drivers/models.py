"""What families of GANs there are, and what each of them is: `ganray models`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganray.cost.timing import seconds_per_iteration
from ganray.errors import RefusedInput
from ganray.models.sampler import new_networks
from ganray.models.spec import Shape, checked_shape
from ganray.studies.families import Family
from ganray.text.wording import quantity
from ganray.train.costs.counting import without_data
from ganray.train.costs.flops import gan_flops, gan_parameters, sampling_flops

_MEASURED_FLOPS = 2e10  # of an iteration that is timed, about
USUAL_SHAPE: Shape = (1, 28, 28)


@dataclass(frozen=True)
class Described:
    """One family for images of one shape.

    Attributes:
        parameters: of each network, by its role.
        flops_sampling: operations of drawing one image.
        flops_training: operations of training, for each real image seen.
        images_per_second: real images that training sees in a second here; None: not measured.
    """

    family: str
    about: str
    papers: list[str]
    networks: str
    algorithm: str
    shape: Shape
    classes: int
    parameters: dict[str, int]
    flops_sampling: float
    flops_training: float
    images_per_second: float | None
    needs: str


def described(
    family: Family, shape: Shape = USUAL_SHAPE, classes: int = 10, measure: bool = False
) -> Described:
    """A family as it is for images of a shape and of so many classes.

    Args:
        measure: whether its training is timed, with a smaller batch where the published one would
            take long.

    Raises:
        RefusedInput: it cannot make such images.
    """
    model, train = family.model, family.train
    known = family.kinds(classes)
    model.check(shape, known)
    flops = gan_flops(shape, model, train, known)
    speed = None
    if measure:
        batch = max(2, min(train.batch, int(train.batch * _MEASURED_FLOPS / flops)))
        small = train.once().model_copy(update={"batch": batch})
        seconds = seconds_per_iteration(shape, model, small, rounds=2, classes=known)
        # All steps of an iteration at the speed of those that were timed.
        rate = gan_flops(shape, model, small, known) / seconds
        speed = rate * train.images / flops
    return Described(
        family=family.name,
        about=family.about,
        papers=family.papers,
        networks=model.name,
        algorithm=train.algorithm,
        shape=shape,
        classes=known,
        parameters=gan_parameters(shape, model, train, known),
        flops_sampling=sampling_flops(shape, model, known),
        flops_training=flops / train.images,
        images_per_second=speed,
        needs=family.needs,
    )


class Layer(NamedTuple):
    """One layer of a network, in the order in which images or vectors pass it."""

    role: str
    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int


def layers(family: Family, shape: Shape, classes: int = 10) -> list[Layer]:
    """Every layer of every network that an image or a latent vector passes, with its output.

    Raises:
        RefusedInput: the family cannot make such images.
    """
    model, train = family.model, family.train
    known = family.kinds(classes)
    with without_data():
        networks = new_networks(model, shape, None, known, train.heads(model, known))
        found: list[Layer] = []
        for role, network in networks.items():
            found += _passed(role, network.eval(), _inputs(family, role, shape))
    return found


def _inputs(
    family: Family, role: str, shape: Shape
) -> tuple[tuple[Tensor | int, ...], dict[str, Tensor]]:
    """What a network is called with: one row of each."""
    image = torch.empty(1, *shape)
    if family.model.translates:
        pair = torch.cat([image, image], dim=1)  # as pix2pix's only critic judges them
        return {"translator": (image, 1), "critic": (pair,)}.get(role, (image,)), {}
    latent = torch.empty(1, family.model.latents.size)
    given = {"generator": (latent,), "judge": (image, latent)}.get(role, (image,))
    told = {"labels": torch.zeros(1, dtype=torch.long)} if role in family.model.labelled else {}
    return given, told


def _passed(
    role: str, network: nn.Module, inputs: tuple[tuple[Tensor | int, ...], dict[str, Tensor]]
) -> Iterator[Layer]:
    found: list[Layer] = []
    handles = []
    for name, layer in network.named_modules():
        if name and not list(layer.children()):

            def note(layer: nn.Module, _: Any, output: Any, name: str = name) -> None:
                own = sum(one.numel() for one in layer.parameters())
                found.append(Layer(role, name, type(layer).__name__, tuple(output.shape[1:]), own))

            handles.append(layer.register_forward_hook(note))
    given, told = inputs
    network(*given, **told)
    for handle in handles:
        handle.remove()
    yield from found


def parsed_shape(text: str) -> Shape:
    """`1x28x28` or `28` as channels, height and width.

    Raises:
        RefusedInput: it is neither.
    """
    parts = text.lower().replace("×", "x").split("x")
    numbers = [int(part) for part in parts if part.isdecimal()]
    if len(numbers) == len(parts) and len(parts) in (1, 3):
        return checked_shape((1, *numbers * 2) if len(parts) == 1 else tuple(numbers))  # type: ignore[arg-type]
    raise RefusedInput(
        f"--shape (={text!r}) must be channels x height x width, such as 3x32x32, or the side of "
        "grey squares, such as 28"
    )


def as_table(rows: Sequence[Described]) -> str:
    """A line for each family."""
    told = [_told(row) for row in rows]
    names = [name for name in _COLUMNS if any(row[name] for row in told)]
    widths = {name: max(len(name), *(len(row[name]) for row in told)) for name in names}

    def line(cells: Mapping[str, str]) -> str:
        padded = (
            cells[name].rjust(widths[name]) if name in _RIGHT else cells[name].ljust(widths[name])
            for name in names
        )
        return "  ".join(padded).rstrip()

    return "\n".join([line({name: name for name in names}), *map(line, told)])


def as_tree(family: Family, one: Described, layers: Sequence[Layer]) -> str:
    """What a family is, its layers role by role, and what a study file says to have it."""
    cells = _told(one)
    lines = [one.about, "; ".join(one.papers)]
    for role, size in one.parameters.items():
        lines += ["", f"{role}: {size:,} parameters"]
        own = [layer for layer in layers if layer.role == role]
        name = max(len(layer.name) for layer in own)
        kind = max(len(layer.kind) for layer in own)
        lines += [
            f"  {layer.name:<{name}}  {layer.kind:<{kind}}  {_shape(layer.output):<12}"
            + (f"  {layer.parameters:,}" if layer.parameters else "")
            for layer in own
        ]
    lines += [
        "",
        f"drawing an image: {cells['draws']}; training on one: {cells['trains on one']}",
        f"here, on {_shape(one.shape)}: {cells['images/s']} real images/s of training",
        *([f"needs: {one.needs}"] if one.needs else []),
        "",
        *(text for text in family.text.splitlines() if not text.startswith("#")),
    ]
    return "\n".join(line.rstrip() for line in lines)


_COLUMNS = (
    "family",
    "networks",
    "algorithm",
    "parameters",
    "draws",
    "trains on one",
    "images/s",
    "needs",
)
_RIGHT = ("parameters", "draws", "trains on one", "images/s")


def _told(one: Described) -> dict[str, str]:
    speed = one.images_per_second
    return {
        "family": one.family,
        "networks": one.networks,
        "algorithm": one.algorithm,
        "parameters": " + ".join(f"{size:,}" for size in one.parameters.values()),
        "draws": quantity(one.flops_sampling, "FLOP"),
        "trains on one": quantity(one.flops_training, "FLOP"),
        "images/s": "" if speed is None else f"{speed:,.3g}" if speed < 100 else f"{speed:,.0f}",
        "needs": one.needs,
    }


def _shape(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes)) or "1"
