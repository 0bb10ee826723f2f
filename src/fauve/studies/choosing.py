"""Choices between two images: their places on a scale, where a tie lies between the two, and who knows the truth."""

from __future__ import annotations

__all__ = ["PLACES", "SCALE", "TRUTHS"]

SCALE = (0, 1, 2)
"""The original or default image, a tie, the anti or faithful image."""

PLACES = {"original": 0, "default": 0, "tie": 1, "anti": 2, "faithful": 2}
"""The place of every choice."""

TRUTHS = ("construction", "lab-truth")
"""Selectors that know how the pictures were made."""
