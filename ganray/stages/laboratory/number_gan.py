"""A GAN of single numbers, trained to its horizon and looked at there."""

from __future__ import annotations

from ganray.laboratory.networks import SHAPE
from ganray.laboratory.numbers import Numbers, floor, look
from ganray.plan import Plan, Task
from ganray.plan.laboratory import NumberGanParameters
from ganray.stages.needs import LITTLE
from ganray.stages.stage import CHECKPOINT_COPIES, FLOAT_BYTES, Cost, Stage, Timed
from ganray.stages.training.trajectory import follow
from ganray.stages.workspace import Workspace
from ganray.tensors import pack
from ganray.train.costs.flops import gan_parameters, training_flops
from ganray.train.costs.memory import gan_memory
from ganray.train.gan import GanTrainer
from ganray.train.history import history_table


def train_numbers(work: Workspace) -> None:
    """Train from the last checkpoint to the horizon; the critic's curve, densities and distance."""
    told, until = NumberGanParameters.of(work.task), work.task.horizon or 0
    trainer = _trainer(told)
    history, seconds = follow(work, trainer, until)
    seen = look(trainer, told.real, told.samples)
    work.commit(
        {
            "look.safetensors": pack({"critic": seen.critic, "density": seen.density}),
            "history.parquet": history_table(history, trainer.losses),
        },
        {
            "distance": seen.distance,
            "floor": floor(told.real, told.seed, told.samples),
            "gradient": seen.gradient,
            "pull": seen.pull,
        },
        device_seconds=seconds,
        device="cpu",
    )


def _trainer(told: NumberGanParameters) -> GanTrainer:
    """On a CPU: a GPU would only wait for so little."""
    numbers = Numbers(told.real, told.train.batch, told.seed)
    return GanTrainer(numbers, told.networks, told.train, told.seed, "cpu")


def _cost(task: Task, plan: Plan) -> Cost:
    """Its operations are those beyond the shorter training that it continues."""
    told, begun = NumberGanParameters.of(task), plan.continued(task)
    sizes = gan_parameters(SHAPE, told.networks, told.train, 1)
    kept = CHECKPOINT_COPIES * FLOAT_BYTES * sum(sizes.values())
    whole, known = (
        training_flops(SHAPE, told.networks, told.train, 1, one.horizon or 0) if one else 0
        for one in (task, begun)
    )
    return Cost(float(whole - known), kept)


def _timed(task: Task, plan: Plan, _: str) -> Timed:
    trainer, begun = _trainer(NumberGanParameters.of(task)), plan.continued(task)
    steps = (task.horizon or 0) - (begun.horizon or 0 if begun else 0)
    return Timed(trainer.advance, 1 / max(1, steps))


def _memory(task: Task, _: Plan) -> int:
    told = NumberGanParameters.of(task)
    return gan_memory(SHAPE, told.networks, told.train) + LITTLE


STAGE = Stage(
    train_numbers,
    memory=_memory,
    cost=_cost,
    timed=_timed,
    alike=lambda task, _: NumberGanParameters.of(task).train.algorithm,
    losses=lambda task: NumberGanParameters.of(task).train.losses,
)
