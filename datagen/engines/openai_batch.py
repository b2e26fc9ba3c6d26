"""The engine `openai_batch`: a provider's batch files, which cost half and are answered within a day.

Requests go up as files, a batch is made of each, and its answers come down when it has ended. All that is under way
stands in a ledger on disk, so that a run may end at any moment and a later one goes on with the same batches.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import orjson
from pydantic import Field

from corpus.errors import Failure, UserError
from corpus.hashing import digest
from datagen.engines._ledger import Draft, Ledger, Slip
from datagen.engines._provider import Provider, Stopped
from datagen.engines.base import Request, Sink
from datagen.engines.bodies import Bodies
from datagen.engines.feed import grouped
from datagen.engines.problems import Problem, from_error_body, from_response
from datagen.engines.served import OPENAI, Address, Served

if TYPE_CHECKING:
    from openai.types import Batch

_MOST_BYTES = 190_000_000
"""Of a file; OpenAI takes 200 MB."""
_SAFE_S = 3.0
"""Seconds after which answers that were handed on are on disk for sure."""
_FULL_S = 600.0
"""Longest wait before a batch is tried again for which the provider's queue had no room."""
_QUEUE_FULL = ("token_limit_exceeded", "rate_limit_exceeded")
"""Codes of batches that failed because too much was under way."""
_ENDED = ("completed", "failed", "expired", "cancelled")


class OpenaiBatch(Served):
    """A provider with OpenAI's batch API: cheaper answers, within a day.

    Batches run on at the provider when a run ends, however it ends; the next run collects their answers and makes none
    of them again. Answers are those of the engine `openai` for the same model and options: what one has asked, the
    other need not. Batches cost less, often half: say so in `price`.
    """

    speed: ClassVar[tuple[str, ...]] = (
        *Served.speed,
        *("requests_per_file", "poll_s", "max_wait_s", "completion_window", "cancel"),
    )

    base_url: Address = OPENAI
    """Address of the provider, up to `/v1`."""
    requests_per_file: int = Field(default=20_000, ge=1, le=50_000)
    """Requests in a batch at most. A file also ends at 190 MB."""
    poll_s: float = Field(default=30, gt=0)
    """Seconds between two looks at the batches."""
    retries: int = Field(default=2, ge=0)
    """In how many further batches a request that failed is asked again. Those that expired unanswered do not count."""
    max_wait_s: float = Field(default=3600, gt=0)
    """Seconds without any word from the provider after which the run ends, resumably."""
    completion_window: Literal["24h"] = "24h"
    """Time within which the provider is to answer; what it does not is asked again."""
    cancel: bool = False
    """Cancel all batches when the run is stopped (Ctrl-C, a limit); the next run collects what they had answered.
    Otherwise they run on, and the next run collects all of it."""

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The one address."""
        return (self.base_url,)

    def answer(self, requests: Iterator[Request], sink: Sink) -> None:
        """Make batches of all of them that are in none, and collect every batch that ends."""
        name = digest({"model": self.identity(), "sampling": self.sampling()})[:16]
        with Provider(self, self.base_url, self.max_wait_s, sink) as provider:
            run = _Run(self, sink, Ledger(sink.folder / "batches" / name), provider)
            try:
                with contextlib.suppress(Stopped):
                    run.resume()
                    run.ask(requests)
                    run.follow()
                run.secure()
                run.leave()
            finally:
                run.close()


class _Run:
    """One engine's way through its batches."""

    def __init__(self, engine: OpenaiBatch, sink: Sink, ledger: Ledger, provider: Provider) -> None:
        self._engine, self._sink, self._ledger, self._provider = engine, sink, ledger, provider
        self._bodies = Bodies(engine.body(), engine.extra_body)
        self._owner: dict[bytes, int] = {}
        """Number of the newest slip that each key is in."""
        self._unasked: set[bytes] = set()
        """Keys in batches of earlier runs that this run has not asked for."""
        self._drafts: dict[int, Draft] = {}
        """The file that is being written of each round."""
        self._made_here: set[int] = set()
        """Numbers of the batches that this run made."""
        self._under_way: list[Slip] = []
        self._waiting: list[Slip] = []
        """Files for which the provider had no room yet."""
        self._full_until, self._refusals = 0.0, 0
        self._safe: list[tuple[float, Slip]] = []
        """Batches whose answers are kept, and when that is sure."""

    # What earlier runs left

    def resume(self) -> None:
        """Take over the batches of earlier runs; files of which no batch was made are forgotten."""
        for slip in self._ledger.open:
            if slip.base_url != self._engine.base_url:
                raise UserError(
                    f"engine {self._engine.called!r}: batch {slip.batch} was made at {slip.base_url}, and `base_url` "
                    f"is now {self._engine.base_url}. Set it back to collect the answers, or remove "
                    f"{self._ledger.where(slip)} to give them up"
                )
            if slip.batch is None:
                slip.batch = self._provider.made(slip.sha256, self._ledger.batches)
                if slip.batch is None:
                    self._ledger.drop(slip)
                    continue
                self._ledger.save(slip)
            self._follow(slip)
            self._unasked.update(key for _, keys in self._ledger.keys(slip) for key in keys)

    def _follow(self, slip: Slip) -> None:
        self._under_way.append(slip)
        for _, keys in self._ledger.keys(slip):
            self._owner.update(dict.fromkeys(keys, slip.number))
        self._sink.flying(self._requests_under_way)

    # What goes up

    def ask(self, requests: Iterator[Request]) -> None:
        """Write files of requests and make a batch of each."""
        for group in grouped(requests) if self._engine.samples_together else ([request] for request in requests):
            if self._sink.stopped:
                return
            self._unasked.difference_update(request.key for request in group)
            new = [request for request in group if request.key not in self._owner]
            if new:
                body = self._bodies.whole(self._bodies.prompt(new[0].messages), new[0].seed, len(new))
                self._write(0, [request.key for request in new], body)
        self._launch_written()

    def _write(self, round_: int, keys: Sequence[bytes], body: bytes) -> None:
        """Add a request to the file of its round; make a batch of a file that is full."""
        draft = self._drafts.get(round_)
        if draft and (draft.lines >= self._engine.requests_per_file or draft.bytes + len(body) > _MOST_BYTES):
            self._launch(self._drafts.pop(round_).finish())
        if round_ not in self._drafts:
            self._drafts[round_] = self._ledger.new(self._engine.base_url, round_)
        self._drafts[round_].add(keys, body)

    def _launch_written(self) -> None:
        for round_ in list(self._drafts):
            self._launch(self._drafts.pop(round_).finish())

    def close(self) -> None:
        """Discard files that were not finished; their requests are asked for by the next run."""
        for draft in self._drafts.values():
            draft.discard()

    def _launch(self, slip: Slip) -> None:
        """Make the batch of a file, now or when there is room."""
        if self._waiting or self._sink.stopped:
            self._waiting.append(slip)
        else:
            self._create(slip)

    def _create(self, slip: Slip) -> None:
        slip.file = slip.file or self._provider.upload(self._ledger.requests(slip))
        window, known = self._engine.completion_window, self._ledger.batches
        slip.batch = self._provider.create(slip.file, slip.sha256, window, known)
        self._ledger.save(slip)
        self._made_here.add(slip.number)
        self._follow(slip)

    # What comes down

    def follow(self) -> None:
        """Look at the batches until all have ended and are collected."""
        while (self._under_way or self._waiting) and not self._sink.stopped:
            validating = False
            for slip in list(self._under_way):
                batch = self._provider.batch(slip.batch or "")
                validating |= batch.status == "validating"
                if batch.status in _ENDED:
                    self._under_way.remove(slip)
                    self._end(slip, batch)
                    self._sink.flying(self._requests_under_way)
            # One at a time, since only a batch that is checked shows whether there is room.
            if self._waiting and not validating and time.monotonic() >= self._full_until:
                self._create(self._waiting.pop(0))
            self._mark()
            if self._under_way or self._waiting:
                self._provider.sleep(self._engine.poll_s)

    @property
    def _requests_under_way(self) -> int:
        return sum(slip.requests for slip in self._under_way)

    def _end(self, slip: Slip, batch: Batch) -> None:
        """Hand on what a batch brought, and ask again for what it did not."""
        if batch.status == "failed":
            self._failed(slip, batch)
            return
        self._full_until, self._refusals = 0.0, 0
        fresh = not slip.collecting
        slip.collecting = True
        self._ledger.save(slip)
        missing = dict(self._ledger.keys(slip))
        wrong: dict[str, list[tuple[bytes, Problem]]] = {}
        ended_at = batch.completed_at or batch.expired_at or batch.cancelled_at or batch.created_at
        for file in (batch.output_file_id, batch.error_file_id):
            for line in self._provider.lines(file) if file else ():
                name = str(line.get("custom_id"))
                keys = missing.pop(name, [])
                # What an earlier run kept before it was killed is not asked for now.
                if fresh or any(key not in self._unasked for key in keys):
                    wrong[name] = self._hand_on(keys, line, float(ended_at - batch.created_at))
        lost = Problem("expired", f"batch {batch.id} ended ({batch.status}) without an answer")
        wrong |= {name: [(key, lost) for key in keys] for name, keys in missing.items()}
        pointless = self._settle(slip, wrong)
        self._safe.append((time.monotonic() + _SAFE_S, slip))
        if pointless:
            self.secure()
            raise UserError(self._provider.said(pointless))

    def _hand_on(self, keys: Sequence[bytes], line: Mapping[str, Any], seconds: float) -> list[tuple[bytes, Problem]]:
        """Keep what came for some keys; those that got no answer, and why."""
        response, error = line.get("response"), line.get("error")
        if not keys:
            return []
        if isinstance(response, dict) and response.get("status_code") == 200:
            problems = self._sink.answered(keys, orjson.dumps(response.get("body")), seconds)
            return [(key, problem) for key, problem in zip(keys, problems, strict=True) if problem]
        if isinstance(response, dict):
            problem = from_response(int(response.get("status_code") or 500), {}, orjson.dumps(response.get("body")))
        elif isinstance(error, dict) and str(error.get("code")) in ("batch_expired", "batch_cancelled"):
            problem = Problem("expired", str(error.get("message")))
        else:
            problem = from_error_body(error)
        return [(key, problem) for key in keys]

    def _settle(self, slip: Slip, wrong: Mapping[str, Sequence[tuple[bytes, Problem]]]) -> Problem | None:
        """Give up or ask again what got no answer; a problem that makes all asking pointless."""
        again: dict[str, list[tuple[bytes, Problem]]] = {}
        pointless: Problem | None = None
        for name, pairs in wrong.items():
            for key, problem in pairs:
                if key in self._unasked or self._owner[key] != slip.number:
                    continue
                if problem.verdict == "run" and slip.number in self._made_here:
                    pointless = problem
                elif problem.verdict == "run":
                    # What was wrong when an earlier run made the batch may be mended by now.
                    again.setdefault(name, []).append((key, Problem("expired", problem.message)))
                elif problem.verdict == "row" or (problem.kind != "expired" and slip.round >= self._engine.retries):
                    self._sink.failed(key, problem)
                else:
                    self._sink.troubled(problem)
                    again.setdefault(name, []).append((key, problem))
        if pointless is None:
            self._ask_again(slip, again)
        return pointless

    def _ask_again(self, slip: Slip, again: Mapping[str, Sequence[tuple[bytes, Problem]]]) -> None:
        """Make batches of those requests of a batch that brought nothing."""
        with self._ledger.requests(slip).open("rb") as lines:
            for line in lines if again else ():
                request = orjson.loads(line)
                pairs = again.get(request["custom_id"], ())
                if not pairs:
                    continue
                kinds = {problem.kind for _, problem in pairs}
                round_ = slip.round + (kinds != {"expired"})
                body = request["body"] | {"n": len(pairs)}
                if len(pairs) == 1:
                    del body["n"]
                if "seed" in body and "unstructured" in kinds:
                    # The same seed would bring the same answer.
                    body["seed"] = body["seed"] + 1 & 0x7FFFFFFF
                keys = [key for key, _ in pairs]
                self._write(round_, keys, orjson.dumps(body))
        self._launch_written()

    def _failed(self, slip: Slip, batch: Batch) -> None:
        """A batch that was refused as a whole: tried again when the queue was full, else the user's affair."""
        errors = batch.errors.data if batch.errors and batch.errors.data else []
        said = (
            "; ".join(dict.fromkeys(f"{error.code}: {error.message}" for error in errors[:3])) or "no reason is given"
        )
        if any((error.code or "") in _QUEUE_FULL for error in errors):
            self._sink.troubled(Problem("rate_limited", said))
            self._refusals += 1
            self._full_until = time.monotonic() + min(_FULL_S, self._engine.poll_s * 2.0**self._refusals)
            slip.batch = None
            self._ledger.save(slip)
            self._waiting.append(slip)
            return
        self._ledger.drop(slip)
        raise UserError(self._provider.said(Problem("bad_request", f"batch {batch.id} was refused: {said}")))

    # How it ends

    def secure(self) -> None:
        """Wait until all answers that were handed on are on disk, and note that their batches are collected."""
        for safe_at, _ in self._safe:
            time.sleep(max(0.0, safe_at - time.monotonic()))
        self._mark()

    def _mark(self) -> None:
        while self._safe and self._safe[0][0] <= time.monotonic():
            _, slip = self._safe.pop(0)
            slip.collected = True
            self._ledger.save(slip)

    def leave(self) -> None:
        """Say what runs on at the provider.

        Raises:
            Failure: something does.
        """
        self._sink.flying(0)
        for slip in self._waiting:
            self._ledger.drop(slip)
        if not self._under_way:
            return
        if self._engine.cancel:
            for slip in self._under_way:
                self._provider.cancel(slip.batch or "")
        names = ", ".join(str(slip.batch) for slip in self._under_way[:5])
        more = ", …" if len(self._under_way) > 5 else ""
        raise Failure(
            f"engine {self._engine.called!r}: {len(self._under_way):,} batches with {self._requests_under_way:,} "
            f"requests {'are cancelled' if self._engine.cancel else 'run on'} at {self._engine.base_url} "
            f"({names}{more}). Run again to collect their answers"
        )
