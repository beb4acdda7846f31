"""What is known of a run's speed before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ganray.cost.estimate import training_speed
from ganray.cost.remaining import remainder
from ganray.plan import Resources
from ganray.process.cores import cores_given
from ganray.runs.agenda import Agenda
from ganray.runs.progress.board import Board
from ganray.train.device import choose_device

_START_SECONDS = 15.0  # of Ray and its workers


@dataclass(frozen=True)
class SpeedKnown:
    """What is known of a run's speed before it begins.

    `speed` is of a training, in operations per second, and None where it was not timed: a GPU, or
    machines that are not this one. `workers` are those beside each other, `own` what is said of a
    local Ray that is about to be started.
    """

    speed: float | None
    workers: int
    start_seconds: float = 0.0
    own: str = ""

    @classmethod
    def here(
        cls, agenda: Agenda, resources: Resources, runner: str, address: str | None
    ) -> SpeedKnown:
        """By timing one short training step, within about a second."""
        local = runner == "local"
        workers = 1 if local else max(1, int(cores_given() // max(1.0, resources.num_cpus)))
        trains = next((task for task in agenda.plan.tasks if task.kind == "train"), None)
        own = "" if local else _own_ray(address)
        if address is not None or trains is None or _on_gpu(resources):
            return cls(None, 1 if address else workers, own=own)
        try:
            speed = training_speed(agenda.plan, trains)
        except Exception:  # the training itself will say what is wrong with it
            return cls(None, workers, own=own)
        return cls(speed, workers, 0.0 if local else _START_SECONDS, own)

    def seconds(self, agenda: Agenda, flops: Mapping[str, float]) -> float | None:
        """Until what is pending is done; None where no speed is known.

        Args:
            flops: the operations of every task, by its address.
        """
        if self.speed is None:
            return None
        left = remainder(agenda)
        costs = {address: flops[address] * share for address, share in left.items()}
        board = Board(agenda.plan, agenda.finished, costs, asked=agenda.asked,
                      speed=self.speed, workers=self.workers)  # fmt: skip
        seconds = board.seconds_left
        return None if seconds is None else seconds + self.start_seconds


def _own_ray(address: str | None) -> str:
    from ganray.distributed.cluster.connect import told_of_own  # Ray, which others need not load

    return told_of_own(address)


def _on_gpu(resources: Resources) -> bool:
    return resources.device != "cpu" and choose_device("auto").type == "cuda"
