"""Whether the classes of generated images are in balance: KL divergence of mean posteriors."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.features import Embedding, check_probabilities
from ganray.metrics.metric import Metric, Value
from ganray.text.wording import short_list


class ClassDivergence(Metric):
    """KL(real ‖ generated) of the mean posteriors."""

    title = "class divergence"
    meaning = "KL(real ‖ generated) of the mean class posteriors, in nats"
    better = "lower"
    needs = frozenset({"class posteriors"})
    usual = True

    name: Literal["class_divergence"] = Field("class_divergence", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The divergence; undefined where a class has no probability in any generated image."""
        found = class_divergence(real.probabilities, generated.probabilities)
        if np.isinf(found):
            missing = np.flatnonzero(generated.probabilities.max(axis=0) == 0).tolist()
            raise UndefinedScore(
                "infinite: no generated image has any probability of class "
                f"{short_list(missing)} (counted from 0)"
            )
        return Value(found)


def class_divergence(p_real: Float[np.ndarray, "n k"], p_gen: Float[np.ndarray, "m j"]) -> float:
    """KL(real ‖ generated), in nats, between the mean posteriors: whether classes are in balance.

    Infinite where a class of the real set has exactly no probability in the generated set.

    Raises:
        RefusedInput: if rows are no probabilities or the numbers of classes differ.
    """
    from scipy.special import rel_entr

    check_probabilities(p_real)
    check_probabilities(p_gen)
    if p_real.shape[1] != p_gen.shape[1]:
        raise RefusedInput(f"p_real has {p_real.shape[1]} classes, p_gen has {p_gen.shape[1]}")
    real, generated = (p.mean(axis=0, dtype=np.float64) for p in (p_real, p_gen))
    return max(0.0, float(rel_entr(real / real.sum(), generated / generated.sum()).sum()))
