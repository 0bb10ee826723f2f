"""The judge: its own eyes, no prompt. Three answers on each of eleven dimensions; the subject; the emotion."""

from __future__ import annotations

from torch import Tensor, nn

from fauve.lab.nets.trunk import Trunk

__all__ = ["JudgeNet"]


class JudgeNet(nn.Module):
    """Pictures (n, 3, 48, 48) in [−1, 1] -> logits of the levels (n, 11, 3), the subject and the emotion.

    Its trunk is trained from another seed on other scenes than the scorers', and shares no weight with them.
    """

    def __init__(
        self, dimensions: int, subjects: int, emotions: int, width: int = 160, *, normed: bool = False
    ) -> None:
        super().__init__()
        self.dimensions, self.subjects = dimensions, subjects
        self.trunk = Trunk((3,) * dimensions + (subjects, emotions), width, normed=normed)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the levels, of the subject and of the emotion."""
        answers: Tensor = self.trunk.heads(self.trunk(pictures))
        cut = 3 * self.dimensions
        levels = answers[:, :cut].view(-1, self.dimensions, 3)
        return levels, answers[:, cut : cut + self.subjects], answers[:, cut + self.subjects :]
