"""What a sweep's comparison on fresh seeds allows to say; the badge and every text ask here."""

from __future__ import annotations

from typing import Any


def winner(evidence: dict[str, Any]) -> str | None:
    """The trial that is better; None where the difference may be chance, or it had no rival."""
    found = evidence["comparison"]
    if found is None or found["verdict"] not in ("lower", "higher"):
        return None
    return _chosen(evidence)


def confirmed(evidence: dict[str, Any]) -> str:
    """The comparison in a sentence or two."""
    name, candidates, chosen = _chosen(evidence), evidence["candidates"], evidence["chosen"]
    if len(candidates) == 1:
        return f"On fresh seeds {name} stands alone: no other was trained to the end."
    rival = f"trial {candidates[1 - chosen]['trial']}"
    turned = " The sweep had them the other way round." if chosen else ""
    if winner(evidence):
        return f"On fresh seeds {name} is better than {rival}.{turned}"
    return (
        f"On fresh seeds {name} has the better mean, but its difference from {rival} may be "
        f"chance.{turned}"
    )


def _chosen(evidence: dict[str, Any]) -> str:
    return f"trial {evidence['candidates'][evidence['chosen']]['trial']}"
