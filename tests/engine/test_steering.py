"""A prompt at several strengths: which pictures are made, that they share their noise, and failures kept apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.models.generators import tiny_pipelines as tiny

from fauve.engine.jobs import AdapterSpec
from fauve.engine.steering import DIALS, STRENGTHS, Trial, rungs, steer
from fauve.errors import ConfigError, UnknownName
from fauve.imaging import decode
from fauve.models.protocols import Generated, ImageRequest
from fauve.records import Outcome

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
from fauve.models.generators.local import LocalGenerator  # noqa: E402
from fauve.models.generators.steered import SteeredGenerator  # noqa: E402

POLISH = (AdapterSpec("scorer", "polish"),)


def names(**trial: Any) -> list[str]:
    return [str(rung.name) for rung in rungs(Trial(**{"prompt": "a street", "model": "dance-flux", **trial}))]


class TestRungs:
    def test_guidance_climbs_from_the_plain_picture(self) -> None:
        assert names(avoid="cars") == ["dance-flux", *(f"dance-flux+vsf@{a}" for a in STRENGTHS["vsf"])]
        assert names(avoid="cars", method="nag", strengths=(5, 3)) == [
            "dance-flux", "dance-flux+nag@3.0", "dance-flux+nag@5.0",
        ]  # fmt: skip

    def test_a_steered_name_is_taken_at_its_word(self) -> None:
        assert names(model="dance-flux+nag@7", avoid="cars") == ["dance-flux", "dance-flux+nag@7.0"]
        assert names(model="dance-flux~0.5", avoid="cars", strengths=(2,)) == [
            "dance-flux~0.5", "dance-flux~0.5+vsf@2.0",
        ]  # fmt: skip

    def test_the_dial_is_compared_with_the_published_model(self) -> None:
        ladder = rungs(Trial("a street", "dance-flux", dials=DIALS))
        assert [str(r.name) for r in ladder] == [f"dance-flux~{l_}" for l_ in DIALS]
        assert [r.label for r in ladder if r.reference] == ["1, as published"]
        assert names(dials=(0.5,)) == ["dance-flux~1.0", "dance-flux~0.5"]

    def test_the_dial_is_turned_under_one_strength(self) -> None:
        assert names(dials=(0, 1), avoid="cars") == [
            "dance-flux~1.0",
            "dance-flux~0.0+vsf@2.0",
            "dance-flux~1.0+vsf@2.0",
        ]

    def test_every_ladder_has_one_picture_to_compare_with(self) -> None:
        for given in ({"avoid": "cars"}, {"dials": (0, 0.5)}, {"dials": (1,)}, {"dials": (-1, 2), "avoid": "cars"}):
            ladder = rungs(Trial("a street", "dance-flux", **given))
            assert sum(rung.reference for rung in ladder) == 1
            assert len({str(rung.name) for rung in ladder}) == len(ladder)

    @pytest.mark.parametrize(
        ("trial", "said"),
        [
            ({}, "nothing says how to steer dance-flux.*--avoid 'people, cars, neon signs'"),
            ({"strengths": (2,)}, "nothing says from what.*--avoid"),
            ({"model": "dance-flux+vsf@2"}, "nothing says from what"),
            ({"avoid": " "}, "--avoid is empty"),
            ({"avoid": "cars", "prompt": " "}, "no words"),
            ({"avoid": "cars", "method": "cfg"}, "no method 'cfg'"),
            ({"avoid": "cars", "strengths": (1, 2), "dials": (0, 1)}, "too many pictures"),
        ],
    )
    def test_what_cannot_be_tried_says_what_to_write(self, trial: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigError, match=said):
            names(**trial)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("steering")
    tiny.tiny_sd3_lora(folder / "sd3-lora", tiny.tiny_sd3(folder / "sd3"))
    small = {"size": tiny.SIDE, "steps": 2, "dtype": "float32"}
    return {"weights": str(folder / "sd3"), "delta": str(folder / "sd3-lora"), **small}


class TestOnTinyWeights:
    def trial(self, options: dict[str, Any], **given: Any) -> Trial:
        return Trial("a red cat", "sd3.5-m-geneval", options=options, **{"scorers": POLISH, **given})

    def test_pictures_share_their_noise_and_differ_by_strength_alone(self, options: dict[str, Any]) -> None:
        found = steer(self.trial(options, avoid="a hat", strengths=(1, 4), seed=3))
        assert [shot.outcome for shot in found.shots] == [Outcome.OK] * 3
        plain = self._plain(options)
        assert np.array_equal(np.asarray(found.shots[0].picture), plain)
        assert found.shots[0].change == 0
        assert 0 < found.shots[1].change < found.shots[2].change  # type: ignore[operator]
        assert all(set(shot.scores) == {"polish"} for shot in found.shots)
        assert [shot.name for shot in found.shots][1] == "sd3.5-m-geneval+vsf@1.0 (random weights)"

    def _plain(self, options: dict[str, Any]) -> np.ndarray:
        generator = LocalGenerator("sd3.5-m-geneval", **options)
        generator.load()
        answer = generator.generate([ImageRequest("a red cat", 3)])[0]
        assert answer.data is not None
        return np.asarray(decode(answer.data, "plain")[0])

    def test_a_strength_and_a_score_that_fail_leave_the_others(
        self, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = SteeredGenerator.generate

        def generate(self: SteeredGenerator, requests: Any) -> list[Generated]:
            if "vsf@2" in self.card.name:
                raise RuntimeError("it broke")
            return whole(self, requests)

        monkeypatch.setattr(SteeredGenerator, "generate", generate)
        scorers = (*POLISH, AdapterSpec("scorer", "tests.engine.test_steering:refuses"))
        found = steer(self.trial(options, avoid="a hat", strengths=(1, 2, 4), scorers=scorers))
        assert [shot.outcome for shot in found.shots] == [Outcome.OK, Outcome.OK, Outcome.FAILED, Outcome.OK]
        lost = found.shots[2]
        assert (lost.reason, lost.picture, lost.change, dict(lost.scores)) == ("RuntimeError: it broke", None, None, {})
        broken = found.shots[0].scores["tests.engine.test_steering:refuses"]
        assert broken.value is None
        assert "ValueError: no" in str(broken.reason)
        assert found.shots[0].scores["polish"].value is not None

    def test_nothing_is_made_where_a_scorer_does_not_exist(self, options: dict[str, Any]) -> None:
        with pytest.raises(UnknownName, match="polish"):
            steer(self.trial(options, avoid="a hat", scorers=(AdapterSpec("scorer", "polich"),)))


def refuses(images: Any, prompts: Any) -> Any:
    raise ValueError("no")
