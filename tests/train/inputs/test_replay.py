"""The history of generated images: what is shown of it, by index, and its state."""

from __future__ import annotations

import torch

from ganray.randomness import uniforms
from ganray.tensors import deserialise, serialise
from ganray.train.inputs.replay import Histories, History

SHAPE = (1, 2, 2)
CPU = torch.device("cpu")


def numbered(start: int, count: int) -> torch.Tensor:
    return torch.arange(start, start + count).float().reshape(-1, 1, 1, 1).expand(-1, *SHAPE)


def test_it_is_the_published_pool():
    """Against a list, image by image."""
    history, pool, seen = History(5, SHAPE, 3, "x", CPU), [], []
    for start in range(0, 60, 4):
        shown = history.exchange(numbered(start, 4), start)[:, 0, 0, 0].tolist()
        for index, found in zip(range(start, start + 4), shown, strict=True):
            chance, place = uniforms(3, "x", index, 1, 2)[0]
            if len(pool) < 5:
                pool.append(index)
                expected = index
            elif chance > 0.5:
                at = int(place * 5)
                expected, pool[at] = pool[at], index
            else:
                expected = index
            assert found == expected
            seen.append(expected - index)
    assert 0.3 < sum(late < 0 for late in seen[5:]) / len(seen[5:]) < 0.7


def test_it_goes_on_where_it_was():
    def fed(histories: Histories, start: int, stop: int) -> list[torch.Tensor]:
        return [
            histories.of(name, size).exchange(numbered(at, 3), at)
            for at in range(start, stop, 3)
            for name, size in (("critics/made_a", 4), ("critics/made_b", 7))
        ]

    whole, begun = Histories(SHAPE, 1, CPU), Histories(SHAPE, 1, CPU)
    expected = fed(whole, 0, 30)
    fed(begun, 0, 12)
    resumed = Histories(SHAPE, 1, CPU)
    resumed.load(deserialise(serialise(begun.tensors())))
    for one, other in zip(expected[8:], fed(resumed, 12, 30), strict=True):
        assert torch.equal(one, other)
    assert all(torch.equal(value, whole.tensors()[name])
               for name, value in resumed.tensors().items())  # fmt: skip
