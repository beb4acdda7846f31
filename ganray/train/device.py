"""Where training runs."""

from __future__ import annotations

import torch

from ganray.errors import RefusedInput


def choose_device(device: str) -> torch.device:
    """The torch device for "auto" (CUDA where there is one), "cpu" or "cuda".

    Asks torch and not Ray: a cluster with made-up GPUs sets `CUDA_VISIBLE_DEVICES` all the same.

    Raises:
        RefusedInput: another word, or "cuda" where torch finds none.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise RefusedInput(f"device (={device!r}) must be 'auto', 'cpu' or 'cuda'")
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise RefusedInput("device (='cuda'): torch finds no CUDA device here; use 'auto' or 'cpu'")
    return torch.device("cuda" if available and device != "cpu" else "cpu")


def device_name(device: str) -> str:
    """What a device is called: the GPU's own name, or "CPU"."""
    return torch.cuda.get_device_name() if choose_device(device).type == "cuda" else "CPU"
