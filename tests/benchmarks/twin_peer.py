"""The peer's half of the twin runs, by its own code.

    python -m tests.benchmarks.twin_peer PEER FOLDER

PEER is a folder with w86763777/pytorch-gan-collections, FOLDER one where `tests.benchmarks.twins`
has written `images.npy`. The peer's scripts run from a copy in which all widths are an eighth, the
device is the CPU, and the data loader has no processes of its own; what they import beside torch is
stood in for here: CIFAR-10 by `images.npy`, torchvision's transforms of single images by their
definitions, flags by values. Samples go to `FOLDER/peer/NAME-SEED.npy`.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch
from torch import Tensor

from ganray.sample import quantise
from tests.benchmarks.twins import BATCH, ITERATIONS, RATE, SAMPLES, WIDTH

SCRIPTS = {
    "dcgan": ("dcgan", "DCGAN_CIFAR10"),
    "wgan": ("wgan", "WGAN_CIFAR10_CNN"),
    "wgan_gp": ("wgangp", "WGANGP_CIFAR10_CNN"),
    "sngan": ("sngan", "SNGAN_CIFAR10_CNN"),
}
"""Of each family the peer's script and its file of flags."""
PUBLISHED = 64
SAMPLES_SEED = 12345
Transform = Callable[[Tensor], Tensor]


class Flags(SimpleNamespace):
    """What absl's flags are to a script: values by name, defined with defaults of a kind."""

    def flags_into_string(self) -> str:
        """Nothing: they are written down here."""
        return ""

    def read(self, file: Path) -> None:
        """Take the values of a file of flags, each of the kind that it was defined with."""
        for name, value in re.findall(r"^--(\w+)=(\S+)$", file.read_text(), re.MULTILINE):
            before = getattr(self, name)
            setattr(self, name, type(before)(value))


class Pictures(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """CIFAR-10's stand-in."""

    images: Tensor

    def __init__(self, _: str, transform: Transform, **__: Any) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.images[index]), 0


def composed(steps: list[Transform]) -> Transform:
    """One after another."""

    def whole(image: Tensor) -> Tensor:
        for step in steps:
            image = step(image)
        return image

    return whole


def stand_in(images: Tensor) -> Flags:
    """Put modules of the names that the peer imports where Python finds them; their flags."""
    Pictures.images = images
    flags = Flags()

    def define(name: str, default: Any, *_: Any) -> None:
        setattr(flags, name, default)

    def real(name: str, default: float, *_: Any) -> None:
        setattr(flags, name, float(default))

    absl = SimpleNamespace(FLAGS=flags, DEFINE_float=real)
    for kind in ("integer", "multi_float", "string", "bool", "enum"):
        setattr(absl, f"DEFINE_{kind}", define)
    transforms = SimpleNamespace(
        Compose=composed,
        RandomHorizontalFlip=lambda: lambda x: x.flip(-1) if torch.rand(1) < 0.5 else x,
        ToTensor=lambda: lambda x: x.float().div(255),
        Normalize=lambda mean, std: lambda x: x.sub(mean[0]).div(std[0]),
        Lambda=lambda step: step,
    )
    made: dict[str, dict[str, Any]] = {
        "absl": {"flags": absl, "app": MagicMock()},
        "torchvision": {"datasets": SimpleNamespace(CIFAR10=Pictures), "transforms": transforms},
        "torchvision.utils": {"make_grid": lambda images: images, "save_image": MagicMock()},
        "tensorboardX": {"SummaryWriter": MagicMock()},
        "pytorch_gan_metrics": {"get_inception_score_and_fid": MagicMock()},
    }
    for name, values in made.items():
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(values)
    return flags


def narrowed(peer: Path, copy: Path) -> None:
    """A copy of the peer's code with an eighth of the feature maps, for a CPU."""
    shutil.copytree(peer, copy, dirs_exist_ok=True)
    for file in copy.glob("source/models/*.py"):
        widths = r"\b(64|128|256|512|1024)\b"
        divided = re.sub(widths, lambda m: str(int(m[0]) * WIDTH // PUBLISHED), file.read_text())
        file.write_text(divided)
    for file in copy.glob("*.py"):
        text = file.read_text().replace("'cuda:0'", "'cpu'")
        file.write_text(text.replace("num_workers=4", "num_workers=0"))


def trained(flags: Flags, folder: Path, name: str, seed: int) -> np.ndarray:
    """Samples of one that its script trained by its flags, but for length, batch and rates."""
    script, configuration = SCRIPTS[name]
    sys.modules.pop(script, None)
    module = importlib.import_module(script)  # defines the flags' defaults anew
    flags.read(folder / "code" / "configs" / f"{configuration}.txt")
    log = folder / "logs" / f"{name}-{seed}"
    shutil.rmtree(log, ignore_errors=True)
    vars(flags).update(logdir=str(log), seed=seed, record=False, sample_step=10**9)
    vars(flags).update(total_steps=ITERATIONS, eval_step=ITERATIONS, batch_size=BATCH)
    vars(flags).update(lr_G=RATE, lr_D=RATE)
    module.main([])
    torch.manual_seed(SAMPLES_SEED)
    generator = module.net_G_models[flags.arch](flags.z_dim)
    generator.load_state_dict(torch.load(log / "model.pt")["net_G"])
    draw = importlib.import_module("source.utils").generate_imgs
    return quantise(draw(generator, "cpu", flags.z_dim, SAMPLES, 128))


def main() -> None:
    """Whatever samples are missing, seed by seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("peer", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=SCRIPTS, default=list(SCRIPTS))
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    narrowed(wanted.peer, wanted.folder / "code")
    sys.path.insert(0, str(wanted.folder / "code"))
    flags = stand_in(torch.from_numpy(np.load(wanted.folder / "images.npy")))
    (wanted.folder / "peer").mkdir(exist_ok=True)
    for seed in range(wanted.seeds):
        for name in wanted.only:
            file = wanted.folder / "peer" / f"{name}-{seed}.npy"
            if not file.exists():
                np.save(file, trained(flags, wanted.folder, name, seed))


if __name__ == "__main__":
    main()
