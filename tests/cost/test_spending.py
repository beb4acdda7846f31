"""What a run has spent, over all its drivers, and the caps on it."""

from __future__ import annotations

import pytest

from ganray.cost import spending
from ganray.cost.spending import Cost, Meter, Prices, Spent, spent
from ganray.errors import StoreError
from ganray.store import Store

PRICES = Prices(cpu_hour=0.05, gpu_hour=2.0)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [0.0]
    monkeypatch.setattr(spending.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(str(tmp_path))


def work(meter: Meter, clock: list[float], *held: tuple[float, float, float]) -> None:
    for cpus, gpus, seconds in held:
        meter.read(cpus, gpus)
        clock[0] += seconds
    meter.close()


def test_what_was_held_is_counted_for_as_long_as_it_was(store, clock):
    meter = Meter.open(store, "run", Cost(prices=PRICES))
    work(meter, clock, (2.0, 0.0, 3600.0), (1.0, 0.5, 7200.0), (0.0, 0.0, 1800.0))
    assert meter.total == Spent(4 * 3600.0, 3600.0, 3.5 * 3600.0)
    assert meter.total.price(meter.cost) == pytest.approx(4 * 0.05 + 2.0)
    assert meter.reached() == ""


def test_a_resumed_run_goes_on_counting(store, clock):
    for _ in range(3):
        work(Meter.open(store, "run", Cost()), clock, (1.0, 0.25, 100.0))
    work(Meter.open(store, "other", Cost()), clock, (1.0, 1.0, 5.0))
    assert spent(store, "run") == Spent(300.0, 75.0, 300.0)


def test_a_killed_driver_loses_seconds_alone(store, clock):
    meter = Meter.open(store, "run", Cost())
    for _ in range(100):
        meter.read(1.0, 0.0)
        clock[0] += 1.0
    assert 100 - 6 <= spent(store, "run").cpu_seconds <= 100


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (Cost(prices=PRICES, max_cost=2.0), "cost.max_cost (=2) is reached: 2.05 USD"),
        (Cost(max_hours=1.0), "cost.max_hours (=1) is reached: 1 hours"),
        (Cost(prices=PRICES, max_cost=2.1, max_hours=1.1), ""),
        (Cost(max_cost=0.1), ""),  # without prices nothing costs anything
    ],
)
def test_a_cap_is_named_when_it_is_reached(cost, said, store, clock):
    meter = Meter.open(store, "run", cost)
    work(meter, clock, (1.0, 1.0, 3600.0))
    assert meter.reached().startswith(said)
    assert bool(meter.reached()) == bool(said)


def test_a_damaged_record_is_named(store):
    store.put("runs/run/spending/x.json", b"{")
    with pytest.raises(StoreError, match=r"runs/run/spending/x.json is damaged"):
        Meter.open(store, "run", Cost())
