from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.lab.captions import (
    LENGTH,
    VOCABULARY,
    anti_requests,
    describe,
    draw_pairs,
    dropped,
    encode,
    mentions,
    plain_requests,
    words,
)
from fauve.lab.phrases import OPENERS, PHRASES, POLISHED, RESERVED_OPENERS
from fauve.lab.scene import FACE, INDEX, NEGATIVE_EMOTIONS, SIZES, SLOTS, draw_scenes
from fauve.vocabulary import PROMPT_DIMENSIONS

S = len(SLOTS)
EVERY = {p: (slot, value) for slot, values in PHRASES.items() for value, ps in values.items() for p in ps}
RESERVED = {ps[-1] for values in PHRASES.values() for ps in values.values()}
seeds = st.integers(0, 2**32)


def heard(caption: str) -> dict[str, str]:
    """What a caption says, read back by its longest phrases: the grammar's inverse, written independently."""
    text = next(caption.removeprefix(o) for o in sorted(OPENERS, key=len, reverse=True) if caption.startswith(o))
    found: dict[str, str] = {}
    tokens = words(text)
    spoken = {tuple(words(p)): meaning for p, meaning in EVERY.items()}
    longest = max(map(len, spoken))
    place = 0
    while place < len(tokens):
        for length in range(longest, 0, -1):
            meaning = spoken.get(tuple(tokens[place : place + length]))
            if meaning:
                assert meaning[0] not in found, f"{meaning[0]} twice in {caption!r}"
                found[meaning[0]] = meaning[1]
                place += length
                break
        else:
            assert tokens[place] in {"a", "an", "and", "something"}, f"{tokens[place]!r} in {caption!r} says nothing"
            place += 1
    return found


def test_every_value_has_four_phrases_and_no_two_share_one() -> None:
    assert list(PHRASES) != []
    assert set(PHRASES) == {slot.name for slot in SLOTS}
    for slot in SLOTS:
        assert tuple(PHRASES[slot.name]) == slot.values
        assert all(len(set(ps)) == len(ps) >= 4 for ps in PHRASES[slot.name].values())
    assert len(EVERY) == sum(len(ps) for values in PHRASES.values() for ps in values.values())
    assert len(set(OPENERS)) == len(OPENERS) >= 7 + RESERVED_OPENERS


def test_the_vocabulary_is_a_few_hundred_words() -> None:
    assert 200 < len(VOCABULARY) < 600
    assert len(set(VOCABULARY)) == len(VOCABULARY)
    assert set(POLISHED) == set(PROMPT_DIMENSIONS)
    assert set(POLISHED.values()) <= set(VOCABULARY)


@pytest.mark.parametrize("reserved", [False, True])
def test_captions_parse_back_to_what_they_were_asked_to_say(reserved: bool) -> None:
    rng = np.random.default_rng(3)
    scenes = draw_scenes(rng, 1500, low=0.4)
    said = mentions(rng, scenes)
    for name in ("palette", "corner"):
        said[:, INDEX[name]] = np.where(rng.random(len(said)) < 0.2, scenes[:, INDEX[name]], -1)
    for caption, request in zip(describe(said, rng, reserved=reserved), said, strict=True):
        expected = {slot.name: slot.values[t] for slot, t in zip(SLOTS, request, strict=True) if t >= 0}
        assert heard(caption) == expected


def test_reserved_wording_never_leaks_and_is_used_alone() -> None:
    rng = np.random.default_rng(4)
    said = mentions(rng, draw_scenes(rng, 4000, low=0.4))
    free, held = describe(said, rng), describe(said, rng, reserved=True)
    for caption in free:
        spoken = " ".join(words(caption))
        assert not caption.startswith(OPENERS[-RESERVED_OPENERS:])
        assert not [p for p in RESERVED if f" {p} " in f" {spoken} "]
    others = {p for p in EVERY if p not in RESERVED}
    for caption in held:
        spoken = " ".join(words(caption))
        assert caption.startswith(OPENERS[-RESERVED_OPENERS:])
        assert not [p for p in others if f" {p} " in f" {spoken} "]
    assert {o for o in OPENERS if any(c.startswith(o) for c in (*free, *held))} == set(OPENERS)


def test_all_phrases_are_used_evenly() -> None:
    rng = np.random.default_rng(5)
    request = np.full((3000, S), -1)
    request[:, INDEX["detail realism"]] = 0
    count = Counter(p for c in describe(request, rng) for p in PHRASES["detail realism"]["low"] if p in c)
    assert set(count) == set(PHRASES["detail realism"]["low"][:-1])
    assert min(count.values()) > 600


def test_a_sentence_is_a_sentence() -> None:
    request = np.full((1, S), -1)
    assert describe(request, np.random.default_rng(0))[0].endswith("something")
    request[0, [INDEX["subject"], INDEX["hue"]]] = (5, 5)
    texts = {describe(request, np.random.default_rng(i))[0] for i in range(60)}
    assert any(" an ultramarine " in t for t in texts)
    assert any(" a cobalt " in t for t in texts)
    request[0, INDEX["clarity"]] = request[0, INDEX["richness"]] = 0
    text = describe(request, np.random.default_rng(1))[0]
    assert text.count(",") == 1
    assert " and " in text


def test_an_emotion_without_a_face_is_refused() -> None:
    request = np.full((2, S), -1)
    request[1, [INDEX["subject"], INDEX["emotion"]]] = (3, 2)
    with pytest.raises(ValueError, match="request 1 asks for an emotion without a face"):
        describe(request, np.random.default_rng(0))


def test_encoding_known_answers() -> None:
    tokens = encode(["A Red, red boat!", "zyzzyva", "", "boat " * (LENGTH + 4)])
    assert tokens.shape == (4, LENGTH)
    assert [VOCABULARY[t] for t in tokens[0, :4]] == ["a", "red", "red", "boat"]
    assert tokens[1].tolist() == [1] + [0] * (LENGTH - 1)
    assert not tokens[2].any()
    assert dropped(["a boat", "boat " * (LENGTH + 4)]).tolist() == [0, 4]


@given(seed=seeds)
def test_whatever_is_mentioned_fits_and_is_known(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scenes = draw_scenes(rng, 30, low=0.5)
    said = mentions(rng, scenes, least=5)
    assert ((said == scenes) | (said == -1)).all()
    assert (said[scenes[:, INDEX["subject"]] != FACE, INDEX["emotion"]] == -1).all()
    for reserved in (False, True):
        texts = describe(said, rng, reserved=reserved)
        assert not dropped(texts).any()
        assert not (encode(texts) == 1).any()


def test_all_numbers_of_mentions_occur() -> None:
    rng = np.random.default_rng(2)
    said = mentions(rng, draw_scenes(rng, 3000), least=1, most=4)
    columns = [INDEX[name] for name in PROMPT_DIMENSIONS]
    assert set((said[:, columns] >= 0).sum(axis=1).tolist()) == {1, 2, 3, 4}
    assert (said[:, INDEX["palette"]] == -1).all()


@given(seed=seeds)
def test_plain_prompts_name_no_dimension(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = plain_requests(rng, 20)
    named = {SLOTS[c].name for c in np.flatnonzero((plain >= 0).any(axis=0))}
    assert named <= {"subject", "hue", "layout"}
    assert (plain[:, INDEX["subject"]] >= 0).all()


def legible(anti: np.ndarray, plain: np.ndarray) -> bool:
    low = {name for name in PROMPT_DIMENSIONS if anti[INDEX[name]] >= 0}
    veils = low & {"clarity", "color brightness", "detail refinement", "detail realism"}
    return (
        2 <= len(low) <= 4
        and not {"emotion", "main object"} <= low
        and not ("background" in low and plain[INDEX["layout"]] >= 0)
        and len(veils) <= (1 if "emotion" in low else 2)
        and not {"clarity", "detail refinement"} <= low
        and not {"clarity", "emotion"} <= low
        and not ("main object" in low and low & {"clarity", "detail refinement", "detail realism"})
        and ("emotion" not in low or plain[INDEX["subject"]] == FACE)
    )


@given(seed=seeds)
def test_anti_requests_add_two_to_four_low_ends_that_can_be_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = plain_requests(rng, 30)
    anti = anti_requests(rng, plain)
    for before, after in zip(plain, anti, strict=True):
        assert legible(after, before)
        assert (after[before >= 0] == before[before >= 0]).all()
        for name in PROMPT_DIMENSIONS:
            low = NEGATIVE_EMOTIONS if name == "emotion" else (0,)
            assert after[INDEX[name]] in (-1, *low)
    assert not (encode(describe(anti, rng, reserved=True)) == 1).any()


@pytest.mark.parametrize("seed", [0, 7, 2026])
def test_pairs_are_balanced(seed: int) -> None:
    pairs = draw_pairs(300, seed)
    dimensions = Counter(d for p in pairs for d in p.dimensions)
    assert set(dimensions) == set(PROMPT_DIMENSIONS)
    assert max(dimensions.values()) - min(dimensions.values()) <= 12
    assert set(Counter(len(p.dimensions) for p in pairs).values()) == {100}
    subjects = Counter(int(p.original[0]) for p in pairs)
    assert subjects.pop(FACE) == 75
    assert len(subjects) == SIZES[0] - 1
    assert max(subjects.values()) - min(subjects.values()) <= 1
    moods = Counter(int(p.anti[INDEX["emotion"]]) for p in pairs)
    assert [moods[m] for m in NEGATIVE_EMOTIONS] == [25, 25, 25]
    assert len({p.id for p in pairs}) == 300


@given(seed=st.integers(0, 10_000), n=st.integers(1, 25))
def test_pairs_are_what_they_say(seed: int, n: int) -> None:
    pairs = draw_pairs(n, seed)
    again = draw_pairs(n, seed)
    for pair, twin in zip(pairs, again, strict=True):
        assert (pair.prompt_original, pair.prompt_anti) == (twin.prompt_original, twin.prompt_anti)
        assert pair.prompt_anti.startswith(pair.prompt_original)
        assert legible(pair.anti, pair.original)
        assert pair.dimensions == tuple(d for d in PROMPT_DIMENSIONS if pair.anti[INDEX[d]] >= 0)
        assert heard(pair.prompt_anti).keys() == {SLOTS[c].name for c in np.flatnonzero(pair.anti >= 0)}
        assert 2 <= len(words(pair.negative)) <= 6
        assert pair.negative == ", ".join(POLISHED[d] for d in pair.dimensions)
        assert heard(pair.prompt_original).keys() <= {"subject", "hue", "layout"}
