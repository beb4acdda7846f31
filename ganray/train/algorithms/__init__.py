"""How GANs are trained: one file per paper, each with its spec and its pure losses.

A new algorithm is a new file and its line here. The first is meant where a file names none.
"""

from __future__ import annotations

from typing import Annotated

from ganray.errors import RefusedInput
from ganray.models import MODELS, ModelSpec
from ganray.registry import Registry
from ganray.train.algorithms.wgan_gp import WganGp
from ganray.train.spec import TrainSpec

ALGORITHMS: Registry[TrainSpec] = Registry("algorithm", WganGp)
Training = Annotated[TrainSpec, ALGORITHMS]
"""The type of a file's field `train`."""

__all__ = ["ALGORITHMS", "Training", "WganGp", "check_fit"]


def check_fit(model: ModelSpec, train: TrainSpec) -> None:
    """Refuse networks that an algorithm cannot train.

    Raises:
        RefusedInput: they lack one that it trains, or one normalises over a batch that may not;
            says which algorithms would train these networks, and which networks it would train.
    """
    said = _objection(type(model), type(train))
    if said is None:
        return
    algorithms = [ALGORITHMS.word(one) for one in ALGORITHMS if not _objection(type(model), one)]
    models = [MODELS.word(one) for one in MODELS if not _objection(one, type(train))]
    raise RefusedInput(
        f"train.algorithm (={train.algorithm!r}) cannot train model.name (={model.name!r}): "
        f"{said}; "
        f"algorithms for {model.name}: {', '.join(algorithms) or 'none'}; "
        f"networks for {train.algorithm}: {', '.join(models) or 'none'}"
    )


def _objection(model: type[ModelSpec], train: type[TrainSpec]) -> str | None:
    if missing := [role for role in train.needs if role not in model.roles]:
        return f"it has no {' and no '.join(missing)}, but {', '.join(model.roles)}"
    if normal := [role for role in train.unnormalised if role in model.batch_normalised]:
        return f"its {' and '.join(normal)} must not normalise over a batch"
    return None
