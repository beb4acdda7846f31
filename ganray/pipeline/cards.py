"""The last stage of a GAN: its weights beside a card that knows its scores."""

from __future__ import annotations

from ganray.metrics.score import Score
from ganray.pipeline.card import model_card
from ganray.pipeline.workspace import Workspace
from ganray.plan import Task


def write_card(work: Workspace) -> None:
    """Put a trained GAN's weights and its full model card together, ready for `load_generator`."""
    trained = work.input("gan")
    task = Task(**work.task.parameters["gan"])
    roles = sorted(role for role in work.task.inputs if role.startswith("scores/"))
    scores = [Score(**score) for role in roles for score in work.input(role).result["scores"]]
    digest = trained.file("generator.safetensors").sha256
    work.commit(
        {
            "README.md": model_card(task, work.dataset().info, digest, scores).encode(),
            "generator.safetensors": work.store.read(trained, "generator.safetensors"),
        },
        {"classes": task.parameters["classes"]},
    )
