from __future__ import annotations

import pytest

from fauve.errors import LedgerConflict
from fauve.ledger import queries
from fauve.ledger.importing import import_contrasts, import_pairs


def test_a_contrast_is_stored_as_it_came(ledger, lines, contrast, only):
    assert import_contrasts(ledger, lines(contrast(notes={"human_score": 5.54}))) == (1, 0)
    item = only()
    assert (item.kind, item.study, item.generator, item.id) == ("contrast", "photographs", "", "1")
    assert item.prompts == {"prompt": "a blurred dog"}
    assert item.groups == {"category": "clarity_and_focus.intentional_blur"}
    assert item.notes == {"human_score": 5.54}
    assert item.images["faithful"] != item.images["default"]
    assert queries.grid(ledger).rows() == [(item.item, "hpsv3", "published", "faithful", "prompt", "ok", -9.5)]


def test_scores_alone_are_enough(ledger, lines, contrast, only):
    import_contrasts(ledger, lines(contrast(prompt=None, faithful=None, default=None)))
    assert only().images == {"faithful": None, "default": None}


def test_a_study_without_contrasts(rejection, lines, contrast):
    error = rejection(import_contrasts, lines(contrast(), contrast(id="2", study="photograps")))
    assert (error.line, error.field, error.remedy) == (2, "study", "Did you mean 'photographs'?")
    assert rejection(import_contrasts, lines(contrast(study="generation"))).field == "study"


def test_a_study_of_one_s_own_is_named_in_the_call(ledger, lines, contrast, only):
    import_contrasts(ledger, lines(contrast(study="my_study", groups={})), studies=("my_study",))
    assert only().study == "my_study"


@pytest.mark.parametrize(
    ("study", "group", "value", "remedy"),
    [
        ("photographs", "category", "clarity_and_focus.blur", "clarity_and_focus"),
        ("critique", "topic", "antiwar", "'anti-war'"),
        ("emotion_reward", "emotion", "angry", "'anger'"),
    ],
)
def test_groups_that_the_vocabulary_does_not_have(rejection, lines, contrast, study, group, value, remedy):
    error = rejection(import_contrasts, lines(contrast(study=study, groups={group: value})))
    assert (error.line, error.field) == (1, f"groups.{group}")
    assert remedy in error.remedy


def test_groups_of_one_s_own_and_none(ledger, lines, contrast):
    rows = [contrast(groups={"camera": "Leica"}), contrast(id="2", groups={})]
    assert import_contrasts(ledger, lines(*rows)) == (2, 0)


def test_the_same_contrast_twice_in_a_file(rejection, lines, contrast):
    error = rejection(import_contrasts, lines(contrast(), contrast()))
    assert (error.line, error.field) == (2, "id")


def test_a_score_has_no_prompt_slot(rejection, lines, contrast):
    row = contrast()
    row["scores"][0]["prompt"] = "anti"
    assert rejection(import_contrasts, lines(row)).field == "scores[0].prompt"


def test_the_same_cell_twice_in_a_row(rejection, lines, contrast):
    score = contrast()["scores"][0]
    assert rejection(import_contrasts, lines(contrast(scores=[score, score]))).field == "scores[1]"


def test_a_second_import_changes_nothing_and_a_conflict_names_the_row(ledger, lines, contrast):
    import_contrasts(ledger, lines(contrast()))
    assert import_contrasts(ledger, lines(contrast())) == (0, 1)
    path = lines(contrast(prompt="another"))
    with pytest.raises(LedgerConflict, match=r"line 1: contrast '1' of 'photographs' .* other prompts"):
        import_contrasts(ledger, path)


def test_a_pair_of_the_same_id_is_another_item(ledger, lines, contrast, pair):
    import_contrasts(ledger, lines(contrast()))
    assert import_pairs(ledger, lines(pair())) == (1, 0)
