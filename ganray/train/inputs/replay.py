"""A history of generated images (Shrivastava et al., arXiv 1612.07828; CycleGAN, section 4)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ganray.randomness import uniforms
from ganray.tensors import Tensors

Images = Float[Tensor, "n c h w"]


class History:
    """So many images: what is generated is shown at once, or takes the place of one that is shown.

    Until it is full every image is kept and shown. Then each is, with probability ½ and by its
    number alone, shown itself, or is kept in place of an earlier one that is shown instead.

    Args:
        size: images that it holds.
        stream: of its random numbers.
    """

    def __init__(
        self, size: int, shape: tuple[int, int, int], seed: int, stream: str, device: torch.device
    ) -> None:
        self._seed, self._stream = seed, stream
        self._images = torch.zeros(size, *shape, device=device)
        self._held = 0

    @torch.no_grad()
    def exchange(self, images: Images, start: int) -> Images:
        """What is shown for these images, of which the first is number `start` of all."""
        drawn = uniforms(self._seed, self._stream, start, len(images), 2)
        shown = images.clone()
        for row, (chance, place) in enumerate(drawn):
            if self._held < len(self._images):
                self._images[self._held] = images[row]
                self._held += 1
            elif chance > 0.5:
                index = int(place * len(self._images))
                shown[row] = self._images[index]
                self._images[index] = images[row]
        return shown

    def tensors(self) -> Tensors:
        """Its state."""
        return {"images": self._images, "held": torch.tensor(self._held)}

    @classmethod
    def restored(cls, tensors: Tensors, seed: int, stream: str, device: torch.device) -> History:
        """The one that gave these."""
        size, *shape = tensors["images"].shape
        found = cls(size, (shape[0], shape[1], shape[2]), seed, stream, device)
        found._images.copy_(tensors["images"])
        found._held = int(tensors["held"])
        return found


class Histories:
    """Those of one training, by what they are called."""

    def __init__(self, shape: tuple[int, int, int], seed: int, device: torch.device) -> None:
        self._shape, self._seed, self._device = shape, seed, device
        self._known: dict[str, History] = {}

    def of(self, called: str, size: int) -> History:
        """The one that is called so, empty where it is new."""
        if called not in self._known:
            stream = f"train/{called}"
            self._known[called] = History(size, self._shape, self._seed, stream, self._device)
        return self._known[called]

    def tensors(self) -> Tensors:
        """The state of all."""
        return {
            f"{called}/{name}": value
            for called, history in self._known.items()
            for name, value in history.tensors().items()
        }

    def load(self, tensors: Tensors) -> None:
        """Go on from what `tensors` gave."""
        for called in {name.rpartition("/")[0] for name in tensors}:
            own = {name: tensors[f"{called}/{name}"] for name in ("images", "held")}
            stream = f"train/{called}"
            self._known[called] = History.restored(own, self._seed, stream, self._device)
