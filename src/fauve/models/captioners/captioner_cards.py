"""Cards of the captioners; plain data."""

from __future__ import annotations

from fauve.models.cards import ModelCard

__all__ = ["CAPTIONER_CARDS"]

CAPTIONER_CARDS: dict[str, ModelCard] = {
    card.name: card
    for card in (
        ModelCard(
            name="blip-caption-l",
            kind="captioner",
            summary="BLIP (large) tuned on COCO captions; one short sentence a picture, without interpreting words.",
            licence="BSD-3-Clause",
            hub_id="Salesforce/blip-image-captioning-large",
            paper="arXiv 2201.12086",
        ),
        ModelCard(
            name="blip-caption-b",
            kind="captioner",
            summary="BLIP (base) tuned on COCO captions; one short sentence a picture, without interpreting words.",
            licence="BSD-3-Clause",
            hub_id="Salesforce/blip-image-captioning-base",
            paper="arXiv 2201.12086",
        ),
        ModelCard(
            name="chat-captioner",
            kind="captioner",
            summary="Any vision-language model behind an OpenAI-compatible service, asked for what is to be seen and "
            "nothing else.",
        ),
    )
}
