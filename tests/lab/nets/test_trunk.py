from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from fauve.lab.nets.judge import JudgeNet  # noqa: E402
from fauve.lab.nets.trunk import SIZE, Trunk, folded  # noqa: E402


def test_folding_the_normalisations_changes_no_feature() -> None:
    torch.manual_seed(0)
    net = Trunk((3, 4), width=16, normed=True)
    for _ in range(5):  # running statistics that differ from their start
        net(torch.randn(16, 3, SIZE, SIZE) * 2 + 1)
    net.eval()
    pictures = torch.randn(4, 3, SIZE, SIZE)
    plain = folded(net)
    torch.testing.assert_close(plain(pictures), net(pictures), atol=1e-4, rtol=1e-4)
    assert not any("norm" in name for name in plain.state_dict())


def test_the_judge_answers_every_question_separately() -> None:
    torch.manual_seed(0)
    levels, subjects, emotions = JudgeNet(11, 8, 5)(torch.randn(2, 3, SIZE, SIZE))
    assert (levels.shape, subjects.shape, emotions.shape) == ((2, 11, 3), (2, 8), (2, 5))
    assert (
        len({round(v, 6) for v in (*levels[0].flatten().tolist(), *subjects[0].tolist(), *emotions[0].tolist())}) > 40
    )
