"""02: audit a scorer of your own. Any function of (images, prompts) that returns one number a row will do.

    cd examples && fauve doctor --scorer 02_own_scorer:reddish
    cd examples && fauve audit 02_own_scorer:reddish --out /tmp/audit

Its scores appear beside the controls: does it keep to the prompt, or to its own taste?
"""

import numpy as np


def reddish(images, prompts):
    """Likes red pictures, and likes them more when the prompt says so."""
    redness = [np.asarray(image, dtype=float)[..., 0].mean() / 255 for image in images]
    return [r * (2 if "red" in prompt.split() else 1) for r, prompt in zip(redness, prompts, strict=True)]
