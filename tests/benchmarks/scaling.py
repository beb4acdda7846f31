"""What a study of 1,000 classes takes on ever more GPUs, by the model of docs/scaling.md.

    python -m tests.benchmarks.scaling [--classes 1000] [--replicates 1] [--gan 600] [--other 5]

A GAN takes `--gan` seconds of a GPU alone, every other task `--other` seconds of a CPU; each GPU
comes with `--cpus` CPUs. Prints hours until done, GPU-hours, what of the GPUs' time is work, the
price, and the share of the driver's time.
"""

from __future__ import annotations

import argparse

from ganray.cost.spending import Cost, Prices
from ganray.runs.makespan import Piece, makespan
from tests.benchmarks.large_plan import planned

START = 15.0  # of Ray and the first workers
EACH = 0.005  # seconds of the driver for a unit of work, at most


def main() -> None:
    """Print a row for each number of GPUs."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("classes", 1000), ("replicates", 1), ("cpus", 8)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    for name, price in (("gan", 600.0), ("other", 5.0), ("gpu_hour", 2.0), ("cpu_hour", 0.05)):
        parser.add_argument(f"--{name}", type=float, default=price)
    told = parser.parse_args()
    cost = Cost(prices=Prices(gpu_hour=told.gpu_hour, cpu_hour=told.cpu_hour))
    plan = planned(told.classes, told.replicates)
    trained = [task for task in plan.tasks if task.trains]
    rest = len(plan.tasks) - len(trained)
    print(f"{len(plan.tasks):,} tasks, {len(trained):,} of them on GPUs\n")
    print("| GPUs | hours | GPU-hours of work | work ÷ GPUs' time | price | driver |")
    print("|---|---|---|---|---|---|")
    for gpus in (8, 64, 512):
        # Trainers alone hold GPUs; what follows a GAN runs beside the next ones, on CPUs.
        on_gpus = makespan([Piece((), told.gan) for _ in trained], gpus)
        on_cpus = rest * told.other / (gpus * told.cpus)
        seconds = START + max(on_gpus + 4 * told.other, on_cpus, EACH * len(plan.tasks))
        work = len(trained) * told.gan
        price = cost.of(gpus * told.cpus * seconds / 3600, gpus * seconds / 3600)
        print(
            f"| {gpus} | {seconds / 3600:.2f} | {work / 3600:.0f} | {work / gpus / seconds:.2f} | "
            f"{price:,.0f} | {EACH * len(plan.tasks) / seconds:.1%} |"
        )


if __name__ == "__main__":
    main()
