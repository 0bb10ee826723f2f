"""Two small generators, a judge and a reward for examples/pixelated.toml: a dimension of one's own without any weights.

    cd examples && fauve run pixelated.toml --out /tmp/pixelated

The generators know six photographs by their captions. One shows what the prompt asks for, the other tidies it up.
"""

import io
from typing import ClassVar

import numpy as np
from PIL import Image

from fauve.models.cards import ModelCard
from fauve.models.protocols import Generated
from fauve.prompts.wording import kept_share
from fauve.records import Outcome
from fauve.stimuli import apply, photographs

SIDE = 256


class Listens:
    """Shows the photograph whose caption the prompt keeps, in squares or in the dark where the prompt asks for it."""

    card = ModelCard(name="listens", kind="generator", summary="photographs, as the prompt asks for them")
    settings: ClassVar = {"revision": 1, "side": SIDE}  # everything that can change a picture
    weightless = True  # worker processes may share the work
    taste = 0.0  # how far it tidies up what was asked for, 0 to 1

    def load(self, device, dtype):
        """Nothing to load."""

    def generate(self, requests):
        """One PNG a request."""
        return [Generated(Outcome.OK, self.picture(request.prompt, request.seed)) for request in requests]

    def picture(self, prompt, seed):
        photograph = max(photographs(), key=lambda one: kept_share(one.caption, prompt))
        pixels = crop(photograph.load(SIDE), seed)
        for words, effect in (("square pixels", "pixelate"), ("exposure is ruined", "underexposure")):
            if words in prompt.lower() and self.taste < 1:
                pixels = apply(effect, pixels, 1.0 - self.taste, seed)
        png = io.BytesIO()
        Image.fromarray(pixels).save(png, "PNG")
        return png.getvalue()


class Tidies(Listens):
    """The same, but for a taste that leaves little of what was asked for."""

    card = ModelCard(name="tidies", kind="generator", summary="photographs, tidied up")
    settings: ClassVar = {"revision": 1, "side": SIDE, "taste": 0.9}
    taste = 0.9


class Squares:
    """J of `pixelated`, measured: in a picture of squares, most pixels equal their left neighbour."""

    card = ModelCard(name="squares", kind="judge", summary="share of pixels that equal their left neighbour")
    settings: ClassVar = {"revision": 1}
    dimensions = ("pixelated",)
    weightless = True

    def load(self, device, dtype):
        """Nothing to load."""

    def judge(self, images):
        """0 where at least 9 of 10 pixels equal their neighbour, 2 where at most half do; shape (images, 1)."""
        return np.array([[2 * np.clip((0.9 - equal_neighbours(image)) / 0.4, 0, 1)] for image in images])


def hears_squares(images, prompts):
    """A reward that likes squares exactly where the prompt asks for them."""
    signs = [1 if "square pixels" in prompt.lower() else -1 for prompt in prompts]
    return [sign * equal_neighbours(image) for sign, image in zip(signs, images, strict=True)]


def equal_neighbours(image):
    pixels = np.asarray(image)
    return float((pixels[:, 1:] == pixels[:, :-1]).all(axis=-1).mean())


def crop(pixels, seed):
    """Another detail for another seed: nine tenths of either side."""
    rng = np.random.default_rng(seed)
    height, width, _ = pixels.shape
    top, left = int(rng.integers(0, height // 10 + 1)), int(rng.integers(0, width // 10 + 1))
    return np.ascontiguousarray(pixels[top : top + height * 9 // 10, left : left + width * 9 // 10])
