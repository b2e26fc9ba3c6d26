"""The head of a language model on a processor: logits of all the vocabulary at once, of learned positions alone.

TRL computes logits in tiles that a GPU folds as it goes, so that they never lie in memory together. Without a GPU it
folds each tile with a dozen operations, twice, for padding and prompts as well. Where the logits fit into memory,
making them once is faster, and gives the same numbers up to rounding.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LARGEST = 2**25
"""Logits of a step (positions times vocabulary) beyond which TRL's tiles are taken: 128 MiB in fp32, kept twice."""
ROWS = 64
"""Positions are filled up to a multiple of these: oneDNN prepares a multiplication anew for each size of it."""
_FUNCTION, _COMPACT, _ARGUMENTS = "_ChunkedLogProbFunction", "_use_triton", 9


@contextmanager
def plain_head() -> Iterator[None]:
    """Let TRL's fused head look at learned positions alone and, where logits fit, make them at once, on a processor.

    Models that bend their logits, as Gemma 2 does, keep TRL's tiles. A TRL without such a head is left alone.
    """
    from trl.trainer import utils

    if not hasattr(utils, _FUNCTION) or not hasattr(utils, _COMPACT):
        yield
        return
    found = getattr(utils, _FUNCTION), getattr(utils, _COMPACT)
    head, compact = _patches(*found)
    setattr(utils, _FUNCTION, head)
    setattr(utils, _COMPACT, compact)
    try:
        yield
    finally:
        setattr(utils, _FUNCTION, found[0])
        setattr(utils, _COMPACT, found[1])


@functools.cache
def _patches(tiled: Any, compact: Any) -> tuple[Any, Any]:
    """What stands in for TRL's function and for its question whether a device takes learned positions alone."""
    from torch.nn.functional import pad

    class Head:
        @staticmethod
        def apply(*given: Any) -> Any:
            if len(given) != _ARGUMENTS:
                return tiled.apply(*given)
            hidden, weight, bias, targets, temperature, _, softcap, scale, outputs = given
            small = hidden.device.type == "cpu" and hidden.shape[0] * weight.shape[0] <= LARGEST
            # A weight that DeepSpeed has taken apart is not there in the backward pass.
            if not small or softcap is not None or hasattr(weight, "ds_id"):
                return tiled.apply(*given)
            rows = len(hidden)
            more = -rows % ROWS
            hidden, targets = pad(hidden, (0, 0, 0, more)), pad(targets, (0, more))
            told = log_prob_function().apply(hidden, weight, bias, targets, scale / temperature, outputs)
            return tuple(None if each is None else each[:rows] for each in told)

    return Head, lambda device: device.type == "cpu" or compact(device)


@functools.cache
def log_prob_function() -> Any:
    """An autograd function of (hidden [N, H], weight [V, H], bias [V] or None, targets [N], scale, outputs).

    It gives, each [N] in fp32 and in the order of TRL's own: log-probabilities of the targets, entropy in nats, the log
    of the sum of squared probabilities, the mean logit, and whether the target is the likeliest token. The first two
    have gradients; all but the first are None unless `outputs` names them. In bf16 the weights' gradient is rounded.
    """
    import torch

    class LogProb(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, hidden: Any, weight: Any, bias: Any, targets: Any, scale: float, outputs: Any) -> Any:
            ctx.set_materialize_grads(False)
            autocast = torch.is_autocast_enabled("cpu")
            dtype = torch.get_autocast_dtype("cpu") if autocast else hidden.dtype
            with torch.autocast("cpu", enabled=False):
                logits = torch.nn.functional.linear(
                    hidden.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)
                ).float()
            if scale != 1.0:
                logits *= scale
            means = logits.mean(-1) if "mean_logits" in outputs else None
            likeliest = logits.argmax(-1) == targets if "is_top1" in outputs else None
            logs = logits.log_softmax(-1)
            shares = torch.exp(logs, out=logits)
            entropy = -torch.linalg.vecdot(shares, logs) if "entropy" in outputs else None
            squares = torch.linalg.vecdot(shares, shares).log() if "log_sum_sq_probs" in outputs else None
            ctx.save_for_backward(hidden, weight, bias, targets, shares, None if entropy is None else logs, entropy)
            ctx.scale, ctx.dtype = scale, dtype
            ctx.mark_non_differentiable(*(each for each in (squares, means, likeliest) if each is not None))
            return logs.gather(-1, targets.unsqueeze(-1)).squeeze(-1), entropy, squares, means, likeliest

        @staticmethod
        def backward(ctx: Any, of_logs: Any, of_entropy: Any, *_: Any) -> Any:
            hidden, weight, bias, targets, shares, logs, entropy = ctx.saved_tensors
            down = torch.zeros(len(targets), 1) if of_logs is None else of_logs.float().unsqueeze(-1)
            # Of the target's log-probability to logit j: [j is the target] - share of j.
            grad = shares * -down
            grad.scatter_add_(-1, targets.unsqueeze(-1), down)
            if of_entropy is not None:
                # Of the entropy to logit j: -share of j * (log of it + entropy).
                grad -= of_entropy.float().unsqueeze(-1) * shares * (logs + entropy.unsqueeze(-1))
            if ctx.scale != 1.0:
                grad *= ctx.scale
            grad = grad.to(ctx.dtype)
            needs = ctx.needs_input_grad
            return (
                (grad @ weight.to(ctx.dtype)).to(hidden.dtype) if needs[0] else None,
                (grad.t() @ hidden.to(ctx.dtype)).to(weight.dtype) if needs[1] else None,
                grad.sum(0, dtype=torch.float32).to(bias.dtype) if needs[2] and bias is not None else None,
                None,
                None,
                None,
            )

    return LogProb
