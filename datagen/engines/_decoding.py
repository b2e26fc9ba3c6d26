"""How each row of a batch gets its tokens: the same whatever rows stand beside it, and no longer than it asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

Processor = Callable[[Any, torch.Tensor], torch.Tensor]
"""Maps the tokens so far (rows, length) and the logits of the next (rows, vocabulary) to other logits."""


class Penalties:
    """Frequency and presence penalties as OpenAI's API defines them: by how often a token stands in the answer."""

    def __init__(self, prompt_width: int, frequency: float, presence: float) -> None:
        self._width = prompt_width
        self._frequency = frequency
        self._presence = presence

    def __call__(self, tokens: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        answer = tokens[:, self._width :]
        counts = torch.zeros_like(logits).scatter_add_(1, answer, torch.ones_like(answer, dtype=logits.dtype))
        return logits - self._frequency * counts - self._presence * (counts > 0)


class Draw:
    """Picks the next token of each row and leaves it alone with a probability; goes last among the processors.

    A row's tokens are drawn by inverse transform sampling from uniform numbers of the row's own, one for each token. So
    a request gets the same answer in any batch, but for rounding: other padding changes the last digits of logits.
    """

    def __init__(self, processors: Sequence[Processor], uniforms: torch.Tensor | None, *, logprobs: bool) -> None:
        """`uniforms` are (rows, longest answer), or None to take the likeliest token."""
        self._processors = processors
        self._uniforms = uniforms
        self._keep = logprobs
        self._step = 0
        self.logprobs: list[torch.Tensor] = []
        """For each step the log probability of the tokens picked, (rows), under the model as it is."""
        self.broken = torch.tensor(False)
        """Whether a row's logits were no numbers at any step, (rows)."""

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with these rows alone."""
        self.broken = self.broken[rows]
        self.logprobs = [each[rows] for each in self.logprobs]
        if self._uniforms is not None:
            self._uniforms = self._uniforms[rows]

    def __call__(self, tokens: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        self.broken = self.broken.to(logits.device) | logits.isnan().any(-1)
        wanted = logits
        for process in self._processors:
            wanted = process(tokens, wanted)
        self._step += 1
        if self._uniforms is None and not self._keep:
            return wanted
        picked = self._drawn(wanted) if self._uniforms is not None else wanted.argmax(-1, keepdim=True)
        if self._keep:
            self.logprobs.append(logits.log_softmax(-1).gather(1, picked)[:, 0])
        return torch.full_like(logits, -torch.inf).scatter(1, picked, 0.0)

    def _drawn(self, logits: torch.Tensor) -> torch.Tensor:
        assert self._uniforms is not None
        cumulative = logits.to(self._uniforms.dtype).softmax(-1).cumsum(-1)
        uniforms = self._uniforms[:, self._step - 1, None] * cumulative[:, -1:]
        return torch.searchsorted(cumulative, uniforms, right=True).clamp_(max=logits.shape[-1] - 1)


def uniforms(seeds: Sequence[int], lengths: Sequence[int], device: torch.device) -> torch.Tensor:
    """Uniform numbers for rows, (rows, longest length): each row's depend on its seed alone, not on the device."""
    drawn = torch.zeros(len(seeds), max(lengths), dtype=torch.float64)
    for row, (seed, length) in enumerate(zip(seeds, lengths, strict=True)):
        drawn[row, :length] = torch.rand(length, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    # Apple's GPUs have no float64.
    return drawn.to(device, torch.float32 if device.type == "mps" else torch.float64)


class Ends:
    """Ends rows that reached their own limit, wrote an end token or a stop text, and all rows when the run is stopped.

    Where rows can be left behind (`leave`), all of them are ended as soon as half have: the others then go on alone.
    """

    def __init__(
        self,
        tokenizer: Any,
        prompt_width: int,
        limits: torch.Tensor,
        ends: Sequence[int],
        stop: Sequence[str],
        stopped: Callable[[], bool],
        *,
        leave: bool,
    ) -> None:
        self._tokenizer = tokenizer
        self._width = prompt_width
        self._limits = limits
        self._ends = torch.tensor(ends, dtype=torch.long, device=limits.device)
        self._stop = stop
        # A token writes at least a byte, so the stop text that a token completes lies within so many of the last ones.
        self._tail = max((len(each.encode()) for each in stop), default=0) + 4
        self._stopped = stopped
        self._leave = leave
        self.ended = torch.zeros_like(limits, dtype=torch.bool)
        """Which rows are at their end, (rows)."""
        self.lengths: dict[int, int] = {}
        """Of rows that wrote a stop text: tokens of the answer up to and with it."""

    def __call__(self, tokens: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        del scores
        made = tokens.shape[1] - self._width
        self.ended = self.ended | (self._limits <= made) | torch.isin(tokens[:, -1], self._ends)
        if self._stop:
            self._find_stop_texts(tokens, made)
            self.ended[list(self.lengths)] = True
        enough = self._leave and int(self.ended.sum()) * 2 >= len(self.ended)
        return torch.ones_like(self.ended) if enough or self._stopped() else self.ended

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with these rows alone."""
        self._limits, self.ended, self.lengths = self._limits[rows], self.ended[rows], {}

    def _find_stop_texts(self, tokens: torch.Tensor, made: int) -> None:
        tails = self._tokenizer.batch_decode(
            tokens[:, self._width :][:, -self._tail :], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        for row, tail in enumerate(tails):
            if row not in self.lengths and any(each in tail for each in self._stop):
                self.lengths[row] = made
