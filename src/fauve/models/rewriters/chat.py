"""The rewriter ``chat``: a language model behind any endpoint that speaks OpenAI's chat completions.

An answer that breaks a rule is shown to the model with everything that is wrong with it, within the limits of
:class:`~fauve.models.chat.client.ChatClient`; what is still wrong then is an outcome, never a prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from fauve.errors import ConfigError
from fauve.keys import digest
from fauve.models.chat.client import Answered, Question
from fauve.models.chat.model import ChatModel, ChatOptions, open_chat
from fauve.models.chat.replies import Fault, Said
from fauve.models.rewriters.chat_answers import read_texts
from fauve.models.rewriters.chat_wording import SCHEMA, complaint, instructions, task
from fauve.prompts.checks import MOST_ANTI_WORDS, anti_faults, negative_faults
from fauve.prompts.lexicon import named_dimensions
from fauve.prompts.rewriting import RewriteRequest, Rewritten
from fauve.records import Outcome

__all__ = ["ChatRewriter"]

ADDRESS = "https://api.openai.com/v1"
WIRE = "openai-chat-rewriter/2"

_PARAMETERS: Mapping[str, Any] = {"temperature": 0.7, "max_tokens": 400}


class ChatRewriter(ChatModel):
    """Asks a language model for each anti prompt.

    Args:
        model: the endpoint's name of the model.
        base_url: address of the endpoint, up to and with its version.
        most_words: of an anti prompt.
        options: see :class:`~fauve.models.chat.model.ChatOptions`; ``parameters`` stand beside ``temperature`` 0.7 and
            ``max_tokens`` 400.

    Raises:
        ConfigError: where an option makes no sense.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str = ADDRESS,
        most_words: int = MOST_ANTI_WORDS,
        **options: Unpack[ChatOptions],
    ) -> None:
        name = f"chat:{model}"
        if most_words < 1:
            raise ConfigError(f"{name}: most_words is at least 1.")
        self.most_words = most_words
        super().__init__(open_chat(name, (model, base_url), SCHEMA, _PARAMETERS, options))

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that can change a text: model, parameters, wording, rules; never the key."""
        return {
            "rewriter": WIRE,
            "wording": digest(instructions(self.most_words)),
            "most_words": self.most_words,
            **self._chat.settings,
        }

    def rewrite(self, requests: Sequence[RewriteRequest]) -> list[Rewritten]:
        """One answer a request, in order; at most ``concurrency`` are under way at once.

        Raises:
            ModelError: where there is no key.
            UnknownName: for a dimension that does not exist.
        """
        answers = self._chat.ask([self._question(request) for request in requests])
        return [_rewritten(request, answer) for request, answer in zip(requests, answers, strict=True)]

    def _question(self, request: RewriteRequest) -> Question:
        said_of_it = task(request)

        def messages() -> list[dict[str, Any]]:
            system = {"role": "system", "content": instructions(self.most_words)}
            return [system, {"role": "user", "content": said_of_it}]

        identity = {"rewriter": WIRE, "wording": digest(instructions(self.most_words)), "task": said_of_it}
        return Question(request.original, identity, messages, lambda said: self._texts(said, request))

    def _texts(self, said: Said, request: RewriteRequest) -> dict[str, str]:
        """Both texts of an answer. Raises Fault with everything that is wrong with them."""
        texts = read_texts(said)
        faults = anti_faults(request.original, texts.anti, request.dimensions, self.most_words)
        faults += negative_faults(texts.negative)
        if faults:
            outcome = Outcome.UNPARSABLE if all(fault.kind == "form" for fault in faults) else Outcome.FAILED
            raise Fault(complaint(faults), outcome)
        return {"anti": texts.anti, "negative": texts.negative}


def _rewritten(request: RewriteRequest, answer: Answered) -> Rewritten:
    if answer.outcome is not Outcome.OK:
        return Rewritten(answer.outcome, reason=answer.reason, facts=answer.facts)
    anti, negative = answer.value["anti"], answer.value["negative"]
    unseen = sorted(set(request.dimensions) - named_dimensions(anti))
    return Rewritten(Outcome.OK, anti, negative, facts={**answer.facts, "unrecognised": unseen})
