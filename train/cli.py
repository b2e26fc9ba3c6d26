"""The command line that all methods share: `python -m train.METHOD RECIPE`."""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from corpus.errors import Failure, UserError
from train.device import rank
from train.method import Method

_EPILOG = """\
Run the same command again after an interruption, however it came: it goes on from the last whole checkpoint, to the
same weights as without it. Under several processes: `torchrun --nproc_per_node 8 -m train.METHOD RECIPE`, or
`accelerate launch --config_file recipes/accelerate/fsdp2.yaml -m train.METHOD RECIPE`. The options of a recipe are told
in docs/training.md; those under `trainer:` are TRL's own."""

_NEEDED = ("accelerate", "peft", "safetensors", "torch", "transformers", "trl")
"""What the extra `train` brings."""


def main(kind: Callable[..., Method], argv: Sequence[str] | None = None) -> None:
    """Parse the command line, train, and exit: 0 done, 1 failed, 2 the user's input was wrong."""
    name = kind.name  # type: ignore[attr-defined]
    told = (kind.__doc__ or "").strip()
    parser = argparse.ArgumentParser(
        prog=f"python -m train.{name}",
        description=told,
        epilog=_EPILOG.replace("METHOD", name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recipe", type=Path, help="the training recipe, a YAML file")
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="override a value: trainer.learning_rate=1e-5"
    )
    parser.add_argument(
        "--preflight", action="store_true", help="show ten rows as the model would see them, estimate, and stop"
    )
    given = parser.parse_args(argv)
    # Libraries of native code crash without a word else.
    faulthandler.enable()
    from train.run import run

    with exits():
        run(kind, given.recipe, given.set, preflight=given.preflight)
    if rank():
        # Threads of the process group may abort an orderly exit, and launchers then stop the process that writes.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


@contextmanager
def exits() -> Iterator[None]:
    """Tell what went wrong in a line and exit: 1 failed, 2 the user's input or environment was wrong."""
    try:
        yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        print(
            f"error: {error.name} is not installed in this environment ({sys.prefix}). In a checkout `.venv-train` has "
            "it, which `make quickstart` makes; elsewhere install the extra: pip install -e '.[train]'",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    except (Failure, OSError) as error:
        print(f"failed: {error}", file=sys.stderr)
        raise SystemExit(1) from None
