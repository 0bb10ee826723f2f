"""What a factual caption may not say: a small lexicon of our own of words that judge, feel or explain.

It holds words that hardly ever name a thing that is to be seen, so that it is slow to blame: *dark* and *golden* are
seen, *gloomy* and *glorious* are not. It reads words, not sense.
"""

from __future__ import annotations

import re
from functools import cache

from fauve.prompts.wording import word_count

__all__ = ["INTERPRETING", "MOST_WORDS", "caption_faults", "interpreting_words"]

MOST_WORDS = 40
"""Words that a caption may have."""

_JUDGEMENT = """
    beautiful, beautifully, beauty, gorgeous, stunning, stunningly, breathtaking, magnificent, majestic, exquisite,
    lovely, charming, delightful, elegant, elegantly, graceful, gracefully, striking, strikingly, impressive,
    captivating, enchanting, mesmerizing, mesmerising, fascinating, alluring, attractive, pretty, handsome, cute,
    adorable, ugly, hideous, grotesque, ghastly, horrible, awful, terrible, poorly, badly, masterful, masterfully,
    masterpiece, masterly, skilful, skilfully, skillful, skillfully, brilliant, brilliantly, amazing, wonderful,
    superb, sublime, glorious, iconic, famous, timeless, unique, perfect, perfectly, aesthetic, aesthetically,
    picturesque, tasteful, tasteless, kitschy, boring, remarkable, spectacular, fantastic, incredible"""

_MOOD = """
    serene, serenely, serenity, peaceful, peacefully, tranquil, tranquility, tranquillity, calming, soothing, dreamy,
    dreamlike, ethereal, magical, mystical, mysterious, mysteriously, haunting, hauntingly, eerie, eerily, ominous,
    sinister, menacing, unsettling, disturbing, gloomy, gloom, melancholy, melancholic, sombre, somber, dreary, bleak,
    moody, nostalgic, nostalgia, wistful, romantic, joyful, joyous, cheerful, cheery, happy, happily, sad, sadly,
    sadness, sorrowful, lonely, loneliness, solitude, hopeful, hopeless, despair, despairing, contemplative, pensive,
    introspective, whimsical, whimsically, playful, cosy, cozy, inviting, intimate, powerful, poignant, dramatic,
    dramatically, emotional, emotive, mood, moods, atmosphere, atmospheric, ambiance, ambience, vibe, vibes, aura"""

_MEANING = """
    evokes, evoke, evoking, evocative, evocatively, suggests, suggesting, suggestive, symbolizes, symbolises,
    symbolizing, symbolising, symbolic, symbolism, metaphor, metaphorical, represents, representing, conveys, convey,
    conveying, expresses, embodies, embodying, signifies, signifying, reminiscent, perhaps, possibly, presumably,
    seemingly, apparently, probably, maybe, meant to, intended to, sense of, feeling of, feel of, hint of, invites the
    viewer, draws the viewer, the viewer"""

_GROUPS = (_JUDGEMENT, _MOOD, _MEANING)

INTERPRETING: tuple[str, ...] = tuple(
    dict.fromkeys(" ".join(term.split()) for group in _GROUPS for term in group.split(","))
)
"""Every form of every word, in lower case."""


def interpreting_words(caption: str) -> list[str]:
    """The words of a caption that interpret, each once, in lower case and in order."""
    text = " ".join(caption.lower().replace("’", "'").split())
    return list(dict.fromkeys(match.group() for match in _pattern().finditer(text)))


def caption_faults(caption: str) -> list[str]:
    """What is wrong with a caption, in sentences that can be said to whoever wrote it; empty where nothing is."""
    if not any(letter.isalpha() for letter in caption):
        return ["It says nothing."]
    faults = []
    if (count := word_count(caption)) > MOST_WORDS:
        faults.append(f"It has {count} words: {MOST_WORDS} at most.")
    if words := interpreting_words(caption):
        named = ", ".join(f"'{word}'" for word in words)
        faults.append(f"It interprets ({named}): name only what is to be seen.")
    return faults


@cache
def _pattern() -> re.Pattern[str]:
    longest_first = sorted(INTERPRETING, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")
