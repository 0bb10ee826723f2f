"""Every family on a tiny random checkpoint in its published layout: text to image, image to image, seeds, batches."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.models.generators import tiny_pipelines as tiny

from fauve.errors import ConfigError
from fauve.imaging import decode
from fauve.keys import canonical_json
from fauve.models.generators.local import LocalGenerator
from fauve.models.protocols import Generated, ImageRequest
from fauve.records import Outcome

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

SYSTEM = {
    "flux": "flux-dev",
    "sd3": "sd3.5-m",
    "sdxl": "sdxl",
    "sd1": "sd1.5",
    "z-image": "z-image",
    "klein": "flux.2-klein-9b",
    "longcat": "longcat-image",
    "qwen-image": "qwen-image",
}
FORWARDS = {"flux": 4, "sd3": 8, "sdxl": 8, "sd1": 10, "z-image": 8, "klein": 4, "longcat": 8, "qwen-image": 8}
"""Of four steps: twice as many with an unconditional branch, one step more for PNDM."""
HALF = {"flux": 2, "sd3": 4, "sdxl": 4, "sd1": 6, "z-image": 4, "qwen-image": 4}
"""Of four steps at strength 0.5."""
_PLACE = TemporaryDirectory(prefix="fauve-tiny-")  # goes with the process
PROMPTS = ("a red cat", "a dog, angry and blurred", "rain")


@pytest.fixture(scope="module", params=SYSTEM)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@cache
def folder_of(family: str) -> Path:
    return tiny.BUILDERS[family](Path(_PLACE.name) / family)


@cache
def loaded(family: str, **options: Any) -> LocalGenerator:
    given = {"size": tiny.SIDE, "steps": 4, "dtype": "float32", "batch": 3, **options}
    generator = LocalGenerator(SYSTEM[family], folder_of(family), **given)
    generator.load("cpu", "float32")
    return generator


def pixels(answer: Generated) -> np.ndarray:
    assert answer.outcome is Outcome.OK, answer.reason
    assert answer.data is not None
    return np.asarray(decode(answer.data, "answer")[0]).astype(int)


def requests(*seeds: int) -> list[ImageRequest]:
    return [ImageRequest(prompt, seed) for prompt, seed in zip(PROMPTS, seeds, strict=True)]


def picture(size: tuple[int, int] = (80, 64)) -> Image.Image:
    rng = np.random.default_rng(3)
    return Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))


def test_a_prompt_and_a_seed_make_a_picture_with_the_predicted_forwards(family: str) -> None:
    for answer in loaded(family).generate(requests(1, 2, 3)):
        assert pixels(answer).shape == (tiny.SIDE, tiny.SIDE, 3)
        assert answer.facts["forwards"] == FORWARDS[family]
        assert answer.facts["truncated_tokens"] == 0


def test_an_item_of_a_batch_is_what_it_is_alone(family: str) -> None:
    generator = loaded(family)
    together = generator.generate(requests(1, 2, 3))
    alone = [generator.generate([request])[0] for request in requests(1, 2, 3)]
    for one, other in zip(together, alone, strict=True):
        assert np.abs(pixels(one) - pixels(other)).max() <= 1  # rounding to a level


def test_the_same_request_gives_the_same_bytes_and_another_seed_or_prompt_another_picture(family: str) -> None:
    generator = loaded(family)
    first = generator.generate([ImageRequest("a red cat", 1)])[0]
    assert generator.generate([ImageRequest("a red cat", 1)])[0].data == first.data
    assert np.abs(pixels(generator.generate([ImageRequest("a red cat", 2)])[0]) - pixels(first)).max() > 20
    assert np.abs(pixels(generator.generate([ImageRequest("blue smoke?", 1)])[0]) - pixels(first)).max() > 5


def test_loading_again_gives_the_same_pictures(family: str) -> None:
    again = LocalGenerator(SYSTEM[family], str(folder_of(family)), size=tiny.SIDE, steps=4, dtype="float32", batch=3)
    again.load("cpu", "float32")
    assert [a.data for a in again.generate(requests(1, 2, 3))] == [
        a.data for a in loaded(family).generate(requests(1, 2, 3))
    ]


def test_settings_are_complete_before_loading_and_name_no_place(family: str) -> None:
    generator = LocalGenerator(SYSTEM[family], folder_of(family), size=tiny.SIDE)
    generator.check()
    before = canonical_json(dict(generator.settings))
    generator.load("cpu", "float32")
    assert canonical_json(dict(generator.settings)) == before
    assert str(folder_of(family)) not in before
    assert generator.settings["weights"] == "random"
    assert generator.settings["dtype"] == "bfloat16"
    assert {p.dtype for p in generator.loaded.denoiser.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in generator.loaded.pipe.vae.parameters()} == {torch.bfloat16}
    assert generator.generate([ImageRequest("a red cat", 1)])[0].outcome is Outcome.OK


def test_image_to_image_starts_from_the_picture(family: str) -> None:
    generator = loaded(family)
    asked = [ImageRequest("a red cat", 5, image=picture(), strength=0.5)]
    if family not in HALF:
        assert "no image to image by strength" in str(generator.generate(asked)[0].reason)
        return
    answer = generator.generate(asked)[0]
    assert answer.facts["forwards"] == HALF[family]
    assert 0.3 < answer.facts["start_noise"] < 0.9
    other = ImageRequest("a red cat", 5, image=Image.new("RGB", (64, 64), "navy"), strength=0.5)
    assert np.abs(pixels(generator.generate([other])[0]) - pixels(answer)).max() > 5


def test_image_to_image_leaves_text_to_image_as_it_was(family: str) -> None:
    generator = loaded(family)
    before = generator.generate([ImageRequest("a red cat", 1)])[0].data
    generator.generate([ImageRequest("a red cat", 1, image=picture(), strength=0.5)])
    assert generator.generate([ImageRequest("a red cat", 1)])[0].data == before


def test_strength_zero_is_the_autoencoder_alone(family: str) -> None:
    generator = loaded(family)
    one, other = generator.generate(
        [ImageRequest(prompt, 1, image=picture(), strength=0.0) for prompt in ("a red cat", "something else")]
    )
    assert one.facts["forwards"] == 0
    assert one.data == other.data  # the prompt has no part in it


def test_images_start_at_the_strength_that_is_asked_for_in_one_batch() -> None:
    generator = loaded("flux")
    asked = [ImageRequest("a red cat", 1, image=picture(), strength=s) for s in (0.25, 0.75, 0.25)]
    together = generator.generate(asked)
    assert [answer.facts["forwards"] for answer in together] == [1, 3, 1]
    assert together[0].data == together[2].data
    assert together[0].facts["start_noise"] < together[1].facts["start_noise"]


@pytest.mark.parametrize("family", HALF)
def test_a_strength_is_found_that_leaves_the_picture_a_wanted_share(family: str) -> None:
    generator = loaded(family, steps=12)
    strength, share = generator.strength_for(0.6)
    answer = generator.generate([ImageRequest("a red cat", 1, image=picture(), strength=strength)])[0]
    assert answer.facts["start_noise"] == pytest.approx(share, abs=1e-6)
    assert share == pytest.approx(0.6, abs=0.12)
    assert 0.0 < generator.strength_for(0.1)[1] < share < generator.strength_for(0.95)[1]


def test_klein_edits_by_reference() -> None:
    generator = loaded("klein")
    plain, edited = generator.generate(
        [ImageRequest("a red cat", 1), ImageRequest("a red cat", 1, image=picture((64, 64)))]
    )
    assert edited.facts["forwards"] == 4
    assert np.abs(pixels(plain) - pixels(edited)).max() > 5


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (ImageRequest("a cat", 1, image=picture()), "none was given"),
        (ImageRequest("a cat", 1, strength=0.5), "no picture to start from"),
        (ImageRequest("a cat", 1, image=picture(), strength=1.5), "between 0"),
        (ImageRequest("a cat", 1, negative="ugly"), "ignores a negative prompt"),
    ],
)
def test_what_cannot_be_run_says_why_and_leaves_the_others(request_: ImageRequest, reason: str) -> None:
    wrong, right = loaded("flux").generate([request_, ImageRequest("a cat", 1)])
    assert wrong.outcome is Outcome.FAILED
    assert reason in str(wrong.reason)
    assert right.outcome is Outcome.OK


def test_any_pipeline_runs_by_its_folder() -> None:
    generator = LocalGenerator(f"diffusers:{folder_of('flux')}", size=tiny.SIDE, steps=4, dtype="float32")
    generator.load("cpu", "float32")
    assert generator.card.name == f"diffusers:{folder_of('flux').name}"
    assert generator.card.hub_id is None
    known = loaded("flux").generate([ImageRequest("a red cat", 1)])[0]
    assert generator.generate([ImageRequest("a red cat", 1)])[0].data == known.data


def test_a_pipeline_outside_the_table_runs_by_its_class(tmp_path: Path) -> None:
    """A class that no system has, with what it says of itself: its steps, its guidance, the size of its denoiser."""
    folder = tmp_path / "own"
    shutil.copytree(folder_of("sd1"), folder)
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("StableDiffusionPipeline", "StableDiffusionPAGPipeline"))
    generator = LocalGenerator(f"diffusers:{folder}", steps=2, dtype="float32")
    generator.load("cpu", "float32")
    assert (generator.settings["size"], generator.settings["guidance_scale"]) == ([64, 64], 7.5)
    plain, edited = generator.generate(
        [ImageRequest("a red cat", 1), ImageRequest("a red cat", 1, image=picture(), strength=0.9)]
    )
    assert pixels(plain).shape == (64, 64, 3)
    assert plain.facts["forwards"] > 0
    assert edited.outcome is Outcome.OK, edited.reason
    with pytest.raises(ConfigError, match="no preset 'paper'"):
        LocalGenerator(f"diffusers:{folder}", preset="paper").check()
