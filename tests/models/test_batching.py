"""Order, overlap, memory: what `encode` promises, with models that run out of memory on purpose."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from fauve.errors import InvalidOutput, ModelError
from fauve.models.batching import BatchSize, encode


@pytest.fixture(autouse=True)
def _quick_collection() -> Iterator[None]:
    """Memory is collected after running out of it, and a test process holds all of torch and transformers."""
    gc.freeze()
    yield
    gc.unfreeze()


def test_answers_keep_their_order_whatever_the_batch() -> None:
    for size in (1, 3, 7, 100):
        assert encode(range(23), lambda n: n * 10, lambda batch: [n + 1 for n in batch], BatchSize(size)) == [
            n * 10 + 1 for n in range(23)
        ]


def test_nothing_gives_nothing_and_calls_no_model() -> None:
    def fail(_batch: list[int]) -> list[int]:
        raise AssertionError("called")

    assert encode([], lambda n: n, fail, BatchSize()) == []


@pytest.mark.parametrize(
    "failure",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (allocated 9 GB)"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_out_of_memory_halves_the_batch_and_loses_no_item(failure: BaseException) -> None:
    seen: list[int] = []

    def model(batch: list[int]) -> list[int]:
        seen.append(len(batch))
        if len(batch) > 3:
            raise failure
        return batch

    size = BatchSize(16, grows=True)
    assert encode(range(20), lambda n: n, model, size) == list(range(20))
    assert seen[:4] == [16, 8, 4, 2]
    assert max(seen[3:]) <= 2, "a size that ran out of memory is not tried again"
    assert encode(range(4), lambda n: n, model, size) == list(range(4))
    assert max(seen[-2:]) == 2


def test_one_item_that_does_not_fit_is_an_error_with_a_remedy() -> None:
    def model(_batch: list[int]) -> list[int]:
        raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(ModelError, match="half precision"):
        encode([1, 2], lambda n: n, model, BatchSize(2))


def test_other_errors_of_a_model_pass_through() -> None:
    def model(_batch: list[int]) -> list[int]:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        encode([1], lambda n: n, model, BatchSize())


@pytest.mark.parametrize(("device", "largest"), [("cuda", 80), ("cpu", 8)])
def test_a_batch_grows_on_an_accelerator_and_not_on_the_cpu(device: str, largest: int) -> None:
    seen: list[int] = []
    encode(range(200), lambda n: n, lambda batch: seen.append(len(batch)) or batch, BatchSize.on(device))
    assert seen[0] == 8
    assert max(seen) == largest


@pytest.mark.parametrize(("device", "wanted", "size"), [("cpu", None, 1), ("cuda", None, 8), ("cpu", 3, 3)])
def test_a_size_for_the_cpu_holds_there_and_gives_way_to_a_wanted_one(
    device: str, wanted: int | None, size: int
) -> None:
    found = BatchSize.on(device, wanted, on_cpu=1)
    assert found.current == size
    found.fitted(size)
    assert found.current == (16 if device == "cuda" else size)


def test_a_wanted_batch_is_kept() -> None:
    seen: list[int] = []
    encode(range(30), lambda n: n, lambda batch: seen.append(len(batch)) or batch, BatchSize.on("cuda", 5))
    assert set(seen) == {5}


def test_a_model_that_loses_items_is_caught() -> None:
    with pytest.raises(InvalidOutput, match="2 items where 3"):
        encode(range(3), lambda n: n, lambda batch: batch[:-1], BatchSize())


def test_preparation_runs_beside_the_model_and_only_two_batches_ahead() -> None:
    lock, prepared, most_ahead, done = threading.Lock(), 0, 0, 0
    threads = set()

    def prepare(n: int) -> int:
        nonlocal prepared, most_ahead
        threads.add(threading.current_thread())
        with lock:
            prepared += 1
            most_ahead = max(most_ahead, prepared - done)
        return n

    def model(batch: list[int]) -> list[int]:
        nonlocal done
        time.sleep(0.002)
        with lock:
            done += len(batch)
        return batch

    encode(range(60), prepare, model, BatchSize(4))
    assert threading.current_thread() not in threads
    assert 4 < most_ahead <= 8


def test_an_error_in_preparation_is_raised_and_stops_the_rest() -> None:
    started: list[int] = []

    def prepare(n: int) -> int:
        started.append(n)
        if n == 3:
            raise ValueError("picture 3")
        return n

    with pytest.raises(ValueError, match="picture 3"):
        encode(range(1000), prepare, lambda batch: batch, BatchSize(2))
    assert len(started) < 20
