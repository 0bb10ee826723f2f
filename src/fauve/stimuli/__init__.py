"""Stimuli: graded, seeded anti-aesthetic effects on real pictures, and real photographs to put them on.

An effect makes a contrast whose truth is known by construction: the picture that was asked for is the one that the
effect was applied to. Strength 0 is the picture itself, bit for bit; strength 1 leaves no doubt.
"""

from __future__ import annotations

from fauve.stimuli.catalogue import EFFECTS, apply
from fauve.stimuli.photographs import Photograph, photographs
from fauve.stimuli.record import Effect, Picture

__all__ = ["EFFECTS", "Effect", "Photograph", "Picture", "apply", "photographs"]
