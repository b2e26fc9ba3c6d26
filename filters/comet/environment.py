"""The environment that COMET's library runs in."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from corpus.errors import UserError
from filters.environments import Environment

_PACKAGE = "unbabel-comet"


def comet_environment() -> Environment:
    """What it is made of."""
    return Environment(
        name="comet",
        requirements=Path(__file__).with_name("requirements.txt"),
        module="comet",
        size="290 MB to download with a CPU build of torch, 3 GB with a CUDA build; 1.4 GB on disk and up",
    )


@cache
def comet_version(python: Path | None) -> str:
    """The version of unbabel-comet that scores: the pinned one, or that of a Python which somebody gives.

    Raises:
        UserError: that Python does not run, or has no COMET.
    """
    if python is None:
        return comet_environment().pinned(_PACKAGE)
    asked = f"from importlib.metadata import version; print(version({_PACKAGE!r}))"
    try:
        done = subprocess.run([python, "-I", "-c", asked], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise UserError(
            f"python: {python} is no Python with {_PACKAGE}: {said.strip().splitlines()[-1]}. Install it there, or "
            "leave `python:` out, and an environment is made"
        ) from None
    return done.stdout.strip()


if __name__ == "__main__":
    # So that an environment can be made ahead of the first score: `python -m filters.comet.environment`.
    comet_environment().python(lambda told: print(told["state"], flush=True))
