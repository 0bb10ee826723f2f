"""Steered names as generators: what is steered, what is left plain, and both ends of the dial, on tiny weights."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.models.generators import tiny_pipelines as tiny

from fauve.errors import ConfigError, UnknownName, WeightsMissing
from fauve.imaging import decode
from fauve.models.protocols import Generated, ImageRequest
from fauve.models.registry import make_generator
from fauve.models.weights import RANDOM_MARK
from fauve.records import Outcome

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
from fauve.models.generators.local import LocalGenerator  # noqa: E402
from fauve.models.generators.steered import SteeredGenerator  # noqa: E402
from fauve.models.steering.hosts import STOCK_PROCESSORS  # noqa: E402

AVOIDING = ImageRequest("a red cat", 1, "a hat and a coat")
PLAIN = ImageRequest("a red cat", 1)
BASES = {"flux": "flux-dev", "sd3": "sd3.5-m"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("steered")
    tiny.tiny_sd3_lora(folder / "sd3-lora", tiny.tiny_sd3(folder / "sd3"))
    tiny.tiny_flux_full(folder / "flux-full", tiny.tiny_flux(folder / "flux"))
    tiny.tiny_flux_lora(folder / "flux-lora", folder / "flux")
    tiny.tiny_sd1_unet(folder / "sd1-dpo", tiny.tiny_sd1(folder / "sd1"))
    whole = folder / "flux-whole"
    shutil.copytree(folder / "flux", whole)
    aligned = folder / "flux-full" / "checkpoint-ema-300-0" / "diffusion_pytorch_model.safetensors"
    shutil.copy(aligned, whole / "transformer" / "diffusion_pytorch_model.safetensors")
    return folder


def steered(name: str, weights: Path, **options: Any) -> SteeredGenerator:
    given = {"size": tiny.SIDE, "steps": 2, "dtype": "float32", **options}
    generator = SteeredGenerator(name, weights, **given)
    generator.load("cpu", "float32")
    return generator


def plain(name: str, weights: Path, **options: Any) -> np.ndarray:
    generator = LocalGenerator(name, weights, **{"size": tiny.SIDE, "steps": 2, "dtype": "float32", **options})
    generator.load("cpu", "float32")
    return pixels(generator.generate([PLAIN])[0])


def pixels(answer: Generated) -> np.ndarray:
    assert answer.data is not None, answer.reason
    return np.asarray(decode(answer.data, "answer")[0]).astype(int)


def stock(generator: SteeredGenerator) -> bool:
    processors = generator.local.loaded.pipe.transformer.attn_processors.values()
    return all(type(p).__name__ in STOCK_PROCESSORS for p in processors)


class TestGuidance:
    @pytest.mark.parametrize("family", BASES)
    @pytest.mark.parametrize("marks", ["+vsf@2.0", "+nag@5.0"])
    def test_words_to_avoid_change_the_picture_and_nothing_else(self, place: Path, family: str, marks: str) -> None:
        generator = steered(BASES[family] + marks, place / family)
        io = generator.for_slot("original").generate([PLAIN])[0]
        ia = generator.for_slot("anti").generate([AVOIDING])[0]
        base = plain(BASES[family], place / family)
        assert np.array_equal(pixels(io), base)
        assert np.abs(pixels(ia) - base).max() > 10
        assert stock(generator)
        assert "avoided" not in io.facts
        method, scale = marks[1:].split("@")
        assert (ia.facts["guidance_method"], ia.facts["guidance_strength"]) == (method, float(scale))
        assert ia.facts["avoided"] == AVOIDING.negative
        # SD3 runs its own guidance besides, which doubles the forwards of both
        assert ia.facts["forwards"] == io.facts["forwards"] == (2 if family == "flux" else 4)

    @pytest.mark.parametrize("family", BASES)
    def test_an_infinite_bias_is_the_plain_generator(self, place: Path, family: str) -> None:
        generator = steered(f"{BASES[family]}+vsf@2.0", place / family, bias=math.inf)
        difference = np.abs(pixels(generator.generate([AVOIDING])[0]) - plain(BASES[family], place / family))
        assert difference.max() <= 1
        assert generator.settings["bias"] == "infinity"

    def test_the_real_guidance_of_the_preset_stays_unless_told_otherwise(self, place: Path) -> None:
        assert steered("flux-dev+vsf@2.0", place / "flux").settings["guidance_scale"] == 3.5
        other = steered("flux-dev+vsf@2.0", place / "flux", guidance=1.0)
        assert other.settings["guidance_scale"] == 1.0
        assert np.abs(pixels(other.generate([AVOIDING])[0]) - plain("flux-dev", place / "flux")).max() > 10

    def test_the_released_mode_is_another_one(self, place: Path) -> None:
        pair = [steered("flux-dev+vsf@2.0", place / "flux", mode=mode) for mode in ("intended", "released")]
        shown = [pixels(one.generate([AVOIDING])[0]) for one in pair]
        assert not np.array_equal(*shown)
        assert pair[0].settings != pair[1].settings

    def test_avoid_stands_in_where_a_request_has_no_words_but_not_for_io(self, place: Path) -> None:
        generator = steered("flux-dev+vsf@2.0", place / "flux", avoid="a hat and a coat")
        alone, ia, io = (g.generate([PLAIN])[0] for g in (generator, *map(generator.for_slot, ("anti", "original"))))
        by_request = generator.generate([AVOIDING])[0]
        assert np.array_equal(pixels(alone), pixels(by_request))
        assert np.array_equal(pixels(ia), pixels(by_request))
        assert np.array_equal(pixels(io), plain("flux-dev", place / "flux"))
        own = generator.generate([ImageRequest("a red cat", 1, "a boat")])[0]
        assert own.facts["avoided"] == "a boat"

    def test_without_words_a_request_fails_with_the_remedy_and_takes_no_other_with_it(self, place: Path) -> None:
        generator = steered("flux-dev+vsf@2.0", place / "flux").for_slot("anti")
        answers = generator.generate([AVOIDING, PLAIN, ImageRequest("a dog", 2, " "), AVOIDING])
        assert [a.outcome for a in answers] == [Outcome.OK, Outcome.FAILED, Outcome.FAILED, Outcome.OK]
        assert "`negative = true` under [prompts]" in str(answers[1].reason)
        assert "`avoid`" in str(answers[1].reason)
        assert np.array_equal(pixels(answers[0]), pixels(answers[3]))

    def test_a_request_that_fails_leaves_the_others_and_the_attention_alone(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        generator = steered("flux-dev+vsf@2.0", place / "flux", batch=4)
        transformer = generator.local.loaded.pipe.transformer
        plain_forward, seen = transformer.forward, []

        def forward(*given: Any, **named: Any) -> Any:
            rows = named["hidden_states"].shape[0]
            seen.append(rows)
            if rows > 1 or len(seen) == 2:
                raise ValueError("a pipeline broke off")
            return plain_forward(*given, **named)

        monkeypatch.setattr(transformer, "forward", forward)
        answers = generator.generate([AVOIDING] * 3)
        assert [a.outcome for a in answers].count(Outcome.FAILED) == 1
        assert [a.outcome for a in answers].count(Outcome.OK) == 2
        assert stock(generator)

    def test_a_base_can_be_told_to_leave_negatives_out(self, place: Path) -> None:
        made = {
            n: LocalGenerator("flux-dev", place / "flux", size=64, steps=2, dtype="float32", negative=n)
            for n in (None, False)
        }
        for generator in made.values():
            generator.load()
        assert made[None].generate([AVOIDING])[0].outcome is Outcome.FAILED
        assert np.array_equal(pixels(made[False].generate([AVOIDING])[0]), plain("flux-dev", place / "flux"))
        assert made[None].settings != made[False].settings

    def test_different_words_in_one_batch_do_not_mix(self, place: Path) -> None:
        generator = steered("flux-dev+vsf@2.0", place / "flux", batch=4)
        asked = [ImageRequest("a red cat", 1, words) for words in ("a hat and a coat", "a boat", "a hat and a coat")]
        together = [pixels(a) for a in generator.generate(asked)]
        for one, request in zip(together, asked, strict=True):
            assert np.abs(one - pixels(generator.generate([request])[0])).max() <= 1
        assert np.abs(together[0] - together[1]).max() > 1

    @pytest.mark.parametrize("family", BASES)
    def test_editing_is_steered_too(self, place: Path, family: str) -> None:
        picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
        generator = steered(f"{BASES[family]}+vsf@3.0", place / family, steps=4)
        edits = [ImageRequest("a red cat", 1, words, picture, 0.5) for words in ("a hat and a coat", None)]
        one, other = generator.generate(edits[:1])[0], generator.for_slot("original").generate(edits[1:])[0]
        assert np.abs(pixels(one) - pixels(other)).max() > 5
        assert one.facts["start_noise"] == other.facts["start_noise"]
        control = generator.generate([ImageRequest("a red cat", 1, "a hat", picture, 0.0)])[0]
        assert "avoided" not in control.facts
        assert stock(generator)

    def test_the_tokens_of_the_negative_prompt_are_counted_without_padding(self, place: Path) -> None:
        answer = steered("flux-dev+vsf@2.0", place / "flux").generate([AVOIDING])[0]
        assert 1 < answer.facts["negative_tokens"] < 30
        assert answer.facts["mode"] == "intended"

    def test_a_strength_can_be_changed_without_loading_again(self, place: Path) -> None:
        generator = steered("flux-dev+vsf@1.0", place / "flux")
        stronger = generator.at("flux-dev+vsf@4.0")
        fresh = steered("flux-dev+vsf@4.0", place / "flux")
        assert stronger.local.loaded is generator.local.loaded
        assert np.array_equal(pixels(stronger.generate([AVOIDING])[0]), pixels(fresh.generate([AVOIDING])[0]))
        off = generator.at("flux-dev")
        assert np.array_equal(pixels(off.generate([PLAIN])[0]), plain("flux-dev", place / "flux"))
        with pytest.raises(ConfigError, match="Make another generator"):
            generator.at("sd3.5-m+vsf@4.0")


class TestDial:
    @pytest.mark.parametrize(
        ("name", "base", "weights", "options"),
        [
            ("sd3.5-m-geneval", "sd3.5-m", "sd3", {"delta": "sd3-lora"}),
            ("dance-flux", "flux-dev", "flux", {"delta": "flux-full"}),
            ("dance-flux", "flux-dev", "flux", {"delta": "flux-full", "dial_by": "predictions"}),
            ("sd3.5-m-geneval", "sd3.5-m", "sd3", {"delta": "sd3-lora", "dial_by": "predictions"}),
            ("pref-flux", "flux-dev", "flux-whole", {"base_weights": "flux"}),
            ("sd1.5-dpo", "sd1.5", "sd1", {"delta": "sd1-dpo"}),
        ],
    )
    def test_its_ends_are_the_base_and_the_aligned_model(
        self, place: Path, name: str, base: str, weights: str, options: dict[str, Any]
    ) -> None:
        given = {k: place / v if k != "dial_by" else v for k, v in options.items()}
        generator = steered(f"{name}~0.5", place / weights, **given)
        at = {where: pixels(generator.at(f"{name}~{where}").generate([PLAIN])[0]) for where in (0.5, 0, 1, 0.5)}
        base_folder = given.get("base_weights", place / weights)
        own = {k: v for k, v in given.items() if k == "delta"}
        assert np.array_equal(at[0], plain(base, base_folder))
        assert np.array_equal(at[1], plain(name, place / weights, **own))
        assert np.abs(at[0.5] - at[0]).max() > 3
        assert np.abs(at[0.5] - at[1]).max() > 3
        assert np.array_equal(at[0.5], pixels(generator.generate([PLAIN])[0]))  # whoever was dialled in between

    def test_a_pipeline_of_ones_own_is_dialled_by_its_adapter(self, place: Path) -> None:
        name = f"diffusers:{place / 'flux'}"
        adapted = LocalGenerator(name, delta=place / "flux-lora", size=64, steps=2, dtype="float32")
        adapted.load()
        generator = SteeredGenerator(f"{name}~0", delta=place / "flux-lora", size=64, steps=2, dtype="float32")
        generator.load()
        bare = plain(name, place / "flux")
        assert np.array_equal(pixels(generator.generate([PLAIN])[0]), bare)
        full = pixels(generator.at(f"{name}~1").generate([PLAIN])[0])
        assert np.array_equal(full, pixels(adapted.generate([PLAIN])[0]))
        assert np.abs(full - bare).max() > 10
        assert generator.card.name == "diffusers:flux~0.0"
        assert str(place) not in str(generator.settings)

    def test_settings_flag_what_lies_outside(self, place: Path) -> None:
        flags = {}
        for strength in (-0.5, 0.5, 1.5):
            generator = SteeredGenerator(
                f"sd3.5-m-geneval~{strength}", place / "sd3", delta=place / "sd3-lora", size=64
            )
            flags[strength] = generator.settings["dial_extrapolates"]
            assert generator.settings["dial"] == "lora"
        assert flags == {-0.5: True, 0.5: False, 1.5: True}

    def test_mixed_predictions_cost_two_forwards(self, place: Path) -> None:
        name, given = "dance-flux", {"delta": place / "flux-full", "dial_by": "predictions"}
        generator = steered(f"{name}~0.5", place / "flux", **given)
        assert generator.generate([PLAIN])[0].facts["forwards"] == 4
        assert generator.at(f"{name}~1").generate([PLAIN])[0].facts["forwards"] == 2

    def test_dial_and_guidance_together(self, place: Path) -> None:
        generator = steered("dance-flux~0+vsf@2.0", place / "flux", delta=place / "flux-full")
        base = steered("flux-dev+vsf@2.0", place / "flux")
        assert np.array_equal(pixels(generator.generate([AVOIDING])[0]), pixels(base.generate([AVOIDING])[0]))

    @pytest.mark.parametrize(
        ("name", "options", "said"),
        [
            ("flux-krea~0.5", {}, "another raw model .* allow_invalid"),
            ("playground-v2.5~0.5", {}, "noise parametrisation"),
            ("playground-v2.5~0.5", {"dial_by": "predictions"}, "noise parametrisation"),
            ("z-image-turbo~0.5", {}, "nothing to dial"),
            ("sd3.5-m~0.5", {}, r"sd3.5-m-geneval~0.5 or sd3.5-m-pickscore~0.5"),
            ("dance-flux~0.5", {"dial_by": "lora"}, "dialled by its weights"),
            ("sd3.5-m-geneval~0.5", {"dial_by": "weights"}, "dialled by its lora"),
            ("dance-flux~0.5", {"dial_by": "hope"}, "no dial 'hope'"),
            ("sd3.5-m-geneval~0.5", {"adapter_strength": 0.5}, "not both"),
            ("dance-flux~0.5+vsf@2", {"dial_by": "predictions"}, "two"),
            ("dance-flux~0.5", {"avoid": "hats"}, "belong to guidance"),
            ("z-image+vsf@2", {}, "ZImagePipeline cannot be steered inside its attention.*give it a negative prompt"),
            ("flux.2-klein-9b+vsf@2", {}, "takes no negative prompt either"),
            ("flux-dev+vsf@2", {"call": {"true_cfg_scale": 2.0}}, "exclude each other"),
            ("flux-dev+vsf@2", {"avoid": " "}, "`avoid` is empty"),
            ("flux-dev+vsf@2", {"mode": "paper"}, "no mode 'paper'"),
            ("flux-dev+nag@0.5", {}, "1 or more"),
            ("flux-dev+nag@5", {"mode": "released"}, "belong to VSF"),
        ],
    )
    def test_what_cannot_be_is_said_before_anything_is_loaded(
        self, name: str, options: dict[str, Any], said: str
    ) -> None:
        with pytest.raises(ConfigError, match=said):
            SteeredGenerator(name, **options)

    def test_an_invalid_line_can_be_asked_for(self, place: Path) -> None:
        generator = steered("flux-krea~0.5", place / "flux-whole", base_weights=place / "flux", allow_invalid=True)
        assert generator.generate([PLAIN])[0].outcome is Outcome.OK

    def test_a_base_that_is_missing_says_what_to_accept(self, place: Path) -> None:
        with pytest.raises(WeightsMissing, match=r"flux-dev: .*huggingface.co/black-forest-labs/FLUX.1-dev"):
            SteeredGenerator("pref-flux~0.5", place / "flux-whole").check()


class TestRegistry:
    def test_a_steered_name_is_a_name(self, place: Path) -> None:
        made = make_generator("dance-flux~0.50+VSF@2", {"weights": place / "flux", "delta": place / "flux-full"})
        assert isinstance(made, SteeredGenerator)
        assert made.card.name == "dance-flux~0.5+vsf@2.0"
        assert isinstance(make_generator(f"diffusers:{place / 'flux'}+vsf@2"), SteeredGenerator)

    def test_a_folder_may_have_marks_in_its_name(self, place: Path, tmp_path: Path) -> None:
        folder = tmp_path / "mine~1"
        shutil.copytree(place / "flux", folder)
        assert isinstance(make_generator(f"diffusers:{folder}"), LocalGenerator)
        assert isinstance(make_generator("diffusers:~/models/flux"), LocalGenerator)

    def test_only_what_runs_here_can_be_steered(self) -> None:
        for name in ("nano-banana+vsf@2", "seedream-4~0.5", "openai-images:mine+nag@5"):
            with pytest.raises(ConfigError, match="negative prompt"):
                make_generator(name)
        with pytest.raises(UnknownName, match="Did you mean 'dance-flux'"):
            make_generator("dance-flx~0.5")
        with pytest.raises(UnknownName, match="guidance"):
            make_generator("flux-dev+vfs@2")

    def test_untrained_weights_are_marked_wherever_they_come_from(self, place: Path, tmp_path: Path) -> None:
        trained = tmp_path / "trained"
        shutil.copytree(place / "flux", trained)
        (trained / RANDOM_MARK).unlink()
        marked = tmp_path / "marked"
        shutil.copytree(place / "flux-full", marked)

        def said(weights: Path, delta: Path) -> Any:
            return make_generator("dance-flux~0.5", {"weights": weights, "delta": delta}).settings.get("weights")

        assert said(place / "flux", place / "flux-full") == "random"
        assert said(trained, marked) is None
        (marked / RANDOM_MARK).touch()
        assert said(trained, marked) == "random"
        made = make_generator("pref-flux~0.5", {"weights": trained, "base_weights": place / "flux"})
        assert made.settings["weights"] == "random"
