"""Call an external model: concurrent prompts, each with a timeout and with retries on transport errors."""

import errno
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from langchain_core.messages import AIMessage

from llmops.errors import LlmopsError, ModelError

Key = TypeVar("Key")
Failure: TypeAlias = Literal["model_raised", "timed_out"]
Invoke: TypeAlias = Callable[[str], AIMessage]

_REFUSED: Final = frozenset({401, 403, 404})
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_SERVER_ERROR: Final = 500
_NO_WAY: Final = re.compile(r"Connect|Timeout|TimedOut|Unavailable|RateLimit|Overloaded|Network|RemoteProtocol")
_DEEPEST: Final = 8
_TIMEOUTS_OF_A_PROMPT: Final = 2
_TIMEOUTS_IN_A_ROW: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """Limits for calls to an external model.

    Args:
        timeout_s: timeout of one call in seconds.
        attempts: maximum calls for one prompt on transport errors.
        concurrency: maximum prompts in flight.
        wait_s: seconds before the second attempt; doubled before each further one.
    """

    timeout_s: float = 120.0
    attempts: int = 4
    concurrency: int = 1
    wait_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call(Generic[Key]):
    key: Key
    prompt: str = field(repr=False)
    attempt: int
    deadline: float


def ask_all(
    prompts: Iterable[tuple[Key, str]], invoke: Invoke, calling: Calling
) -> Iterator[tuple[Key, AIMessage | Failure]]:
    """Send every prompt; yield answers as they arrive.

    A timed-out call is abandoned: its thread cannot be ended, but blocks nothing.

    Args:
        prompts: consumed one by one, in this thread, as slots become free.
        invoke: calls the model, in its own thread; its exceptions may hold the prompt and are not repeated.
        calling: limits.

    Raises:
        ModelError: the model cannot be reached or refuses all calls; gives the reason.
    """
    waiting, flying, answers = iter(prompts), dict[int, _Call[Key]](), SimpleQueue[tuple[int, AIMessage | Exception]]()
    started = timeouts = 0

    def start(key: Key, prompt: str, attempt: int) -> None:
        nonlocal started
        started += 1
        wait = calling.wait_s * 2 ** (attempt - 2) if attempt > 1 else 0.0
        deadline = time.monotonic() + wait + calling.timeout_s
        flying[started] = _Call(key=key, prompt=prompt, attempt=attempt, deadline=deadline)
        threading.Thread(target=_invoke, args=(started, prompt, wait, invoke, answers), daemon=True).start()

    while True:
        while len(flying) < calling.concurrency and (item := next(waiting, None)) is not None:
            start(*item, attempt=1)
        if not flying:
            return
        number, answer = _next(flying, answers)
        call = flying.pop(number)
        if isinstance(answer, AIMessage):
            timeouts = 0
            yield call.key, answer
        elif isinstance(answer, _TimedOutError):
            if call.attempt < min(_TIMEOUTS_OF_A_PROMPT, calling.attempts):
                start(call.key, call.prompt, call.attempt + 1)
                continue
            timeouts += 1
            if timeouts == _TIMEOUTS_IN_A_ROW:
                raise ModelError(f"the model gives no answer within {calling.timeout_s:g} s")
            yield call.key, "timed_out"
        elif _may_be_tried_again(answer, call.attempt, calling.attempts):
            start(call.key, call.prompt, call.attempt + 1)
        else:
            yield call.key, "model_raised"


class _TimedOutError(Exception):
    """Takes the place of a timed-out call's answer."""


def _invoke(
    number: int, prompt: str, wait: float, invoke: Invoke, answers: "SimpleQueue[tuple[int, AIMessage | Exception]]"
) -> None:
    time.sleep(wait)
    try:
        answers.put((number, invoke(prompt)))
    except Exception as error:  # noqa: BLE001 - a provider may raise anything; classified by type, never shown
        answers.put((number, error))


def _next(
    flying: dict[int, _Call[Key]], answers: "SimpleQueue[tuple[int, AIMessage | Exception]]"
) -> tuple[int, AIMessage | Exception]:
    """The next answer to a pending call, or the first timed-out call."""
    while True:
        number, call = min(flying.items(), key=lambda item: item[1].deadline)
        try:
            answered, answer = answers.get(timeout=max(0.0, call.deadline - time.monotonic()))
        except Empty:
            return number, _TimedOutError()
        if answered in flying:
            return answered, answer


def _may_be_tried_again(error: Exception, attempt: int, attempts: int) -> bool:
    """Whether another call could succeed; False where the model failed on this prompt alone.

    Raises:
        ModelError: no call can succeed, or this was the last attempt.
        LlmopsError: the error itself, if it is one of ours.
    """
    if isinstance(error, LlmopsError):
        raise error
    chain = _chain(error)
    status = next((code for one in chain if (code := _status(one))), 0)
    cause = f"{type(error).__name__}{_detail(chain, status)}"
    if status in _REFUSED:
        raise ModelError(f"the model's provider refuses the call ({cause}); check the model's name and the key")
    lost = status in _TRY_AGAIN or status >= _SERVER_ERROR or (not status and any(map(_is_lost_way, chain)))
    if lost and attempt >= attempts:
        raise ModelError(f"the model cannot be reached ({cause}), tried {attempt} times")
    return lost


def _chain(error: BaseException) -> list[BaseException]:
    """The error and its causes."""
    chain = [error]
    while len(chain) < _DEEPEST and (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    return chain


def _is_lost_way(error: BaseException) -> bool:
    of_system = isinstance(error, ConnectionError | TimeoutError | socket.gaierror)
    return of_system or _NO_WAY.search(type(error).__name__) is not None


def _status(error: BaseException) -> int:
    """HTTP status of a provider library's error, under either of the two usual attribute names; 0 for none."""
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int) and not isinstance(status, bool):
            return status
    return 0


def _detail(chain: list[BaseException], status: int) -> str:
    """The system's or server's reason, in words that cannot contain any part of a prompt."""
    if status:
        return f", status {status}"
    if any(isinstance(one, socket.gaierror) for one in chain):
        return ", the host name is not known"
    numbers = (one.errno for one in chain if isinstance(one, OSError))
    number = next((number for number in numbers if number in errno.errorcode), None)
    return f", {os.strerror(number).lower()}" if number else ""
