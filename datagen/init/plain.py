"""Plain text: one file, or two that belong together line by line."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.errors import UserError
from datagen.init.inputs import UNKNOWN, Input, short, stem
from datagen.init.languages import Language, decide, named_by_ending, named_pair, shown
from datagen.init.samples import bare_name, line_count, texts_of


def parallel(first: str, second: str) -> Input:
    """Pairs of two files, source first.

    Raises:
        UserError: they differ in length, or are in the same language.
    """
    lengths = [line_count(file) for file in (first, second)]
    if lengths[0] != lengths[1]:
        raise UserError(
            f"two files of plain text belong together line by line, but {first} has {lengths[0]:,} lines and {second} "
            f"{lengths[1]:,}. Find the line from which on they are shifted"
        )
    one, two = (_language(file, texts_of(file)) for file in (first, second))
    one, two = _by_pair(first, second, one, two)
    codes = [one.code or UNKNOWN, two.code or UNKNOWN]
    if codes[0] == codes[1]:
        words = f"both in {shown(codes[0])}" if one.code else f"of unknown languages ({one.why})"
        raise UserError(
            f"{first} and {second} are {words}; a pair needs two languages. "
            "Let the names end in their codes (corpus.de, corpus.en) if that is not so"
        )
    read = Input("text", {codes[0]: first, codes[1]: second}, stem(first))
    for file, option, language in ((first, "src_lang", one), (second, "tgt_lang", two)):
        read.tell_language(f"{short(file)}: {lengths[0]:,} lines", option, language)
        read.assumed += _unknown(file, language)
    read.assumed.append(f"{codes[0]} is the source and {codes[1]} the target, in the order of the files")
    return read


def single(file: str) -> list[Input]:
    """Texts of one file, one a line."""
    texts = texts_of(file)
    language = _language(file, texts)
    code = language.code or UNKNOWN
    read = Input("text", {code: file}, stem(file))
    read.tell_language(f"{short(file)}: plain text, one text a line,", "tgt_lang", language)
    read.assumed += _unknown(file, language)
    if sum("\t" in text for text in texts) > len(texts) / 2:
        read.assumed.append(f"{short(file)}: most lines have tabs; if it is a table, let its name end in .tsv")
    return [read]


def _unknown(file: str, language: Language) -> list[str]:
    words = (
        f"{short(file)}: {language.why}; put its code in place of `{UNKNOWN}`, or let the name end in it (corpus.de)"
    )
    return [] if language.code else [words]


def _language(file: str, texts: Sequence[str]) -> Language:
    name = bare_name(file)
    return decide(texts, named_by_ending(name), name.removesuffix(".txt").rpartition(".")[2])


def _by_pair(first: str, second: str, one: Language, two: Language) -> tuple[Language, Language]:
    """The languages, where one is unknown completed by a pair that a name has (`corpus.en-ja.formal`)."""
    pair = named_pair(bare_name(first)) or named_pair(bare_name(second))
    if pair is None or (one.code and two.code):
        return one, two
    why = f"the other language of {'-'.join(pair)} in the name"
    if one.code in pair:
        return one, Language(pair[1 - pair.index(one.code)], why)
    if two.code in pair:
        return Language(pair[1 - pair.index(two.code)], why), two
    why = f"the name has {'-'.join(pair)}"
    return (Language(pair[0], why), Language(pair[1], why)) if one.code is two.code is None else (one, two)
