"""`ganray sample | search`: using what was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import typer

from ganray.cli.options import (
    DEFAULT_STORE,
    JsonOption,
    RunArgument,
    StoreOption,
    absolute,
    local_path,
    open_run,
    speak,
)
from ganray.errors import RefusedInput, quoted

if TYPE_CHECKING:
    from ganray.models.laws.paths import Path


ToOption = Annotated[str, typer.Option("--to", help="Folder or URL to write to.")]
ClassesOption = Annotated[
    list[str] | None,
    typer.Option("--class", help="A GAN's class, or group such as 1+2; repeatable. Default: all."),
]
CountOption = Annotated[int, typer.Option("-n", "--count", min=1, max=10**7, help="Images in all.")]
SideOption = Annotated[
    str | None,
    typer.Option("--side", help="Whose GANs: joint, say. Default: the study's first side."),
]
JointOption = Annotated[bool, typer.Option("--joint", help="The same as --side joint.")]
WeightsOption = Annotated[str, typer.Option(help="Shares of several classes: real or uniform.")]
FormatOption = Annotated[str, typer.Option("--format", help="png or parquet.")]
ReplicateOption = Annotated[int, typer.Option(min=0, help="Which replicate's GANs.")]
TruncationOption = Annotated[
    float | None,
    typer.Option(
        help="Draw normal latent numbers beyond ± this anew. Default: as the study has it."
    ),
]
InterpolateOption = Annotated[
    int | None,
    typer.Option(
        min=2, help="One picture: rows of so many images on the way from a sample to the next."
    ),
]
PathOption = Annotated[
    str | None,
    typer.Option(
        help="Of --interpolate: great-circle or straight. Default: what suits the latents."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(sample)
    app.command()(search)


def sample(
    name: RunArgument,
    to: ToOption,
    store: StoreOption = DEFAULT_STORE,
    classes: ClassesOption = None,
    count: CountOption = 100,
    side: SideOption = None,
    joint: JointOption = False,
    weights: WeightsOption = "real",
    kind: FormatOption = "png",
    replicate: ReplicateOption = 0,
    truncation: TruncationOption = None,
    interpolate: InterpolateOption = None,
    path: PathOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write images of a run's GANs, as PNG files or Parquet, or one picture of what is between."""
    if kind not in ("png", "parquet"):
        raise RefusedInput(f"--format (={quoted(kind)}) must be 'png' or 'parquet'")
    if truncation is not None and not truncation > 0:
        raise RefusedInput(f"--truncation (={truncation:g}) must be above 0")
    whose = _side(side, joint, classes)
    from ganray.data.location import check_target

    check_target("--to", to)
    chosen = _Chosen(name, to, store, whose, classes or [], count, replicate, truncation, as_json)
    if interpolate:
        _interpolated(chosen, interpolate, path, kind)
    elif path is not None:
        raise RefusedInput(f"--path (={quoted(path)}) is of --interpolate; name that, too")
    else:
        _drawn(chosen, weights, kind)


def _side(side: str | None, joint: bool, classes: list[str] | None) -> str | None:
    """Whose GANs are meant; a joint GAN is of no class."""
    if joint and side not in (None, "joint"):
        raise RefusedInput(f"--side (={quoted(side)}) is another side than --joint; drop one")
    side = "joint" if joint else side
    if side == "joint" and classes:
        raise RefusedInput(
            f"--class (={quoted(classes[0])}) cannot be asked of the joint GAN; drop one"
        )
    return side


class _Chosen(NamedTuple):
    """Which GANs of a run, how many images of them, and where these go."""

    name: str
    to: str
    store: str
    side: str | None
    classes: list[str]
    images: int
    replicate: int
    truncation: float | None
    as_json: bool


def _drawn(chosen: _Chosen, weights: str, kind: str) -> None:
    from ganray.data.pictures.files import write_parquet, write_png
    from ganray.trained import draw

    opened, found = open_run(chosen.store, chosen.name)
    gans = chosen.side, chosen.classes, weights, chosen.replicate
    drawn = draw(opened, found.plan, chosen.images, *gans, chosen.truncation)
    target = absolute(chosen.to, "--to")
    written = write_png(drawn, target) if kind == "png" else write_parquet(drawn, target)
    speak(chosen.as_json, {"to": target, "count": written}, f"{written} images in {target}",
          found.unreadable)  # fmt: skip


def _interpolated(chosen: _Chosen, steps: int, path: str | None, kind: str) -> None:
    if path not in (None, "great-circle", "straight"):
        raise RefusedInput(f"--path (={quoted(path)}) must be 'great-circle' or 'straight'")
    if kind != "png":
        raise RefusedInput(f"--format (={quoted(kind)}) must be 'png' with --interpolate")
    if chosen.images < steps:
        raise RefusedInput(
            f"-n (={chosen.images}) must be at least the {steps} images of a row of --interpolate"
        )
    from ganray.data.pictures.files import write_sheet
    from ganray.trained import chosen_gans, draw_ways

    opened, found = open_run(chosen.store, chosen.name)
    gans = chosen_gans(found.plan, chosen.side, chosen.classes, chosen.replicate)
    if len(gans) > 1:
        known = ", ".join(gan.label for gan in gans)
        raise RefusedInput(
            f"--interpolate (={steps}) is of one GAN; name one by --side joint, or by --class: "
            f"{known}"
        )
    way = cast("Path | None", path)
    rows = draw_ways(
        opened,
        found.plan,
        gans[0],
        chosen.images // steps,
        steps,
        way,
        chosen.truncation,
    )
    target = absolute(chosen.to, "--to")
    picture = write_sheet(rows, target, "interpolation.png")
    said = f"{len(rows)} rows of {steps} images in {target}/{picture}"
    value = {"to": target, "picture": picture, "rows": len(rows), "steps": steps}
    speak(chosen.as_json, value, said, found.unreadable)


def search(
    name: RunArgument,
    image: Annotated[str, typer.Option("--image", help="Any picture; resized to the GAN's size.")],
    store: StoreOption = DEFAULT_STORE,
    on: Annotated[
        str,
        typer.Option(
            help="A side of one GAN such as joint, or a GAN's class or group, as 1+2; 'SIDE 1+2'."
        ),
    ] = "joint",
    restarts: Annotated[int, typer.Option(min=1, max=10**6, help="Random starts.")] = 10,
    to: Annotated[str | None, typer.Option("--to", help="Write the answer here, as PNG.")] = None,
    replicate: Annotated[int, typer.Option(min=0, help="Which replicate's GAN.")] = 0,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    as_json: JsonOption = False,
) -> None:
    """Search a GAN's range for the image nearest to a picture."""
    from pathlib import Path

    import numpy as np

    from ganray.data.pictures.files import png, read_image
    from ganray.latents.search import search as search_range
    from ganray.process.numerics import threads
    from ganray.trained import background_of, trained_gan

    picture = local_path("--image", image)
    if to is not None and not local_path("--to", to).absolute().parent.is_dir():
        raise RefusedInput(f"--to (={to!r}) must be a file in a folder that is there")
    opened, found = open_run(store, name)
    sampler = trained_gan(opened, found.plan, on, replicate)
    target = read_image(str(picture), sampler.shape, background_of(found.plan))
    with threads(1):
        answer = search_range(sampler, target[None], restarts, seed)
    if to is not None:
        Path(to).write_bytes(png(answer.images[0]))
    norm = float(np.linalg.norm(answer.latents[0, : sampler.law.free]))
    value = {
        "residual": float(answer.best_residuals[0]),
        "residuals": [float(value) for value in answer.residuals[0]],
        "best_restart": int(answer.best[0]),
        "latent_norm": norm,
        "answer": to,
    }
    text = (
        f"residual {value['residual']:.5f} (mean squared error on [0, 1]) from restart "
        f"{value['best_restart']} of {restarts}; ‖z‖ = {norm:.2f}"
    )
    speak(as_json, value, text + (f"\n{to}" if to else ""), found.unreadable)
