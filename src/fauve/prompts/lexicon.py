"""Which words of a prompt ask for which dimension's low end: a lexicon of our own.

A term may serve several dimensions (what is *muddy* is a colour or a backdrop). An effect counts as added only where
none of the dimensions that its term can serve was asked for, so the check is slow to blame; it reads words, not sense.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from fauve.vocabulary import dimension

__all__ = ["POLISHED_TERMS", "EffectTerm", "added_effects", "effect_terms", "named_dimensions", "polished_dimensions"]

_TERMS: Mapping[str, str] = {
    "background": r"""
        lifeless, dead, background, backdrop, backdrops, muddy, murk, murky, sludge\w*, blank, featureless,
        smear\w*, smudg\w*, wiped, scrubbed, rubbed, blot, blotch\w*, blotted, stain\w*, soiled, void, sooty, dull,
        dirty, grubby, scummy, grey, gray, haz\w+, fog, foggy, filthy, obliterated, brown, brownish""",
    "clarity": r"""
        dissolv\w*, shapeless, blur\w*, focus\w*, defocus\w*, unfocus\w*, smear\w*, smudg\w*, indistinct, fuzz\w*,
        out-of-focus, haz\w+, fog, foggy, streak\w*, shake, shaken, shaky, outlines?, edges, ghosting, unsharp,
        illegible, mush, mushy, unreadable, vague, woolly, swim, mist\w*, barely visible, hardly visible""",
    "color aesthetic": r"""
        slimy, slime, liverish, swampy, ulcer\w*, pustular, vomit, feverish, diseased, mildew, dried-blood,
        corroded, fungal, sallow, cadaverous, chalky, corpse-like, oxidised, garish, colou?rs?, hues?, tints?,
        tinted, tinge, clash\w*, sickly, sick, lurid, bilious, bile, jaundice\w*, gangren\w*, putrid, rancid, livid,
        septic, nause\w*, queasy, foul, muddy, drained, discolou?red, faded, pale, shrill, fluorescent,
        phosphorescent, neon, acid, rotten, rotting, mould\w*, poison\w*, toxic, venom, sour, curdl\w*, infected,
        washed, green, orange, purple, violet, pink, magenta, turquoise, lime, mustard, ochre, mauve, lilac, teal,
        salmon, coral, chartreuse, brown, brownish, maroon, olive, cyan, fuchsia, khaki, yellow, yellowish, blue,
        red, grey, gray, rust, sulphur\w*, bruise\w*""",
    "color brightness": r"""
        expos\w+, underexpos\w+, overexpos\w+, dark, darkness, dim, dimness, dimly, blown out, blown-out, blackness,
        near-black, bleach\w*, burnt, burns?, burn out, glare, glar\w+, dazzl\w*, scorch\w*, murk, murky, gloom,
        washed, pale, too bright, too dark, whit(?:e|en|ens|ing|ening) out, nearly black, solid black, into black,
        lightless, blinding, barely visible, hardly visible, blank, grey, gray""",
    "detail realism": r"""
        dissolv\w*, shapeless, fold twice, folds twice, melt\w*, molten, bend, bends, bending, bent, warp\w*,
        twist\w*, fus(?:e|es|ed|ing), merg(?:e|es|ed|ing), rubber\w*, sag, sags, sagging, droop\w*, deform\w*,
        distort\w*, misshapen, impossib\w+, buckl\w*, boneless, contorted, buckled, wilt\w*, slump\w*, ripple\w*,
        stretch\w*, knot, knots, drip, drips, dripping, bulg\w*, sprout\w*, anatomy, extra (?:fingers?|limbs?), too
        many, curl\w*, out of shape, grown (?:into|together)""",
    "detail refinement": r"""
        dissolv\w*, crust\w*, gravel, gravelly, rubble, ragged, rough, rougher, newsprint, photocopy, grain, grainy,
        gritty, grit, blocks, blocky, banding, bands, compression, compressed, pixel\w*, nois(?:e|y), coarse\w*,
        speckl\w*, mosaic, static, artefacts?, artifacts?, crude\w*, jagged, mottl\w*, scan ?lines?, sandpaper,
        corrupted, texture""",
    "emotion": r"""
        dead, hollow, stricken, numb, mute, condemned, ghastly, hunted, forlorn, neglect\w*, cowers?, trembl\w*,
        contempt,
        snarl\w*, comfortless, deathly, cursed, lifeless, bleak, dread\w*, grief, griev\w+, mourn\w*, funeral,
        funereal, desolat\w*, menac\w*, despair\w*, desperat\w*, anguish, agony, fear, fearful, frighten\w*, afraid,
        terror, terrif\w+, sob\w*, tears, weep\w*, cries, crying, disturb\w*, distress\w*, miser\w+, hopeless,
        hopelessness, lonel\w+, gloom, haunted, sinister, threat\w*, anger, angry, rage, fury, hatred, scowl\w*,
        sorrow\w*, sadness, sad, abandoned, forsaken, joyless, ominous, oppressive, uneas\w+, eerie, hostile, panic,
        wretched, cruel, scream\w*, horror, horri\w+, shame, doom\w*, death, suffer\w*, bitter, malice, murderous,
        mood, drained, suffocating, contorted, distorted""",
    "lighting distinction": r"""
        lifeless, shapeless, flat, flatly, shadow, shadows, shadowless, highlights?, directionless, evenly lit, even
        light, lighting, uniform light, lifeless light, no relief, unshaded""",
    "main object": r"""
        sliver, shoved, crammed, squeezed, nudged, banished, tiny, cropped, crops, cut off, lopped, clipped, corner,
        margin, small, speck, thumbnail, dwarfed, edge of the (?:frame|picture|image), frame's (?:\w+
        )?(?:edge|border|side|rim|corner|margin), off-cent(?:re|er), (?:edge|border|rim|side|margin) of the
        (?:frame|picture|image), far corner""",
    "object pairing": r"""
        nowhere near, severed, scatter\w*, apart, mismatch\w*, unrelated, out of place, misplaced, wrong
        (?:places?|sides?), belongs?, disconnected, dislocated, strewn, jumbl\w*, detached, disordered, incongruous,
        disassembled, separate (?:places|halves), pieces, in place, dismembered""",
    "richness": r"""
        cleared, expanse, empty, emptied, emptiness, bare, bareness, barren, sparse, vacan(?:t|cy), stripped,
        nothing else, nothing more, nobody else, no one else, meagre, scant, depleted, void, blank, deserted,
        unfurnished, (?:nearly|almost|next to) nothing""",
}

POLISHED_TERMS: Mapping[str, str] = {
    "background": r"scenery, background, backdrop, (?:scenic|detailed) (?:background|backdrop)",
    "clarity": r"sharp, crisp, focused, clear",
    "color aesthetic": r"harmonious, vibrant, colou?rful",
    "color brightness": r"bright, well-exposed, balanced exposure",
    "detail realism": r"realistic, lifelike, accurate",
    "detail refinement": r"refined, polished, clean, fine-textured, smooth, detailed(?! backdrop| background)",
    "emotion": r"cheerful, joyful, happy, serene, peaceful, cosy, festive, calm, warm-hearted, pleasant",
    "lighting distinction": r"""
        dramatic lighting, dramatic, shadows, (?:sculpted|sunlit) shadows, glowing light, sparkling light,
        directional light""",
    "main object": r"cent(?:red|ered), prominent, dominant",
    "object pairing": r"orderly, coherent, tidy, neat, matching",
    "richness": r"busy, crowded, full, abundant, lavish, lush, cluttered, clutter, rich",
}
"""What a negative prompt says to keep a dimension's high end away, by dimension."""


@dataclass(frozen=True, slots=True)
class EffectTerm:
    """A stretch of a text that can ask for an effect, and the dimensions that it can serve."""

    text: str
    dimensions: frozenset[str]


def effect_terms(text: str) -> list[EffectTerm]:
    """Every effect term of a text, each once."""
    served: dict[str, set[str]] = {}
    for name, pattern in _compiled().items():
        for found in pattern.finditer(text):
            served.setdefault(found[0].lower(), set()).add(name)
    return [EffectTerm(term, frozenset(names)) for term, names in served.items()]


def added_effects(original: str, anti: str, dimensions: Collection[str]) -> list[EffectTerm]:
    """Effect terms of ``anti`` that serve none of ``dimensions`` and are not allowed otherwise.

    Allowed is what stands in ``original``, and in the wording of a dimension of one's own that is asked for: it may
    use words that the lexicon gives to another.

    Raises:
        UnknownName: for a dimension that does not exist.
    """
    asked = [dimension(name) for name in dimensions]
    wordings = [text for own in asked if own.name not in _TERMS for text in (own.name, own.request, own.low)]
    allowed = {term.text for text in (original, *wordings) for term in effect_terms(text)}
    return [term for term in effect_terms(anti) if not term.dimensions & set(dimensions) and term.text not in allowed]


def named_dimensions(text: str) -> frozenset[str]:
    """Dimensions of which at least one term stands in the text, shared terms included."""
    return frozenset(name for term in effect_terms(text) for name in term.dimensions)


def polished_dimensions(negative: str) -> frozenset[str]:
    """Dimensions whose high end a negative prompt names."""
    return frozenset(name for name, pattern in _compiled_polished().items() if pattern.search(negative))


@cache
def _compiled() -> Mapping[str, re.Pattern[str]]:
    return {name: _pattern(terms) for name, terms in _TERMS.items()}


@cache
def _compiled_polished() -> Mapping[str, re.Pattern[str]]:
    return {name: _pattern(terms) for name, terms in POLISHED_TERMS.items()}


def _pattern(terms: str) -> re.Pattern[str]:
    split = re.split(r",\s*", " ".join(terms.split()))
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(sorted(split, key=len, reverse=True))})(?![\w])", re.IGNORECASE)
