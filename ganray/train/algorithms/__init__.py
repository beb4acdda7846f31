"""How GANs are trained: one file per paper, each with its spec and its pure losses.

A new algorithm is a new file and its line here. The first is meant where a file names none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Annotated, TypeVar

from pydantic import ValidationError

from ganray.errors import RefusedInput
from ganray.models import MODELS, ModelSpec
from ganray.registry import Registry
from ganray.spec import Spec
from ganray.train.algorithms.acgan import AcGan
from ganray.train.algorithms.bigan import BiGan
from ganray.train.algorithms.cycle_gan import CycleGan
from ganray.train.algorithms.dragan import Dragan
from ganray.train.algorithms.f_gan import FGan
from ganray.train.algorithms.feature_matching import FeatureMatching
from ganray.train.algorithms.hinge import Hinge
from ganray.train.algorithms.info_gan import InfoGan
from ganray.train.algorithms.lsgan import Lsgan
from ganray.train.algorithms.mad_gan import MadGan
from ganray.train.algorithms.mgan import Mgan
from ganray.train.algorithms.mix_gan import MixGan
from ganray.train.algorithms.modnet import ModNet
from ganray.train.algorithms.pix2pix import Pix2Pix
from ganray.train.algorithms.r3gan import R3Gan
from ganray.train.algorithms.semi_supervised import SemiSupervised
from ganray.train.algorithms.vae import Vae
from ganray.train.algorithms.vanilla import Vanilla
from ganray.train.algorithms.wgan import Wgan
from ganray.train.algorithms.wgan_gp import WganGp
from ganray.train.spec import TrainSpec

S = TypeVar("S", bound=Spec)
ALGORITHMS: Registry[TrainSpec] = Registry(
    "algorithm",
    WganGp,
    Vanilla,
    Wgan,
    Dragan,
    Lsgan,
    Hinge,
    FGan,
    R3Gan,
    FeatureMatching,
    AcGan,
    InfoGan,
    BiGan,
    Vae,
    Mgan,
    MadGan,
    MixGan,
    SemiSupervised,
    CycleGan,
    Pix2Pix,
    ModNet,
)
Training = Annotated[TrainSpec, ALGORITHMS]
"""The type of a file's field `train`."""

__all__ = [
    "ALGORITHMS",
    "AcGan",
    "BiGan",
    "CycleGan",
    "Dragan",
    "FGan",
    "FeatureMatching",
    "Hinge",
    "InfoGan",
    "Lsgan",
    "MadGan",
    "Mgan",
    "MixGan",
    "ModNet",
    "Pix2Pix",
    "R3Gan",
    "SemiSupervised",
    "Training",
    "Vae",
    "Vanilla",
    "Wgan",
    "WganGp",
    "check_fit",
    "check_labels",
    "check_shared",
    "wants_labels",
]


def wants_labels(model: ModelSpec, train: TrainSpec) -> bool:
    """Whether some network or loss is told the images' classes."""
    return bool(model.labelled) or train.told_labels


def check_labels(model: ModelSpec, train: TrainSpec, labelled: bool, counts: Sequence[int]) -> None:
    """Refuse training images whose labels an algorithm cannot train on.

    Args:
        labelled: whether they have labels at all.
        counts: how many images of each label there are.

    Raises:
        RefusedInput: labels are missing or too few, or not those of two domains or of pairs.
    """
    called = f"train.algorithm (={train.algorithm!r})"
    if train.translates and (len(counts) != 2 or not all(counts)):
        raise RefusedInput(
            f"{called} is of two domains: labels must be 0 and 1 for the images of either; here "
            f"are {tuple(counts)} of each label"
        )
    if train.together and counts[0] != counts[1]:
        raise RefusedInput(
            f"{called} needs pairs: image i of label 0 with image i of label 1; here are "
            f"{tuple(counts)} of each label"
        )
    if len(counts) < train.least_classes:
        raise RefusedInput(
            f"{called} tells {train.least_classes} classes or more apart; here is {len(counts)}"
        )
    if not labelled and wants_labels(model, train):
        raise RefusedInput(f"labels (=None): {model.name} by {train.algorithm} needs them")


def check_shared(model: ModelSpec, train: TrainSpec, workers: int) -> None:
    """Refuse workers that would share batches which must stay whole.

    Raises:
        RefusedInput: networks look across a batch, or a loss is of a batch as a whole.
    """
    if workers > 1 and model.coupled:
        raise RefusedInput(
            f"joint.workers (={workers}) cannot train model.name (={model.name!r}): its "
            f"{' and '.join(model.coupled)} normalise over a batch, of which each "
            "worker has a part; use joint.workers 1"
        )
    if workers > 1 and train.whole:
        raise RefusedInput(
            f"joint.workers (={workers}) cannot train by train.algorithm (={train.algorithm!r}), "
            "whose loss is of a batch as a whole, of which each worker has a part; use "
            "joint.workers 1"
        )


def check_fit(model: ModelSpec, train: TrainSpec) -> None:
    """Refuse networks that an algorithm cannot train.

    Raises:
        RefusedInput: they lack one that it trains, or features of it, or one looks across a batch
            that may not; says which algorithms would train these networks, and which networks it
            would train.
    """
    said = _objection(model, train)
    if said is None:
        return
    algorithms = [one.algorithm for one in _usual(ALGORITHMS) if not _objection(model, one)]
    models = [one.name for one in _usual(MODELS) if not _objection(one, train)]
    by = [one for one in _in_the_way(model, train) if one.partition("=")[0] not in said]
    raise RefusedInput(
        f"train.algorithm (={train.algorithm!r}) cannot train model.name (={model.name!r}): "
        f"{said}{', as here: ' if by else ''}{', '.join(by)}; "
        f"algorithms for {model.name}: {', '.join(algorithms) or 'none'}; "
        f"networks for {train.algorithm}: {', '.join(models) or 'none'}"
    )


def _objection(model: ModelSpec, train: TrainSpec) -> str | None:
    if missing := [role for role in train.needs if role not in model.roles]:
        return f"it has no {' and no '.join(missing)}, but {', '.join(model.roles)}"
    if model.of_images != train.of_images:
        return f"it makes images of {'images, not of noise' if model.of_images else 'noise'}"
    if normal := [role for role in train.uncoupled if role in model.coupled]:
        advice = f" (it does not with {model.uncoupling})" if model.uncoupling else ""
        return f"its {' and '.join(normal)} must not normalise over a batch{advice}"
    if untold := [role for role in train.conditional if role not in model.labelled]:
        return f"its {' and '.join(untold)} must be told each image's class"
    if told := [role for role in train.untold if role in model.labelled]:
        return f"its {' and '.join(told)} must not be told the classes that it is to tell"
    if bare := [role for role in train.featured if role not in model.featured]:
        return f"its {' and '.join(bare)} shows no features"
    return train.objection(model)


def _in_the_way(model: ModelSpec, train: TrainSpec) -> Iterator[str]:
    """What was written and by which it cannot: with another value there each alone it could."""
    for name in model.written:
        others = (model.model_copy(update={name: value}) for value in model.alternatives(name))
        if any(_objection(other, train) is None for other in others):
            yield f"model.{model.told(name)}"
    for name in train.written:
        kin = (train.model_copy(update={name: value}) for value in train.alternatives(name))
        if any(_objection(model, other) is None for other in kin):
            yield f"train.{train.told(name)}"


def _usual(known: Registry[S]) -> list[S]:
    """Members of an open list with their defaults, those that have one for each setting."""
    found = []
    for member in known:
        with suppress(ValidationError):
            found.append(member())
    return found
