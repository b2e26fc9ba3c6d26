"""The launcher's configurations that docs/training.md names are ones that accelerate reads."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIGS = Path(__file__).parents[2] / "recipes" / "accelerate"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("name", "kind"), [("fsdp2", "FSDP"), ("zero3", "DEEPSPEED")])
def test_accelerate_reads_our_configurations(name: str, kind: str) -> None:
    config_args = pytest.importorskip("accelerate.commands.config.config_args")
    read = config_args.load_config_from_file(str(CONFIGS / f"{name}.yaml"))
    assert (read.distributed_type.value, read.num_processes, str(read.mixed_precision)) == (kind, 8, "bf16")
