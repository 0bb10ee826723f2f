"""A card for every local generator, made from the table of facts: plain data, no heavy import."""

from __future__ import annotations

from fauve.models.cards import ModelCard
from fauve.models.generators.facts import System
from fauve.models.generators.systems import SYSTEMS

__all__ = ["GENERATOR_CARDS", "card_of"]


def card_of(system: System) -> ModelCard:
    """The card of one system."""
    made = {
        "full": f", tuned from {system.delta.base}",
        "separate": f", denoiser tuned from {system.delta.base}",
        "lora": f", adapter on {system.delta.base}",
        "none": "",
    }[system.delta.kind]
    about = f"{system.pipeline}{made}; {system.parameters:g} billion parameters, {system.memory_gb:g} GB in bfloat16."
    return ModelCard(
        name=system.name,
        kind="generator",
        summary=" ".join((about, *system.notes)),
        licence=system.licence,
        hub_id=system.hub_id,
        gated=system.gated,
        paper=system.paper,
        prompt_limit=max((limit.limit for limit in system.limits), default=None),
    )


GENERATOR_CARDS: dict[str, ModelCard] = {name: card_of(system) for name, system in SYSTEMS.items()}
"""A card for every local generator, by canonical name."""
