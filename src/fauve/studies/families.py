"""Families of generators: which model was really aligned from which, and on what.

Only models whose weights start from the base's stand here. FLUX.1 Krea starts from another raw model than FLUX.1 dev,
Playground v2.5 shares SDXL's architecture but not its weights, and the Turbo, schnell and klein models are distilled
rather than aligned; beside any of them a base would explain nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAMILIES", "Variant"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A generator aligned from ``base``; ``tuned_on`` says on what.

    ``control`` marks a variant tuned on something other than taste: it shows what further training does by itself.
    """

    name: str
    base: str
    tuned_on: str
    control: bool = False


FAMILIES: tuple[Variant, ...] = (
    Variant("dance-flux", "flux-dev", "HPSv2.1 rewards (DanceGRPO, arXiv 2505.07818)"),
    Variant("pref-flux", "flux-dev", "pairwise win rates (Pref-GRPO, arXiv 2508.20751)"),
    Variant("sd3.5-m-pickscore", "sd3.5-m", "PickScore rewards (Flow-GRPO, arXiv 2505.05470)"),
    Variant("sd3.5-m-geneval", "sd3.5-m", "counts and places of objects (Flow-GRPO, arXiv 2505.05470)", control=True),
    Variant("sd1.5-dpo", "sd1.5", "human choices of Pick-a-Pic (Diffusion-DPO, arXiv 2311.12908)"),
    Variant("alchemist", "sd3.5-large", "3,350 curated images, supervised (Alchemist)"),
)
