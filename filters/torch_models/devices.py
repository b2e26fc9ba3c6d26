"""Where a model computes and with what numbers, and what went wrong when it could not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

from corpus.errors import UserError

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_PROCESSOR = threading.Lock()


def find_device(name: str) -> torch.device:
    """The device of this name; `auto` is CUDA where there is one, else Apple's GPU, else the CPU.

    Raises:
        UserError: there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    device = torch.device(name)
    there = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    if (device.index or 0) >= there[device.type]:
        raise UserError(f"device: there is no {name} here that torch {torch.__version__} can use")
    return device


def find_dtype(name: str, device: torch.device) -> torch.dtype:
    """The numbers of this name; `auto`, which engines take, is bfloat16 where the processor has it, else float32."""
    if name != "auto":
        return _DTYPES[name]
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        knows = torch.cpu.get_capabilities()
        able = any(knows.get(each) for each in ("avx512_bf16", "amx_bf16", "bf16"))
    else:
        able = False
    return torch.bfloat16 if able else torch.float32


def is_out_of_memory(error: Exception) -> bool:
    """Whether less at once may work. Devices other than CUDA say it in words only."""
    told = str(error).lower()
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(each in told for each in words)


def is_device_lost(error: Exception) -> bool:
    """Whether nothing more will work on this device in this process."""
    return isinstance(error, torch.AcceleratorError)


@contextmanager
def turn(device: torch.device) -> Iterator[None]:
    """For as long, no other model of this process computes on the processor, where this one does.

    Each takes all of the cores, step by step: two at once wait for each other's threads at every step, and come to less
    than half of what they do one after the other.
    """
    with _PROCESSOR if device.type == "cpu" else nullcontext():
        yield


def release(device: torch.device) -> None:
    """Give memory that is held for reuse back, so that smaller pieces find room in it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
