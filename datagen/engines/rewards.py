"""Rewards from servers: vLLM's classification endpoint, which writes chats by the model's own template."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from time import monotonic
from typing import TYPE_CHECKING

import orjson

from corpus.chat import Message, Rate, Rating, RewardServer
from corpus.errors import Failure, UserError
from datagen.engines.pace import backoff
from datagen.engines.problems import Problem, from_response

if TYPE_CHECKING:
    import aiohttp

    Task = asyncio.Task[tuple[int, Rating]]

_ATTEMPTS = 6
"""So often a request is sent that fails for a reason that may pass."""
_PATIENCE_S = 600.0
"""Seconds without any answer, while servers are away or refuse, after which the run ends, resumably."""
_TIMEOUT_S = 600.0


def rate(server: RewardServer) -> Rate:
    """How to ask a server: many requests at a time, each sent again where that may help.

    Asking raises:
        UserError: the key is missing or refused, the server knows no such model, or the model gives several numbers.
        Failure: no answer came for ten minutes.
    """

    def asked(chats: Iterable[tuple[int, Sequence[Message]]]) -> Iterator[tuple[int, Rating]]:
        loop = asyncio.new_event_loop()
        try:
            yield from _ask_all(loop, _Asking(server), iter(chats))
        finally:
            loop.close()

    return asked


def _ask_all(
    loop: asyncio.AbstractEventLoop, asking: _Asking, chats: Iterator[tuple[int, Sequence[Message]]]
) -> Iterator[tuple[int, Rating]]:
    """Run the loop from one answer to the next."""
    flying: set[Task] = set()
    loop.run_until_complete(asking.open())
    try:
        while True:
            while len(flying) < asking.server.max_concurrency and (chat := next(chats, None)):
                flying.add(loop.create_task(asking.ask(*chat)))
            if not flying:
                return
            done, flying = loop.run_until_complete(asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED))
            for task in done:
                yield task.result()
    finally:
        loop.run_until_complete(asking.close(flying))


class _Asking:
    """A session with the servers."""

    def __init__(self, server: RewardServer) -> None:
        self.server = server
        self._urls = cycle(server.base_urls)
        self._heard = monotonic()
        self._session: aiohttp.ClientSession

    async def open(self) -> None:
        import aiohttp

        headers = {"Content-Type": "application/json", "User-Agent": "towerkit"}
        if self.server.api_key_env:
            key = os.environ.get(self.server.api_key_env, "").strip()
            if not key:
                raise UserError(f"the environment variable {self.server.api_key_env} is not set (`api_key_env`)")
            headers["Authorization"] = f"Bearer {key}"
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=4),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S, sock_connect=10),
            trust_env=True,
        )

    async def close(self, flying: Iterable[Task]) -> None:
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)
        await self._session.close()

    async def ask(self, number: int, chat: Sequence[Message]) -> tuple[int, Rating]:
        """The rating of a chat, however often it takes to get it."""
        # Without an activation: rewards are logits, which a sigmoid would squeeze.
        body = orjson.dumps({"model": self.server.model, "messages": list(chat), "use_activation": False})
        failures = waits = 0
        while True:
            url = next(self._urls)
            told = await self._ask_once(url, body)
            if not isinstance(told, Problem):
                self._heard = monotonic()
                return number, Rating(told)
            failures += told.verdict == "again"
            waits += 1
            if told.verdict == "run":
                raise UserError(f"reward model {self.server.model!r} at {url}: {told.message}")
            if told.verdict == "row":
                self._heard = monotonic()
                long = told.kind == "too_long"
                return number, Rating(None, "too long for the server" if long else "refused by the server")
            if failures == _ATTEMPTS:
                return number, Rating(None, f"failed: {told.kind}")
            if told.verdict == "later" and monotonic() - self._heard > _PATIENCE_S:
                raise Failure(f"reward model {self.server.model!r} at {url}: no answer for long: {told.message}")
            await asyncio.sleep(told.retry_after or backoff(waits, random.random()))

    async def _ask_once(self, url: str, body: bytes) -> float | Problem:
        import aiohttp

        from datagen.engines.openai import problem_of

        try:
            async with self._session.post(f"{url}/classify", data=body, allow_redirects=False) as response:
                told = await response.read()
                if response.status != 200:
                    return from_response(response.status, response.headers, told)
        except TimeoutError:
            return Problem("timeout", f"no answer within {_TIMEOUT_S:g} s")
        except (OSError, aiohttp.ClientError) as error:
            return problem_of(error)
        return _reward(told)


def _reward(body: bytes) -> float | Problem:
    """The number in an answer."""
    try:
        [told] = orjson.loads(body)["data"]
        numbers = [float(number) for number in told["probs"]]
    except (ValueError, TypeError, KeyError):
        return Problem("malformed", f"no classification: {body[:200]!r}")
    if len(numbers) != 1:
        return Problem("unsupported", f"it sorts texts into {len(numbers)} classes, expected one number for a chat")
    return numbers[0]
