"""What metrics that count kinds have in common: a kernel by name, and its bandwidth."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ganray.errors import Unused
from ganray.metrics.features import Embedding
from ganray.metrics.kernel.bandwidth import usual_bandwidth
from ganray.metrics.metric import Metric

KernelName = Literal["cosine", "gaussian"]
BANDWIDTH_MEANS = "σ of the Gaussian kernel; none: half the median distance between real images"


class ChosenKernel(Metric):
    """A metric under one of two kernels."""

    kernel: KernelName = Field("cosine", description="how alike two images are")
    bandwidth: float | None = Field(None, gt=0, description=BANDWIDTH_MEANS)

    @model_validator(mode="after")
    def _check(self) -> ChosenKernel:
        if self.kernel == "cosine" and self.bandwidth is not None:
            raise Unused("bandwidth", self.bandwidth, self.told("kernel"), "choose kernel gaussian")
        return self

    def width(self, real: Embedding) -> float | None:
        """The bandwidth, where the kernel has one."""
        if self.kernel == "cosine":
            return None
        return self.bandwidth or real.once(usual_bandwidth)
