"""What can go wrong with a request, in one table: whether asking again may help, and whom it stops."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from typing import Literal, NamedTuple

import orjson

Verdict = Literal["later", "again", "row", "run"]
"""`later`: the server has too much to do; wait, without counting it as an attempt. `again`: ask again, a few times.
`row`: this request will never work, others may. `run`: no request will work."""

PROBLEMS: dict[str, Verdict] = {
    "rate_limited": "later",
    "unavailable": "later",
    "unreachable": "later",
    "timeout": "again",
    "broken_connection": "again",
    "server_error": "again",
    "malformed": "again",
    "too_few_choices": "again",
    "unstructured": "again",
    "expired": "again",
    "bad_prompt": "row",
    "too_long": "row",
    "content_filter": "row",
    "bad_request": "row",
    "unauthorized": "run",
    "unknown_model": "run",
    "no_credit": "run",
    "unsupported": "run",
}
"""Every kind of problem: the reason that a failed request is set aside for, or the message that a run ends with."""

_STATUS = {
    401: "unauthorized",
    402: "no_credit",
    403: "unauthorized",
    404: "unknown_model",
    405: "unsupported",
    408: "timeout",
    409: "server_error",
    425: "unavailable",
    429: "rate_limited",
    503: "unavailable",
    504: "timeout",
    529: "unavailable",
}
"""Beside these, 4xx is a bad request and 5xx a server error."""
_TOO_LONG = (
    "context_length_exceeded",
    "maximum context length",
    "context length",
    "string_above_max_length",
    "too long",
)
_FILTERED = ("content_filter", "content_policy", "content management policy")
_NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "credit balance")


class Problem(NamedTuple):
    """Why a request brought no answer."""

    kind: str
    """One of `PROBLEMS`."""
    message: str
    """In the server's words, where it said any."""
    retry_after: float | None = None
    """Seconds that the server asks to wait."""

    @property
    def verdict(self) -> Verdict:
        """Whether and when to ask again."""
        return PROBLEMS[self.kind]


def from_response(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """The problem that an HTTP response other than 200 tells of. `headers` ignore case."""
    code, message = _told(body)
    return Problem(_kind(status, f"{code} {message}".lower()), f"HTTP {status}: {message}", retry_after(headers))


def from_error_body(error: object) -> Problem:
    """The problem that a body `{"error": ...}` tells of though the status was 200."""
    code, message = _told(orjson.dumps({"error": error}))
    status = int(code) if code.isdigit() and 400 <= int(code) < 600 else 500
    return Problem(_kind(status, f"{code} {message}".lower()), f"error in an answer: {message}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response asks to wait, by `retry-after-ms` or `Retry-After` (seconds, or a date).

    A date is taken against the server's own `Date`, so clocks that differ or jump do no harm.
    """
    milliseconds, told = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(0.0, float(milliseconds) / 1000)
        if told is None:
            return None
        if told.strip().replace(".", "", 1).isdigit():
            return float(told)
        until, now = (email.utils.parsedate_to_datetime(text) for text in (told, headers["date"]))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, KeyError, TypeError):
        return None


def _kind(status: int, told: str) -> str:
    if status == 429 and any(sign in told for sign in _NO_CREDIT):
        return "no_credit"
    if status in (400, 413, 422):
        if any(sign in told for sign in _TOO_LONG):
            return "too_long"
        if any(sign in told for sign in _FILTERED):
            return "content_filter"
    return _STATUS.get(status) or ("bad_request" if status < 500 else "server_error")


def _told(body: bytes) -> tuple[str, str]:
    """Code and message of an error body in any of the forms in use, else the beginning of the body itself."""
    try:
        error = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", _short(body.decode(errors="replace"))
    if isinstance(error, dict):
        error = error.get("error", error)
    if isinstance(error, dict):
        message = error.get("message") or error.get("detail") or error
        return str(error.get("code") or error.get("type") or ""), _short(str(message))
    return "", _short(str(error))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 500 else f"{text[:500]} …"
