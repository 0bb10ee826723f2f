"""Cards of the published reward models and matchers that Fauve can run: plain data, no heavy import.

A preference accuracy is the share of its authors' own test pairs on which a model agrees with people. It stands beside
its source in the comment of the line; where no source could be read it is None. "Not verified" in a summary marks what
could not be confirmed from the model's own files.
"""

from __future__ import annotations

from fauve.models.cards import ModelCard

__all__ = ["REWARD_CARDS"]

_CLIP_TOKENS = 77
"""Start and end token included; what is longer is cut before the end token."""

_CARDS = (
    ModelCard(
        name="clip-l",
        kind="matcher",
        summary="Cosine between the embeddings of image and prompt in OpenAI's CLIP ViT-L/14: does the text fit the "
        "picture. The licence of the weights is not stated on file (code: MIT).",
        hub_id="openai/clip-vit-large-patch14",
        paper="arXiv:2103.00020",
        range=(-1.0, 1.0),
        prompt_limit=_CLIP_TOKENS,
    ),
    ModelCard(
        name="blip-l",
        kind="matcher",
        summary="BLIP image–text matching, ViT-L at 384 pixels, tuned on COCO: the logit of the class 'match'. The "
        "licence is the code's; the weights' own is not verified.",
        hub_id="Salesforce/blip-itm-large-coco",
        licence="BSD-3-Clause",
        paper="arXiv:2201.12086",
        prompt_limit=512,
    ),
    ModelCard(
        name="blip-b",
        kind="matcher",
        summary="BLIP image–text matching, ViT-B at 384 pixels, tuned on COCO: the logit of the class 'match'. The "
        "licence is the code's; the weights' own is not verified.",
        hub_id="Salesforce/blip-itm-base-coco",
        licence="BSD-3-Clause",
        paper="arXiv:2201.12086",
        prompt_limit=512,
    ),
    ModelCard(
        name="hps-v1",
        kind="reward model",
        summary="Human Preference Score v1: cosine in a CLIP ViT-L/14 tuned on choices of Discord users. No copy on "
        "the hub: give the file hpc.pt. The licence of the weights is not verified (code: Apache-2.0).",
        paper="arXiv:2303.14420",
        range=(-1.0, 1.0),
        prompt_limit=_CLIP_TOKENS,
    ),
    ModelCard(
        name="hpsv2.0",
        kind="reward model",
        summary="Human Preference Score v2.0: cosine in a CLIP ViT-H/14 tuned on HPD v2. Not comparable with v2.1. The "
        "licence is the code's.",
        hub_id="xswu/HPSv2",
        licence="Apache-2.0",
        paper="arXiv:2306.09341",
        range=(-1.0, 1.0),
        prompt_limit=_CLIP_TOKENS,
        published_preference_accuracy=(0.833, "HPD v2 test"),  # README of tgxs002/HPSv2, before v2.1 was released
    ),
    ModelCard(
        name="hpsv2.1",
        kind="reward model",
        summary="Human Preference Score v2.1: cosine in a CLIP ViT-H/14 tuned on HPD v2 and later data. Not comparable "
        "with v2.0. The licence is the code's.",
        hub_id="xswu/HPSv2",
        licence="Apache-2.0",
        paper="arXiv:2306.09341",
        range=(-1.0, 1.0),
        prompt_limit=_CLIP_TOKENS,
    ),
    ModelCard(
        name="hpsv3",
        kind="reward model",
        summary="Human Preference Score v3: mean of a predicted rating by Qwen2-VL-7B with a head, about 0 to 15, not "
        "bounded. The licence is the package's; that of the weights is not verified.",
        hub_id="MizzenAI/HPSv3",
        licence="MIT",
        paper="arXiv:2508.03789",
        published_preference_accuracy=(0.769, "HPD v3 test"),  # as indexes of the paper list it; not read in its table
    ),
    ModelCard(
        name="mps",
        kind="reward model",
        summary="Multi-dimensional Preference Score, overall condition: scaled cosine of the prompt with image tokens "
        "that have attended to the prompt. Not on the hub: give the file MPS_overall_checkpoint.pth.",
        licence="MIT",
        paper="arXiv:2405.14705",
        prompt_limit=_CLIP_TOKENS,
        published_preference_accuracy=(0.742, "MHP, overall"),  # README of Kwai-Kolors/MPS
    ),
    ModelCard(
        name="pickscore",
        kind="reward model",
        summary="PickScore v1: scaled cosine in a CLIP ViT-H/14 tuned on Pick-a-Pic. The licence of the weights is not "
        "verified (code: MIT).",
        hub_id="yuvalkirstain/PickScore_v1",
        paper="arXiv:2305.01569",
        prompt_limit=_CLIP_TOKENS,
        published_preference_accuracy=(0.702, "Pick-a-Pic v1 test"),  # leaderboard on the data set's card
    ),
    ModelCard(
        name="imagereward",
        kind="reward model",
        summary="ImageReward v1.0: BLIP ViT-L at 224 pixels with a regression head, about standard normal. Reads 35 "
        "tokens of the prompt only.",
        hub_id="THUDM/ImageReward",
        licence="Apache-2.0",
        paper="arXiv:2304.05977",
        prompt_limit=35,
        published_preference_accuracy=(0.651, "ImageReward test"),  # README of tgxs002/HPSv2, which measured it too
    ),
    ModelCard(
        name="laion-v2",
        kind="reward model",
        summary="LAION aesthetic predictor v2 (sac+logos+ava1-l14-linearMSE): an affine map of the CLIP ViT-L/14 image "
        "embedding, 4 to 7 in practice. Sees no prompt.",
        hub_id="openai/clip-vit-large-patch14",
        licence="Apache-2.0",
        paper="christophschuhmann/improved-aesthetic-predictor",
        range=(-12.77, 23.24),  # bias 5.23665 plus and minus the norm of the weights, 17.996
        prompt_limit=0,
        sees_prompt=False,
    ),
    ModelCard(
        name="visionreward",
        kind="reward model",
        summary="VisionReward-Image: weighted sum of 27 yes/no answers of a 19-billion-parameter model and of a text "
        "alignment probability. Runs out of process. The weights also stand under the terms of CogVLM2 and Llama 3 "
        "(not verified).",
        hub_id="THUDM/VisionReward-Image",
        licence="Apache-2.0",
        paper="arXiv:2412.21059",
        range=(-2.537, 4.891),
    ),
)

REWARD_CARDS: dict[str, ModelCard] = {card.name: card for card in _CARDS}
"""Every published reward model and matcher by its canonical name."""
