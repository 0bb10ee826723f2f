"""Models that Replicate runs: ``seedream-4``, ``qwen-image@replicate``, or any other by its ``owner/name``.

A prediction is created (the one paid call), asked after until it has ended, and its picture downloaded at once, since
the file is kept for about an hour. Its id goes to the journal as soon as it is known: a run that died asks after the
prediction instead of creating a second one. A prediction that takes longer than the deadline is cancelled; with a
journal it is left running, and the next run takes what it made.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

from fauve.errors import ConfigError
from fauve.models.generators.api_answers import (
    NoPicture,
    Picture,
    ProviderError,
    from_data_url,
    read_json,
    shortened,
)
from fauve.models.generators.api_cards import API_CARDS, PRESETS
from fauve.models.generators.api_generator import ApiGenerator, Preset
from fauve.models.generators.api_line import Line
from fauve.models.generators.api_options import ApiOptions
from fauve.models.generators.api_wire import data_url, merged, wire_seed
from fauve.models.protocols import ImageRequest
from fauve.records import Outcome

__all__ = ["ReplicateImages"]

ADDRESS = "https://api.replicate.com/v1"
_MODELS = {"seedream-4": "bytedance/seedream-4", "qwen-image@replicate": "qwen/qwen-image"}
_SEEDED = frozenset({"qwen-image@replicate"})
_EDITS = frozenset({"seedream-4"})
_MATCHED_NEGATIVE = " "
_FAILED = ("failed", "canceled", "aborted")  # no sets: whatever a service sends can be compared, not hashed
_REFUSALS = ("nsfw", "safety", "sensitive", "flagged", "moderation", "e005", "content policy")


class ReplicateImages(ApiGenerator):
    """A model behind Replicate's predictions.

    Args:
        name: canonical name.
        model: ``owner/name``; needed where the name is none of Fauve's own.
        version: hash of the model's version; where None the service runs its newest, and each answer says which.
        base_url: address of the endpoint.
        preset: ``matched`` or ``paper``, which sends no seed and a negative prompt only where one is asked for.
        parameters: of the model's input, instead of, or beside, the preset's; None takes one out.
        seeded, negatives, edits: whether the model's input has a seed, a negative prompt, a list of pictures to edit
            (known for Fauve's own names).
        poll: seconds between two questions after a prediction.
        options: limits, money, key: see :class:`~fauve.models.generators.api_options.ApiOptions`.
    """

    KEY_NAMES: ClassVar = ("REPLICATE_API_TOKEN",)
    WIRE: ClassVar = "replicate-predictions/1"

    def __init__(
        self,
        name: str = "seedream-4",
        *,
        model: str | None = None,
        version: str | None = None,
        base_url: str = ADDRESS,
        preset: Preset = "matched",
        parameters: Mapping[str, Any] | None = None,
        seeded: bool | None = None,
        negatives: bool | None = None,
        edits: bool | None = None,
        poll: float = 1.0,
        **options: Unpack[ApiOptions],
    ) -> None:
        wanted = model or _MODELS.get(name, "")
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", wanted):
            raise ConfigError(f"{name}: `model` is OWNER/NAME as Replicate lists it, such as bytedance/seedream-4.")
        if version is not None and not re.fullmatch(r"[0-9a-f]{12,64}", version):
            raise ConfigError(f"{name}: `version` is the hexadecimal hash that Replicate lists under Versions.")
        if not poll > 0:
            raise ConfigError(f"{name}: `poll` is a number of seconds above 0.")
        card = API_CARDS.get(name) or dataclasses.replace(
            API_CARDS["seedream-4"], name=name, licence=None, summary=f"{wanted}, asked through Replicate."
        )
        self.version, self.poll = version, poll
        self.seeded = (name in _SEEDED) if seeded is None else seeded
        self.negatives = (name in _SEEDED) if negatives is None else negatives
        self.edits = (name in _EDITS) if edits is None else edits
        super().__init__(
            card, wanted, base_url, preset, merged(PRESETS.get(name, {}).get(preset, {}), parameters), options
        )

    def choices(self) -> Mapping[str, Any]:
        """The version, and what becomes of seeds and negative prompts."""
        matched = self.preset == "matched"
        negative = _MATCHED_NEGATIVE if self.negatives and matched else None
        return {"version": self.version, "seed": self.seeded and matched, "negative": negative}

    def impossible(self, request: ImageRequest) -> str | None:
        """No strength for pictures to edit; a negative prompt where the model has one."""
        if request.image is not None and not self.edits:
            return f"{self.card.name} takes no picture to edit"
        return super().impossible(dataclasses.replace(request, negative=None) if self.negatives else request)

    def picture(self, request: ImageRequest, line: Line, facts: dict[str, Any]) -> Picture:
        """The first picture of the prediction's output. Raises NoPicture."""
        begun = None if self.account.journal is None else self.account.journal.job(line.key)
        if begun is not None:
            facts["taken_up"] = True
            found = self._take_up(begun, line, facts)
            if found is not None:
                return found
            facts["taken_up"] = False
        prediction = self._create(request, line, facts)
        return self._outcome(prediction, line, facts)

    def is_refusal(self, error: ProviderError) -> bool:
        """Status 400 or 422 with a word of moderation."""
        told = f"{error.code} {error.message}".lower()
        return error.status in {400, 422} and any(sign in told for sign in _REFUSALS)

    def _create(self, request: ImageRequest, line: Line, facts: dict[str, Any]) -> dict[str, Any]:
        given = self._input(request)
        facts["seed"] = given.get("seed")
        if self.version is None:
            reply = line.buy(f"/models/{self.model}/predictions", {"input": given})
        else:
            reply = line.buy("/predictions", {"version": self.version, "input": given})
        return read_json(reply)

    def _take_up(self, begun: str, line: Line, facts: dict[str, Any]) -> Picture | None:
        """The picture of a prediction that an earlier run has created; None where the service no longer has it."""
        try:
            return self._outcome({"id": begun, "status": "processing"}, line, facts)
        except NoPicture as none:
            if facts.get("left_running") and line.left() > 0 and line.statuses[-1:] == ["404"]:
                del facts["left_running"]
                return None
            if none.outcome is Outcome.NO_IMAGE:
                return None
            raise

    def _outcome(self, prediction: dict[str, Any], line: Line, facts: dict[str, Any]) -> Picture:
        """Follow a prediction to its end and fetch what it made."""
        job = prediction.get("id")
        if not isinstance(job, str) or not re.fullmatch(r"[\w-]{1,128}", job):
            raise NoPicture(Outcome.UNPARSABLE, "the answer names no prediction")
        facts["request_id"] = job
        facts["left_running"] = True  # until its picture is in hand, or there will be none
        if self.account.journal is not None:
            self.account.journal.accepted(line.key, job)
        try:
            ended = self._ended(prediction, job, line)
        except NoPicture:
            if self.account.journal is None:  # nobody will come back for it
                facts["cancelled"] = line.last_word(f"/predictions/{job}/cancel")
                facts["left_running"] = not facts["cancelled"]
            raise
        version = ended.get("version")
        facts["answered_model"] = shortened(version, 120) if isinstance(version, str) else None
        _stop_at_failure(ended, facts)
        picture = _first(ended.get("output"), line, facts)
        del facts["left_running"]
        return picture

    def _ended(self, prediction: dict[str, Any], job: str, line: Line) -> dict[str, Any]:
        wait = self.poll
        while prediction.get("status") not in ("succeeded", *_FAILED):
            if line.left() <= wait:
                raise NoPicture(
                    Outcome.TIMED_OUT, f"the prediction had not ended after {self.account.limits.deadline:.3g} s"
                )
            time.sleep(wait)
            wait = min(wait * 1.5, max(self.poll, 5.0))
            prediction = read_json(line.ask("GET", f"/predictions/{job}"))
        return prediction

    def _input(self, request: ImageRequest) -> dict[str, Any]:
        given = {"prompt": request.prompt, **self.parameters}
        matched = self.preset == "matched"
        if self.negatives:
            negative = _MATCHED_NEGATIVE if matched and request.negative is None else request.negative
            given |= {} if negative is None else {"negative_prompt": negative}
        if self.seeded and matched:
            given["seed"] = wire_seed(request.seed)
        if request.image is not None:
            given["image_input"] = [data_url(request.image)]
        return given


def _stop_at_failure(ended: Mapping[str, Any], facts: dict[str, Any]) -> None:
    status = ended.get("status")
    if status not in _FAILED:
        return
    del facts["left_running"]
    error = ended.get("error")
    said = shortened(error) if isinstance(error, str) and error.strip() else "no reason given"
    refused = status == "failed" and any(sign in said.lower() for sign in _REFUSALS)
    raise NoPicture(Outcome.REFUSED if refused else Outcome.FAILED, f"the prediction {status}: {said}")


def _first(output: Any, line: Line, facts: dict[str, Any]) -> Picture:
    """An output is one address or a list of them: that differs between models, and between versions of one."""
    held = output if isinstance(output, list) else [output]
    url = held[0] if held else None
    if not isinstance(url, str) or not url:
        facts.pop("left_running", None)
        raise NoPicture(Outcome.NO_IMAGE, "the prediction succeeded with no picture")
    facts["pictures"] = len(held)
    if url.startswith("data:"):
        return from_data_url(url)
    reply = line.fetch(url)
    return Picture(reply.body, reply.headers.get("content-type"))
