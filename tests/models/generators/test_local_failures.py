"""Failures told apart: a filter, numbers that broke, one bad request among good ones, weights that are not there."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.generators import tiny_pipelines as tiny

from fauve.errors import ConfigError, ModelError, WeightsMissing
from fauve.imaging import decode
from fauve.models.generators.local import LocalGenerator
from fauve.models.generators.pipeline_folder import PipelineSource
from fauve.models.generators.placement import choose_offload, place
from fauve.models.protocols import Generated, ImageRequest
from fauve.models.weights import file_hash
from fauve.records import Outcome

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
from huggingface_hub import constants  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.tiny_flux(tmp_path_factory.mktemp("failures") / "flux")


@pytest.fixture
def generator(folder: Path) -> LocalGenerator:
    made = LocalGenerator("flux-dev", folder, size=tiny.SIDE, steps=2, dtype="float32", batch=4)
    made.load("cpu", "float32")
    return made


def requests(*prompts: str) -> list[ImageRequest]:
    return [ImageRequest(prompt, seed) for seed, prompt in enumerate(prompts)]


def pixels(answer: Generated) -> np.ndarray:
    assert answer.data is not None, answer.reason
    return np.asarray(decode(answer.data, "answer")[0]).astype(int)


def refuse(generator: LocalGenerator, monkeypatch: pytest.MonkeyPatch, error: Any) -> list[int]:
    """Let the pipeline's text encoding raise ``error(prompts)`` where it returns one; gives the sizes of all calls."""
    pipe, sizes = generator.loaded.pipe, []
    plain = pipe.encode_prompt

    def encode(*given: Any, **named: Any) -> Any:
        sizes.append(len(named["prompt"]))
        problem = error(named["prompt"])
        if problem is not None:
            raise problem
        return plain(*given, **named)

    monkeypatch.setattr(pipe, "encode_prompt", encode)
    return sizes


def paint(generator: LocalGenerator, value: float) -> None:
    """Make the autoencoder paint one value everywhere."""
    with torch.no_grad():
        last = generator.loaded.pipe.vae.decoder.conv_out
        last.weight.zero_()
        last.bias.fill_(value)


@pytest.mark.parametrize(
    ("value", "outcome", "said"),
    [
        (-5.0, Outcome.FILTERED, "black"),
        (0.0, Outcome.FAILED, "every pixel is (128, 128, 128)"),
        (float("nan"), Outcome.FAILED, "NaN"),
    ],
)
def test_a_picture_of_one_colour_is_no_picture(
    generator: LocalGenerator, value: float, outcome: Outcome, said: str
) -> None:
    paint(generator, value)
    answer = generator.generate(requests("a cat"))[0]
    assert (answer.outcome, answer.data) == (outcome, None)
    assert said in str(answer.reason)
    assert answer.facts["forwards"] == 2


def test_one_bad_request_does_not_take_the_others_with_it(
    generator: LocalGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = generator.generate(requests("a", "b", "c", "d", "e"))
    refuse(generator, monkeypatch, lambda prompts: ValueError("this word\nand more") if "bad" in prompts else None)
    answers = generator.generate(requests("a", "b", "bad", "d", "e"))
    assert [a.outcome for a in answers] == [Outcome.OK, Outcome.OK, Outcome.FAILED, Outcome.OK, Outcome.OK]
    assert answers[2].reason == "ValueError: this word"
    for at in (0, 1, 3, 4):
        assert np.abs(pixels(answers[at]) - pixels(good[at])).max() <= 1  # batches of another size round otherwise


def test_what_runs_out_of_memory_is_run_in_smaller_batches(
    generator: LocalGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = refuse(generator, monkeypatch, lambda prompts: torch.OutOfMemoryError() if len(prompts) > 2 else None)
    assert all(a.outcome is Outcome.OK for a in generator.generate(requests("a", "b", "c", "d", "e")))
    assert sizes == [4, 2, 2, 1]


def test_a_single_picture_that_does_not_fit_stops_the_run(
    generator: LocalGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(generator, monkeypatch, lambda prompts: torch.OutOfMemoryError())
    with pytest.raises(ModelError, match="Not even a single item"):
        generator.generate(requests("a", "b"))


def test_forwards_that_were_not_predicted_are_no_picture(generator: LocalGenerator) -> None:
    generator.__dict__["system"] = replace(generator.system, guidance_rule="above one")
    answer = generator.generate(requests("a cat"))[0]
    assert answer.outcome is Outcome.FAILED
    assert "ran 2 times for an image where 4 were predicted" in str(answer.reason)


def test_nothing_is_asked_of_what_is_not_loaded(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"flux-dev is not loaded: call load"):
        LocalGenerator("flux-dev", folder, size=tiny.SIDE).generate(requests("a cat"))


class TestWeights:
    def test_a_gated_system_says_what_to_accept(self) -> None:
        with pytest.raises(
            WeightsMissing, match=r"Accept its licence at https://huggingface.co/black-forest-labs/FLUX.1-dev"
        ):
            LocalGenerator("flux-dev").check()

    def test_an_open_one_says_what_to_download(self) -> None:
        with pytest.raises(WeightsMissing, match="hf download Qwen/Qwen-Image"):
            LocalGenerator("qwen-image").check()

    def test_settings_before_the_weights_are_here_name_their_source(self) -> None:
        settings = LocalGenerator("qwen-image", revision="abc").settings
        assert (settings["weights"], settings["revision"]) == ("Qwen/Qwen-Image", "abc")

    @pytest.mark.parametrize(
        ("lost", "part"), [("text_encoder_2", "text_encoder_2"), ("vae/diffusion_pytorch_model.safetensors", "vae")]
    )
    def test_an_incomplete_pipeline_says_what_it_lacks(
        self, folder: Path, tmp_path: Path, lost: str, part: str
    ) -> None:
        here = tmp_path / "partial"
        shutil.copytree(folder, here)
        gone = here / lost
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        with pytest.raises(WeightsMissing, match=f"is here without {part}"):
            LocalGenerator("flux-dev", here).check()

    def test_a_changed_file_is_another_key(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "other")
        same = PipelineSource("x", str(tmp_path / "other"))
        assert same.identity() == PipelineSource("x", str(folder)).identity()
        config = tmp_path / "other" / "scheduler" / "scheduler_config.json"
        config.write_text(config.read_text().replace('"shift": 3.0', '"shift": 6.0'))
        assert same.identity() != PipelineSource("x", str(folder)).identity()

    def test_the_hubs_cache_is_read_where_it_lies(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As the hub's client stores it: blobs by hash, a snapshot of links, a branch that names the commit."""
        commit, repository = "c" * 40, tmp_path / "models--black-forest-labs--FLUX.1-dev"
        (repository / "blobs").mkdir(parents=True)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(commit)
        for file in (f for f in folder.rglob("*") if f.is_file()):
            blob = repository / "blobs" / file_hash(file)
            shutil.copy(file, blob)
            link = repository / "snapshots" / commit / file.relative_to(folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(blob)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
        cached = LocalGenerator("flux-dev", size=tiny.SIDE, steps=2, dtype="float32")
        cached.load("cpu", "float32")
        local = LocalGenerator("flux-dev", folder, size=tiny.SIDE, steps=2, dtype="float32")
        assert cached.settings == local.settings
        assert cached.provenance["source"] == "black-forest-labs/FLUX.1-dev"
        assert cached.generate(requests("a cat"))[0].outcome is Outcome.OK


class TestPlacement:
    def test_the_quickest_way_that_fits_is_chosen(self) -> None:
        sizes = {"transformer": 24, "text_encoder_2": 10, "vae": 1}
        assert [choose_offload(sizes, free) for free in (80, 40, 10)] == ["none", "model", "sequential"]

    def test_the_cpu_offloads_nothing(self, generator: LocalGenerator) -> None:
        with pytest.raises(ConfigError, match="nothing to offload"):
            place(generator.loaded.pipe, torch.device("cpu"), "model")
        with pytest.raises(ConfigError, match="no offload 'some'"):
            place(generator.loaded.pipe, torch.device("cpu"), "some")  # type: ignore[arg-type]
