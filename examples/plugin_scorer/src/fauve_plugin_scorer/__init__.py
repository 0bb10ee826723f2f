"""A toy scorer that counts how many colour words of the prompt the picture keeps."""

import numpy as np

from fauve import ModelCard

COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "dark": (-1, -1, -1), "bright": (1, 1, 1)}


class WordMatch:
    card = ModelCard(name="word-match", kind="matcher", summary="Colour words of the prompt against the mean colour.")

    def score(self, images, prompts):
        means = [np.asarray(image, dtype=float).mean(axis=(0, 1)) / 127.5 - 1 for image in images]
        return [
            sum(float(mean @ np.array(way)) for word, way in COLOURS.items() if word in prompt.lower().split())
            for mean, prompt in zip(means, prompts, strict=True)
        ]
