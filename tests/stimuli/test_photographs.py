from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from fauve.stimuli import photographs


def test_photographs_are_everyday_sized_colour_pictures() -> None:
    taken = photographs()
    assert len(taken) >= 6
    assert len({p.name for p in taken}) == len(taken)
    for photograph in taken:
        image = photograph.load()
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[2] == 3
        assert max(image.shape) == 384
        assert np.ptp(image.astype(int), axis=2).mean() > 5, "colour"


@pytest.mark.parametrize("photograph", photographs(), ids=lambda p: p.name)
def test_captions_and_licences_can_be_printed(photograph) -> None:
    assert 10 <= len(photograph.caption.split()) <= 16
    assert photograph.caption[0].islower() or photograph.caption[:2] == "a "
    assert photograph.licence in {"public domain", "CC0", "CC BY 2.0"}
    assert photograph.credit
    assert photograph.source.startswith(("scikit-image: ", "scikit-learn: "))


@pytest.mark.parametrize("name", ["pavilion", "dahlia"])
def test_the_files_of_scikit_learn_are_what_it_loads_itself(name: str) -> None:
    taken = next(p for p in photographs() if p.name == name)
    np.testing.assert_array_equal(taken.read(), load_sample_image(taken.source.removeprefix("scikit-learn: ")))


def test_a_load_is_the_callers_own_copy() -> None:
    photograph = photographs()[0]
    first = photograph.load()
    first[:] = 0
    assert photograph.load().any()


def test_the_list_is_the_callers_own() -> None:
    photographs().clear()
    assert photographs()


@pytest.mark.parametrize("side", [128, 256])
def test_other_sizes(side: int) -> None:
    assert max(photographs()[0].load(side).shape) == side
