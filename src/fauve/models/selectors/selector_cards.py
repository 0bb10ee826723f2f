"""Cards of the selectors that are language models; plain data."""

from __future__ import annotations

from fauve.models.cards import ModelCard

__all__ = ["SELECTOR_CARDS"]

SELECTOR_CARDS: dict[str, ModelCard] = {
    card.name: card
    for card in (
        ModelCard(
            name="qwen3-vl-235b",
            kind="selector",
            summary="Qwen3-VL-235B-A22B-Instruct at any service that serves it, asked in both orders; the published "
            "ground truth came from this model under another wording.",
            licence="Apache-2.0",
            hub_id="Qwen/Qwen3-VL-235B-A22B-Instruct",
            paper="arXiv 2512.11883",
        ),
        ModelCard(
            name="gpt-5-chat",
            kind="selector",
            summary="GPT-5 Chat at any service that serves it, asked in both orders.",
            paper="arXiv 2512.11883",
        ),
        ModelCard(
            name="chat-selector",
            kind="selector",
            summary="Any vision-language model behind an OpenAI-compatible service, asked in both orders which of two "
            "pictures fits the prompt.",
        ),
    )
}
