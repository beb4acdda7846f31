"""What a file of the study `evaluation` may set."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ganray.cost.spending import Cost
from ganray.data.spec import Pictures
from ganray.plan import Resources
from ganray.spec import RUN_NAME, Spec
from ganray.studies.parts.scoring.evaluate import Evaluate, curve_field, extremes_field
from ganray.studies.parts.scoring.image_sets import GeneratedImages, Images
from ganray.train.encoder_spec import EncoderSpec


class EvaluateImages(Evaluate):
    """What is measured of the images, on which encoders, on how many."""

    curve: int = curve_field(2)
    extremes: int = extremes_field(8)


class Settings(Spec):
    """A study file of this study."""

    study: Literal["evaluation"] = Field("evaluation", description="which study the file is of")
    name: str = Field("evaluation", pattern=RUN_NAME, description="its runs bear it")
    seed: int = Field(0, ge=0, description="everything random follows from it")
    real: Images = Field(description="the images that generated ones are compared with")
    generated: list[GeneratedImages] = Field(min_length=1, description="the sets that are scored")
    train: Images | None = Field(
        None,
        description="images that the generators were trained on: for metrics that ask whether they "
        "were copied, and for a classifier to learn",
    )
    pictures: Pictures = Field(
        Pictures(), description="what is done with the images of every set while they are read"
    )
    paired: bool = Field(
        False,
        description="whether the sources of each name belong together, place by place, as of equal "
        "seeds or splits: sets are then compared by the differences of pairs",
    )
    encoder: EncoderSpec = EncoderSpec()
    evaluate: EvaluateImages = EvaluateImages()
    resources: Resources = Resources()
    cost: Cost = Cost()

    @field_validator("evaluate")
    @classmethod
    def _as_given(cls, evaluate: EvaluateImages) -> EvaluateImages:
        if evaluate.mixture != "real":
            raise ValueError(
                f"{evaluate.told('mixture')} is of GANs that are sampled; these images are as given"
            )
        return evaluate
