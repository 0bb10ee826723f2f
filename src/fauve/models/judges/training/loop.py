"""The loop: steps of AdamW on the answer's cross-entropy, a state now and then, held-out errors after every epoch.

The loss is over the whole vocabulary, so that the model also learns to answer with one of the three tokens at all.
Everything that a step needs beside the state is a function of the step's number, so training that was stopped goes on
as if it had not been: bit for bit on one CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fauve.keys import seed_from
from fauve.models.judges.levels import expected_level
from fauve.models.judges.qwen3vl_text import QuestionIds
from fauve.models.judges.training.examples import Example, class_weights
from fauve.models.judges.training.network import JudgeNetwork, Pictures, collate, trainable
from fauve.models.judges.training.settings import TrainingSettings
from fauve.models.judges.training.state import History, State, read_state, write_state
from fauve.models.judges.training.validation import ALL, validated

__all__ = ["Questions", "Trainer", "learning_rate"]

Tell = Callable[[str], None]


class Questions:
    """What is asked about each dimension, as ids, and the ids of the three answers."""

    def __init__(self, by_dimension: Mapping[str, QuestionIds], answers: Sequence[int], image_id: int) -> None:
        self.by_dimension, self.answers, self.image_id = dict(by_dimension), list(answers), image_id


def learning_rate(settings: TrainingSettings, step: int, steps: int) -> float:
    """The rate of a step: up in a line over the warm-up, then down along half a cosine to 0."""
    warm = math.ceil(settings.warmup * steps)
    if step < warm:
        return settings.learning_rate * (step + 1) / warm
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


class Trainer:
    """One training.

    Args:
        accelerator: device, number format and processes.
        network: with a fresh adapter, on the device.
        questions: of every dimension among the rows.
        pictures: looks at pictures.
        train, test: rows.
        settings: how.
        state: file of the state.
        key: what the state belongs to.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        network: JudgeNetwork,
        questions: Questions,
        pictures: Pictures,
        train: Sequence[Example],
        test: Sequence[Example],
        settings: TrainingSettings,
        state: Path,
        key: str,
    ) -> None:
        self.accelerator, self.questions, self.pictures, self.settings = accelerator, questions, pictures, settings
        self.train, self.test = list(train), list(test)
        self._state, self._key = state, key
        self._counts = class_weights(self.train) if settings.balance == "class" else np.ones(len(self.train))
        self.weights = trainable(network)
        optimizer = torch.optim.AdamW(
            list(self.weights.values()), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.network, self.optimizer = accelerator.prepare(network, optimizer)
        self.rows_per_step = settings.batch * settings.accumulate * accelerator.num_processes
        self.steps_per_epoch = math.ceil(len(self.train) / self.rows_per_step)
        self.steps = self.steps_per_epoch * settings.epochs
        self.history = History()
        self.expected: NDArray[np.float64] = np.zeros(0)

    def run(self, tell: Tell, each_epoch: Callable[[], None], *, stop_after: int | None = None) -> bool:
        """Train from the state on file to the end; returns whether the end was reached.

        ``each_epoch`` is called after the held-out errors of an epoch were measured; ``stop_after`` ends after so many
        steps in all, as an interruption would.
        """
        start = self._resume()
        if start:
            tell(f"going on after step {start:,} of {self.steps:,}")
        for step in range(start, self.steps):
            if stop_after is not None and step >= stop_after:
                return False
            self.history.loss.append(self._step(step))
            ended = (step + 1) % self.steps_per_epoch == 0
            if ended:
                self._close_epoch(step + 1, tell)
                each_epoch()
            if ended or (step + 1) % self.settings.save_every == 0:
                self._save(step + 1)
        if start == self.steps:  # the end had been reached, but perhaps not told of
            self.expected = self.evaluate(self.test)
            each_epoch()
        return True

    def _resume(self) -> int:
        found = read_state(self._state, self._key)
        if found is None:
            return 0
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(found.weights[name])
        self.optimizer.load_state_dict(found.optimizer)
        self.history = found.history
        return found.step

    def _save(self, step: int) -> None:
        if self.accelerator.is_main_process:
            write_state(self._state, self._key, State(step, self.weights, self.optimizer.state_dict(), self.history))
        self.accelerator.wait_for_everyone()

    def _step(self, step: int) -> float:
        """One step; returns its loss, the mean over all processes."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.settings, step, self.steps)
        self.network.train()
        parts = self._rows(step)
        total = torch.zeros((), device=self.accelerator.device)
        for at, rows in enumerate(parts):
            last = at == len(parts) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.network):
                loss = self._loss(rows) / len(parts)
                self.accelerator.backward(loss)
            total += loss.detach()
        self.accelerator.clip_grad_norm_(list(self.weights.values()), self.settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        reduced: Any = self.accelerator.reduce(total, "mean")
        return float(reduced)

    def _rows(self, step: int) -> list[NDArray[np.intp]]:
        """This process's batches of a step. An epoch's last step is filled up with rows of its start."""
        epoch, within = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng(seed_from("order", self.settings.seed, epoch)).permutation(len(self.train))
        whole = np.resize(order, self.steps_per_epoch * self.rows_per_step)
        rows = whole[within * self.rows_per_step : (within + 1) * self.rows_per_step]
        mine = rows[self.accelerator.process_index :: self.accelerator.num_processes]
        return np.split(mine, self.settings.accumulate)

    def _loss(self, rows: NDArray[np.intp]) -> Tensor:
        examples = [self.train[i] for i in rows]
        logits = self._logits(examples)
        wanted = torch.tensor([self.questions.answers[e.level] for e in examples], device=logits.device)
        counts = torch.tensor(self._counts[rows], dtype=torch.float32, device=logits.device)
        return (functional.cross_entropy(logits, wanted, reduction="none") * counts).mean()

    def _logits(self, examples: Sequence[Example]) -> Tensor:
        seen = self.pictures.seen([one.path for one in examples])
        asked = [(self.questions.by_dimension[one.dimension], seen[one.path]) for one in examples]
        batch = collate(asked, self.questions.image_id, self.accelerator.device)
        with self.accelerator.autocast():
            logits: Tensor = self.network(batch)
        return logits.float()

    def evaluate(self, examples: Sequence[Example]) -> NDArray[np.float64]:
        """Shares of the three answers for each row, shape (rows, 3)."""
        self.network.eval()
        mine = range(self.accelerator.process_index, len(examples), self.accelerator.num_processes)
        found: list[tuple[int, list[float]]] = []
        with torch.no_grad():
            for start in range(0, len(mine), self.settings.batch):
                at = list(mine[start : start + self.settings.batch])
                logits = self._logits([examples[i] for i in at])
                shares = logits[:, self.questions.answers].cpu().double().softmax(1).tolist()
                found += list(zip(at, shares, strict=True))
        gathered = gather_object(found) if self.accelerator.num_processes > 1 else found
        by_row = dict(gathered)
        return np.array([by_row[i] for i in range(len(examples))], dtype=np.float64).reshape(-1, 3)

    def _close_epoch(self, step: int, tell: Tell) -> None:
        epoch = step // self.steps_per_epoch
        loss = float(np.mean(self.history.loss[-self.steps_per_epoch :]))
        row: dict[str, Any] = {"epoch": epoch, "step": step, "loss": loss, "validation": {}}
        said = f"epoch {epoch} of {self.settings.epochs}: loss {loss:.4f}"
        if self.test:
            self.expected = self.evaluate(self.test)
            row["validation"] = validated(self.test, expected_level(self.expected))
            figures = row["validation"].get(ALL) or next(iter(row["validation"].values()))
            parts = ", ".join(f"{name} {figures[name][0]:.3f}" for name in ("mae", "wmae", "wf1"))
            said += f"; held out: {parts}, accuracy {figures['accuracy']:.3f} of {figures['n']:,}"
        self.history.epochs.append(row)
        tell(said)
