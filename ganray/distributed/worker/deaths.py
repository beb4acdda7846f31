"""What Ray says of a lost worker, in one line for a person, and whether the work itself did it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ray.exceptions import (
    ActorUnavailableError,
    ActorUnschedulableError,
    AuthenticationError,
    LocalRayletDiedError,
    NodeDiedError,
    OutOfDiskError,
    OutOfMemoryError,
    RuntimeEnvSetupError,
)

from ganray.stages.remedies import LESS_MEMORY
from ganray.text.wording import size

_SAME = "every node needs the same Python, Ray and ganray as the driver: see `ganray doctor`"


@dataclass(frozen=True)
class Circumstances:
    """What is known of a worker when it is lost.

    Args:
        leaving: its node is or was being drained.
        gone: its node is no longer among the living.
        memory: the peak that it last told, in bytes; 0 if it never did.
        hungriest: whether no other worker of this run on its node used more.
    """

    leaving: bool = False
    gone: bool = False
    memory: int = 0
    hungriest: bool = True


@dataclass(frozen=True)
class Death:
    """Why a worker was lost.

    Args:
        own_fault: whether its work may have done it, so that it counts as an attempt.
        preempted: whether its node was asked to leave.
    """

    what: str
    own_fault: bool = False
    preempted: bool = False


@dataclass(frozen=True)
class _Kind:
    fits: Callable[[BaseException, Circumstances], bool]
    what: str
    own_fault: Callable[[Circumstances], bool] = lambda _: False
    preempted: bool = False


def _any(*types: type[BaseException], says: tuple[str, ...] = ()) -> Callable[..., bool]:
    return lambda error, _: isinstance(error, types) or any(text in str(error) for text in says)


_KINDS = (
    _Kind(
        lambda error, seen: seen.leaving or bool(getattr(error, "preempted", False)),
        "its node was drained and has gone",
        preempted=True,
    ),
    _Kind(
        _any(OutOfMemoryError, says=("running low on memory", "memory usage threshold")),
        f"its node ran out of memory and Ray ended this process (measured peak: {{peak}}); "
        f"{LESS_MEMORY}",
        lambda seen: seen.hungriest,
    ),
    _Kind(
        _any(OutOfDiskError, says=("OutOfDiskError", "No space left on device")),
        "the disk of its node is full; free some of it, or let Ray spill to a larger one "
        "(--object-spilling-directory)",
    ),
    _Kind(
        _any(AuthenticationError, says=("AuthenticationError", "Unauthenticated")),
        "the cluster refused the authentication token; set RAY_AUTH_MODE=token and the token of "
        "this cluster on every node",
    ),
    _Kind(
        _any(RuntimeEnvSetupError, says=("Failed to set up runtime environment",)),
        "its runtime environment could not be set up: {first}",
        lambda _: True,
    ),
    _Kind(
        _any(says=("ModuleNotFoundError", "ImportError", "Version mismatch", "unpickl")),
        f"it could not load the code ({{last}}); {_SAME}",
        lambda _: True,
    ),
    _Kind(
        lambda error, seen: (
            seen.gone
            or isinstance(error, NodeDiedError | LocalRayletDiedError | ActorUnschedulableError)
            or "node has died" in str(error)
        ),
        "its node has died or was cut off{reason}",
    ),
    _Kind(
        _any(ActorUnavailableError),
        "its node does not answer (cut off, or about to be found dead)",
    ),
    _Kind(_any(says=("RanksNotStarted",)), "its workers did not begin: {last}"),
    _Kind(_any(says=("killed by `ray.kill`",)), "somebody ended it by ray.kill"),
    _Kind(_any(says=("owner has died",)), "the Ray node under the driver has died"),
    _Kind(
        _any(says=("worker process has died", "unexpectedly exits")),
        "its process died: killed, perhaps by the system for want of memory, or crashed (measured "
        f"peak: {{peak}}; if that is near what the node has, {LESS_MEMORY})",
        lambda _: True,
    ),
    _Kind(_any(StopIteration), "its stream ended without an outcome", lambda _: True),
)


def explain_death(error: BaseException, seen: Circumstances) -> Death:
    """The first kind that fits; of one that nobody foresaw, Ray's own words, counted as its own."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    words = {
        "peak": size(seen.memory or None),
        "first": lines[0][:300] if lines else "",
        "last": lines[-1][:300] if lines else "",
        "reason": _reason(lines),
    }
    for kind in _KINDS:
        if kind.fits(error, seen):
            return Death(kind.what.format(**words), kind.own_fault(seen), kind.preempted)
    return Death(" ".join(lines)[:300] or type(error).__name__, own_fault=True)


def _reason(lines: list[str]) -> str:
    """What Ray adds to "the actor's node was terminated"."""
    for line in lines:
        before, found, after = line.partition("the actor's node was terminated ")
        if found and not before:
            return f" ({after[:200]})"
    return ""
