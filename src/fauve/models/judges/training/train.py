"""From labelled pictures and a base model to an adapter: the whole of ``fauve judge train``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import accelerate
import peft
import torch
import transformers
from accelerate import Accelerator

from fauve.errors import DataError
from fauve.keys import digest
from fauve.models.devices import DTYPES, dtype_name
from fauve.models.judges.qwen3vl import QwenJudge, patch_sizes
from fauve.models.judges.qwen3vl_host import build_host, place
from fauve.models.judges.qwen3vl_text import Layout
from fauve.models.judges.training.examples import Example, fingerprint, read_examples, split_examples
from fauve.models.judges.training.loop import Questions, Trainer
from fauve.models.judges.training.network import JudgeNetwork, Pictures, with_adapter
from fauve.models.judges.training.record import Trained, write_answers, write_card, write_record
from fauve.models.judges.training.settings import TrainingSettings
from fauve.models.judges.training.visionreward import unpack
from fauve.models.weights import file_hash, is_random, read_tensors
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["TrainingResult", "train_judge"]

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """Where the adapter is, whether training reached its end, and what was measured on the way."""

    adapter: Path
    finished: bool
    steps: int
    loss: list[float]
    epochs: list[dict[str, Any]]


def train_judge(
    data: Path,
    out: Path,
    *,
    name: str = "qwen3-vl-4b",
    weights: str | None = None,
    layout: str = "paper",
    size: int = 512,
    dimensions: Sequence[str] | None = None,
    guidelines: str | Path | Mapping[str, Any] | None = None,
    validation: float = 0.1,
    settings: TrainingSettings | None = None,
    device: str | None = None,
    dtype: str | None = None,
    feature_memory: int = 2**30,
    stop_after: int | None = None,
    tell: Tell = print,
) -> TrainingResult:
    """Train an adapter, or go on with a training that ``out`` holds.

    Args:
        data: JSON Lines of (image, dimension, label), or VisionReward's image set as Parquet (file or folder).
        out: folder of the adapter; what belongs to the training alone lies in ``training`` below it.
        name, weights, layout, size, guidelines: of the judge, see :class:`~fauve.models.judges.qwen3vl.QwenJudge`.
        dimensions: what to train; None for all of a JSON Lines file, and for the eleven of prompts in Parquet.
        validation: share of the pictures that is held out where the data do not say.
        settings: see :class:`~fauve.models.judges.training.settings.TrainingSettings`.
        device: ``cpu`` to keep off an accelerator; None takes what there is. Under ``accelerate launch`` each process
            has its own.
        dtype: of the base model; None for bfloat16 where the device has it, else float32. The adapter is float32.
        feature_memory: bytes of pictures' features that are kept.
        stop_after: end after so many steps, as an interruption would.
        tell: gets a line now and then.

    Raises:
        ConfigError, DataError, ImportRejected, ImageRejected, ModelError: with what to do.
    """
    settings = settings or TrainingSettings()
    accelerator = _accelerator(device, dtype)
    say: Tell = tell if accelerator.is_main_process else _silent
    work = out / "training"
    with accelerator.main_process_first():
        rows, notes = _rows(data, work, dimensions)
    asked = tuple(dict.fromkeys(dimensions or sorted({one.dimension for one in rows})))
    train, test = split_examples(rows, validation, settings.seed)
    form: Layout = "fast" if layout == "fast" else "paper"
    judge = QwenJudge(name, weights, layout=form, size=size, dimensions=asked, guidelines=guidelines)
    judge.check()
    number = _number_format(accelerator, dtype)
    said = f"{len(train):,} labels to train on, {len(test):,} held out; {len(asked)} dimensions; "
    say(f"{said}{number} on {accelerator.device}")
    trained = _trained(judge, weights, number, (train, test), notes, settings)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed + accelerator.process_index)
        network, trainer = _assembled(accelerator, judge, trained, work / "state.pt", feature_memory)
        finished = trainer.run(say, lambda: _keep(accelerator, out, network, trainer, trained), stop_after=stop_after)
    if finished:
        say(f"The adapter is in {out}; its card is {out / 'README.md'}.")
    return TrainingResult(out, finished, trainer.steps, trainer.history.loss, trainer.history.epochs)


def _trained(
    judge: QwenJudge,
    weights: str | None,
    number: str,
    rows: tuple[list[Example], list[Example]],
    notes: Mapping[str, Any],
    settings: TrainingSettings,
) -> Trained:
    """What the adapter will have come of; of a local folder only the name is told."""
    path = judge.checkpoint.path()
    local = weights is not None and Path(weights).expanduser().exists()
    return Trained(
        base=Path(str(weights)).name if local else judge.checkpoint.source,
        base_sha256=file_hash(path),
        random=is_random(path),
        layout=judge.layout,
        size=judge.size,
        dimensions=judge.dimensions,
        guidelines=judge.guidelines,
        dtype=number,
        train=rows[0],
        test=rows[1],
        notes=notes,
        settings=settings,
        versions=_versions(),
    )


def _assembled(
    accelerator: Accelerator, judge: QwenJudge, trained: Trained, state: Path, memory: int
) -> tuple[JudgeNetwork, Trainer]:
    """The network on its device with a fresh adapter, and its trainer."""
    settings, path = trained.settings, judge.checkpoint.path()
    host = build_host(judge.config(), read_tensors(path), name=judge.card.name)
    host = place(host, accelerator.device, DTYPES[trained.dtype])
    pictures = Pictures(host, judge.size, patch_sizes(host.config), memory)
    network = with_adapter(host, settings).to(accelerator.device)
    by_dimension = dict(zip(judge.dimensions, judge.questions(), strict=True))
    questions = Questions(by_dimension, judge.text.answers, judge.text.image_id)
    sides = fingerprint(trained.train), fingerprint(trained.test)
    key = digest([settings.as_plain(), dict(judge.settings), trained.dtype, sides, accelerator.num_processes])
    return network, Trainer(
        accelerator, network, questions, pictures, trained.train, trained.test, settings, state, key
    )


def _silent(said: str) -> None:
    """Only the first process speaks."""


def _accelerator(device: str | None, dtype: str | None) -> Accelerator:
    cpu = device == "cpu"
    wanted = None if dtype is None else dtype_name(dtype)
    half = not cpu and torch.cuda.is_available() and torch.cuda.is_bf16_supported() and wanted in (None, "bfloat16")
    return Accelerator(cpu=cpu, mixed_precision="bf16" if half else "no")


def _number_format(accelerator: Accelerator, dtype: str | None) -> str:
    if dtype is not None:
        return dtype_name(dtype)
    return "bfloat16" if accelerator.mixed_precision == "bf16" else "float32"


def _rows(data: Path, work: Path, dimensions: Sequence[str] | None) -> tuple[list[Example], dict[str, Any]]:
    """The rows of the dimensions that are asked for, and what to say of the others."""
    if data.is_dir() or data.suffix == ".parquet":
        found = unpack(data, work / "pictures", tuple(dimensions or PROMPT_DIMENSIONS))
        left = ", ".join(f"{name} ({count:,})" for name, count in sorted(found.passed_over.items()))
        return found.examples, {
            "Pictures that could not be used": len(found.rejected),
            "Labels of dimensions that were not asked for": left or "none",
        }
    read = read_examples(data)
    rows = [one for one in read if dimensions is None or one.dimension in dimensions]
    passed = Counter(one.dimension for one in read) - Counter(one.dimension for one in rows)
    lacking = sorted(set(dimensions or ()) - {one.dimension for one in rows})
    if lacking:
        raise DataError(
            f"{data.name} has no label on {', '.join(lacking)}. Leave it out of the dimensions, or add rows."
        )
    left = ", ".join(f"{name} ({count:,})" for name, count in sorted(passed.items()))
    return rows, {"Labels of dimensions that were not asked for": left or "none"}


def _keep(accelerator: Accelerator, out: Path, network: Any, trainer: Trainer, trained: Trained) -> None:
    """Write the adapter as it is now with all that belongs to it."""
    if accelerator.is_main_process:
        (out / "training").mkdir(parents=True, exist_ok=True)
        network.adapted.peft_config["default"].base_model_name_or_path = trained.base
        network.adapted.save_pretrained(str(out), save_embedding_layers=False)
        write_record(out, trained)
        write_card(out, trained, trainer.history.epochs)
        history = json.dumps(trainer.history.as_plain(), indent=1)
        (out / "training" / "history.json").write_text(history + "\n", encoding="utf-8")
        if trained.test:
            write_answers(out / "training" / "validation.jsonl", trained.test, trainer.expected)
    accelerator.wait_for_everyone()


def _versions() -> dict[str, str]:
    return {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peft": peft.__version__,
        "accelerate": accelerate.__version__,
    }
