"""What is written beside an adapter: the record from which the judge asks as it was trained, and a card for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fauve.models.judges.adapter import RECORD
from fauve.models.judges.guidelines import Guidelines
from fauve.models.judges.levels import expected_level
from fauve.models.judges.training.examples import Example, class_counts
from fauve.models.judges.training.settings import TrainingSettings
from fauve.models.judges.training.validation import ALL

__all__ = ["Trained", "write_answers", "write_card", "write_record"]

_PUBLISHED = "published judge (arXiv 2512.11883, Table 7, all dimensions of its label set)"


@dataclass(frozen=True, slots=True)
class Trained:
    """What an adapter came of: base model and its hash, whether that was random, form of the input, rows, settings."""

    base: str
    base_sha256: str
    random: bool
    layout: str
    size: int
    dimensions: tuple[str, ...]
    guidelines: Guidelines
    dtype: str
    train: Sequence[Example]
    test: Sequence[Example]
    notes: Mapping[str, Any]
    settings: TrainingSettings
    versions: Mapping[str, str]


def write_record(folder: Path, trained: Trained) -> None:
    """``judge.json``: what :class:`fauve.models.judges.adapter.Adapter` reads."""
    record = {
        "version": 1,
        "base": trained.base,
        "base_sha256": trained.base_sha256,
        "base_random": trained.random,
        "layout": trained.layout,
        "size": trained.size,
        "dimensions": list(trained.dimensions),
        "texts": trained.guidelines.hashes(trained.dimensions),
        "guidelines": trained.guidelines.as_plain(),
        "settings": trained.settings.as_plain(),
        "dtype": trained.dtype,
        "versions": dict(trained.versions),
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_answers(file: Path, examples: Sequence[Example], shares: NDArray[np.float64]) -> None:
    """The held-out answers in the form that ``fauve judge validate`` reads."""
    with file.open("w", encoding="utf-8") as out:
        for one, row, expected in zip(examples, shares, expected_level(shares), strict=True):
            answer = {
                "image": one.image,
                "dimension": one.dimension,
                "expected_score": float(expected),
                "argmax": int(row.argmax()),
                "label": one.level - 1,
            }
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")


def write_card(folder: Path, trained: Trained, epochs: Sequence[Mapping[str, Any]]) -> None:
    """``README.md``: what the adapter is, what it was trained on, and how far off it is."""
    random = "\n**The base model's weights were random: this adapter shows that training works, and judges nothing.**\n"
    lines = [
        "---",
        "library_name: peft",
        f"base_model: {trained.base}",
        "---",
        "# A judge of single dimensions of a picture",
        random if trained.random else "",
        f"A LoRA adapter of `{trained.base}` (sha256 of its weights `{trained.base_sha256[:16]}…`). For one dimension "
        "of one picture it answers 0, 1 or 2; the value is the expected level under the softmax over these three. "
        "It sees no prompt.",
        "",
        "Use: `QwenJudge(weights=…, adapter=THIS_FOLDER)` of Fauve. Input: "
        f"layout `{trained.layout}`, {trained.size} × {trained.size} pixels, the questions in `{RECORD}` "
        f"({trained.guidelines.name}).",
        "",
        "## Training",
        "",
        *_training(trained),
        "",
        *_counts(trained),
        "",
        "## Held-out errors after the last epoch",
        "",
        *_errors(epochs),
        "",
        f"For comparison, the {_PUBLISHED}: MAE 0.307, class-balanced MAE 0.368, weighted F1 0.732 on its own 743 "
        "pictures.",
        "",
    ]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


def _training(trained: Trained) -> list[str]:
    s = trained.settings
    pictures = len({one.image for one in trained.train}), len({one.image for one in trained.test})
    facts = {
        "rows": f"{len(trained.train):,} labels on {pictures[0]:,} pictures; "
        f"held out {len(trained.test):,} on {pictures[1]:,}",
        "adapter": f"rank {s.rank}, alpha {s.alpha}, dropout {s.dropout:g} on {', '.join(s.targets)}",
        "steps": f"{s.epochs} epochs of {s.batch} × {s.accumulate} rows a step on each device, seed {s.seed}",
        "optimiser": f"AdamW, rate {s.learning_rate:g} falling along half a cosine to 0, warm-up {s.warmup:g}, weight "
        f"decay {s.weight_decay:g}, gradient clipped at {s.clip:g}",
        "class balance": s.balance,
        "number format of the base": trained.dtype,
        "versions": ", ".join(f"{name} {version}" for name, version in trained.versions.items()),
        **trained.notes,
    }
    return [f"- {name}: {value}" for name, value in facts.items()]


def _counts(trained: Trained) -> list[str]:
    train, test = class_counts(trained.train), class_counts(trained.test)

    def levels(counts: Mapping[str, list[int]], name: str) -> str:
        return " / ".join(map(str, counts.get(name, [0, 0, 0])))

    rows = [f"| {name} | {levels(train, name)} | {levels(test, name)} |" for name in sorted({*train, *test})]
    return ["| dimension | training: levels 0 / 1 / 2 | held out: levels 0 / 1 / 2 |", "|---|---|---|", *rows]


def _errors(epochs: Sequence[Mapping[str, Any]]) -> list[str]:
    figures = epochs[-1]["validation"] if epochs else {}
    if not figures:
        return ["Nothing was held out."]
    names = sorted(figures, key=lambda name: (name != ALL, name))
    rows = [
        f"| {name} | {_shown(f['mae'])} | {_shown(f['wmae'])} | {_shown(f['wf1'])} | {f['accuracy']:.3f} | {f['n']:,} |"
        for name, f in ((name, figures[name]) for name in names)
    ]
    return ["| dimension | MAE | class-balanced MAE | weighted F1 | accuracy | n |", "|---|---|---|---|---|---|", *rows]


def _shown(estimate: Sequence[float | None]) -> str:
    value, low, high = estimate
    if value is None:
        return "not defined"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f}–{high:.3f})"
