"""Model cards: what a trained GAN is, for people (Markdown) and for programs (its YAML head)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from ganray._version import __version__
from ganray.data import DatasetInfo
from ganray.errors import RefusedInput
from ganray.models import MODELS
from ganray.plan import Plan, Task
from ganray.plan.parameters import CardParameters, TrainParameters
from ganray.scores import Score
from ganray.stages.needs import LITTLE
from ganray.stages.stage import FLOAT_BYTES, Stage, image_shape
from ganray.stages.workspace import Workspace
from ganray.train.costs.flops import gan_parameters

_FENCE = "---\n"
_OF_IMAGES = "generator = generator.of(pictures)  # uint8, to be translated\n"


def write_card(work: Workspace) -> None:
    """Put a trained GAN's weights and its full model card together, ready for `load_generator`."""
    trained = work.input("gan")
    told = CardParameters.of(work.task)
    task = Task(**told.gan)
    inputs = (role for role in work.task.inputs if role.startswith("scores/"))
    roles = sorted(inputs, key=lambda role: int(role.rpartition("/")[2]))
    measured = (work.input(role).result.get("score") for role in roles)
    scores = [Score(**score) for score in measured if score is not None]
    digest = trained.file("generator.safetensors").sha256
    work.commit(
        {
            "README.md": model_card(
                task, work.dataset().info, digest, scores, told.truncation
            ).encode(),
            "generator.safetensors": work.store.read(trained, "generator.safetensors"),
        },
        {"classes": task.classes},
    )


def model_card(
    task: Task,
    info: DatasetInfo,
    weights_sha256: str,
    scores: Sequence[Score] = (),
    truncation: float | None = None,
) -> str:
    """The card of a train task: data, classes, recipe, digests, and scores once they are measured.

    Args:
        weights_sha256: of `generator.safetensors` beside it.
        scores: those of the side that the GAN belongs to.
        truncation: of the latent vectors that the scored samples were made from.
    """
    head = _head(task, info, weights_sha256, scores)
    if truncation is not None:
        head["truncation"] = truncation
    parts = [_FENCE, yaml.safe_dump(head, sort_keys=False, allow_unicode=True), _FENCE]
    return "".join(parts) + _text(head)


def _head(
    task: Task,
    info: DatasetInfo,
    weights_sha256: str,
    scores: Sequence[Score],
) -> dict[str, Any]:
    """What the YAML head holds: enough to rebuild the generator and to know what it is."""
    return {
        "library_name": "ganray",
        "library_version": __version__,
        "data": {"name": info.name, "digest": info.digest, "split": "train", "notes": info.notes},
        "classes": [info.class_names[index] for index in task.classes],
        "class_counts": [
            sum(info.counts["train"][index] for index in kind)
            for kind in TrainParameters.of(task).kinds
        ],
        **({"portion": task.portion} if task.portion else {}),
        "shape": list(info.shape),
        "model": task.parameters["model"],
        "recipe": {
            **task.parameters["train"],
            "iterations": task.horizon,
            "seed": task.parameters["seed"],
        },
        "weights": {
            "file": "generator.safetensors",
            "average": "EMA" if task.parameters["train"]["ema"] else "none",
            "artifact": task.address,
            "sha256": weights_sha256,
        },
        "scores": [_score(score) for score in scores],
    }


def read_card(text: str) -> dict[str, Any]:
    """The YAML head of a card.

    Raises:
        RefusedInput: the text has no such head.
    """
    # A fence is a whole line: a class may be called "a---".
    first, closed, _ = text.partition(f"\n{_FENCE}")
    try:
        head = yaml.safe_load(first) if closed and first.startswith(_FENCE) else None
    except yaml.YAMLError:
        head = None
    if not isinstance(head, dict) or not {"model", "shape", "weights"} <= head.keys():
        raise RefusedInput("the model card has no YAML head with `model`, `shape` and `weights`")
    return head


def _score(score: Score) -> dict[str, Any]:
    return {
        **score.name._asdict(),
        "value": score.value,
        "floor": score.floor,
        "n": score.n,
        "mixture": score.protocol.mixture,
        "protocol": score.fingerprint,
    }


def _text(head: dict[str, Any]) -> str:
    classes = head.get("portion") or ", ".join(head["classes"])
    model = {name: value for name, value in head["model"].items() if name != "name"}
    settings = ", ".join(f"{name} {value}" for name, value in model.items())
    lines = [
        f"\n# GAN of {head['data']['name']}: {classes}\n",
        f"A GAN of the family {head['model']['name']} ({settings}), trained for "
        f"{head['recipe']['iterations']} iterations on {head['data']['name']}. Images are "
        f"{'×'.join(str(n) for n in head['shape'])} (channels, height, width) in [0, 1].\n",
        "```python\nimport ganray\n\ngenerator = ganray.load_generator(URL)  # this folder\n"
        f"{_OF_IMAGES if MODELS.member(head['model']['name']).of_images else ''}"
        'images = generator(generator.noise(seed=0, stream="mine", start=0, count=16))\n```\n',
    ]
    if head["scores"]:
        within = _truncated(head)
        lines.append(f"Scores of the side that it belongs to{within} (floor: real against real):\n")
        lines.append(
            "| metric | encoder | value | floor | n | samples | protocol |\n"
            "|---|---|---|---|---|---|---|"
        )
        lines += [_row(score) for score in head["scores"]]
    else:
        lines.append("Scores were not measured when this card was written.")
    return "\n".join(lines) + "\n"


def _truncated(head: dict[str, Any]) -> str:
    if "truncation" not in head:
        return ""
    return f", of samples from latent numbers within ±{head['truncation']:g}"


def _row(score: dict[str, Any]) -> str:
    floor = "—" if score["floor"] is None else f"{score['floor']:.4g}"
    return (
        f"| {score['metric']} | {score['encoder']} | {score['value']:.4g} | {floor} | "
        f"{score['n']} | {score['mixture']} | {score['protocol']} |"
    )


def _memory(task: Task, plan: Plan) -> int:
    """The weights, as bytes."""
    told = TrainParameters.of(Task(**CardParameters.of(task).gan))
    sizes = gan_parameters(image_shape(plan), told.model, told.train, len(told.kinds))
    return 2 * FLOAT_BYTES * sum(sizes.values()) + LITTLE


STAGE = Stage(write_card, memory=_memory)
