"""Random detectors in the layout in which LLMDet and Grounding DINO are published, and what transformers makes of them.

Two small things differ from the published ones: sizes, and a vocabulary of a few words whose special tokens keep their
published places, as the detectors look for a full stop by its number.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertTokenizer,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    MMGroundingDinoConfig,
    MMGroundingDinoForObjectDetection,
    SwinConfig,
)
from transformers.models.grounding_dino.image_processing_pil_grounding_dino import GroundingDinoImageProcessorPil

KINDS = {
    "mm-grounding-dino": (MMGroundingDinoConfig, MMGroundingDinoForObjectDetection),
    "grounding-dino": (GroundingDinoConfig, GroundingDinoForObjectDetection),
}
PREPROCESSING = {
    "image_processor_type": "GroundingDinoImageProcessor",
    "size": {"shortest_edge": 96, "longest_edge": 160},
    "do_resize": True,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "do_pad": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "resample": 2,
}
_PLACES = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, "a": 1037, ".": 1012, "face": 2227}


def vocabulary() -> dict[str, int]:
    """BERT's places of the tokens that are used, and nothing but fillers elsewhere."""
    taken = set(_PLACES.values())
    words = {**_PLACES, **{f"[unused{k}]": k for k in range(2300) if k not in taken}}
    return dict(sorted(words.items(), key=lambda item: item[1]))


def write_detector(folder: Path, kind: str = "mm-grounding-dino", seed: int = 0) -> Any:
    """Seeded weights, configuration, preprocessing and vocabulary; returns the model."""
    config_class, model_class = KINDS[kind]
    # LLMDet has heads of its own for each layer; Grounding DINO has one for all
    heads = {"decoder_bbox_embed_share": False}
    heads |= {"decoder_cls_embed_share": False} if kind == "mm-grounding-dino" else {"decoder_bbox_embed_share": True}
    backbone = SwinConfig(
        image_size=64,
        patch_size=4,
        embed_dim=16,
        depths=[1, 1, 1, 1],
        num_heads=[2, 2, 2, 2],
        window_size=4,
        out_indices=[2, 3, 4],
    )
    text = BertConfig(
        vocab_size=2300,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=64,
    )
    config = config_class(
        backbone_config=backbone,
        text_config=text,
        d_model=32,
        num_queries=12,
        encoder_layers=1,
        encoder_ffn_dim=48,
        encoder_attention_heads=4,
        decoder_layers=2,
        decoder_ffn_dim=48,
        decoder_attention_heads=4,
        max_text_len=16,
        **heads,
    )
    torch.manual_seed(seed)
    model = model_class(config).eval()
    # fresh heads answer the same box everywhere: scattered weights make them differ
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "bbox_embed" in name or "class_embed" in name or "query_position" in name:
                weight.normal_(0, 0.3)
    model.save_pretrained(folder)
    BertTokenizer(vocab=vocabulary()).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSING))
    return model


def drop_tensor(folder: Path, ending: str) -> None:
    """Take the tensors whose name so ends out of the file."""
    file = folder / "model.safetensors"
    tensors = load_file(file)
    kept = {k: v for k, v in tensors.items() if not k.endswith(ending)}
    assert len(kept) < len(tensors)
    save_file(kept, file, metadata={"format": "pt"})


def picture(seed: int, width: int = 60, height: int = 90) -> Image.Image:
    blocks = np.random.default_rng(seed).integers(0, 255, (6, 4, 3)).astype(np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)


def reference(model: Any, folder: Path, image: Image.Image, phrase: str = "a face.") -> dict[str, torch.Tensor]:
    """Scores and boxes, best first, by transformers' own preprocessing and post-processing."""
    processor = GroundingDinoImageProcessorPil.from_pretrained(folder)
    words = BertTokenizer.from_pretrained(folder)(phrase, return_tensors="pt", return_token_type_ids=True)
    seen = model(**processor(images=image, return_tensors="pt"), **words)
    found = processor.post_process_object_detection(
        seen, threshold=0.0, target_sizes=torch.tensor([[image.height, image.width]])
    )[0]
    order = found["scores"].argsort(descending=True)
    return {"scores": found["scores"][order].detach(), "boxes": found["boxes"][order].detach()}
