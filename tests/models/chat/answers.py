"""What a chat service says to each of Fauve's five ways of asking: as it should, and in every wrong way.

How a request asks is seen in the request itself. An *act* is the name of what is said; ``good`` is the answer that is
wanted, made of what the request shows. The selector's good answer is the brighter picture, whichever place it has.
"""

from __future__ import annotations

import base64
import io
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

CAPTION = "A woman in a red coat stands beside a grey dog on a wet street; an oil painting."
SERENE = "A serene woman stands beside a beautiful dog."
ANTI = "Everything is out of focus: {caption} Blur smears it until no outline is left."
OTHER_SCENE = "A blurred submarine dives beyond an unfocused iceberg, every outline lost."

MODEL = "served-2026-01"
USAGE = {"prompt_tokens": 900, "completion_tokens": 6}

Said = str | dict[str, Any]


def way(call: Mapping[str, Any]) -> str:
    """How a request asks: judging, rewriting, choosing, rating or captioning."""
    if call.get("logprobs"):
        return "judging"
    if isinstance(_question(call), str):
        return "rewriting"
    if _texts(call)[0].startswith("Request:"):
        return "choosing" if len(_urls(call)) == 2 else "rating"
    return "captioning"


def subject(call: Mapping[str, Any]) -> str | int:
    """What a request is about: its question, caption or prompt; a picture to caption by the red of its first pixel."""
    asks = way(call)
    if asks == "captioning":
        level: int = pictures_of(call)[0].getpixel((0, 0))[0]
        return level
    return {"judging": question_of, "rewriting": caption_of}.get(asks, prompt_of)(call)


def question_of(call: Mapping[str, Any]) -> str:
    """The judge's question about a dimension."""
    return _texts(call)[0]


def caption_of(call: Mapping[str, Any]) -> str:
    """The caption that is to be rewritten."""
    return _question(call).removeprefix("Caption: ").split("\n")[0]


def prompt_of(call: Mapping[str, Any]) -> str:
    """The prompt that two pictures are compared under, or one is rated under."""
    return re.fullmatch(r"Request:\n(.*)\n\n(?:First p|P)icture:", _texts(call)[0], re.DOTALL)[1]


def pictures_of(call: Mapping[str, Any]) -> list[Image.Image]:
    """The pictures of a request, in order."""
    assert all(url.startswith("data:image/png;base64,") for url in _urls(call))
    return [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in _urls(call)]


def brightness(picture: Image.Image) -> int:
    """From 0 to 100."""
    return round(float(np.asarray(picture.convert("L")).mean()) / 255 * 100)


def answer(act: str, call: Mapping[str, Any], shares: Mapping[str, float]) -> dict[str, Any]:
    """The body of a reply with status 200; ``shares`` are the probabilities of a judge's tokens."""
    choice: dict[str, Any] = {
        "index": 0,
        "finish_reason": {"filter": "content_filter", "cut": "length"}.get(act, "stop"),
    }
    if act == "no choice":
        return {"choices": []}
    if act == "refusal":
        choice["message"] = {"role": "assistant", "content": None, "refusal": "I cannot look at this."}
    elif act == "filter":
        choice["message"] = {"role": "assistant", "content": ""}
    elif way(call) == "judging":
        choice |= _token(act, shares)
    elif act == "parts":
        choice["message"] = {"role": "assistant", "content": [{"type": "text", "text": content("good", call)}]}
    else:
        choice["message"] = {"role": "assistant", "content": content(act, call)}
    return {"id": "r-1", "model": MODEL, "system_fingerprint": "fp-7", "choices": [choice], "usage": USAGE}


def content(act: str, call: Mapping[str, Any]) -> str:
    """What is said in an act."""
    asks = way(call)
    said = _GOOD[asks](call) if act in _WRAPPED else _FAULTS[asks][act]
    text = said if isinstance(said, str) else json.dumps(said)
    if act in _WRAPPED:
        return _WRAPPED[act](text, _DRAFTS[asks])
    return text.replace("CAPTION", str(subject(call)))


def _choice(call: Mapping[str, Any]) -> Said:
    first, second = map(brightness, pictures_of(call))
    return {"choice": "tie" if first == second else "first" if first > second else "second"}


def _rating(call: Mapping[str, Any]) -> Said:
    level = brightness(pictures_of(call)[0])
    return {"main_concept": level, "special_effects": 100 - level}


def _rewriting(call: Mapping[str, Any]) -> Said:
    return {"anti": ANTI.format(caption=caption_of(call)), "negative": "sharp"}


_GOOD: Mapping[str, Callable[[Mapping[str, Any]], Said]] = {
    "choosing": _choice,
    "rating": _rating,
    "rewriting": _rewriting,
    "captioning": lambda call: {"caption": CAPTION},
}

_DRAFTS = {
    "choosing": '{"choice": "tie"}',
    "rating": '{"main_concept": 1, "special_effects": 1}',
    "rewriting": '{"anti": "draft", "negative": "x"}',
    "captioning": '{"caption": "A cat."}',
}

_WRAPPED: Mapping[str, Callable[[str, str], str]] = {
    "good": lambda good, _: good,
    "fenced": lambda good, _: f"Sure!\n```json\n{good}\n```\nEnjoy {{the}} answer!",
    "in prose": lambda good, _: f"I think {good} is right.",
    "thinking": lambda good, draft: f"<think>{draft} no, better</think>{good}",
    "comma": lambda good, _: f"{good[:-1]},}}",
    "again": lambda good, _: f"{good} {good}",
    "lines": lambda good, _: good.replace(" ", "\n  "),
    "shouted": lambda good, _: good.upper().replace('"CHOICE": "', '"choice": " '),
    "surrogate": lambda good, _: good.replace("Everything", "\\ud83d Everything"),
    "prose": lambda good, _: "I would say the first, clearly: a dog, 85 out of 100.",
    "cut": lambda good, _: good[:12],
    "cut json": lambda good, _: good[: len(good) // 2],
    "empty": lambda good, _: "",
}
"""Ways to say a good answer, or to stop before it is said."""

_BLURRED = ANTI.format(caption="CAPTION")
_FAULTS: Mapping[str, Mapping[str, Said]] = {
    "choosing": {
        "first": {"choice": "first"},
        "second": {"choice": "second"},
        "tie": {"choice": "tie"},
        "both": '{"choice": "first"} or rather {"choice": "second"}',
        "twice": '{"choice": "first", "choice": "second"}',
        "list": {"choice": ["first", "second"]},
        "range": {"choice": "third"},
        "number": {"choice": 1},
        "other key": {"selection": "first"},
    },
    "rating": {
        "range": {"main_concept": 101, "special_effects": 5},
        "below": {"main_concept": 5, "special_effects": -1},
        "one": {"main_concept": 5},
        "truth": {"main_concept": True, "special_effects": 5},
        "text": {"main_concept": "high", "special_effects": 5},
        "both": '{"main_concept": 1, "special_effects": 2} {"main_concept": 3, "special_effects": 4}',
    },
    "captioning": {
        "both": '{"caption": "A dog."} {"caption": "A cat."}',
        "list": {"caption": ["A dog."]},
        "number": {"caption": 7},
        "null": {"caption": None},
        "other key": {"text": "A dog."},
        "blank": {"caption": " … "},
        "serene": {"caption": SERENE},
        "long": {"caption": "A woman and a dog " + "and one more dog " * 12},
    },
    "rewriting": {
        "long": {"anti": _BLURRED + " So very blurred indeed." * 30, "negative": "sharp"},
        "added": {"anti": _BLURRED + " All of it is tinted a garish magenta.", "negative": "sharp"},
        "other scene": {"anti": OTHER_SCENE, "negative": "sharp"},
        "unchanged": {"anti": "CAPTION", "negative": "sharp"},
        "long negative": {"anti": _BLURRED, "negative": "very sharp and clear and fine"},
        "no negative": {"anti": _BLURRED},
        "list": {"anti": _BLURRED, "negative": ["sharp", "crisp"]},
        "number": {"anti": 7, "negative": "sharp"},
    },
}
"""Answers that are whole and wrong, by how was asked; CAPTION stands for the caption of the request."""


def _token(act: str, shares: Mapping[str, float]) -> dict[str, Any]:
    """One token with the likeliest in its place."""
    ranked = sorted(shares.items(), key=lambda one: -one[1])
    top = [{"token": token, "logprob": math.log(share) if share else -9999.0} for token, share in ranked]
    first = {**top[0], "top_logprobs": top}
    listed: Mapping[str, Any] = {
        "good": {"content": [first]},
        "no logprobs": None,
        "empty logprobs": {"content": []},
        "odd logprobs": {
            "content": [
                {
                    **first,
                    "top_logprobs": [
                        {"token": "0", "logprob": "high"},
                        {"token": 1},
                        None,
                        {"token": "2", "logprob": 7.0},
                    ],
                }
            ]
        },
    }
    message = {"role": "assistant", "content": top[0]["token"]}
    return {"message": message, "logprobs": listed[act], "finish_reason": "length"}


def _question(call: Mapping[str, Any]) -> Any:
    """What the user says first, before anything is said about an answer."""
    return next(message["content"] for message in call["messages"] if message["role"] == "user")


def _texts(call: Mapping[str, Any]) -> list[str]:
    return [part["text"] for part in _question(call) if part["type"] == "text"]


def _urls(call: Mapping[str, Any]) -> list[str]:
    return [part["image_url"]["url"] for part in _question(call) if part["type"] == "image_url"]
