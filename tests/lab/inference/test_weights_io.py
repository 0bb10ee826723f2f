from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.lab.inference import interpolate, read_weights, write_weights


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"b": rng.normal(size=(3, 4)).astype(np.float32), "a": rng.normal(size=5).astype(np.float32)}


def test_what_is_read_is_the_half_precision_of_what_was_written(tmp_path: Path) -> None:
    sha256 = write_weights(tmp_path / "w.safetensors", arrays(), {"step": "base", "rate": 0.5})
    found = read_weights(tmp_path / "w.safetensors")
    assert (found.sha256, found.card, found.parameters) == (sha256, {"step": "base", "rate": 0.5}, 17)
    for name, value in arrays().items():
        assert found.arrays[name].dtype == np.float32
        np.testing.assert_array_equal(found.arrays[name], value.astype(np.float16).astype(np.float32))
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_the_order_of_the_arrays_does_not_change_the_bytes(tmp_path: Path) -> None:
    turned = dict(reversed(arrays().items()))
    assert write_weights(tmp_path / "a", arrays(), {}) == write_weights(tmp_path / "b", turned, {})


def test_storing_twice_loses_nothing_more(tmp_path: Path) -> None:
    first = write_weights(tmp_path / "a", arrays(), {})
    assert write_weights(tmp_path / "b", read_weights(tmp_path / "a").arrays, {}) == first


def test_the_reference_library_reads_the_file(tmp_path: Path) -> None:
    reference = pytest.importorskip("safetensors.numpy")
    write_weights(tmp_path / "w.safetensors", arrays(), {})
    found = reference.load_file(tmp_path / "w.safetensors")
    assert {k: v.shape for k, v in found.items()} == {"a": (5,), "b": (3, 4)}
    np.testing.assert_array_equal(found["b"], arrays()["b"].astype(np.float16))


def test_values_that_half_precision_cannot_hold_are_refused(tmp_path: Path) -> None:
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="'a'"):
        write_weights(tmp_path / "w", {"a": np.array([1e6], np.float32)}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="fauve lab train"):
        read_weights(tmp_path / "none")


@pytest.mark.parametrize("damage", [lambda d: d[:-4], lambda d: b"", lambda d: b"\xff" * 40, lambda d: d[:30]])
def test_a_damaged_file_is_no_weights(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "w"
    write_weights(path, arrays(), {})
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(WeightsMismatch):
        read_weights(path)


def test_the_dial_joins_and_goes_beyond() -> None:
    base, other = {"a": np.zeros(2, np.float32)}, {"a": np.array([2, 4], np.float32)}
    assert interpolate(base, other, 0.25)["a"].tolist() == [0.5, 1.0]
    assert interpolate(base, other, -1)["a"].tolist() == [-2, -4]
    with pytest.raises(WeightsMismatch):
        interpolate(base, {"a": np.zeros(3, np.float32)}, 0.5)
