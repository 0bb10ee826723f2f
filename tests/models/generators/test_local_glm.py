"""GLM-Image on a tiny random checkpoint: a sampled plan first, then a denoiser; its traps, as a run meets them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.models.generators.tiny_glm import tiny_glm

from fauve.errors import ConfigError
from fauve.models.generators.local import LocalGenerator
from fauve.models.protocols import Generated, ImageRequest
from fauve.records import Outcome

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_glm(tmp_path_factory.mktemp("glm"))


def made(folder: Path, **options: Any) -> LocalGenerator:
    generator = LocalGenerator("glm-image", folder, **{"size": 64, "steps": 2, "dtype": "float32", **options})
    generator.load("cpu")
    return generator


@pytest.fixture(scope="module")
def generator(folder: Path) -> LocalGenerator:
    return made(folder)


def pixels(answer: Generated) -> np.ndarray[Any, Any]:
    assert answer.data is not None, answer.reason
    return np.asarray(Image.open(io.BytesIO(answer.data)).convert("RGB"), dtype=int)


def test_it_draws_what_seed_and_prompt_say_alone_as_among_others(generator: LocalGenerator) -> None:
    wanted = [ImageRequest("a cat", 1), ImageRequest("a cat", 2), ImageRequest("a dog in fog", 1)]
    together = generator.generate(wanted)
    assert [answer.outcome for answer in together] == [Outcome.OK] * 3
    assert pixels(together[0]).shape == (64, 64, 3)
    assert all(answer.facts["forwards"] == 4 for answer in together), "two steps with guidance"
    for request, answer in zip(wanted, together, strict=True):
        assert generator.generate([request])[0].data == answer.data
    assert len({answer.data for answer in together}) == 3


def test_another_load_draws_the_same(folder: Path, generator: LocalGenerator) -> None:
    request = [ImageRequest("a cat", 1)]
    assert made(folder).generate(request)[0].data == generator.generate(request)[0].data


def test_the_plan_does_not_touch_the_noise_of_the_process(generator: LocalGenerator) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    generator.generate([ImageRequest("a cat", 1)])
    assert torch.equal(torch.rand(3), expected)


def test_both_presets_differ_in_guidance_alone(folder: Path) -> None:
    request = [ImageRequest("a cat", 1)]
    answers = {}
    for preset, guidance in (("matched", 1.5), ("paper", 5.0)):
        generator = made(folder, preset=preset)
        assert generator.settings["guidance_scale"] == guidance
        assert generator.settings["negative"] is None
        assert generator.for_slot("anti").settings == generator.settings
        answers[preset] = generator.generate(request)[0]
        assert answers[preset].facts["forwards"] == 4
    assert answers["matched"].data != answers["paper"].data
    unguided = made(folder, guidance=1.0).generate(request)[0]
    assert unguided.facts["forwards"] == 2


def test_a_negative_prompt_is_a_failure_with_a_reason_and_no_error_of_the_pipeline(generator: LocalGenerator) -> None:
    bad, good = generator.generate([ImageRequest("a cat", 1, negative="sharp"), ImageRequest("a cat", 1)])
    assert bad.outcome is Outcome.FAILED
    assert bad.reason == "glm-image takes no negative prompt"
    assert good.outcome is Outcome.OK


def test_a_picture_to_edit_is_a_failure(generator: LocalGenerator) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    for strength in (None, 0.5):
        answer = generator.generate([ImageRequest("a cat", 1, image=picture, strength=strength)])[0]
        assert answer.outcome is Outcome.FAILED, strength


def test_quotes_are_read_by_the_second_encoder(generator: LocalGenerator) -> None:
    plain, quoted = generator.generate([ImageRequest("a sign saying OPEN", 1), ImageRequest('a sign saying "OPEN"', 1)])
    assert (pixels(plain) != pixels(quoted)).any()


@pytest.mark.parametrize("size", [48, (64, 80)])
def test_sides_are_multiples_of_32(folder: Path, size: Any) -> None:
    with pytest.raises(ConfigError, match="multiples of 32"):
        made(folder, size=size)
