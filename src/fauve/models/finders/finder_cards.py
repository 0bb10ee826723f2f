"""Cards of the face finders; plain data."""

from __future__ import annotations

from fauve.models.cards import ModelCard

__all__ = ["FINDER_CARDS"]

FINDER_CARDS: dict[str, ModelCard] = {
    card.name: card
    for card in (
        ModelCard(
            name="llmdet",
            kind="face finder",
            summary="LLMDet (large), an open-vocabulary detector, asked for 'a face'; the best box above a threshold.",
            licence="Apache-2.0",
            hub_id="iSEE-Laboratory/llmdet_large",
            paper="arXiv 2501.18954",
            range=(0.0, 1.0),
        ),
    )
}
