from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

TINY = """
name = "tiny"
pool = 60
seeds = [1, 2]

[rewards.universal]
comparisons = 400
steps = 2
batch = 8
agreement = 0.6

[rewards.half]
kind = "mixture"
parts = { universal = 1.0, matcher = 1.0 }

[knobs]
of = "universal"
fidelity = [8.0]
people = [2]

[alignment]
steps = 2
prompts = 2
group = 3
probe = 8
dpo_comparisons = 60
dpo_steps = 2
dpo_batch = 8

[[arms]]
rewards = ["universal", "placebo"]
anti_share = [0.0, 0.5]
kl = [0.0, 0.05]
dial = [0.5]
negative_guidance = [1.0]

[[arms]]
rewards = ["half"]
plain_guidance = [1.0]

[[arms]]
rewards = ["universal"]
method = "dpo"

[members]
generators = ["aesthetic-mild"]
scorers = ["matcher", "universal"]
steered = "aesthetic-mild"
plain_guidance = [1.0]
negative_guidance = [1.0]

[evaluation]
pairs = 12
emotion_draws = 2
interval_draws = 200
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """An experiment of seconds; its family lies beside it in ``family`` where a test puts one."""
    path = tmp_path / "tiny.toml"
    path.write_text(f'family = "family"\n{TINY}', encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def small_family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained networks under the family's names."""
    pytest.importorskip("torch")
    return import_module("tests.lab.experiments.small_nets").build(tmp_path_factory.mktemp("lab"))  # type: ignore[no-any-return]
