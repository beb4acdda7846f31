"""Training speed of `GanTrainer` against a hand-written loop of the same networks.

    python tests/benchmarks/training_speed.py [--width 16] [--rounds 15] [--iterations 4] [--all]
        [--published]

Both train on one thread, with equal batches, optimisers, critic steps and penalty interval. The
hand-written loop draws its noise by `torch.rand`, picks its batches by `randint`, and has plain
PyTorch modules with built-in padding where PyTorch has one. Seconds are those that the thread has
of a processor, and runs alternate, so that what else the machine does falls on both; the answer is
the median ratio of images per second. `--all` also times the other kernel and precision;
`--published` trains by Defense-GAN's settings, of 5 critic steps with a penalty each, in place of
the demo's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from ganray.data import DatasetSpec, open_source
from ganray.models import DefenseGan
from ganray.train import GanTrainer, WganGp

SPEC = WganGp(critic_steps=3, penalty_interval=2, learning_rate=5e-4, ema=0.98)
LATENT = 128


class Generator(nn.Module):
    """Defense-GAN's generator as one writes it for 28 × 28 images."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.linear = nn.Linear(LATENT, 4 * width * 16)
        self.deconv1 = nn.ConvTranspose2d(4 * width, 2 * width, 5, 2, padding=1)
        self.deconv2 = nn.ConvTranspose2d(2 * width, width, 5, 2, padding=1)
        self.deconv3 = nn.ConvTranspose2d(width, 1, 5, 2, padding=1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Images in [0, 1]."""
        maps = F.relu(self.linear(z)).view(-1, 4 * self.width, 4, 4)
        maps = F.relu(self.deconv1(maps)[:, :, :7, :7])
        maps = F.relu(self.deconv2(maps)[:, :, :14, :14])
        return torch.sigmoid(self.deconv3(maps)[:, :, :28, :28])


def critic(width: int) -> nn.Module:
    """Its critic."""
    return nn.Sequential(
        nn.ZeroPad2d((1, 2, 1, 2)),
        nn.Conv2d(1, width, 5, 2),
        nn.LeakyReLU(0.2),
        nn.ZeroPad2d((1, 2, 1, 2)),
        nn.Conv2d(width, 2 * width, 5, 2),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 4 * width, 5, 2, padding=2),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(4 * width * 16, 1),
    )


def by_hand(images: torch.Tensor, width: int, spec: WganGp = SPEC) -> Callable[[], None]:
    """A function that does one iteration."""
    g, d = Generator(width), critic(width)
    average = Generator(width)
    betas = (spec.beta1, spec.beta2)
    g_adam = torch.optim.Adam(g.parameters(), spec.learning_rate, betas)
    d_adam = torch.optim.Adam(d.parameters(), spec.learning_rate, betas)
    count = 0

    def penalty(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        mix = torch.rand(len(real), 1, 1, 1)
        x = (real + mix * (fake - real)).requires_grad_(True)
        (slope,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
        return ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()

    def iteration() -> None:
        nonlocal count
        for _ in range(spec.critic_steps):
            real = images[torch.randint(len(images), (spec.batch,))].float() / 255
            with torch.no_grad():
                fake = g(torch.randn(spec.batch, LATENT))
            loss = d(fake).mean() - d(real).mean()
            if count % spec.penalty_interval == 0:
                loss = loss + spec.penalty_weight * spec.penalty_interval * penalty(real, fake)
            d_adam.zero_grad()
            loss.backward()
            d_adam.step()
            count += 1
        for p in d.parameters():
            p.requires_grad_(False)
        g_adam.zero_grad()
        (-d(g(torch.randn(spec.batch, LATENT))).mean()).backward()
        g_adam.step()
        for p in d.parameters():
            p.requires_grad_(True)
        with torch.no_grad():
            for kept, new in zip(average.parameters(), g.parameters(), strict=True):
                kept.lerp_(new, 1 - (spec.ema or 0))

    return iteration


CHOICES: dict[str, dict[str, Any]] = {
    "ganray": {},
    "kernel=fused": {"kernel": "fused"},
    "precision=bf16": {"precision": "bf16"},
    "kernel=fused precision=bf16": {"kernel": "fused", "precision": "bf16"},
}


def iterations_per_second(iteration: Callable[[], object], iterations: int) -> float:
    """In a second of this thread's own."""
    started = time.thread_time()
    for _ in range(iterations):
        iteration()
    return iterations / (time.thread_time() - started)


def main() -> None:
    """Print the speeds and their median ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--iterations", type=int, default=4)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--published", action="store_true")
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    pixels = next(iter(open_source(DatasetSpec()).batches())).images
    model, chosen = DefenseGan(width=wanted.width), CHOICES if wanted.all else {"ganray": {}}
    spec = WganGp(ema=0.98) if wanted.published else SPEC
    runs: dict[str, Callable[[], object]] = {
        name: GanTrainer(pixels, model, spec.model_copy(update=changes), device="cpu").advance
        for name, changes in chosen.items()
    }
    runs["by hand"] = by_hand(torch.from_numpy(pixels.copy()), wanted.width, spec)
    speeds: dict[str, list[float]] = {name: [] for name in runs}
    for iteration in runs.values():
        iterations_per_second(iteration, 3)  # warm up
    for number in range(wanted.rounds):
        for name in sorted(runs, reverse=bool(number % 2)):
            speeds[name].append(iterations_per_second(runs[name], wanted.iterations))
    print(f"width {wanted.width}: images/s of a core; ÷ by hand, medians of {wanted.rounds}, range")
    for name, values in speeds.items():
        ratios = [a / b for a, b in zip(values, speeds["by hand"], strict=True)]
        seen = spec.images * statistics.median(values)
        spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
        print(f"{name:28} {seen:8.1f}  {statistics.median(ratios):.3f} ({spread})")


if __name__ == "__main__":
    main()
