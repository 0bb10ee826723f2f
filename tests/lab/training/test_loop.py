from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fauve.errors import ModelError  # noqa: E402
from fauve.keys import digest_bytes  # noqa: E402
from fauve.lab.training.base import BaseRecipe, train_base  # noqa: E402
from fauve.lab.training.loop import Schedule, arrays_of, fit, one_thread, rng_at, seeded  # noqa: E402


def fingerprint(arrays: dict[str, np.ndarray]) -> str:
    return digest_bytes(b"".join(arrays[name].tobytes() for name in sorted(arrays)))


def tiny(steps: int = 6, seed: int = 1) -> BaseRecipe:
    return BaseRecipe(seed=seed, schedule=Schedule(steps=steps, rate=3e-3, batch=16))


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    first = fingerprint(train_base(tiny()))
    assert fingerprint(train_base(tiny())) == first
    assert fingerprint(train_base(tiny(seed=2))) != first


class Stopped(Exception):
    pass


def test_going_on_from_a_checkpoint_gives_the_same_bits(tmp_path: Path) -> None:
    def run(checkpoint: Path | None, stop_at: int | None) -> dict[str, np.ndarray]:
        net = seeded(lambda: torch.nn.Linear(4, 3), 0)

        def loss_at(step: int) -> torch.Tensor:
            if step == stop_at:
                raise Stopped
            x = torch.from_numpy(rng_at(1, step).normal(size=(8, 4)).astype(np.float32))
            return (net(x) - x[:, :3]).square().mean()

        fit(net, loss_at, Schedule(steps=20, rate=1e-2, batch=8), checkpoint=checkpoint, every=3)
        return arrays_of(net)

    whole = run(None, None)
    path = tmp_path / "state"
    with pytest.raises(Stopped):
        run(path, 11)
    assert path.exists()
    assert fingerprint(run(path, None)) == fingerprint(whole)
    assert not path.exists()


def test_training_learns(tmp_path: Path) -> None:
    net = seeded(lambda: torch.nn.Linear(4, 3), 0)
    losses = []

    def loss_at(step: int) -> torch.Tensor:
        x = torch.from_numpy(rng_at(1, step).normal(size=(32, 4)).astype(np.float32))
        loss = (net(x) - x[:, :3]).square().mean()
        losses.append(loss.item())
        return loss

    assert fit(net, loss_at, Schedule(steps=150, rate=5e-2, batch=32)) == 150
    assert losses[-1] < 0.02 * losses[0]


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    net = torch.nn.Linear(1, 1)
    with pytest.raises(ModelError, match="step 2"):
        fit(net, lambda step: net.weight.sum() / (0 if step == 2 else 1) * (step != 2), Schedule(5, 1e-3, 1))


def test_after_can_end_the_training() -> None:
    net = torch.nn.Linear(1, 1)
    assert fit(net, lambda step: net.weight.sum(), Schedule(9, 1e-3, 1), after=lambda done: done == 4) == 4


def test_one_thread_is_given_back() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_initial_weights_leave_the_global_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    seeded(lambda: torch.nn.Linear(2, 2), 9)
    assert torch.rand(1) == expected


def test_the_rate_rises_and_falls() -> None:
    schedule = Schedule(steps=100, rate=1.0, batch=1, warmup=10, floor=0.1)
    rates = [schedule.rate_at(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert max(rates) > 0.95
    assert rates[-1] == pytest.approx(0.1, rel=0.02)
    assert Schedule(steps=100, rate=1.0, batch=1, floor=1.0).rate_at(99) == 1.0
