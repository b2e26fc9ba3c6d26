"""YAML as plain data: a value is what it looks like, and the line of each is known.

The rules are those of YAML 1.2's core schema, and narrower:

- Only `true` and `false` (also `True`, `TRUE`, ...) are booleans: the language code `no` is a text, as are `on`, `yes`,
  `12:30` and `2026-01-31`. A number is written in decimal, `0x` or `0o`; `1e-5` is a number.
- Keys are texts as they are written (`2023:` is the key '2023'); the same key twice is an error.
- Anchors and aliases work; merge keys (`<<`), tags of other types and several documents in one file do not.
- `${NAME}` within any text value is the environment variable, and gives a text; `$${` stands for a plain `${`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from typing import TypeAlias

import yaml

from corpus.errors import UserError

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indices that lead to a value: `("stages", "kept", "select", "filters", 2)`."""

MOST_VALUES = 100_000
"""More than this, with aliases written out, is refused: a few short lines of aliases can stand for billions."""

_TAG = "tag:yaml.org,2002:"
_VARIABLE = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?")


def parse(text: str, where: Callable[[int], str]) -> tuple[Value, dict[KeyPath, int]]:
    """The data of a YAML text, and the 1-based line of each value (for a mapping's values: of the key) by its path.

    Args:
        text: YAML, one document.
        where: how messages name a line: `recipe.yaml:12`.

    Raises:
        UserError: naming the line, if the text breaks the rules above.
    """
    builder = _Builder(where)
    try:
        return builder.build(yaml.compose(text, Loader=_Loader), ()), builder.lines
    except yaml.MarkedYAMLError as error:
        raise UserError(_syntax_error(error, text, where)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(f"{where(line)}: the character U+{error.character:04X} is not allowed in YAML") from None
    except RecursionError:
        raise UserError(f"{where(1)}: nested too deeply, or an anchor that contains itself") from None


class _Loader(yaml.SafeLoader):
    """PyYAML's parser, with the core schema's notion of what an unquoted scalar is instead of YAML 1.1's."""


_Loader.yaml_implicit_resolvers = {}
for _name, _pattern in {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
}.items():
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), None)


def _syntax_error(error: yaml.MarkedYAMLError, text: str, where: Callable[[int], str]) -> str:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = ", ".join(words for words in (error.context, error.problem) if words)
    # YAML also ends lines at U+0085, U+2028 and U+2029.
    written = re.split("\r\n|[\n\r\x85\u2028\u2029]", text)[line - 1]
    advice = ' Within { } or [ ], "${NAME}" needs its quotes.' if "${" in written else ""
    return f"{where(line)}: not valid YAML: {problem}.{advice}"


class _Builder:
    """Builds data from YAML nodes and notes lines. Each alias becomes a copy, so that one can be changed alone."""

    def __init__(self, where: Callable[[int], str]) -> None:
        self.where = where
        self.lines: dict[KeyPath, int] = {}
        self.values = 0

    def build(self, node: yaml.Node | None, path: KeyPath) -> Value:
        self.lines.setdefault(path, _line(node))
        self.values += 1
        if self.values > MOST_VALUES:
            raise self.error(node, f"more than {MOST_VALUES:,} values once the aliases are written out")
        match node:
            case None:  # nothing but comments
                return None
            case yaml.MappingNode(tag=tag) if tag == _TAG + "map":
                return self.mapping(node, path)
            case yaml.SequenceNode(tag=tag) if tag == _TAG + "seq":
                return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
            case yaml.ScalarNode():
                return self.scalar(node)
        raise self.error(node, f"the tag {_short(node)!r} is not allowed")

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Value]:
        built: dict[str, Value] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not key.value:
                raise self.error(key, "a key must be a text")
            if key.value == "<<":
                raise self.error(key, "merge keys (<<) are not part of YAML 1.2; write the options out")
            at = (*path, key.value)
            if key.value in built:
                raise self.error(key, f"the key {key.value!r} stands here again; it stood in line {self.lines[at]}")
            self.lines[at] = _line(key)
            built[key.value] = self.build(value, at)
        return built

    def scalar(self, node: yaml.ScalarNode) -> Value:
        try:
            match node.tag.removeprefix(_TAG):
                case "str":
                    return _VARIABLE.sub(lambda found: self.variable(found, node), node.value)
                case "null":
                    return None
                case "bool":
                    return {"true": True, "false": False}[node.value.lower()]
                case "int":
                    return int(node.value, {"0o": 8, "0x": 16}.get(node.value[:2], 10))
                case "float" if math.isfinite(number := float(node.value)):
                    return number
        except (ValueError, KeyError):  # only where a tag is written out: `!!int three`
            pass
        raise self.error(node, f"{node.value!r} cannot be read as {_short(node)!r}")

    def variable(self, found: re.Match[str], node: yaml.Node) -> str:
        if found[0] == "$${":
            return "${"
        name = found[1]
        if name is None:
            raise self.error(node, "`${` must begin ${NAME}, an environment variable; for a plain `${` write `$${`")
        if name not in os.environ:
            raise self.error(node, f"the environment variable {name} is not set; set it with: export {name}=VALUE")
        return os.environ[name]

    def error(self, node: yaml.Node | None, words: str) -> UserError:
        return UserError(f"{self.where(_line(node))}: {words}")


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node else 1


def _short(node: yaml.Node) -> str:
    return node.tag.replace(_TAG, "!!")
