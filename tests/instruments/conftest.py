from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fauve.stimuli import photographs


@pytest.fixture(scope="session")
def pictures() -> dict[str, NDArray[np.uint8]]:
    """The real photographs at 384 px by name; not to be changed."""
    loaded = {photograph.name: photograph.load() for photograph in photographs()}
    for picture in loaded.values():
        picture.setflags(write=False)
    return loaded
