"""Presets at work, and the traps of each family: what looks like the same call and is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.generators import tiny_pipelines as tiny

from fauve.errors import ConfigError, UnknownName, WeightsMismatch
from fauve.imaging import decode
from fauve.models.generators.local import LocalGenerator
from fauve.models.protocols import ImageRequest
from fauve.records import Outcome

torch = pytest.importorskip("torch")
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("presets")
    made = {name: build(place / name) for name, build in tiny.BUILDERS.items() if name != "sd3"}
    made["playground"] = tiny.tiny_sdxl(place / "playground", edm=True, variant="fp16")
    made["undistilled"] = tiny.tiny_klein(place / "undistilled", distilled=False)
    made["checked"] = tiny.tiny_sd1(place / "checked", safety_checker=True)
    return made


def made(name: str, folder: Path, **options: Any) -> LocalGenerator:
    generator = LocalGenerator(name, folder, **{"size": tiny.SIDE, "steps": 3, "dtype": "float32", **options})
    generator.load("cpu", "float32")
    return generator


def picture(generator: LocalGenerator, prompt: str = "a red cat", **request: Any) -> np.ndarray:
    answer = generator.generate([ImageRequest(prompt, 1, **request)])[0]
    assert answer.data is not None, answer.reason
    return np.asarray(decode(answer.data, "answer")[0]).astype(int)


def forwards(generator: LocalGenerator, **request: Any) -> int:
    answer = generator.generate([ImageRequest("a red cat", 1, **request)])[0]
    assert answer.outcome is Outcome.OK, answer.reason
    return int(answer.facts["forwards"])


class TestSlots:
    def test_paper_samples_io_and_ia_differently_on_one_pipeline(self, folders: dict[str, Path]) -> None:
        original = LocalGenerator("sdxl", folders["sdxl"], preset="paper", size=tiny.SIDE, steps=3, dtype="float32")
        anti = original.for_slot("anti")
        anti.load("cpu", "float32")
        assert original.loaded is anti.loaded
        assert (original.settings["negative"], anti.settings["negative"]) == (None, "")
        # zeros against the encoding of an empty text
        assert np.abs(picture(original) - picture(anti)).max() > 5

    def test_matched_samples_both_alike(self, folders: dict[str, Path]) -> None:
        original = made("sdxl", folders["sdxl"])
        anti = original.for_slot("anti")
        assert original.settings == anti.settings
        assert np.array_equal(picture(original), picture(anti))

    def test_an_empty_negative_is_none_for_sd1(self, folders: dict[str, Path]) -> None:
        generator = made("sd1.5", folders["sd1"], preset="paper")
        assert np.array_equal(picture(generator), picture(generator.for_slot("anti")))

    def test_published_steps_and_guidance_reach_the_pipeline(self, folders: dict[str, Path]) -> None:
        generator = LocalGenerator("z-image-turbo", folders["z-image"], preset="paper", size=tiny.SIDE, dtype="float32")
        generator.load("cpu", "float32")
        assert generator.settings["guidance_scale"] == 1.0
        assert forwards(generator) == 16  # guidance on a model distilled to go without it


class TestGuidance:
    def test_flux_is_guided_by_an_input_and_ignores_an_empty_negative(self, folders: dict[str, Path]) -> None:
        generator = made("flux-dev", folders["flux"])
        assert np.array_equal(picture(generator), picture(made("flux-dev", folders["flux"], negative="")))
        assert np.abs(picture(generator) - picture(made("flux-dev", folders["flux"], guidance=1.0))).max() > 5

    def test_flux_takes_a_negative_with_true_guidance(self, folders: dict[str, Path]) -> None:
        generator = made("flux-dev", folders["flux"], call={"true_cfg_scale": 3.0})
        assert forwards(generator) == 3
        assert forwards(generator, negative="ugly") == 6
        assert np.abs(picture(generator) - picture(generator, negative="ugly")).max() > 5

    def test_z_image_is_guided_above_zero(self, folders: dict[str, Path]) -> None:
        assert forwards(made("z-image", folders["z-image"], guidance=0.0)) == 3
        assert forwards(made("z-image", folders["z-image"], guidance=0.5)) == 6

    def test_z_image_dresses_a_prompt_once(self, folders: dict[str, Path]) -> None:
        generator = made("z-image", folders["z-image"])
        request = ImageRequest("a red cat", 1)
        first, second = generator.generate([request])[0], generator.generate([request])[0]
        assert request.prompt == "a red cat"
        assert first.data == second.data

    def test_qwen_image_is_guided_only_beside_a_negative(self, folders: dict[str, Path]) -> None:
        assert forwards(made("qwen-image", folders["qwen-image"])) == 6
        paper = made("qwen-image", folders["qwen-image"], preset="paper")
        assert forwards(paper) == 3
        assert forwards(paper.for_slot("anti")) == 6
        assert made("qwen-image", folders["qwen-image"], negative=False).settings["negative"] is None

    def test_distilled_klein_has_no_guidance(self, folders: dict[str, Path]) -> None:
        one, four = (made("flux.2-klein-9b", folders["klein"], guidance=g) for g in (0.0, 4.0))
        assert np.array_equal(picture(one), picture(four))
        assert forwards(four) == 3
        assert forwards(made("flux.2-klein-9b", folders["undistilled"], guidance=4.0)) == 6

    def test_klein_takes_no_negative(self, folders: dict[str, Path]) -> None:
        answer = made("flux.2-klein-9b", folders["klein"]).generate([ImageRequest("a cat", 1, negative="")])[0]
        assert "takes no negative" in str(answer.reason)
        with pytest.raises(ConfigError, match="takes no negative"):
            LocalGenerator("flux.2-klein-9b", folders["klein"], negative="ugly")

    def test_another_text_length_is_another_picture(self, folders: dict[str, Path]) -> None:
        shorter = made("flux-dev", folders["flux"], call={"max_sequence_length": 256})
        assert shorter.settings["call"] == {"max_sequence_length": 256}
        assert not np.array_equal(picture(shorter), picture(made("flux-dev", folders["flux"])))


class TestWhatIsPublished:
    def test_playground_keeps_its_scheduler_and_its_autoencoders_statistics(self, folders: dict[str, Path]) -> None:
        generator = made("playground-v2.5", folders["playground"])
        assert type(generator.loaded.pipe.scheduler).__name__ == "EDMDPMSolverMultistepScheduler"
        assert generator.loaded.pipe.vae.config.latents_mean
        assert forwards(generator) == 6

    def test_files_that_have_only_the_half_precision_variant_are_read(self, folders: dict[str, Path]) -> None:
        assert list((folders["playground"] / "unet").glob("*.fp16.safetensors"))
        assert not (folders["playground"] / "unet" / "diffusion_pytorch_model.safetensors").exists()
        assert len(made("playground-v2.5", folders["playground"]).settings["weights_sha256"]) == 64

    def test_longcat_does_not_rewrite(self, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
        generator = made("longcat-image", folders["longcat"])
        kind = type(generator.loaded.pipe)
        monkeypatch.setattr(kind, "rewire_prompt", lambda *_: pytest.fail("the prompt was rewritten"), raising=True)
        assert forwards(generator) == 6

    def test_a_folder_of_another_class_is_refused(self, folders: dict[str, Path]) -> None:
        with pytest.raises(WeightsMismatch, match="is a FluxPipeline, and this generator is a Flux2KleinPipeline"):
            made("flux.2-klein-9b", folders["flux"])

    def test_the_safety_checker_marks_and_does_not_blacken(self, folders: dict[str, Path]) -> None:
        generator = made("sd1.5", folders["checked"])
        answer = generator.generate([ImageRequest("a red cat", 1)])[0]
        assert answer.outcome is Outcome.OK
        assert answer.facts["safety_flagged"] is True
        assert np.array_equal(picture(generator), picture(made("sd1.5", folders["sd1"])))


class TestLength:
    LONG = "a small red cat on a chair " * 5  # 27 · 5 letters, more than 77 tokens of one letter

    def test_what_is_cut_has_no_effect_and_is_counted(self, folders: dict[str, Path]) -> None:
        generator = made("sdxl", folders["sdxl"])
        answer = generator.generate([ImageRequest(self.LONG, 1)])[0]
        assert answer.facts["truncated_tokens"] == answer.facts["tokens"]["tokenizer"] - 77 > 0
        assert np.array_equal(picture(generator, self.LONG), picture(generator, self.LONG + "in flames"))

    def test_in_chunks_the_tail_counts(self, folders: dict[str, Path]) -> None:
        generator = made("sdxl", folders["sdxl"], long_prompt="chunk")
        answer = generator.generate([ImageRequest(self.LONG, 1)])[0]
        assert (answer.facts["truncated_tokens"], answer.facts["chunks"]) == (0, 2)
        assert np.abs(picture(generator, self.LONG) - picture(generator, self.LONG + "in flames")).max() > 2

    @pytest.mark.parametrize(("name", "folder"), [("sdxl", "sdxl"), ("sd1.5", "sd1")])
    @pytest.mark.parametrize("negative", ["", False, "ugly"])
    def test_a_short_prompt_in_a_chunk_is_the_plain_one(
        self, folders: dict[str, Path], name: str, folder: str, negative: str | bool
    ) -> None:
        plain = made(name, folders[folder], negative=negative)
        chunked = made(name, folders[folder], negative=negative, long_prompt="chunk")
        assert np.array_equal(picture(plain), picture(chunked))

    def test_chunks_of_one_prompt_do_not_change_another(self, folders: dict[str, Path]) -> None:
        generator = made("sdxl", folders["sdxl"], long_prompt="chunk", batch=2)
        requests = [ImageRequest("a red cat", 1), ImageRequest(self.LONG, 2)]
        together = generator.generate(requests)
        assert [a.data for a in together] == [generator.generate([r])[0].data for r in requests]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"preset": "card"}, "no preset 'card'"),
        ({"size": 50}, "multiples of 16"),
        ({"size": [64]}, "width and height"),
        ({"steps": 0}, "at least one"),
        ({"long_prompt": "chunk"}, "long_prompt is 'cut'"),
        ({"negative": True}, "False for none"),
        ({"dtype": "fp8"}, "no number format"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_read(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        LocalGenerator("flux-dev", **options)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'flux-krea'"):
        LocalGenerator("flux-kreea")
