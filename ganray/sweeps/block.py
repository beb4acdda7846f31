"""The group `sweep` of a sweep file: what varies, how trials are chosen and judged."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ganray.errors import Unused
from ganray.metrics import AnyMetric, Cafd
from ganray.spec import Spec
from ganray.studies.from_spec import GROUPS
from ganray.studies.parts.settings import MOST_SEEDS, is_class_list
from ganray.sweeps.space import Domain

DEFAULT_TRIALS, MOST_TRIALS = 10, 10_000
Side = Literal["joint", "marginal"]


class Confirm(Spec):
    """How the best two trials are compared once more."""

    seeds: int = Field(3, ge=3, le=MOST_SEEDS, description="fresh seeds that both are trained on")


class Sweep(Spec):
    """What varies, how trials are chosen and judged, and which end early."""

    over: dict[str, Domain] = Field(min_length=1, description="fields of `train` and `model`")
    search: Literal["random", "grid", "optuna"] = Field(
        "random", description="how trials' settings are chosen"
    )
    trials: int | None = Field(
        None, ge=1, le=MOST_TRIALS, description="a grid has as many as combinations"
    )
    scheduler: Literal["none", "asha", "pbt"] = Field(
        "none", description="asha ends the worse trials early; pbt has them take better ones over"
    )
    reduction: int = Field(3, ge=2, description="ASHA lets one in so many trials go on")
    metric: AnyMetric = Field(Cafd(), description="what is best, on held-out images")
    side: Literal["joint", "marginal", "both"] = Field(
        "joint", description="the GANs of each trial; of both sides the mean score counts"
    )
    classes: Literal["all"] | list[int | str] = Field(
        "all", description="that trials are trained on"
    )
    rungs: int = Field(
        4, ge=1, le=10_000, description="how often each trial is measured, at equal distances"
    )
    concurrent: int | None = Field(None, ge=1, description="trials at once; none: as many as fit")
    batch: int | None = Field(
        None,
        ge=1,
        description="trials that Optuna is asked for at once and told of together, so that they "
        "can share cohorts; none: one by one",
    )
    confirm: Confirm = Confirm()

    @field_validator("over", mode="before")
    @classmethod
    def _flat(cls, over: Any) -> Any:
        """`train: {ema: …}` means `train.ema: …`; so `--set sweep.over.train.ema=…` reaches it."""
        if not isinstance(over, dict):
            return over
        flat: dict[Any, Any] = {}
        for path, inner in over.items():
            if path not in GROUPS and "." not in str(path):
                raise ValueError(
                    f"unknown name {path!r}; only fields of {' and '.join(GROUPS)} vary, such as "
                    "train.learning_rate"
                )
            nested = path in GROUPS and isinstance(inner, dict)
            flat |= (
                {f"{path}.{name}": domain for name, domain in inner.items()}
                if nested
                else {path: inner}
            )
        return flat

    @field_validator("classes", mode="before")
    @classmethod
    def _list_of_classes(cls, value: Any) -> Any:
        if value == "all" or is_class_list(value):
            return value
        raise ValueError("must be 'all' or a list of classes, such as [0, 1]")

    @property
    def count(self) -> int:
        """How many trials there are."""
        if self.search == "grid":
            return math.prod(len(domain.listed) for domain in self.over.values())
        return self.trials or DEFAULT_TRIALS

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that each trial trains."""
        return ("joint", "marginal") if self.side == "both" else (self.side,)

    @model_validator(mode="after")
    def _fits_together(self) -> Sweep:
        if self.search == "grid":
            self._check_grid()
        elif grids := [path for path, domain in self.over.items() if domain.grid is not None]:
            raise ValueError(
                f"over.{grids[0]}: `grid` is of search: grid, and here is {self.told('search')}; "
                "write that, or `choice`"
            )
        if self.batch is not None:
            self._check_batch(self.batch)
        if self.scheduler != "none" and self.rungs < 2:
            raise ValueError(
                f"{self.told('rungs')} must be at least 2 with {self.told('scheduler')}"
            )
        if self.scheduler == "pbt":
            self._check_population()
        return self

    def _check_grid(self) -> None:
        for path, domain in self.over.items():
            if domain.ends is not None:
                raise ValueError(
                    f"over.{path}: a grid has `grid: […]` or `choice: […]`, and no interval; or "
                    "choose search: random"
                )
        if self.count > MOST_TRIALS:
            raise ValueError(
                f"this grid has {self.count} combinations, each a trial; at most {MOST_TRIALS} "
                "are tried: list fewer values"
            )
        if self.trials not in (None, self.count):
            raise ValueError(
                f"trials (={self.trials}): this grid has {self.count} combinations, each a trial "
                f"of {self.told('search')}; leave trials out"
            )

    def _check_batch(self, batch: int) -> None:
        if self.search != "optuna":
            raise Unused("batch", batch, self.told("search"), "choose search: optuna")
        if self.concurrent is not None:
            raise Unused("concurrent", self.concurrent, self.told("batch"))

    def _check_population(self) -> None:
        pbt = self.told("scheduler")
        if self.search != "random":
            raise ValueError(f"{self.told('search')} must be 'random' with {pbt}")
        if self.side == "both":
            raise ValueError(f"side (='both'): the schedule of {pbt} is of one side; name it")
        if self.count < 2:
            raise ValueError(f"trials (={self.count}) must be at least 2 with {pbt}")
        if self.concurrent is not None:  # Tune would take so many trials for the population
            raise ValueError(
                f"concurrent (={self.concurrent}): trials of {pbt} take turns; leave it out"
            )
