"""A prompt set in figures, as the Markdown that the documentation shows: python -m fauve.prompts.summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from fauve.prompts.neutral import neutral_prompt
from fauve.prompts.rewriting import RewriteRequest
from fauve.prompts.shipped import shipped_pairs
from fauve.prompts.template import TemplateRewriter
from fauve.prompts.texts import PairText
from fauve.prompts.wording import kept_share, nearest_texts, word_count
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = ["counts_table", "examples", "lengths_table", "nearness_sentence"]

_EVERY = 15
"""The examples are every 15th pair, from the eighth: chosen by position, not by merit."""


def counts_table(pairs: Sequence[PairText]) -> str:
    """How often each dimension is asked for, in all and by the number of dimensions beside it."""
    lines = ["| dimension | prompts | of 2 | of 3 | of 4 |", "|---|---|---|---|---|"]
    for name in PROMPT_DIMENSIONS:
        sizes = Counter(len(pair.dimensions) for pair in pairs if name in pair.dimensions)
        lines.append(f"| {name} | {sizes.total()} | {sizes[2]} | {sizes[3]} | {sizes[4]} |")
    sizes = Counter(len(pair.dimensions) for pair in pairs)
    lines.append(f"| prompts in all | {len(pairs)} | {sizes[2]} | {sizes[3]} | {sizes[4]} |")
    return "\n".join(lines)


def lengths_table(pairs: Sequence[PairText]) -> str:
    """Words of each kind of prompt: least, mean, most; and what a template makes of the same captions."""
    template = TemplateRewriter().rewrite([RewriteRequest(pair.original, pair.dimensions) for pair in pairs])
    kinds: list[tuple[str, Callable[[int], str]]] = [
        ("original", lambda at: pairs[at].original),
        ("anti", lambda at: pairs[at].anti),
        ("anti by `template`", lambda at: template[at].anti or ""),
        ("original, length-matched", lambda at: neutral_prompt(pairs[at])),
        ("negative", lambda at: pairs[at].negative or ""),
    ]
    lines = ["| prompt | least | mean | most |", "|---|---|---|---|"]
    for kind, text in kinds:
        counts = [word_count(text(at)) for at in range(len(pairs))]
        lines.append(f"| {kind} | {min(counts)} | {sum(counts) / len(counts):.1f} | {max(counts)} |")
    return "\n".join(lines)


def nearness_sentence(pairs: Sequence[PairText]) -> str:
    """How alike the two most alike captions and anti prompts are, and how much of a caption its anti prompt keeps."""
    captions = nearest_texts({pair.id: pair.original for pair in pairs})
    antis = nearest_texts({pair.id: pair.anti for pair in pairs})
    kept = [kept_share(pair.original, pair.anti) for pair in pairs]
    return (
        f"The two captions most alike ({captions[1]}, {captions[2]}) share {captions[0]:.0%} of their content words, "
        f"the two anti prompts most alike ({antis[1]}, {antis[2]}) {antis[0]:.0%}. An anti prompt keeps "
        f"{sum(kept) / len(kept):.0%} of its caption's content words on average and never less than {min(kept):.0%}."
    )


def examples(pairs: Sequence[PairText]) -> str:
    """Every 15th pair, twenty of 300."""
    return "\n\n".join(
        f"**{pair.id}** ({', '.join(pair.dimensions)})\\\n{pair.original}\\\n→ {pair.anti}\\\nnegative: {pair.negative}"
        for pair in pairs[_EVERY // 2 :: _EVERY]
    )


if __name__ == "__main__":
    print(*(make(shipped_pairs()) for make in (counts_table, lengths_table, nearness_sentence, examples)), sep="\n\n")
