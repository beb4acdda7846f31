"""The classifier of stacked images: one network that looks at each channel by itself."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ganray.models.encoders.networks.cafd import CafdEncoder
from ganray.models.encoders.networks.classifier import ClassifierNetwork


class ChannelwiseEncoder(ClassifierNetwork):
    """Images in [0, 1] to (3 · 1,024 features, probabilities of all triples of classes).

    Which digits are in the channels are three questions and not one of 1,000 answers: the
    probability of a triple is the product of those of its members, as others count StackedMNIST's
    modes, by a classifier of digits. Its cross-entropy is the sum of the channels', so that it is
    trained as every other classifier is.
    """

    dimensions = 3 * CafdEncoder.dimensions

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.channel = CafdEncoder((1, *shape[1:]), round(classes ** (1 / 3)))

    def features_and_logits(
        self, images: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """(features, logarithms of probabilities): what training needs."""
        count, channels, height, width = images.shape
        planes = images.reshape(count * channels, 1, height, width)
        features, logits = self.channel.features_and_logits(planes)
        first, second, third = functional.log_softmax(logits, 1).view(count, channels, -1).unbind(1)
        two = first[:, :, None] + second[:, None, :]
        joint = two[:, :, :, None] + third[:, None, None, :]
        return features.reshape(count, -1), joint.reshape(count, -1)
