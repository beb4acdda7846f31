"""What GANs take that are trained together: each its part of the device's time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ganray.cost.probes import Timing
from ganray.cost.speed import training_device
from ganray.plan import Plan, Resources, Task
from ganray.runs.cohorts import at_most, shape_of
from ganray.runs.forecasts.measured import CohortSpeed, kept_speed
from ganray.stages.stage import image_shape, stage_of
from ganray.store import Store
from ganray.train.device import choose_device

OF_ONE_ALONE = Timing(0.37, 1.05)
"""An iteration of a cohort over one of a GAN alone, at the least and at the most: on an H200 with
11 GANs of width 64 and 50 of width 8 or 16 (docs/gpu.md). Alone a GAN waits for its launches."""
MOST_OPERATIONS = {"float32": 49e12, "bf16": 70e12}
"""In a second, by which large cohorts are bounded: 11 GANs of width 64 there, TF32 in 32 bits."""


@dataclass(frozen=True)
class Company:
    """How a GAN is trained: as one of so many.

    Attributes:
        measured: seconds of one operation of a member, by earlier cohorts; None: there were none.
        device_name: where these were.
    """

    members: int
    precision: str
    measured: Timing | None = None
    device_name: str = ""

    def timing(self, alone: Timing | None) -> Timing:
        """Seconds of one operation: its part of the cohort's, by what one takes alone."""
        if self.measured is not None or alone is None:
            return self.measured or Timing(0.0, 0.0)
        least = 1 / MOST_OPERATIONS[self.precision]
        low, high = (OF_ONE_ALONE.low * alone.low, OF_ONE_ALONE.high * alone.high)
        return Timing(max(low / self.members, least), max(high / self.members, least))


Companies = Mapping[str, Company]
"""By their addresses, of those GANs that are trained together."""


def companies(
    plan: Plan,
    addresses: Iterable[str],
    resources: Resources,
    device: str,
    workers: int,
    store: Store,
    probed: bool = True,
) -> Companies:
    """How those GANs are trained that are trained together, by their addresses.

    Args:
        addresses: of what is to be done.
        device: of the trainers, "cpu" or "cuda".
        workers: how many trainers may run beside each other.
        probed: whether one alone was timed on such a device; else only what was measured counts.

    Raises:
        StoreError: the store fails.
    """
    if not (most := at_most(resources.cohort, device)):
        return {}
    alike: dict[str, list[Task]] = defaultdict(list)
    for address in addresses:
        alike[shape_of(plan.by_address[address])].append(plan.by_address[address])
    alike.pop("", None)
    found: dict[str, Company] = {}
    for tasks in alike.values():
        members = min(most, math.ceil(len(tasks) / max(1, workers)))
        precision = str(tasks[0].parameters["train"].get("precision", "float32"))
        speed = kept_speed(store, image_shape(plan), tasks[0], device, members)
        if speed is None and (device == "cpu" or not probed):  # nothing says how fast they are
            continue
        for task in tasks:
            measured = _measured(speed, members, task, plan) if speed else None
            name = speed.device_name if speed else ""
            found[task.address] = Company(members, precision, measured, name)
    return found


def _measured(speed: CohortSpeed, members: int, task: Task, plan: Plan) -> Timing:
    """Of a cohort of another size an iteration takes no less than the smaller one's, and no more
    than the smaller one's does for so many times as many."""
    begun = plan.continued(task)
    iterations = (task.horizon or 0) - (begun.horizon or 0 if begun else 0)
    each = speed.seconds * iterations / stage_of(task.kind).cost(task, plan).flops
    other = each * speed.members / members
    return Timing(min(each, other), max(each, other))


def timed(task: Task, timings: Mapping[str, Timing], company: Companies) -> Timing | None:
    """Seconds of one of a task's operations; None: its kind was not timed.

    Args:
        timings: of the kinds, each task by itself.
    """
    alone = timings.get(task.kind)
    own = company.get(task.address)
    if own is None or (alone is None and own.measured is None):
        return alone
    return own.timing(alone)


def middles(company: Companies, timings: Mapping[str, Timing]) -> dict[str, float]:
    """Seconds of one operation of each member, by its address.

    Args:
        timings: as of `timed`.
    """
    return {address: one.timing(timings.get("train")).middle for address, one in company.items()}


def foreseen(
    plan: Plan, addresses: Iterable[str], resources: Resources, store: Store
) -> tuple[bool, Companies]:
    """Whether GANs are trained on a GPU of this machine, and how on one worker such as are trained
    together here, or wherever the study asks for GPUs.

    Raises:
        StoreError: the store fails, or what it holds is damaged.
    """
    here = resources.device != "cpu" and choose_device("auto").type == "cuda"
    device = "cuda" if here else training_device(resources)
    return here, companies(plan, addresses, resources, device, 1, store, probed=here)


def told_of_cohorts(company: Companies) -> str:
    """ "11 GANs in cohorts of up to 11, by earlier ones on NVIDIA H200"; empty: there are none."""
    if not company:
        return ""
    most = max(one.members for one in company.values())
    names = sorted({one.device_name for one in company.values()} - {""})
    by = f"earlier ones on {', '.join(names)}" if names else "what they took on an H200"
    return f"{len(company)} GANs in cohorts of up to {most}, by {by}"
