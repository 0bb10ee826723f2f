"""Captioners: what a picture shows, in plain words and without interpretation."""

from fauve.models.captioners.captioning import Captioned, Captioner
from fauve.models.captioners.names import CAPTIONERS, captioners, make_captioner

__all__ = ["CAPTIONERS", "Captioned", "Captioner", "captioners", "make_captioner"]
