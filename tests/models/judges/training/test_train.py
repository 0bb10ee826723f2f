"""Training end to end on a tiny model: it learns, resumes bit for bit, and writes the judge that it was."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from benchmarks.judge_models import write_qwen3vl
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file, save_file

from fauve.cli import fauve
from fauve.errors import ConfigError, DataError, ModelError, WeightsMismatch
from fauve.imaging import decode_file
from fauve.models.judges.adapter import ADAPTER_WEIGHTS, RECORD
from fauve.models.judges.qwen3vl import QwenJudge
from fauve.models.judges.training.loop import learning_rate
from fauve.models.judges.training.settings import TrainingSettings
from fauve.models.judges.training.train import TrainingResult, train_judge

SIDE = 64
SETTINGS = TrainingSettings(rank=8, epochs=4, learning_rate=1e-2, batch=8, save_every=3)
TWO = ("clarity", "color brightness")


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise of three brightnesses; the label of the other dimension has nothing to do with the picture."""
    folder = tmp_path_factory.mktemp("labelled")
    rng = np.random.default_rng(0)
    rows = []
    for at in range(36):
        level = at % 3
        pixels = (rng.integers(0, 80, (40, 40, 3)) + 80 * level).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{at}.png")
        split = "validation" if at >= 24 else "train"
        for dimension, label in (("color brightness", level - 1), ("clarity", int(rng.integers(3)) - 1)):
            rows.append({"image": f"{at}.png", "dimension": dimension, "label": label, "split": split})
    file = folder / "labels.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


def trained(labels: Path, tiny: Path, out: Path, **options: Any) -> TrainingResult:
    given = {"name": "tiny", "weights": str(tiny), "size": SIDE, "settings": SETTINGS, "device": "cpu", **options}
    return train_judge(labels, out, tell=lambda said: None, **given)


@pytest.fixture(scope="module")
def result(labels: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return trained(labels, tiny, tmp_path_factory.mktemp("trained") / "first-judge")


def test_the_loss_falls(result: TrainingResult) -> None:
    assert result.finished
    assert result.steps == len(result.loss) == 4 * 6
    assert np.mean(result.loss[-6:]) < 0.7 * np.mean(result.loss[:3])


def test_every_epoch_is_validated_on_every_dimension(result: TrainingResult) -> None:
    assert [row["epoch"] for row in result.epochs] == [1, 2, 3, 4]
    figures = result.epochs[-1]["validation"]
    assert set(figures) == {"all", *TWO}
    assert figures["color brightness"]["n"] == 12
    value, low, high = figures["color brightness"]["mae"]
    assert low <= value <= high


def test_the_adapter_loads_back_into_the_judge(result: TrainingResult, tiny: Path, labels: Path) -> None:
    judge = QwenJudge("tiny", str(tiny), adapter=str(result.adapter), dimensions=TWO)
    assert (judge.size, judge.layout) == (SIDE, "paper")
    assert judge.card.name == "tiny+first-judge"
    before = dict(judge.settings)
    judge.load("cpu", "float32")
    assert dict(judge.settings) == before
    lines = (result.adapter / "training" / "validation.jsonl").read_text().splitlines()
    answers = [json.loads(line) for line in lines]
    assert len(answers) == 24
    for answer in answers:
        picture = decode_file(labels.parent / answer["image"])[0]
        value = judge.judge([picture])[0, TWO.index(answer["dimension"])]
        assert value == pytest.approx(answer["expected_score"], abs=1e-4)
    plain = QwenJudge("tiny", str(tiny), dimensions=TWO, size=SIDE)
    plain.load("cpu", "float32")
    assert np.abs(plain.judge([picture]) - judge.judge([picture])).max() > 1e-2


def test_validate_reads_what_training_wrote(result: TrainingResult) -> None:
    file = str(result.adapter / "training" / "validation.jsonl")
    done = CliRunner().invoke(fauve, ["judge", "validate", file, "--json"])
    assert done.exit_code == 0, done.output
    found = {f["metric"]: f["estimate"] for f in json.loads(done.output) if not f.get("group")}
    figures = result.epochs[-1]["validation"]["all"]
    assert found["mae"] == pytest.approx(figures["mae"][0])
    assert found["wmae"] == pytest.approx(figures["wmae"][0])
    assert found["wf1"] == pytest.approx(figures["wf1"][0])


def test_the_card_tells_what_it_is(result: TrainingResult) -> None:
    card = (result.adapter / "README.md").read_text()
    assert "weights were random" in card
    assert "rank 8" in card
    assert "| color brightness | 8 / 8 / 8 | 4 / 4 / 4 |" in card
    record = json.loads((result.adapter / RECORD).read_text())
    assert record["base_random"] is True
    assert str(result.adapter.parent) not in card + json.dumps(record)


def adapter_tensors(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / ADAPTER_WEIGHTS)


@pytest.mark.parametrize("stop", [4, 6, 14])
def test_a_stopped_training_goes_on_bit_for_bit(
    labels: Path, tiny: Path, result: TrainingResult, tmp_path: Path, stop: int
) -> None:
    out = tmp_path / "stopped"
    first = trained(labels, tiny, out, stop_after=stop)
    assert not first.finished
    torch.rand(7)  # what else drew random numbers meanwhile must not matter
    second = trained(labels, tiny, out)
    assert second.loss == result.loss
    assert second.epochs == result.epochs
    wanted, found = adapter_tensors(result.adapter), adapter_tensors(out)
    assert wanted.keys() == found.keys()
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_dropout_is_resumed_too(labels: Path, tiny: Path, tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, dropout=0.3, epochs=2)
    whole = trained(labels, tiny, tmp_path / "whole", settings=settings)
    trained(labels, tiny, tmp_path / "parts", settings=settings, stop_after=7)
    assert trained(labels, tiny, tmp_path / "parts", settings=settings).loss == whole.loss


def test_a_finished_training_is_not_trained_again(labels: Path, tiny: Path, result: TrainingResult) -> None:
    before = adapter_tensors(result.adapter)
    again = trained(labels, tiny, result.adapter)
    assert again.loss == result.loss
    assert all(torch.equal(before[name], value) for name, value in adapter_tensors(result.adapter).items())


def test_another_training_does_not_go_on_with_this_one(labels: Path, tiny: Path, result: TrainingResult) -> None:
    with pytest.raises(ConfigError, match="other settings"):
        trained(labels, tiny, result.adapter, settings=dataclasses.replace(SETTINGS, learning_rate=1e-3))
    with pytest.raises(ConfigError, match="other settings"):
        trained(labels, tiny, result.adapter, dimensions=["clarity"])


def test_a_state_that_was_cut_short_is_told(labels: Path, tiny: Path, tmp_path: Path) -> None:
    trained(labels, tiny, tmp_path / "cut", stop_after=4)
    state = tmp_path / "cut" / "training" / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(ModelError, match="Remove it"):
        trained(labels, tiny, tmp_path / "cut")


def test_accumulated_batches_are_one_batch(labels: Path, tiny: Path, tmp_path: Path) -> None:
    one = dataclasses.replace(SETTINGS, epochs=1)
    two = dataclasses.replace(one, batch=4, accumulate=2)
    first = trained(labels, tiny, tmp_path / "one", settings=one)
    second = trained(labels, tiny, tmp_path / "two", settings=two)
    np.testing.assert_allclose(first.loss, second.loss, rtol=1e-4)


def test_activations_that_are_computed_again_change_nothing(labels: Path, tiny: Path, tmp_path: Path) -> None:
    again = dataclasses.replace(SETTINGS, checkpointing=True)
    plain = trained(labels, tiny, tmp_path / "kept", stop_after=4)
    np.testing.assert_allclose(
        trained(labels, tiny, tmp_path / "again", settings=again, stop_after=4).loss, plain.loss, rtol=1e-5
    )


def test_features_that_are_not_kept_are_made_again(
    labels: Path, tiny: Path, tmp_path: Path, result: TrainingResult
) -> None:
    found = trained(labels, tiny, tmp_path / "forgetful", feature_memory=0, stop_after=8)
    assert found.loss == result.loss[:8]


def test_half_precision_trains_too(labels: Path, tiny: Path, tmp_path: Path, result: TrainingResult) -> None:
    found = trained(labels, tiny, tmp_path / "half", dtype="bfloat16", stop_after=8)
    np.testing.assert_allclose(found.loss[0], result.loss[0], rtol=0.1)
    assert found.loss != result.loss[:8]


def test_class_balance_changes_what_a_row_counts(labels: Path, tiny: Path, tmp_path: Path) -> None:
    plain = trained(labels, tiny, tmp_path / "plain", stop_after=2)
    balanced = trained(
        labels, tiny, tmp_path / "even", settings=dataclasses.replace(SETTINGS, balance="class"), stop_after=2
    )
    assert plain.loss != balanced.loss


def test_the_layout_is_trained_and_remembered(labels: Path, tiny: Path, tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, epochs=1)
    out = trained(labels, tiny, tmp_path / "fast", settings=settings, layout="fast").adapter
    judge = QwenJudge("tiny", str(tiny), adapter=str(out), dimensions=TWO)
    assert judge.layout == "fast"
    judge.load("cpu", "float32")
    answer = json.loads((out / "training" / "validation.jsonl").read_text().splitlines()[0])
    picture = decode_file(labels.parent / answer["image"])[0]
    value = judge.judge([picture])[0, TWO.index(answer["dimension"])]
    assert value == pytest.approx(answer["expected_score"], abs=1e-4)


def test_the_rate_rises_and_falls_along_half_a_cosine() -> None:
    settings = TrainingSettings(learning_rate=1.0, warmup=0.1)
    rates = [learning_rate(settings, step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * k for k in range(1, 11)])
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[-1] < 0.001
    assert learning_rate(TrainingSettings(), 0, 100) == 2e-5


def test_an_adapter_asks_only_what_it_was_trained_with(tiny: Path, result: TrainingResult, tmp_path: Path) -> None:
    other = {"extends": "fauve", "dimensions": {"clarity": {"text": "Sharp? 0, 1 or 2"}}}
    judge = QwenJudge("tiny", str(tiny), adapter=str(result.adapter), dimensions=TWO, guidelines=other)
    with pytest.raises(ConfigError, match="another text for clarity"):
        judge.check()
    bare = tmp_path / "bare"
    shutil.copytree(result.adapter, bare)
    (bare / RECORD).unlink()
    judge = QwenJudge("tiny", str(tiny), adapter=str(bare), dimensions=TWO, size=SIDE)
    with pytest.raises(ConfigError, match="Give their file as `guidelines`"):
        judge.check()
    given = QwenJudge("tiny", str(tiny), adapter=str(bare), dimensions=TWO, size=SIDE, guidelines=other)
    given.load("cpu", "float32")


def test_an_adapter_of_another_model_is_refused(tiny: Path, result: TrainingResult, tmp_path: Path) -> None:
    base = write_qwen3vl(tmp_path / "base", spread=0.2, seed=5)
    with pytest.raises(WeightsMismatch, match="trained on other weights"):
        QwenJudge("tiny", str(base), adapter=str(result.adapter), dimensions=TWO).load()
    for change in ("missing", "left over"):
        folder = tmp_path / change
        shutil.copytree(result.adapter, folder)
        tensors = adapter_tensors(folder)
        name = next(iter(tensors))
        moved = tensors.pop(name)
        if change == "left over":
            tensors |= {name: moved, name.replace("layers.0", "layers.7"): moved.clone()}
        save_file(tensors, folder / ADAPTER_WEIGHTS)
        with pytest.raises(WeightsMismatch, match="do not match"):
            QwenJudge("tiny", str(tiny), adapter=str(folder), dimensions=TWO).load()


def test_what_is_wrong_is_told_before_training(labels: Path, tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no label on emotion"):
        trained(labels, tiny, tmp_path / "a", dimensions=["emotion", "clarity"])
    with pytest.raises(ConfigError, match="vision tower is not trained"):
        trained(labels, tiny, tmp_path / "b", settings=dataclasses.replace(SETTINGS, targets=("qkv",)))
    with pytest.raises(ConfigError, match="name no module"):
        trained(labels, tiny, tmp_path / "c", settings=dataclasses.replace(SETTINGS, targets=("wq",)))
    with pytest.raises(ConfigError, match="rank is at least 1"):
        TrainingSettings(rank=0)


@pytest.mark.slow
def test_two_processes_train_what_one_does(labels: Path, tiny: Path, tmp_path: Path) -> None:
    arguments = [
        "judge",
        "train",
        str(labels),
        "--model",
        str(tiny),
        "--size",
        "64",
        "--device",
        "cpu",
        "--epochs",
        "1",
    ]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    losses = {}
    for batch, how in (("8", []), ("4", launch)):
        out = tmp_path / batch
        command = [sys.executable, *how, "-m", "fauve", *arguments, "--batch", batch, "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("The adapter is in") == 1
        losses[batch] = json.loads((out / "training" / "history.json").read_text())["loss"]
    np.testing.assert_allclose(losses["4"], losses["8"], rtol=1e-4)


@pytest.mark.slow
def test_a_judge_learns_to_see_in_scenes_it_never_saw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[4] / "benchmarks"))
    from judge_training import MODEL, SIDE, write_stimuli  # noqa: PLC0415

    stimuli = write_stimuli(tmp_path, 150)
    base = write_qwen3vl(tmp_path / "base", **MODEL)
    settings = TrainingSettings(epochs=10, learning_rate=3e-3, warmup=0.05, batch=32)
    asked = ["color brightness"]
    found = trained(stimuli, base, tmp_path / "out", size=SIDE, settings=settings, dimensions=asked)
    assert np.mean(found.loss[-4:]) < 0.5 * np.mean(found.loss[:4])
    figures = found.epochs[-1]["validation"]["color brightness"]
    assert figures["n"] == 50
    # by chance 1/3, with a standard error of 0.067
    assert figures["accuracy"] > 0.6


def test_the_command_trains_and_says_where_the_adapter_is(labels: Path, tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "by-command"
    asked = ["judge", "train", str(labels), "--out", str(out), "--model", str(tiny), "--size", "64", "--device", "cpu"]
    done = CliRunner().invoke(fauve, [*asked, "--epochs", "1", "--batch", "16", "--rank", "4"])
    assert done.exit_code == 0, done.output
    assert "epoch 1 of 1: loss" in done.output
    assert "held out: mae" in done.output
    assert (out / ADAPTER_WEIGHTS).is_file()
