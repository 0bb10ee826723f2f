"""Scores of ImageReward's and BLIP's own code on seeded random weights, as golden rows.

Runs in the environment of ``environment.sh``, from the root of the repository:

    DIR/bin/python -m tests.oracles.blip_family DIR imagereward tests/models/scorers/golden/imagereward.json

Models are ``imagereward`` (package image-reward), ``blip-salesforce`` (Salesforce's BLIP_ITM, which reads 35 tokens)
and ``blip-transformers`` (BlipForImageTextRetrieval of transformers 4.45 with its processor, which reads all). With
``--full`` the sizes are the published ones; such scores are no golden rows, they are for ``compare_blip``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tests.models.scorers import plain_blip as plain
from tests.oracles import shims


def tokenizer(folder: Path) -> Any:
    """The small vocabulary in the tokenizer of the references, with the two tokens that BLIP adds."""
    (folder / "vocab.txt").write_text("\n".join(plain.VOCABULARY) + "\n")
    made = import_module("transformers").BertTokenizer(str(folder / "vocab.txt"))
    made.add_special_tokens({"bos_token": "[DEC]"})
    made.add_special_tokens({"additional_special_tokens": ["[ENC]"]})
    made.enc_token_id = made.additional_special_tokens_ids[0]
    return made


def small_towers(module: Any, sizes: plain.Sizes) -> Any:
    """A ``create_vit`` with other sizes and the same class."""

    def create_vit(vit: str, image_size: int, *further: Any) -> tuple[Any, int]:
        tower = module.VisionTransformer(
            img_size=image_size,
            patch_size=sizes.patch,
            embed_dim=sizes.vision,
            depth=sizes.vision_depth,
            num_heads=sizes.vision // 64,
            mlp_ratio=sizes.mlp,
        )
        return tower, sizes.vision

    return create_vit


def load(model: torch.nn.Module, tensors: plain.Tensors) -> None:
    """Every parameter of the reference must be given; a newer torch may leave out a buffer of positions."""
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    odd = [key for key in (*missing, *unexpected) if not key.endswith("position_ids")]
    if odd:
        raise SystemExit(f"these weights are not the reference's: {odd[:5]}")
    model.eval()


def imagereward(reference: Path, sizes: plain.Sizes, folder: Path) -> list[list[float]]:
    """Rewards by ``ImageReward.score``, a row a picture."""
    shims.empty_module("clip")
    shims.package_without_init("ImageReward", reference / "ImageReward")
    shims.package_without_init("ImageReward.models", reference / "ImageReward" / "models")
    shims.package_without_init("ImageReward.models.BLIP", reference / "ImageReward" / "models" / "BLIP")
    module = import_module("ImageReward.ImageReward")
    blip, blip_pretrain = (import_module(f"ImageReward.models.BLIP.{part}") for part in ("blip", "blip_pretrain"))
    words = tokenizer(folder)
    blip_pretrain.create_vit = small_towers(blip, sizes)
    blip_pretrain.init_tokenizer = lambda: words
    head = module.MLP
    module.MLP = lambda width: head(sizes.text)
    pretrained = blip_pretrain.BLIP_Pretrain
    module.BLIP_Pretrain = lambda **options: pretrained(
        **options | {"image_size": sizes.side, "embed_dim": sizes.joint}
    )
    plain.write_med_config(folder, sizes)
    model = module.ImageReward(str(folder / "med_config.json"))
    model.preprocess = module._transform(sizes.side)
    load(model, plain.reward_tensors(sizes))
    return [[model.score(prompt, picture) for prompt in plain.PROMPTS] for picture in plain.pictures()]


def blip_salesforce(reference: Path, sizes: plain.Sizes, folder: Path) -> dict[str, list[list[float]]]:
    """Both heads of BLIP_ITM, as Salesforce's own demonstration calls it."""
    sys.path.insert(0, str(reference / "BLIP"))
    blip, blip_itm = import_module("models.blip"), import_module("models.blip_itm")
    transforms = import_module("torchvision.transforms")
    words = tokenizer(folder)
    blip_itm.create_vit = small_towers(blip, sizes)
    blip_itm.init_tokenizer = lambda: words
    plain.write_med_config(folder, sizes)
    model = blip_itm.BLIP_ITM(str(folder / "med_config.json"), image_size=sizes.side, embed_dim=sizes.joint)
    load(model, plain.matching_tensors(sizes))
    steps = transforms.Compose(
        [
            transforms.Resize((sizes.side, sizes.side), interpolation=transforms.InterpolationMode.BICUBIC),
            transforms.ToTensor(),
            transforms.Normalize(plain.MEAN, plain.STD),
        ]
    )
    found: dict[str, list[list[float]]] = {"logit": [], "probability": [], "itc": []}
    for picture in plain.pictures():
        pixels = steps(picture)[None]
        logits = [model(pixels, prompt, match_head="itm")[0] for prompt in plain.PROMPTS]
        found["logit"].append([float(pair[1]) for pair in logits])
        found["probability"].append([float(pair.softmax(0)[1]) for pair in logits])
        found["itc"].append([float(model(pixels, prompt, match_head="itc")) for prompt in plain.PROMPTS])
    return found


def blip_transformers(reference: Path, sizes: plain.Sizes, folder: Path) -> dict[str, list[list[float]]]:
    """Both heads of BlipForImageTextRetrieval, as its documentation calls it."""
    library = import_module("transformers")
    model = library.BlipForImageTextRetrieval(library.BlipConfig.from_dict(plain.hub_config(sizes)))
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items() if value.is_floating_point()}
    load(model, plain.fill_by_name(shapes))
    pixels = library.BlipImageProcessor(size={"height": sizes.side, "width": sizes.side})
    processor = library.BlipProcessor(pixels, tokenizer(folder))
    found: dict[str, list[list[float]]] = {"logit": [], "probability": [], "itc": []}
    for picture in plain.pictures():
        inputs = [processor(picture, prompt, return_tensors="pt") for prompt in plain.PROMPTS]
        logits = [model(**given).itm_score[0] for given in inputs]
        found["logit"].append([float(pair[1]) for pair in logits])
        found["probability"].append([float(pair.softmax(0)[1]) for pair in logits])
        found["itc"].append([float(model(**given, use_itm_head=False).itm_score) for given in inputs])
    return found


MODELS = {
    "imagereward": (imagereward, plain.REWARD_LARGE, "image-reward 1.5"),
    "blip-salesforce": (blip_salesforce, plain.BLIP_BASE, "salesforce/BLIP, BLIP_ITM"),
    "blip-transformers": (blip_transformers, plain.BLIP_LARGE, "transformers 4.45.2, BlipForImageTextRetrieval"),
}


def main() -> None:
    """Write one reference's scores."""
    arguments = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    arguments.add_argument("environment", type=Path)
    arguments.add_argument("model", choices=MODELS)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--full", action="store_true")
    given = arguments.parse_args()
    operators = shims.torchvision_operators()
    run, full, source = MODELS[given.model]
    sizes = full if given.full else plain.TINY
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        scores = run(given.environment / "reference", sizes, Path(folder))
    row = {
        "command": f"python -m tests.oracles.blip_family DIR {given.model} OUT",
        "reference": source,
        "torch": version("torch"),
        "full": given.full,
        "inputs": plain.inputs_digest(),
        "prompts": list(plain.PROMPTS),
        "scores": {"reward": scores} if isinstance(scores, list) else scores,
    }
    del operators  # kept until here: the references' imports need it
    given.out.write_text(json.dumps(row, indent=1) + "\n")


if __name__ == "__main__":
    main()
