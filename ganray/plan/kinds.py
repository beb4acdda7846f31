"""The kinds of tasks, each with what a plan must know of it; its code is `stages/<kind>.py`.

Free of torch, as whoever reads a plan needs it. A new kind is its file in `stages` and a line here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind.

    Attributes:
        version: part of its tasks' keys; raised whenever its code would give another result for
            the same parameters.
        unit: of the horizon, where tasks of the kind continue each other.
        shard: how many chunks are committed as one; it decides which files there are, so that
            changing it changes the digests of what is made.
        trains: whether it takes long, keeps checkpoints and may use a GPU.
        called: one and several, as people ask about them; none: a step on the way to what they do.
        home: the module of its code, which has a `STAGE`; `stages/<name>.py` if none is named.
    """

    name: str
    version: int = 1
    unit: str | None = None
    shard: int = 8
    trains: bool = False
    called: tuple[str, str] | None = None
    home: str = ""

    @property
    def module(self) -> str:
        """The module of its code."""
        return self.home or f"ganray.stages.{self.name}"


_ALL = (
    Kind("data", called=("data set", "data sets")),
    Kind("weights", called=("encoder’s weights", "encoders’ weights")),
    Kind("train", unit="step", trains=True, called=("GAN", "GANs")),
    Kind("encoder", trains=True, called=("classifier", "classifiers")),
    Kind("sample", unit="count", called=("set of samples", "sets of samples")),
    Kind("embed"),
    Kind("measure", called=("score", "scores")),
    Kind("targets"),
    Kind("search", unit="restarts", shard=4, called=("search", "searches")),
    Kind("card", called=("model card", "model cards")),
    Kind("objective"),
    Kind("spec"),
)
KINDS = {kind.name: kind for kind in _ALL}
