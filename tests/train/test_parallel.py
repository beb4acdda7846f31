"""Data-parallel training: one process's updates in every number of ranks, agreed on throughout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from ganray.errors import RefusedInput
from ganray.models import DefenseGan
from ganray.tensors import deserialise, serialise
from ganray.train import Host, WganGp, run
from ganray.train.parallel import DataParallelGanTrainer, LostRank, Ranks, RanksDiffer
from tests.train.ranks import Tensors, together
from tests.train.updates_by_rank import SEED, differences

MODEL = DefenseGan(width=2, latent=6)


@pytest.fixture
def digits(mnist_small_images) -> np.ndarray:
    return mnist_small_images[:17]


def test_every_number_of_ranks_computes_the_same_updates(digits, tmp_path):
    """Ten images a batch: four ranks take 2, 3, 2 and 3. One rank is one process to the bit."""
    fewer = [{"iteration": 1, "critic_steps": 1}]
    lazy = {"penalty": "r1", "penalty_interval": 2}
    spec = WganGp(batch=10, critic_steps=2, learning_rate=1e-3, schedule=fewer, **lazy)
    for size, difference, ranks in differences(tmp_path, digits, MODEL, spec, 3, (1, 2, 4)):
        assert difference.gradient <= (1e-5 if size > 1 else 0)
        assert difference.parameter <= (0.1 if size > 1 else 0)
        assert difference.loss <= (1e-5 if size > 1 else 0)
        for other in ranks[1:]:
            assert other.keys() == ranks[0].keys()
            assert all(torch.equal(other[name], value) for name, value in ranks[0].items())


def trainer(digits: np.ndarray, ranks: Ranks) -> DataParallelGanTrainer:
    spec = WganGp(batch=5, critic_steps=1, learning_rate=1e-3, ema=0.9)
    return DataParallelGanTrainer(digits, MODEL, spec, SEED, "cpu", ranks)


def equal(mine: Tensors, theirs: Tensors) -> bool:
    return mine.keys() == theirs.keys() and all(torch.equal(mine[n], theirs[n]) for n in mine)


def resume(_: Path, digits: np.ndarray) -> Tensors:
    """Four iterations, or two and then, with the state on the first rank alone, two more."""
    ranks = Ranks()
    whole, begun, resumed = (trainer(digits, ranks) for _ in range(3))
    run(whole, until=4)
    run(begun, until=2)
    if ranks.first:
        resumed.load(2, deserialise(serialise(begun.tensors())))
    resumed.share()
    assert resumed.step == 2
    run(resumed, until=4)
    assert equal(resumed.tensors(), whole.tensors())
    return {name: value.clone() for name, value in whole.tensors().items()}


def stop(_: Path, digits: np.ndarray) -> Tensors:
    """The second rank alone wants to stop, when it has done two iterations."""
    ranks = Ranks()
    mine = trainer(digits, ranks)
    ranks.wants_stop = lambda: not ranks.first and mine.step >= 2
    arrived, _ = run(mine, until=9, host=Host(should_stop=lambda: ranks.stopping))
    return {"arrived": torch.tensor(arrived), "step": torch.tensor(mine.step)}


def differ(_: Path, digits: np.ndarray) -> Tensors:
    """The smallest change of one weight of the average on one rank is found by both."""
    ranks = Ranks()
    mine = trainer(digits, ranks)
    mine.advance()
    if not ranks.first:
        bias = mine.ema.networks["generator"].linear.bias.detach()
        bias[3] = torch.nextafter(bias[3], torch.tensor(torch.inf))
    with pytest.raises(RanksDiffer, match=r"rank [01] of 2 began iteration 2 with other weights"):
        mine.advance()
    return {}


def lose(_: Path, digits: np.ndarray) -> Tensors:
    """The second rank goes after an iteration; the first is not left waiting."""
    ranks = Ranks()
    mine = trainer(digits, ranks)
    mine.advance()
    if ranks.first:
        with pytest.raises(LostRank, match="rank 0 of 2 lost another"):
            mine.advance()
    return {}


def test_ranks_resume_to_the_bit_and_stay_equal(digits, tmp_path):
    first, second = together(2, resume, tmp_path, digits)
    assert equal(first, second)
    assert {"ema/linear.weight", "critic_adam/0/exp_avg"} <= first.keys()


def test_all_ranks_stop_after_the_same_iteration(digits, tmp_path):
    for answer in together(2, stop, tmp_path, digits):
        assert not answer["arrived"]
        assert answer["step"] == 3


@pytest.mark.parametrize("fault", [differ, lose])
def test_a_rank_that_differs_or_is_gone_ends_the_others(digits, tmp_path, fault):
    together(2, fault, tmp_path, digits)


@pytest.fixture
def lonely(tmp_path, monkeypatch):
    """A group of this process alone, which says that it is the `rank`-th of `size`."""
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    store = dist.FileStore(str(tmp_path / "rendezvous"), 1)
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)

    def ranks(rank: int, size: int) -> Ranks:
        found = Ranks()
        found.rank, found.size = rank, size
        return found

    yield ranks
    dist.destroy_process_group()


def test_parts_cover_the_batch_once(lonely):
    for batch, size in ((50, 4), (7, 7), (10, 3), (5, 1)):
        parts = [lonely(rank, size).part(batch) for rank in range(size)]
        assert [row for part in parts for row in range(batch)[part]] == list(range(batch))
        lengths = [len(range(batch)[part]) for part in parts]
        assert max(lengths) - min(lengths) <= 1


def test_more_ranks_than_images_in_a_batch_are_refused(lonely, digits):
    with pytest.raises(RefusedInput, match=r"workers \(=6\) must be at most train.batch \(=5\)"):
        trainer(digits, lonely(0, 6))
