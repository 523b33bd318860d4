"""A chat model without network or weights: it quotes the passages in its prompt, or refuses."""

from collections.abc import Sequence
from typing import Any, Final

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from llmops.evaluation.extract import Quote, extract
from llmops.evaluation.prompt import read_passages, read_question

REFUSAL: Final = "The records provided do not answer this."
VERSION: Final = "1"


class ExtractiveChatModel(BaseChatModel):
    """Answer from the prompt's passages only; each sentence is verbatim and cited as ``[chunk id]``.

    Deterministic, so an evaluation measures retrieval and de-identification, not sampling. Answers `REFUSAL` where no
    sentence answers the question.
    """

    @property
    def _llm_type(self) -> str:
        return f"llmops-extractive-{VERSION}"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager, kwargs
        prompt = "\n".join(str(message.text) for message in messages)
        answer = write_answer(extract(read_question(prompt), read_passages(prompt)))
        usage = {"input_tokens": len(prompt.split()), "output_tokens": len(answer.split())}
        message = AIMessage(
            content=answer,
            usage_metadata={**usage, "total_tokens": sum(usage.values())},
            response_metadata={"model_name": self._llm_type},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def write_answer(quotes: Sequence[Quote]) -> str:
    """Format quotes as an answer, one per line with its citation; `REFUSAL` for none."""
    return "\n".join(f"{quote.text} [{quote.chunk_id}]" for quote in quotes) or REFUSAL
