"""How many GANs find room on a device at once: by what earlier cohorts took, or by an estimate."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch

from ganray.errors import StoreError
from ganray.plan import Plan, Task
from ganray.plan.parameters import TrainParameters
from ganray.process.memory import memory_free
from ganray.runs.forecasts.measured import CohortMemory, keep_memory, kept_memory
from ganray.stages.needs import image_bytes, images_memory
from ganray.stages.stage import image_shape
from ganray.store import Manifest, Store
from ganray.train.costs.memory import COPIES, gan_memory
from ganray.train.device import choose_device, device_name


class Needs(NamedTuple):
    """What one GAN of a cohort takes of its device, as far as its plan tells.

    Attributes:
        bytes: at most, by an estimate; 0: nothing tells.
        images: of all that it is shown, in bytes.
        shape: of one of these.
    """

    bytes: int = 0
    images: int = 0
    shape: tuple[int, ...] = ()

    def by(self, known: CohortMemory | None) -> int:
        """Bytes, by what a member of an earlier cohort took, whose images may have been others."""
        if known is None:
            return self.bytes
        return max(1, known.bytes + COPIES * (self.images - known.images))


UNKNOWN = Needs()


def member_needs(task: Task, plan: Plan) -> Needs:
    """Those of a GAN that is trained together with others."""
    told, shape = TrainParameters.of(task), image_shape(plan)
    grown = gan_memory(shape, told.model, told.train, len(told.kinds))
    counts = plan.dataset["counts"]["train"]
    images = sum(counts[k] for k in told.classes) * image_bytes(plan)
    return Needs(
        COPIES * (grown + images_memory(plan, "train", told.classes)), images, tuple(shape)
    )


def room(device: str, share: float) -> int | None:
    """Bytes that may be taken there; None: nothing says.

    Args:
        share: of the device, in (0, 1].
    """
    if choose_device(device).type == "cpu":
        free = memory_free()
        return None if free is None else int(share * free)
    free, whole = torch.cuda.mem_get_info()
    return min(free, int(share * whole))


def at_once(needs: Sequence[Needs], room: int | None, known: CohortMemory | None = None) -> int:
    """How many of those that wait are taken next, in cohorts that are equal as far as they can be.

    Args:
        known: what was measured of such GANs on such a device, which counts before any estimate.
    """
    each = max(one.by(known) for one in needs)
    most = max(1, room // each) if room is not None and each else len(needs)
    cohorts = math.ceil(len(needs) / most)
    return math.ceil(len(needs) / cohorts)


def known_memory(
    store: Store, task: Task, shape: Sequence[int], device: str
) -> CohortMemory | None:
    """What a member of earlier cohorts of such GANs took of such a GPU; none: nothing was kept."""
    if not shape or choose_device(device).type == "cpu":
        return None
    with contextlib.suppress(StoreError):  # an estimate serves, too
        return kept_memory(store, shape, task, device_name(device))
    return None


class Held:
    """What this process comes to hold of a GPU from here on, beside what it holds by now.

    That is what its allocator has taken of the device: what a captured graph lives in counts for
    nothing between its replays where only tensors are counted.
    """

    def __init__(self, device: str) -> None:
        self._counts = choose_device(device).type == "cuda"
        if self._counts:
            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_reserved()

    def most(self) -> int | None:
        """The most bytes until now; None: of a CPU nothing is told."""
        return torch.cuda.max_memory_reserved() - self._before if self._counts else None


def keep_held(
    store: Store, task: Task, made: Sequence[Manifest], members: int, most: int, device: str
) -> None:
    """Write down what a cohort took of a device.

    Args:
        task: one of it.
        made: what its members came to, as far as they did.
        members: how many it had.
        most: bytes of all together.
    """
    if not made or most < members:
        return
    shape = made[0].result["shape"]
    shown = [one.result["training_images"] * math.prod(shape) for one in made]
    memory = CohortMemory(members=members, bytes=most // members, images=sum(shown) // len(shown),
                          device_name=device_name(device))  # fmt: skip
    with contextlib.suppress(StoreError):  # nobody's training fails of it
        keep_memory(store, shape, task, memory)
