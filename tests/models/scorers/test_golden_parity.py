"""HPSv2 and MPS against the scores that the references' own code gave on the same seeded weights (tests/oracles)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.scorers import clip_checkpoints as checkpoints
from tests.models.scorers import seeded_clip as seeded

from fauve.models.scorers.prompt_tokens import PromptTokens

GOLDEN = Path(__file__).parent / "golden"
CASES = [(model, output) for model, outputs in checkpoints.OPTIONS.items() for output in outputs]
MOST = {"hpsv2": 2e-7, "mps": 5e-6}
"""An MPS score is a cosine times 22."""


def golden(model: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads((GOLDEN / f"{model}.json").read_text(encoding="utf-8"))
    if row["inputs"] != seeded.inputs_digest():
        pytest.skip("this NumPy draws other numbers from the seeds of the golden rows")
    return row


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {model: tmp_path_factory.mktemp(model) for model in checkpoints.OPTIONS}
    for model, folder in made.items():
        checkpoints.write_checkpoint(model, folder)
    return made


@pytest.mark.parametrize(("model", "output"), CASES)
def test_references_own_code_gives_these_scores(folders: dict[str, Path], model: str, output: str) -> None:
    wanted = np.array(golden(model)["scores"][output])
    found = checkpoints.adapter_scores(model, folders[model], output)
    np.testing.assert_allclose(found, wanted, atol=MOST[model], rtol=0)


@pytest.mark.parametrize("model", checkpoints.OPTIONS)
def test_the_other_setting_gives_other_scores(folders: dict[str, Path], model: str) -> None:
    one, other = (np.array(scores) for scores in golden(model)["scores"].values())
    assert np.abs(one - other).max() > 1000 * MOST[model]
    assert np.std(one) > 1000 * MOST[model]


def test_both_versions_of_hpsv2_are_read_alike(folders: dict[str, Path]) -> None:
    wanted = golden("hpsv2")["scores"]["cosine"]
    for name in ("hpsv2.0", "hpsv2.1"):
        found = checkpoints.adapter_scores("hpsv2", folders["hpsv2"], "cosine", name=name)
        np.testing.assert_allclose(found, wanted, atol=MOST["hpsv2"], rtol=0)


def test_prompts_are_cut_into_the_references_tokens(folders: dict[str, Path]) -> None:
    tokens = PromptTokens("hpsv2.1", str(folders["hpsv2"]), mends=True)
    wanted = golden("hpsv2")["ids"]
    found = [tokens.ids([prompt])[0].tolist() for prompt in seeded.PROMPTS]
    assert found == wanted
    assert [truncated for _, truncated in tokens.counts(seeded.PROMPTS)] == [False, False, True]
    unmended = PromptTokens("hpsv2.1", str(folders["hpsv2"]), mends=False)
    assert unmended.ids([seeded.PROMPTS[1]])[0].tolist() != wanted[1]
