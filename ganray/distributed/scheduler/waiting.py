"""What each waiting unit of a run waits for, in words: room, a worker's start, or its ranks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ganray.distributed.cluster.watch import View
from ganray.distributed.scheduler.pool import Pool
from ganray.distributed.scheduler.units import Bundle, Unit

_Shape = tuple[Bundle, int]


def waits_of(waiting: Iterable[Unit], pool: Pool, view: View) -> dict[str, str]:
    """Who waits, by what for: "class 3 r0 and 2 others wait" for "1 GPU"."""
    who: dict[str, list[str]] = {}
    coming = Counter[Bundle](slot.bundle for slot in pool.slots if slot.place is None)
    lacking: dict[_Shape, str] = {}
    for unit in waiting:
        shape = unit.bundle, unit.world_size
        if unit.world_size == 1 and coming[unit.bundle]:
            coming[unit.bundle] -= 1
            what = _start(unit.bundle, pool, view)
        else:
            what = lacking.setdefault(shape, "") or _lacks(shape, pool, view)
            lacking[shape] = what
        who.setdefault(what, []).append(unit.task.title)
    for slot in pool.busy:
        if slot.reserved and slot.unit is not None and slot.life.heard <= slot.since:
            what = f"its {slot.unit.world_size} ranks to begin"
            who.setdefault(what, []).append(slot.unit.task.title)
    return {what: _named(titles) for what, titles in who.items()}


def _named(titles: list[str]) -> str:
    different = list(dict.fromkeys(titles))
    if len(different) == 1:
        return f"{different[0]} waits"
    rest = len(different) - 1
    return f"{different[0]} and {rest} other{'s' if rest > 1 else ''} wait"


def _start(bundle: Bundle, pool: Pool, view: View) -> str:
    """A worker is asked for: on a node, or on one that is still to come."""
    nodes = [slot.node for slot in pool.slots if slot.place is None and slot.bundle == bundle]
    known = next((found for node in nodes if node and (found := view.node(node))), None)
    if known is None:
        return f"a node with {amount(bundle)}, which the autoscaler is to bring"
    return f"a worker to start on {known.host}"


def _lacks(shape: _Shape, pool: Pool, view: View) -> str:
    bundle, ranks = shape
    each = f"{ranks} × {amount(bundle)} at once" if ranks > 1 else amount(bundle)
    if not Pool().room(view, bundle, ranks):
        return f"{each}, which " + ("the nodes do not have" if ranks > 1 else "no node has")
    if ranks == 1 and pool.lacks_gpu_alone(view, bundle):
        return amount(Bundle(0.0, bundle.gpus))
    return each


def amount(bundle: Bundle) -> str:
    """1 CPU and 0.5 GPUs."""
    parts = [(bundle.cpus, "CPU"), (bundle.gpus, "GPU")]
    return " and ".join(f"{n:g} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n)
