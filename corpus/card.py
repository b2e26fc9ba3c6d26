"""The dataset card: a README.md that tells people what a folder holds and tells `datasets` which files are data."""

from __future__ import annotations

import json
from collections.abc import Mapping

from corpus.languages import parse
from corpus.manifest import Manifest

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGER = ((10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"))
_TASKS = {"pair": "translation", "text": "text-generation", "sft": "text-generation"}


def card(manifest: Manifest) -> str:
    """The card's text. It always has a `configs:` block, else `datasets` guesses splits from file names."""
    return "\n".join([*_front_matter(manifest), "", *_body(manifest), ""])


def _front_matter(manifest: Manifest) -> list[str]:
    codes = sorted({code for pair in manifest.languages for code in pair.split(">") if code != "und"})
    lines = ["---"]
    if codes:
        lines += ["language:", *(f"- {code}" for code in sorted({f"'{parse(code).language}'" for code in codes}))]
        lines += ["language_details: " + ", ".join(codes)]
    known = [name for name in manifest.licenses if name != "unknown"]
    if len(known) == 1 and "unknown" not in manifest.licenses:
        lines.append(f"license: {_quoted(known[0].lower())}")
    size = next((name for limit, name in (*_SIZES, *_LARGER) if manifest.rows < limit), "n>1B")
    lines += ["size_categories:", f"- {size}"]
    lines += ["task_categories:", f"- {_TASKS.get(manifest.kind, 'text-generation')}"]
    lines += ["tags:", "- towerkit", f"- {manifest.kind}", "configs:", "- config_name: default", "  data_files:"]
    for split, shards in _filled(manifest).items():
        lines += [f"  - split: {split}", "    path:", *(f"    - data/{shard}" for shard in shards)]
    return [*lines, "---"]


def _filled(manifest: Manifest) -> dict[str, list[str]]:
    """The splits that hold rows: `datasets` cannot load an empty split beside others."""
    rows = {shard.name: shard.rows for shard in manifest.shards}
    filled = {split: shards for split, shards in manifest.splits.items() if any(rows[name] for name in shards)}
    return filled or manifest.splits


def _quoted(text: str) -> str:
    """Any text as a YAML scalar: YAML's double-quoted style reads what JSON writes."""
    return json.dumps(text, ensure_ascii=False)


def _body(manifest: Manifest) -> list[str]:
    lines = [
        f"# {manifest.name}",
        "",
        f"{manifest.rows:,} rows of kind `{manifest.kind}`, made by the stage `{manifest.stage}` of towerkit. "
        "`manifest.json` lists everything that is known of them: options, inputs, counts, checksums.",
    ]
    for title, table in (
        ("Languages", manifest.languages),
        ("Origins", manifest.origins),
        ("Licences", manifest.licenses),
        ("Models and systems", manifest.models),
    ):
        lines += _table(title, table)
    if manifest.selected_by:
        lines += ["", "Scores that selected these rows (no independent judges of a model trained on them):", ""]
        lines += [f"- `{s.column}` in `{s.stage}` {s.signature}".rstrip() for s in manifest.selected_by]
    return lines


def _table(title: str, counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    return [
        "",
        f"| {title} | rows |",
        "|---|---:|",
        *(f"| {_cell(name)} | {rows:,} |" for name, rows in counts.items()),
    ]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
