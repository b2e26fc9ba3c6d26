"""Files of JSON lines, written each whole or not at all, and not again where they are there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MADE = "made.json"


def write_files(
    out: Path, told: dict[str, Any], files: Iterable[tuple[str, Iterable[dict[str, Any]]]]
) -> dict[str, int]:
    """Write every file into a folder; rows by file.

    `made.json`, written last, says of what they were made (`told`): where it says the same, nothing is written again.
    """
    out.mkdir(parents=True, exist_ok=True)
    if (counts := _made(out, told)) is not None:
        return counts
    (out / MADE).unlink(missing_ok=True)
    counts = {}
    for name, rows in files:
        path = out / f"{name}.jsonl"
        part = path.with_suffix(".part")
        count = 0
        with part.open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        part.replace(path)
        counts[path.name] = count
    part = (out / MADE).with_suffix(".part")
    part.write_text(json.dumps({**told, "rows": counts}, indent=1) + "\n", "utf-8")
    part.replace(out / MADE)
    return counts


def _made(out: Path, told: dict[str, Any]) -> dict[str, int] | None:
    """Rows by file, where the folder holds what is asked for."""
    try:
        found = json.loads((out / MADE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    rows: dict[str, int] = found.pop("rows")
    return rows if found == told and all((out / name).is_file() for name in rows) else None


def source_hash() -> str:
    """Hash of the scripts that write such files, of their grammar and their words."""
    here = Path(__file__).parent.parent
    folders = (here / "grammar", here / "rows")
    files = [
        *(here / name for name in ("phrasebook.py", "real.py")),
        *(p for folder in folders for kind in ("py", "txt") for p in folder.rglob(f"*.{kind}")),
    ]
    parts = [f"{path.relative_to(here)}\0".encode() + path.read_bytes() for path in sorted(files)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
