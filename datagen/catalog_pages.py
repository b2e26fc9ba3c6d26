"""The catalog as people and machines read it: on a terminal, as a page of the documentation, as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from datagen.catalog import Entry, Option, entries


def plain(found: Sequence[Entry], width: int) -> str:
    """Entries as text for a terminal: one in full, several as a line each under their sections."""
    if len({entry.name for entry in found}) == 1:
        return "\n\n".join(_in_full(entry, width) for entry in found)
    parts = []
    for section in dict.fromkeys(entry.section for entry in found):
        here = [entry for entry in found if entry.section == section]
        names = max(len(entry.name) for entry in here)
        parts.append(section.upper())
        for entry in here:
            indent = " " * (names + 4)
            line = f"  {entry.name:<{names}}  {entry.summary}"
            parts.append(textwrap.fill(line, width, subsequent_indent=indent, break_on_hyphens=False))
        parts.append("")
    return "\n".join(parts).rstrip()


def _in_full(entry: Entry, width: int) -> str:
    parts = [f"{entry.name} ({entry.section.removesuffix('s')})", ""]
    for paragraph in entry.doc.split("\n\n"):
        parts += [textwrap.fill(" ".join(paragraph.split()), width, break_on_hyphens=False), ""]
    for fact, words in entry.facts.items():
        parts.append(textwrap.fill(f"{fact}: {words}".replace("`", ""), width, subsequent_indent="  "))
    if entry.options:
        parts += ["", "Options"]
    for option in entry.options:
        default = "required" if option.default is None else f"default {option.default}"
        parts.append(f"  {option.name}: {option.type} ({default})")
        if option.doc:
            parts.append(textwrap.fill(option.doc, width, initial_indent="      ", subsequent_indent="      "))
    return "\n".join(parts)


def markdown(section: str, title: str, opening: str) -> str:
    """A documentation page of a section. Options that all its entries have are told once."""
    found = entries(section)
    shared = set.intersection(*(set(entry.options) for entry in found))
    parts = [f"# {title}", opening]
    if shared:
        common = [option for option in found[0].options if option in shared]
        parts += [f"All {section} take these options:", _table(common)]
    for entry in found:
        parts += [f"## `{entry.name}`", _prose(entry.doc)]
        parts += ["\n".join(f"- **{fact}:** {_prose(words)}" for fact, words in entry.facts.items())]
        parts += [_table([option for option in entry.options if option not in shared])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(options: Sequence[Option]) -> str:
    rows = [
        f"| `{option.name}` | {_cell(option.type)} | {_default_cell(option)} | {_cell(option.doc)} |"
        for option in options
    ]
    return "\n".join(["| option | type | default | |", "|---|---|---|---|", *rows]) if rows else ""


def _default_cell(option: Option) -> str:
    return "required" if option.default is None else "`" + option.default.replace("|", "\\|") + "`"


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|")


def _prose(text: str) -> str:
    """Text whose `<` are no tags, except within backquotes, where Markdown takes them as they are."""
    parts = text.split("`")
    return "`".join(part if n % 2 else part.replace("<", "&lt;") for n, part in enumerate(parts))


def as_json(found: Sequence[Entry]) -> list[dict[str, Any]]:
    """Entries for machines."""
    return [
        {
            "section": entry.section,
            "name": entry.name,
            "summary": entry.summary,
            "doc": entry.doc,
            "facts": dict(entry.facts),
            "options": [{**vars(option), "required": option.default is None} for option in entry.options],
        }
        for entry in found
    ]
