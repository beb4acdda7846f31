"""The rule by which a worker lives: it is heard of, and does something or waits for the store."""

from __future__ import annotations

from dataclasses import dataclass

IDLE_SHARE = 0.03
"""Who uses and queues for less of a processor than this is stuck: Ray's own threads took 0.012."""


@dataclass
class Liveness:
    """When a worker was last heard of and last did something, on its hearer's own clock.

    Args:
        processor: seconds of processor time that its process had used or queued for when it was
            last known to do something.
    """

    heard: float
    moved: float
    processor: float = 0.0

    def hear(self, now: float, processor: float | None = None, waits: bool = False) -> None:
        """Take note of a sign of life.

        Args:
            processor: None for news, which is progress in itself; of a beat, the seconds that its
                process has used or queued for: fewer than before are another process's.
            waits: for the store, which ends by itself.
        """
        self.heard = now
        if processor is None:
            self.moved = now
            return
        idle = IDLE_SHARE * (now - self.moved)
        if waits or processor < self.processor or processor - self.processor > idle:
            self.moved, self.processor = now, processor

    def wrong(self, now: float, seconds: float) -> str:
        """What is wrong with one that was silent, or did nothing, for so long; else nothing."""
        if now - self.heard > seconds:
            return f"has been silent for {now - self.heard:.0f} s (stopped, or cut off)"
        if now - self.moved > seconds:
            return f"has done nothing for {now - self.moved:.0f} s (stuck)"
        return ""

    def forgive(self, now: float, seconds: float) -> None:
        """Count so many seconds neither as silence nor as idleness: nobody listened."""
        self.heard, self.moved = (min(now, at + seconds) for at in (self.heard, self.moved))
