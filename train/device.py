"""What this machine can do, so that a recipe need not say it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def defaults(options: dict[str, Any]) -> dict[str, Any]:
    """TRL options for this machine where the recipe says nothing: the processor instead of a GPU, and its precision.

    On a GPU TRL trains in bf16 by itself.
    """
    import torch

    # Steps are told line by line; a bar is for terminals.
    found: dict[str, Any] = {"disable_tqdm": not sys.stderr.isatty()}
    if not torch.cuda.is_available() and not torch.backends.mps.is_available():
        found["use_cpu"] = True
        if not options.get("fp16"):
            found["bf16"] = processor_has_bf16()
    return {name: value for name, value in found.items() if name not in options}


def processor_has_bf16() -> bool:
    """Whether the processor computes in bf16; one that must emulate it is slower than in fp32."""
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def rank() -> int:
    """This process's number among those that train together, as launchers say it."""
    return int(os.environ.get("RANK", "0"))


def ranks() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def everywhere(found: Any) -> list[Any]:
    """What each of the processes that train together found; all of them must ask."""
    if ranks() == 1:
        return [found]
    import torch.distributed as dist

    told: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(told, found)
    return told
