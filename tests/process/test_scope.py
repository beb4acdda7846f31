"""Objects that are contexts, written as what comes before and after."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ganray.process.scope import Scope


class Told(Scope):
    def __init__(self) -> None:
        self.said: list[str] = []

    def _scope(self) -> Iterator[None]:
        self.said.append("begun")
        try:
            yield
        except ValueError as error:
            self.said.append(str(error))
            raise
        finally:
            self.said.append("ended")


def test_it_begins_and_ends() -> None:
    with Told() as told:
        assert told.said == ["begun"]
    assert told.said == ["begun", "ended"]


def test_what_is_raised_within_it_hears_of_and_goes_on() -> None:
    told = Told()
    with pytest.raises(ValueError, match="no"), told:
        raise ValueError("no")
    assert told.said == ["begun", "no", "ended"]
