"""Prompts: the shipped set, drawing of dimensions, rewriting, checks, and readers of other sets."""

from fauve.prompts.captions import read_captions
from fauve.prompts.checks import Fault, anti_faults, negative_faults
from fauve.prompts.drawing import draw_dimensions
from fauve.prompts.neutral import NeutralRewriter, lengthened, neutral_prompt
from fauve.prompts.own_dimensions import dimensions_from, read_dimensions
from fauve.prompts.rewriting import Rewriter, RewriteRequest, Rewritten, Unwritten, write_pairs
from fauve.prompts.sets import PromptSet, load_prompt_set, prompt_rows, read_coco_captions
from fauve.prompts.shipped import base_captions, critique_prompts, emotion_prompts, emotion_templates, shipped_pairs
from fauve.prompts.template import TemplateRewriter
from fauve.prompts.texts import Caption, CritiquePrompt, EmotionPrompt, PairText

__all__ = [
    "Caption",
    "CritiquePrompt",
    "EmotionPrompt",
    "Fault",
    "NeutralRewriter",
    "PairText",
    "PromptSet",
    "RewriteRequest",
    "Rewriter",
    "Rewritten",
    "TemplateRewriter",
    "Unwritten",
    "anti_faults",
    "base_captions",
    "critique_prompts",
    "dimensions_from",
    "draw_dimensions",
    "emotion_prompts",
    "emotion_templates",
    "lengthened",
    "load_prompt_set",
    "negative_faults",
    "neutral_prompt",
    "prompt_rows",
    "read_captions",
    "read_coco_captions",
    "read_dimensions",
    "shipped_pairs",
    "write_pairs",
]
