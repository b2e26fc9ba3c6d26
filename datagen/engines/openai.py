"""The engine `openai`: asks servers that speak OpenAI's Chat Completions API; the only asynchronous file.

One task flies each request; everything else is synchronous and happens between two steps of the event loop, so nothing
needs a lock. How many fly is decided in `pace` and `hosts`, what an error means in `problems`.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import orjson
from pydantic import Field, model_validator

from corpus.chat import FormRefused
from corpus.errors import Failure, UserError, nearest
from datagen.engines.base import Request, Sink
from datagen.engines.bodies import Bodies, is_about_form
from datagen.engines.completions import parse
from datagen.engines.feed import Feed
from datagen.engines.hosts import Host, Outcome, next_of
from datagen.engines.pace import Bucket, backoff
from datagen.engines.problems import Problem, from_response
from datagen.engines.served import OPENAI, SECRET, Address, Served

if TYPE_CHECKING:
    import aiohttp

_TICK_S = 0.02
"""Between two looks at what only time changes."""
_GRACE_S = 3.0
"""What flies when a run ends may still come in for so long."""
_TOLD_S = 0.25
_FORMS_JUDGED = 8
_FORMS_WRONG = 3
"""So many answers without the form among the first ones: the server does not know about forms."""


class Openai(Served):
    """Any server with OpenAI's Chat Completions API: vLLM, SGLang, hosted models."""

    speed: ClassVar[tuple[str, ...]] = (
        *Served.speed,
        *("max_concurrency", "connect_timeout_s", "timeout_s", "max_wait_s", "rpm", "tpm"),
    )

    base_url: Address | tuple[Address, ...] = OPENAI
    """Address of the server, up to `/v1`, or several of the same model: work goes to whichever has least to do."""
    max_concurrency: int = Field(default=256, ge=1)
    """Requests in flight at most, at all addresses together. How many it takes to use a server is found out."""
    connect_timeout_s: float = Field(default=10, gt=0)
    """Seconds to wait for a connection."""
    timeout_s: float = Field(default=600, gt=0)
    """Seconds to wait for an answer, the server's queue included."""
    retries: int = Field(default=6, ge=0)
    """How often a request that failed is asked again. Refusals for too much to do do not count."""
    max_wait_s: float = Field(default=3600, gt=0)
    """Seconds without any answer, while servers are away or refuse, after which the run ends, resumably."""
    rpm: float | None = Field(default=None, gt=0)
    """Requests a minute at most."""
    tpm: float | None = Field(default=None, gt=0)
    """Tokens a minute at most, prompts and answers together; guessed before a request, settled by its answer."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if not self.base_url:
            raise ValueError("`base_url` is an empty list")
        return self

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The addresses, each once."""
        return tuple(dict.fromkeys([self.base_url] if isinstance(self.base_url, str) else self.base_url))

    def answer(self, requests: Iterator[Request], sink: Sink) -> None:
        """Ask for all of them, as many at a time as the servers take."""
        asyncio.run(_Run(self, sink, self.key()).answer(requests))


class _Ask:
    """What one HTTP request asks for: one sample, or several of a prompt."""

    __slots__ = ("attempts", "cost", "others", "overdue", "prompt", "requests", "task", "waits")

    def __init__(self, requests: Sequence[Request], prompt: bytes, cost: float) -> None:
        self.requests = requests
        self.prompt = prompt
        self.cost = cost
        """Tokens, as reserved."""
        self.attempts = self.waits = 0
        """Failures that count, and all."""
        self.others = 0
        """Added to the seed: the same seed would bring the same answer again."""
        self.overdue = False
        self.task: asyncio.Task[None] | None = None


class _Run:
    """One engine's way through its requests."""

    def __init__(self, engine: Openai, sink: Sink, key: str | None) -> None:
        now = monotonic()
        self._engine, self._sink, self._key = engine, sink, key
        self._secret = key.encode() if key and len(key) >= SECRET else None
        self._bodies = Bodies(engine.body(), engine.extra_body)
        self._hosts: list[Host[_Ask]] = [Host(url, engine.max_concurrency, now) for url in engine.base_urls]
        self._proxies = {host.url: _proxy(host.url) for host in self._hosts}
        self._rpm = Bucket(engine.rpm, now) if engine.rpm else None
        self._tpm = Bucket(engine.tpm, now) if engine.tpm else None
        self._in_flight = 0
        self._retries: list[tuple[float, int, _Ask]] = []
        """Requests to ask again, by when."""
        self._order = itertools.count()
        self._jitter = random.Random()
        self._answered = self._tokens = self._forms = self._misfits = 0
        self._last_good = self._told_at = now
        self._last_problem: Problem | None = None
        self._end: BaseException | None = None
        """What broke here."""
        self._wrong: tuple[Problem, Host[_Ask]] | None = None
        """What makes the whole run pointless."""
        self._ending = False
        self._feed: Feed
        self._session: aiohttp.ClientSession

    async def answer(self, requests: Iterator[Request]) -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._pump)

        engine = self._engine
        async with self._open() as self._session:
            # Enough to go on with while a shard is read.
            ahead = 4 * engine.max_concurrency
            self._feed = Feed(requests, together=engine.samples_together, ahead=ahead, wake=wake)
            try:
                while not self._is_over():
                    await asyncio.sleep(_TICK_S)
                    self._tick()
                self._ending = True
                await self._let_land()
            finally:
                self._feed.close(wait_s=1.0)
                self._sink.flying(0)
            if self._wrong and not self._end:
                problem, host = self._wrong
                refused = problem.kind == "unsupported" and self._engine.has_form and is_about_form(problem.message)
                told = self._scrubbed(await self._explain(problem, host))
                raise FormRefused(told) if refused else UserError(told)
        error = self._end or self._feed.error
        if error is not None:
            raise error

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "towerkit"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return aiohttp.ClientSession(
            headers=headers,
            # The limit is ours; and servers close what is idle for five seconds.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=4),
            cookie_jar=aiohttp.DummyCookieJar(),
            # The total time is looked after by `_tick`: cheaper than a timer for each request.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._engine.connect_timeout_s),
        )

    # When it ends

    def _is_over(self) -> bool:
        if self._end or self._wrong or self._sink.stopped:
            return True
        waiting = self._retries or any(host.parked for host in self._hosts)
        return self._feed.exhausted and not waiting and not self._in_flight

    async def _let_land(self) -> None:
        """Let what flies come in for a while, then break it off."""
        flying = [ask.task for host in self._hosts for ask in host.flying if ask.task]
        if flying and not self._end:
            _, flying = await asyncio.wait(flying, timeout=_GRACE_S)  # type: ignore[assignment]
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)

    async def _explain(self, problem: Problem, host: Host[_Ask]) -> str:
        engine = self._engine
        said = f"engine {engine.called!r} (model {engine.model!r} at {host.url}): {problem.message}"
        match problem.kind:
            case "unauthorized" if engine.key_name:
                return f"{said}. The key was taken from the environment variable {engine.key_name}"
            case "unauthorized":
                return f"{said}. No key was sent: name the environment variable that holds it as `api_key_env`"
            case "unknown_model":
                return f"{said}. {await self._models(host.url)}"
        return said

    async def _models(self, url: str) -> str:
        import aiohttp

        try:
            timeout = aiohttp.ClientTimeout(total=5)
            asked = self._session.get(f"{url}/models", timeout=timeout, allow_redirects=False, proxy=self._proxies[url])
            async with asked as response:
                names = [str(model["id"]) for model in orjson.loads(await response.read())["data"]]
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError, KeyError):
            return f"{url}/models names no models: is `base_url` right? It mostly ends in /v1"
        near = nearest(self._engine.model, names)
        return f"Models there: {', '.join(names[:20]) or 'none'}{', …' if len(names) > 20 else ''}.{near}"

    # What time changes

    def _tick(self) -> None:
        now = monotonic()
        for host in self._hosts:
            host.limit.waited(len(host.flying), now)
            for ask, sent in host.flying.items():
                if now - sent < self._engine.timeout_s:
                    break
                if not ask.overdue and ask.task is not None:
                    ask.overdue = True
                    ask.task.cancel()
        if now - self._told_at >= _TOLD_S:
            self._told_at = now
            self._sink.flying(self._in_flight)
        if now - self._last_good > self._engine.max_wait_s and all(host.failures for host in self._hosts):
            where = ", ".join(host.url for host in self._hosts)
            said = self._last_problem.message if self._last_problem else ""
            self._end = Failure(
                f"engine {self._engine.called!r}: no answer from {where} for {self._engine.max_wait_s:g} s "
                f"(`max_wait_s`); the last trouble: {said}. What was answered is kept: run again to go on"
            )
        self._pump()

    # What is sent

    def _pump(self) -> None:
        """Send all that may be sent now."""
        while found := self._next():
            found[1].task = asyncio.get_running_loop().create_task(self._fly(*found))

    def _next(self) -> tuple[Host[_Ask], _Ask] | None:
        """Count a request as in flight that may be sent now, if there is one."""
        now = monotonic()
        if self._ending or self._wrong or self._end or self._in_flight >= self._engine.max_concurrency:
            return None
        if self._rpm and not self._rpm.has(1, now):
            return None
        found = next_of(self._hosts, self._take, self._likes, now)
        if found is None:
            return None
        host, ask = found
        if self._tpm:
            if not self._tpm.has(ask.cost, now):
                host.parked.appendleft(ask)
                return None
            self._tpm.spend(ask.cost)
        if self._rpm:
            self._rpm.spend(1)
        self._in_flight += 1
        host.sent(ask, now)
        return found

    def _take(self) -> _Ask | None:
        """The next request: one to ask again if its time has come, else a new one, unless too many wait already."""
        retries = self._retries
        if retries and (retries[0][0] <= monotonic() or all(host.out for host in self._hosts)):
            return heapq.heappop(retries)[2]
        if len(retries) >= self._engine.max_concurrency:
            return None
        while (group := self._feed.take()) is not None:
            try:
                prompt = self._bodies.prompt(group[0].messages)
            except TypeError as error:
                for request in group:
                    self._sink.failed(request.key, Problem("bad_request", f"the prompt is no JSON: {error}"))
            else:
                return _Ask(group, prompt, self._guess(prompt, len(group)) if self._tpm else 0.0)
        return None

    def _guess(self, prompt: bytes, count: int) -> float:
        """Tokens that a request will cost."""
        mean = self._tokens / self._answered if self._answered else 256.0
        return len(prompt) / 3 + count * float(self._engine.max_tokens or mean)

    def _likes(self, ask: _Ask) -> int:
        return zlib.crc32(self._bodies.prefix(ask.prompt))

    async def _fly(self, host: Host[_Ask], ask: _Ask) -> None:
        """Send a request, and then others as long as there are any for this slot: cheaper than a task for each."""
        task = asyncio.current_task()
        try:
            found: tuple[Host[_Ask], _Ask] | None = (host, ask)
            while found:
                host, ask = found
                ask.task = task
                await self._ask(host, ask)
                found = self._next()
                self._pump()
        except Exception as error:
            self._end = self._end or error

    async def _ask(self, host: Host[_Ask], ask: _Ask) -> None:
        seed = ask.requests[0].seed + ask.others & 0x7FFFFFFF
        body = self._bodies.whole(ask.prompt, seed, len(ask.requests))
        sent = host.flying[ask]
        try:
            # Reading to the end gives the connection back, and what breaks the reading off closes it.
            response = await self._session.post(
                f"{host.url}/chat/completions", data=body, allow_redirects=False, proxy=self._proxies[host.url]
            )
            told = await response.read()
        except asyncio.CancelledError:
            if not ask.overdue:
                self._land(ask, host, "dropped")
                raise
            ask.overdue = False
            self._failed(ask, host, Problem("timeout", f"no answer within {self._engine.timeout_s:g} s"))
        except (OSError, _client_error()) as error:
            self._failed(ask, host, problem_of(error))
        else:
            self._came(ask, host, sent, response.status, response.headers, told)

    # What comes back

    def _came(
        self, ask: _Ask, host: Host[_Ask], sent: float, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        if self._secret and self._secret in body:
            body = body.replace(self._secret, b"***")
        if status != 200:
            self._failed(ask, host, self._refusal(status, headers, body))
            return
        keys = [request.key for request in ask.requests]
        problems = self._sink.answered(keys, body, monotonic() - sent)
        if self._tpm:
            self._charge(self._tpm, ask, body)
        pairs = [(request, problem) for request, problem in zip(ask.requests, problems, strict=True) if problem]
        if len(pairs) < len(keys):
            self._answered += len(keys) - len(pairs)
            self._last_good = monotonic()
            # No failure, and no reason to wait: the server gave some of what it was asked for.
            ask.attempts = ask.waits = -1
        if self._forms < _FORMS_JUDGED and self._engine.has_form:
            self._judge_forms(host, problems)
        if pairs:
            self._unanswered(ask, host, pairs)
        else:
            self._land(ask, host, "answered")

    def _refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Problem:
        problem = from_response(status, headers, body)
        if 300 <= status < 400:
            where = self._scrubbed(headers.get("location", "elsewhere"))
            return Problem("unsupported", f"HTTP {status}: sent on to {where}; give the right address as `base_url`")
        if problem.kind == "bad_request" and not self._answered:
            if self._engine.has_form and is_about_form(problem.message):
                return Problem("unsupported", f"the server cannot give answers the form asked for: {problem.message}")
            field = self._bodies.refused_field(problem.message)
            if field:
                return Problem("unsupported", f"the server refuses the field {field!r}: {problem.message}")
        return problem

    def _charge(self, bucket: Bucket, ask: _Ask, body: bytes) -> None:
        usage = parse(body, len(ask.requests)).usage
        if usage is not None:
            self._tokens += usage.completion_tokens
            bucket.spend(usage.prompt_tokens + usage.completion_tokens - ask.cost)

    def _judge_forms(self, host: Host[_Ask], problems: Sequence[Problem | None]) -> None:
        """End the run when the first answers show that the server ignores the form asked for."""
        self._forms += len(problems)
        wrong = [problem for problem in problems if problem and problem.kind == "unstructured"]
        self._misfits += len(wrong)
        if wrong and self._misfits >= _FORMS_WRONG:
            said = f"the server answers without regard to the form asked for; {wrong[-1].message!r}"
            self._wrong = self._wrong or (Problem("unsupported", said), host)

    def _failed(self, ask: _Ask, host: Host[_Ask], problem: Problem) -> None:
        """Nothing came but a problem."""
        if self._tpm:
            self._tpm.spend(-ask.cost)
        if self._rpm and problem.kind == "unreachable":
            self._rpm.spend(-1)
        self._unanswered(ask, host, [(request, problem) for request in ask.requests])

    def _unanswered(self, ask: _Ask, host: Host[_Ask], pairs: Sequence[tuple[Request, Problem]]) -> None:
        """Give up, ask again, or end, by what is wrong with each sample."""
        problem = max((problem for _, problem in pairs), key=lambda problem: _GRAVITY.index(problem.verdict))
        problem = problem._replace(message=self._scrubbed(problem.message))
        self._last_problem = problem
        self._land(ask, host, _outcome(problem), problem.retry_after)
        if problem.verdict == "run":
            self._wrong = self._wrong or (problem, host)
            return
        counts = problem.verdict == "again"
        ask.attempts += counts
        ask.waits += 1
        over = counts and ask.attempts > self._engine.retries
        again = []
        for request, own in pairs:
            if own.verdict == "row" or over:
                self._sink.failed(request.key, own._replace(message=self._scrubbed(own.message)))
            else:
                again.append(request)
        if not again:
            return
        self._sink.troubled(problem)
        ask.requests = again
        ask.others += problem.kind == "unstructured"
        if problem.retry_after is None:
            wait = backoff(ask.waits, self._jitter.random())
        else:
            wait = min(problem.retry_after, self._engine.max_wait_s)
        heapq.heappush(self._retries, (monotonic() + wait, next(self._order), ask))

    def _land(self, ask: _Ask, host: Host[_Ask], outcome: Outcome, retry_after: float | None = None) -> None:
        self._in_flight -= 1
        host.landed(ask, outcome, monotonic(), retry_after)

    def _scrubbed(self, text: str) -> str:
        return text.replace(self._secret.decode(), "***") if self._secret else text


def _proxy(url: str) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for an address; none for this machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == "localhost" or host.startswith("127.") or host == "::1" or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


_GRAVITY = ("row", "again", "later", "run")


def _outcome(problem: Problem) -> Outcome:
    if problem.verdict == "run":
        return "dropped"
    if problem.verdict == "later" or problem.kind == "timeout":
        return "refused"
    return "broken" if problem.kind in ("server_error", "broken_connection") else "answered"


def _client_error() -> type[Exception]:
    import aiohttp

    return aiohttp.ClientError


def problem_of(error: Exception) -> Problem:
    """What an exception of the transport says."""
    import aiohttp

    said = " ".join(str(error).split()) or type(error).__name__
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return Problem("unsupported", f"the server's certificate is not trusted: {said}")
        case aiohttp.ConnectionTimeoutError():
            return Problem("unreachable", f"no connection within the time: {said}")
        case aiohttp.ClientConnectorError():
            return Problem("unreachable", said)
        case aiohttp.ClientPayloadError():
            return Problem("broken_connection", f"the answer broke off: {said}")
        case aiohttp.ClientResponseError():
            return Problem("malformed", f"the answer is no HTTP: {said}")
        case TimeoutError():
            return Problem("timeout", said)
    return Problem("broken_connection", said)
