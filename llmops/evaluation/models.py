"""Open the chat model named by a suite or a command."""

from typing import Final

from langchain_core.language_models import BaseChatModel

from llmops.errors import MissingExtraError, RecipeError
from llmops.evaluation.extractive import ExtractiveChatModel

EMBEDDED: Final = "extractive"
"""Name of the model that runs in this process and sends nothing out."""


def chat_model(name: str = EMBEDDED) -> BaseChatModel:
    """Open a chat model.

    Args:
        name: ``"extractive"``, or ``"provider:model"`` for LangChain's ``init_chat_model``.

    Raises:
        RecipeError: the name has neither form, or the provider refuses its settings (for example a missing key).
        MissingExtraError: the provider's LangChain package is not installed.
    """
    if name == EMBEDDED:
        return ExtractiveChatModel()
    provider, colon, model = name.partition(":")
    if not (colon and provider and model):
        raise RecipeError("model: give 'extractive' or 'provider:model', for example 'openai:gpt-5-mini'")
    from langchain.chat_models import init_chat_model  # noqa: PLC0415 - heavy, and only for external models

    try:
        return init_chat_model(model, model_provider=provider)
    except ImportError:
        package = f"langchain-{provider.replace('_', '-')}"
        raise MissingExtraError(f"model: provider {provider!r} needs its package: pip install {package}") from None
    except Exception:  # noqa: BLE001 - a provider may raise anything, and its message may hold a key
        raise RecipeError(
            f"model: provider {provider!r} could not be opened; is it spelled as LangChain does, and is its key set?"
        ) from None
