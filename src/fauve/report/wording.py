"""How metrics and groups read in a report, and what each metric means."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["METRICS", "Metric", "group_label", "metric", "spoken_test"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as it reads: its label, the symbol or unit beside it, and what it means in a sentence or two."""

    name: str
    label: str
    meaning: str


_METRICS = (
    Metric(
        "accuracy",
        "Accuracy",
        "Share of contrasts in which the scorer gives the faithful image, the one that was asked for, the higher "
        "score. A coin has 0.5. Equal scores count as not chosen.",
    ),
    Metric(
        "balanced_accuracy",
        "Balanced accuracy",
        "Accuracy where the anti image is faithful and accuracy where the original image is, averaged: a scorer that "
        "always picks one kind has 0.5. Defined only where both kinds occur.",
    ),
    Metric(
        "f1",
        "F1",
        "F1 of the two kinds of faithful image, weighted by how often each occurs.",
    ),
    Metric(
        "auroc",
        "AUROC",
        "How well the softmax of the two scores ranks pairs by which image is faithful: 0.5 is chance, 1 is perfect.",
    ),
    Metric(
        "margin",
        "Margin",
        "Mean of score(faithful) − score(default), in the scorer's own unit. Below zero the scorer takes points off "
        "for what was asked. Margins of different scorers cannot be compared with each other.",
    ),
    Metric(
        "shift",
        "Shift",
        "Mean of second − first score of the same item, paired, in the scorer's own unit.",
    ),
    Metric("after", "After", "Mean score of the second image of each pair, in the scorer's own unit."),
    Metric("before", "Before", "Mean score of the first image of each pair, in the scorer's own unit."),
    Metric(
        "success",
        "Success",
        "Share of pairs in which the anti image follows the anti prompt better than the original image does. It can be "
        "high while only part of what was asked is there, so the share of requests honoured stands beside it.",
    ),
    Metric(
        "honoured",
        "Honoured",
        "Share of the requested dimensions that a judge finds honoured: it scores the anti image more than 0.25 below "
        "the original image on that dimension.",
    ),
    Metric(
        "wholly_honoured",
        "Wholly honoured",
        "Share of prompts whose every requested dimension the judge finds honoured.",
    ),
    Metric(
        "slope",
        "Slope",
        "Change of the score for one step of what it is set against: an effect from nothing to full strength, a "
        "dimension by one point of the judge, or one rank. The unit is the scorer's own (raw) or the standard "
        "deviation of its scores (sd). Below zero the scorer takes points off.",
    ),
    Metric(
        "request_credit",
        "Request credit",
        "Slope under the prompt that asks for the effect minus slope under the plain caption: what asking wins back. "
        "Zero means that the scorer does not care what was asked.",
    ),
    Metric(
        "bias",
        "Bias",
        "Mean of score(default) − score(faithful): the margin with its sign turned, as the source states it.",
    ),
    Metric(
        "shift_difference",
        "Shift against base",
        "Shift of a variant minus shift of the generator that it was tuned from, on the same prompts. It mixes what "
        "the reward did with what any further training does.",
    ),
    Metric(
        "correlation",
        "Correlation",
        "From −1 to 1. Over scorers, not over pictures: with a handful of scorers it proves little.",
    ),
    Metric(
        "beyond_control",
        "Beyond the control",
        "Mean of score(edit) − score(the same input encoded and decoded, with no denoising): what is left of the shift "
        "when the autoencoder’s own part is taken away.",
    ),
    Metric(
        "honoured_before",
        "Honoured before",
        "Share of the requested dimensions that a judge finds honoured in the input of an edit: more than 0.25 below "
        "the plain picture of the same scene.",
    ),
    Metric("honoured_after", "Honoured after", "The same share in the edit, over the same requests."),
    Metric(
        "survived",
        "Survived",
        "Of the requests that the input honours, the share that the edit still does.",
    ),
    Metric(
        "plain_shift",
        "Plain shift",
        "Mean of steered − unsteered score of the plain picture under the plain prompt: what steering changes where "
        "nothing unusual is asked for.",
    ),
    Metric(
        "honoured_difference",
        "Honoured against unsteered",
        "Share of requests honoured by the steered generator minus that by the unsteered one, on the same requests.",
    ),
    Metric(
        "wholly_honoured_difference",
        "Wholly honoured against unsteered",
        "The same difference of the shares of prompts whose every visible request is honoured.",
    ),
    Metric(
        "against_happy",
        "Against happiness",
        "Mean of the score under the sentence of the emotion minus the score of the happy portrait of the same "
        "template under its own. The two sentences may start at different levels.",
    ),
    Metric(
        "difference",
        "Against base",
        "Mean score of a variant minus that of the generator that it was tuned from, on the same prompts and draws. It "
        "mixes what the reward did with what any further training does.",
    ),
    Metric("alpha", "α", "Krippendorff’s agreement of all at once, on an ordinal scale: 1 is perfect, 0 is chance."),
    Metric("same", "Same choice", "Share of items in which both chose the same, ties included."),
    Metric(
        "first_shown",
        "First shown",
        "Of the answers that chose a picture, the share that chose the one shown first: for selectors over items "
        "asked in both orders, for people where the order is on file. Who is not swayed by the order has 0.5.",
    ),
    Metric("flips", "Flips", "Share of items in which the choice turned with the order: each of them is a tie."),
    Metric("ties", "Ties", "Share of items in which neither picture was chosen."),
    Metric("unanswered", "No answer", "Share of the questions that brought no choice, for whatever reason."),
    Metric(
        "columns_agreeing",
        "Columns agreeing",
        "Share of the selectors and judges under which the whole interval lies on the side that most of them show. The "
        "note says what that makes of the finding.",
    ),
    Metric("faces_found", "Faces found", "Share of the portraits with a picture in which a face was found."),
    Metric("kappa", "κ", "Agreement beyond chance: 1 is full agreement, 0 is what chance gives."),
    Metric(
        "ceiling",
        "Human ceiling",
        "What one person reaches: the κ of each rater with what the others say together, averaged over raters.",
    ),
    Metric("rater", "One person", "κ of a rater with what the others say of the same items together."),
    Metric(
        "with_others",
        "With the others",
        "κ of a selector with all raters but one, on the items of that one, averaged over who is left out: the same "
        "question that the human ceiling answers for a person.",
    ),
    Metric(
        "under_ceiling",
        "Against one person",
        "The selector’s κ with the others minus that of a person, on the same items. Below zero it agrees less with "
        "people than one of them does.",
    ),
    Metric("mae", "MAE", "Mean absolute difference of the judge's expected value and the label, on a scale of 2."),
    Metric(
        "wmae", "Class-balanced MAE", "Mean absolute difference, averaged over the classes so that rare ones count."
    ),
    Metric(
        "truncated",
        "Cut short",
        "Share of distinct prompts that are longer than the scorer can read, so that it never sees their end. The note "
        "says how long the prompts are in the scorer’s own tokens.",
    ),
    Metric(
        "mean",
        "Mean",
        "Mean score, in the scorer’s own unit: of original pictures under their plain captions, of artworks under "
        "theirs, or of faces under the sentence of the emotion.",
    ),
    Metric(
        "relative",
        "Relative score",
        "Where the mean lies on the ranking that the scorer’s own authors published: 0 is its last model, 1 its first.",
    ),
    Metric("rank", "Rank", "1 + the models of that ranking whose mean is higher. The interval is of whole places."),
    Metric("rank_of", "Places", "How many places there are once what is ranked has joined."),
    Metric(
        "z",
        "z",
        "The mean in standard deviations of the scorer’s range over plain pictures, counted from the mean of that "
        "range. The range is taken as known.",
    ),
    Metric("score", "Score", "The score of a single work under its own caption: one value, and no interval."),
    Metric("words", "Words", "Mean count of words between white space."),
    Metric(
        "prompt_shift",
        "Prompt shift",
        "Mean of the score under the longer prompt minus the score under the plain one, of the same plain picture.",
    ),
    Metric(
        "shift_between",
        "Shift, between wordings",
        "Shift under one wording minus shift under another, on the same captions. Against the neutral wording, which "
        "is as long and asks for nothing, it is what is left once length is taken away.",
    ),
    Metric("prompt_shift_between", "Prompt shift, between wordings", "The same difference of the prompt shift."),
    Metric(
        "accuracy_between",
        "Accuracy, between wordings",
        "Accuracy under one wording minus accuracy under another, on the captions that were asked for in both.",
    ),
    Metric("margin_between", "Margin, between wordings", "The same difference of the margin."),
    Metric(
        "sd", "Standard deviation", "How far those scores lie apart: what a step of the scorer’s own unit is worth."
    ),
    Metric("lowest", "Lowest", "The lowest of those scores."),
    Metric("highest", "Highest", "The highest of those scores."),
    Metric(
        "effect_size",
        "Effect size",
        "Cohen’s d_z: the mean margin or shift over its standard deviation between items. It has no unit, so that "
        "scorers can be compared: about 0.2 is called small, 0.5 medium, 0.8 large.",
    ),
    Metric(
        "detectable",
        "Detectable",
        "The smallest true effect that a test at 5 % over so many prompts would find four times in five: a distance "
        "from one half for an accuracy, in the scorer’s own unit for a shift. Smaller ones may be there unseen.",
    ),
    Metric(
        "design_effect",
        "Design effect",
        "By how much the variance grows because items share prompts: 1 where they do not; 2 means that half as many "
        "items with a prompt each would say as much.",
    ),
    Metric(
        "protocol_difference",
        "Other preset",
        "What changes when the generator is sampled under another preset: that preset minus the default one, on the "
        "same prompts.",
    ),
    Metric("wf1", "Weighted F1", "F1 of the three classes, weighted by how often each occurs."),
)

METRICS: dict[str, Metric] = {m.name: m for m in _METRICS}
"""What is known of each metric by its canonical name."""


def metric(name: str) -> Metric:
    """What is known of a metric; one that is not on the list is called by its name in plain letters."""
    return METRICS.get(name) or Metric(name, name.replace("_", " "), "")


def group_label(value: str) -> str:
    """A group's name or value in plain letters: ``lighting_and_exposure.flat_lighting`` without its joints."""
    return value.replace(".", ": ").replace("_", " ") if "_" in value else value


_TESTS = {
    "Wilcoxon signed-rank (wilcox)": "Wilcoxon’s signed-rank test (pairs without a difference left out)",
    "Wilcoxon signed-rank (pratt)": "Wilcoxon’s signed-rank test (Pratt’s treatment of pairs without a difference)",
    "Wilcoxon signed-rank (zsplit)": "Wilcoxon’s signed-rank test (ranks of pairs without a difference shared out)",
    "sign": "the sign test",
    "sign flip": "the sign-flip permutation test",
    "sign flip (exact)": "the exact sign-flip permutation test",
    "t (HC3)": "Student’s t test with HC3 errors",
    "t test of the rank slope": "Student’s t test of the slope over ranks",
    "pearson correlation": "the test of Pearson’s correlation",
    "spearman correlation": "the test of Spearman’s correlation",
    "pearson correlation (exact permutation)": "the exact permutation test of Pearson’s correlation",
    "spearman correlation (exact permutation)": "the exact permutation test of Spearman’s correlation",
}


def spoken_test(name: str) -> str:
    """A test as a sentence names it; one that is not on the list is called by its own name."""
    return _TESTS.get(name, name)
