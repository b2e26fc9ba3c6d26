"""The one form in which answers are kept, whoever gave them: a Chat Completion as OpenAI's API writes it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from datagen.engines.problems import Problem, from_error_body


class Usage(NamedTuple):
    """Tokens of a completion, all of its choices together."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """Those of `prompt_tokens` that the server had in its cache."""


class Answer(NamedTuple):
    """One choice of a completion."""

    text: str
    reasoning: str | None
    finish_reason: str | None
    logprobs: list[float] | None
    """Of each token of the answer."""


class Completion(NamedTuple):
    """What a body holds."""

    choices: list[Answer | Problem]
    """As many as were asked for."""
    usage: Usage | None
    """None where the server said none, or nonsense."""


def completion(choices: Sequence[Answer], usage: Usage) -> bytes:
    """A body as a server would write it, for engines that have no server."""
    return orjson.dumps(
        {
            "choices": [
                {
                    "index": index,
                    "message": {
                        "role": "assistant",
                        "content": answer.text,
                        **({"reasoning_content": answer.reasoning} if answer.reasoning else {}),
                    },
                    "finish_reason": answer.finish_reason,
                    **(
                        {"logprobs": {"content": [{"logprob": value} for value in answer.logprobs]}}
                        if answer.logprobs is not None
                        else {}
                    ),
                }
                for index, answer in enumerate(choices)
            ],
            "usage": {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens},
        }
    )


def parse(body: bytes, count: int) -> Completion:
    """The answers in a body, `count` of them; a problem stands where one cannot be read or is missing.

    Never raises: bodies are kept before anything looks into them, so what raises once would raise at every run.
    """
    try:
        told = _json(body)
    except (ValueError, RecursionError) as error:
        return _none(Problem("malformed", f"the answer is no JSON: {error}"), count)
    try:
        return _completion(told, count)
    except Exception as error:
        return _none(Problem("malformed", f"the answer cannot be read: {error!r}"), count)


def _completion(told: Any, count: int) -> Completion:
    if not isinstance(told, dict):
        return _none(Problem("malformed", f"the answer is a JSON {type(told).__name__}, expected an object"), count)
    if told.get("error"):
        return _none(from_error_body(told["error"]), count)
    choices = told.get("choices")
    if not isinstance(choices, list) or not choices:
        return _none(Problem("malformed", "the answer has no choices"), count)
    if all(isinstance(choice, dict) and isinstance(choice.get("index"), int) for choice in choices):
        choices = sorted(choices, key=lambda choice: int(choice["index"]))
    answers = [_answer(choice) for choice in choices[:count]]
    missing = Problem("too_few_choices", f"asked for {count} choices, got {len(choices)}")
    return Completion(answers + [missing] * (count - len(answers)), _usage(told.get("usage")))


def _json(body: bytes) -> Any:
    """The value of a body. Lone surrogates, which are no text but which some servers let pass, become U+FFFD."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if not re.search(rb"\\u[dD][89a-fA-F]", body):
            raise
    return _whole(json.loads(body, parse_constant=_refuse))


def _whole(told: Any) -> Any:
    match told:
        case str():
            return told.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole(one) for one in told]
        case dict():
            return {_whole(name): _whole(one) for name, one in told.items()}
    return told


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _none(problem: Problem, count: int) -> Completion:
    return Completion([problem] * count, None)


def _answer(choice: object) -> Answer | Problem:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return Problem("malformed", "a choice has no message")
    # A model that spent all its tokens on reasoning, or had nothing to say: an answer, and paid for. Rules drop it.
    text = message.get("content")
    text = "" if text is None else text
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    finish = choice.get("finish_reason")
    if not isinstance(text, str):
        return Problem("malformed", f"the content of an answer is a JSON {type(text).__name__}, expected a string")
    if finish == "content_filter" and not text:
        return Problem("content_filter", "the server's filter withheld the answer")
    return Answer(
        text,
        reasoning if isinstance(reasoning, str) else None,
        finish if isinstance(finish, str) else None,
        _logprobs(choice.get("logprobs")),
    )


def _logprobs(told: Any) -> list[float] | None:
    """Of each token; None where they are not told, or one of them is no finite number."""
    content = told.get("content") if isinstance(told, dict) else None
    if not isinstance(content, list):
        return None
    values = [token.get("logprob") for token in content if isinstance(token, dict) and "logprob" in token]
    finite = [float(value) for value in values if isinstance(value, int | float) and math.isfinite(value)]
    return finite if len(finite) == len(values) else None


def _usage(told: Any) -> Usage | None:
    if not isinstance(told, dict):
        return None
    prompt, answer = told.get("prompt_tokens"), told.get("completion_tokens", 0)
    if not (isinstance(prompt, int) and isinstance(answer, int) and prompt >= 0 and answer >= 0):
        return None
    details = told.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return Usage(prompt, answer, cached if isinstance(cached, int) and 0 <= cached <= prompt else 0)
