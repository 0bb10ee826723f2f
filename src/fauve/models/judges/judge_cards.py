"""Cards and registry entries of the judges that are language models; plain data, no torch."""

from __future__ import annotations

import dataclasses
from typing import Any

from fauve.models.cards import ModelCard

__all__ = ["JUDGE_CARDS", "JUDGE_ENTRIES", "judge_card"]


def _qwen(name: str, size: str) -> ModelCard:
    return ModelCard(
        name=name,
        kind="judge",
        summary=f"Qwen3-VL-{size}-Instruct, asked for one of three levels of one dimension; expected value of its "
        "answer. Without an adapter trained for it, what it gives is its general opinion; the published adapter needs "
        "its authors' questions as `guidelines = PATH`.",
        licence="Apache-2.0",
        hub_id=f"Qwen/Qwen3-VL-{size}-Instruct",
        paper="arXiv 2512.11883, Table 7 (the 4B size with a LoRA adapter)",
        range=(0.0, 2.0),
        sees_prompt=False,
        absolute=True,
    )


JUDGE_CARDS: dict[str, ModelCard] = {
    card.name: card
    for card in (
        _qwen("qwen3-vl-2b", "2B"),
        _qwen("qwen3-vl-4b", "4B"),
        _qwen("qwen3-vl-8b", "8B"),
        _qwen("qwen3-vl-32b", "32B"),
        ModelCard(
            name="chat-judge",
            kind="judge",
            summary="A vision-language model behind an OpenAI-compatible service that returns log-probabilities; "
            "expected value over the three levels of its first token.",
            range=(0.0, 2.0),
            sees_prompt=False,
            absolute=True,
        ),
    )
}

JUDGE_ENTRIES: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        name: ("fauve.models.judges.qwen3vl:QwenJudge", {"name": name})
        for name in JUDGE_CARDS
        if name.startswith("qwen3-vl-")
    },
    "chat-judge": ("fauve.models.judges.chat:ChatJudge", {}),
}
"""For each registered name its target and options."""


def judge_card(name: str, kind: str = "qwen3-vl-4b", **other: Any) -> ModelCard:
    """The card of a name; for a name that is not listed, that of ``kind`` under the name."""
    known = JUDGE_CARDS.get(name) or JUDGE_CARDS[kind]
    return dataclasses.replace(known, name=name, **other)
