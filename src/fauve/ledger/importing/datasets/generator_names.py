"""Generators as published datasets write them, and our names: one table of spellings."""

from __future__ import annotations

import re

__all__ = ["SPELLINGS", "canonical_generator"]

SPELLINGS: dict[str, tuple[str, ...]] = {
    "alchemist": ("sd35largealchemist", "stablediffusion35largealchemist"),
    "dance-flux": ("dancegrpoflux", "fluxdance", "dance", "dancegrpo"),
    "flux-dev": ("flux", "flux1dev"),
    "flux-krea": ("krea", "flux1krea", "flux1kreadev", "fluxkreadev"),
    "flux-schnell": ("flux1schnell",),
    "flux.2-klein-9b": ("flux2klein", "fluxklein9b"),
    "glm-image": (),
    "gpt-image-1.5": ("gptimage",),
    "longcat-image": ("longcat",),
    "nano-banana": ("gemini25flashimage", "banana", "nanobana"),
    "playground-v2.5": ("playground", "playgroundv25aesthetic", "playgroundv251024pxaesthetic"),
    "pref-flux": ("prefgrpoflux", "fluxpref", "prefgrpo", "fluxprefgrpo", "pref"),
    "qwen-image": ("qwen",),
    "sd1.5": ("stablediffusionv15",),
    "sd3.5-large": ("sd35l", "stablediffusion35large"),
    "sd3.5-m": ("sd35medium", "stablediffusion35medium"),
    "sd3.5-m-geneval": ("sd35mediumgeneval", "sd35mflowgrpogeneval", "sd35mediumflowgrpogeneval", "geneval"),
    "sd3.5-m-pickscore": ("sd35mediumpickscore", "sd35mflowgrpopickscore", "sd35mediumflowgrpopickscore", "pickscore"),
    "sdxl": ("sdxlbase", "sdxlbase10", "stablediffusionxlbase10", "stablediffusionxl"),
    "seedream-4": ("seedream", "seedream40"),
    "z-image": (),
    "z-image-turbo": ("zimgturbo",),
}
"""Our name → spellings in lower case with letters and figures only, beside that of our name itself."""

_KNOWN = {
    spelling: name for name, others in SPELLINGS.items() for spelling in (re.sub(r"[^a-z0-9]", "", name), *others)
}


def canonical_generator(written: str) -> str | None:
    """Our name of a generator, however its capitals, points, strokes and its owner's name are written; or None."""
    bare = written.strip().rsplit("/", 1)[-1]
    return _KNOWN.get(re.sub(r"[^a-z0-9]", "", bare.lower()))
