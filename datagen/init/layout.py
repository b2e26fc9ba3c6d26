"""From columns to rows: which kind a file's records make, by the columns that it has."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.errors import UserError
from corpus.schema import kind_of, score_dtype
from datagen.init.columns import (
    NAMES,
    Column,
    Columns,
    Layout,
    Values,
    are_messages,
    is_chat,
    is_sharegpt,
    way,
)
from datagen.init.doubts import is_readable, left_out, refuse_parts, rejected, said_more
from datagen.init.languages import hear

_LOOKED_FOR = """
  two texts of different languages (source and target, or columns named after languages) -> pair
  an answer and its source or prompt (response, output, answer, mt ...)                  -> response
  prompt, question or instruction alone, or beside a number that answers it              -> prompt
  messages, a list of {role, content}                                                    -> sft
  chosen and rejected                                                                    -> preference
  text or content                                                                        -> text"""


def layout(file: str, records: Sequence[Values], *, cells: bool) -> Layout:
    """What records make.

    Args:
        file: for messages.
        records: a sample of them.
        cells: every value is text, as in CSV.

    Raises:
        UserError: they make nothing that is known here.
    """
    columns = Columns(records)
    found = _preferences(file, columns) or _chats(file, columns) or _translations(columns) or _answers(file, columns)
    found = found or _single(columns) or _two_languages(columns)
    if found is None:
        names = ", ".join(column.path for column in columns.top)
        raise UserError(
            f"{file}: no columns that make rows of any kind. Found: {names}. Looked for, in any spelling:{_LOOKED_FOR}"
            f"\n{_advice(records)}"
        )
    _add_facts(found, columns, cells=cells)
    _keep_apart(found, columns, cells=cells)
    found.assumed += rejected(file, found, columns)
    return found


def _advice(records: Sequence[Values]) -> str:
    """What to do about a file of which nothing can be made."""
    lists = [name for name, value in records[0].items() if isinstance(value, list)] if len(records) == 1 else []
    if lists:
        return f"The file is one object; if a list in it holds the records: jq -c '.{lists[0]}[]' FILE > FILE.jsonl"
    return "Rename the columns, or write the recipe by hand with `columns: {ours: theirs}`"


_LAST_TURN = (
    "jq -c '.prompt = .CHOSEN[:-1] | .CHOSEN = .CHOSEN[-1:] | .REJECTED = .REJECTED[-1:]' FILE > FILE.preferences.jsonl"
)


def _preferences(file: str, columns: Columns) -> Layout | None:
    chosen, rejected = columns.top_level("chosen"), columns.top_level("rejected")
    if chosen is None or rejected is None:
        return None
    prompt = columns.texts("prompt") or columns.chat("prompt") or columns.chat("messages")
    chats = [chat for column in (chosen, rejected) if is_chat(column) for chat in column.chats]
    speakers = {tuple(turn["role"] for turn in chat) for chat in chats}
    if speakers == {("user", "assistant")}:
        # Whole chats of a question and an answer: the answers alone are chosen and rejected.
        prompt = prompt or columns.at(f"{chosen.path}.0.content")
        chosen, rejected = (columns.at(f"{column.path}.1.content") for column in (chosen, rejected))
    elif speakers - {("assistant",)}:
        raise UserError(
            f"{file}: found whole chats in {chosen.path} and {rejected.path}, expected the assistant's last turn "
            "alone. Where the two differ in that turn, and what comes before it is the prompt, convert them: "
            f"{_LAST_TURN.replace('CHOSEN', chosen.path).replace('REJECTED', rejected.path)}"
        )
    for column in (chosen, rejected):
        if column is None or not (column.is_text or is_chat(column)):
            raise UserError(
                f"{file}: chosen and rejected are neither texts nor lists of messages {{role, content}}; "
                "write them in one of the two forms"
            )
    if prompt is None:
        raise UserError(
            f"{file}: has chosen and rejected, but no prompt (a text, or messages {{role, content}}). "
            "Where the prompt is the start of both, write it into a column of its own"
        )
    found = Layout("preference", _mapped(prompt=prompt, chosen=chosen, rejected=rejected))
    found.assumed += left_out(file, columns, prompt)
    return found


_CONVERT = (
    """jq -c '.messages = [.TURNS[] | {role: ({human: "user", gpt: "assistant"}[.from] // .from), content: .value}] """
    """| del(.TURNS)' FILE > FILE.jsonl"""
)


def _chats(file: str, columns: Columns) -> Layout | None:
    chat = columns.top_level("messages")
    if chat is None:
        return None
    if is_sharegpt(chat):
        raise UserError(
            f"{file}: the column {chat.path!r} holds turns {{from, value}}, expected messages {{role, content}}. "
            f"Convert them: {_CONVERT.replace('TURNS', chat.path)}"
        )
    if is_chat(chat):
        last = [turns[-1]["role"] for turns in chat.chats]
        kind = "sft" if last.count("assistant") > len(last) / 2 else "prompt"
        found = Layout(kind, _mapped(**{"messages" if kind == "sft" else "prompt": chat}))
        found.assumed += said_more(file, chat)
        return found
    # One question and one answer whose content is nested: two columns of their own, reached by path.
    turns = [c for c in columns.all if c.path.startswith(f"{chat.path}.") and c.is_text and c.name != "role"]
    question = next((c for c in turns if c.path.split(".")[1] == "0"), None)
    answer = next((c for c in turns if c.path.split(".")[1] == "1"), None)
    if question is None or answer is None or any(not isinstance(v, list) or len(v) != 2 for v in chat.given):
        refuse_parts(file, chat)
        return None
    return Layout("response", _mapped(prompt=question, response=answer))


def _translations(columns: Columns) -> Layout | None:
    target, response, references = (columns.texts(role) for role in ("target", "response", "references"))
    by_language = columns.by_language()
    source = _source(columns, beside_languages=bool(by_language))
    if by_language and (source is None or source.depth > next(iter(by_language.values())).depth):
        return _pair_of_languages(by_language)
    if source and response is None and target and (references or columns.texts("engine")):
        response, target = target, None
    if source and response:
        return Layout("response", _mapped(source=source, response=response, references=references or target))
    if source and target:
        return Layout("pair", _mapped(source=source, target=target))
    # References may also belong to prompts that ask for a translation, or to translations of several systems.
    if source and references and _share_asked(source, _prompts(columns)) <= _MOST and not columns.answers_of_systems():
        return Layout("pair", _mapped(source=source, target=references))
    return None


def _source(columns: Columns, *, beside_languages: bool) -> Column | None:
    """What is translated; None where the column tells a corpus or web site, as many a file has it.

    Names of corpora repeat, but so does a text that many systems translate.
    """
    source = columns.texts("source")
    if source is None or source.is_varied:
        return source
    prompts = _prompts(columns)
    if prompts:
        return source if _share_asked(source, prompts) > _MOST else None
    if beside_languages:
        return None
    is_ours = {column.path for column in columns.top} >= _ANSWERS and columns.texts("text") is None
    return source if is_ours or source.is_sentences else None


def _share_asked(source: Column, prompts: Sequence[str | None]) -> float:
    """In which share of the records that have both the source stands in the prompt."""
    asked = [text in prompt for text, prompt in zip(source.values, prompts, strict=False) if text and prompt]
    return asked.count(True) / len(asked) if asked else 0.0


_MOST = 0.5
_ANSWERS = {"source", "response", "engine"}
"""The contract's columns of an answer that is a translation, as a reader needs them."""


def _prompts(columns: Columns) -> list[str | None]:
    """What each record asks for, in words; empty where no column has it."""
    prompt = columns.texts("prompt")
    if prompt and (prompt.is_varied or prompt.is_sentences):
        return list(prompt.values)
    chat = columns.chat("prompt")
    return [value[-1]["content"] if are_messages(value) else None for value in chat.values] if chat else []


def _pair_of_languages(by_language: dict[str, Column]) -> Layout:
    (src_lang, source), (tgt_lang, target), *others = by_language.items()
    found = Layout(
        "pair", _mapped(source=source, target=target), languages={"src_lang": src_lang, "tgt_lang": tgt_lang}
    )
    if others:
        rest = ", ".join(column.path for _, column in others)
        found.assumed.append(f"the first two languages make the pair; not used: {rest}")
    return found


def _answers(file: str, columns: Columns) -> Layout | None:
    prompt = columns.texts("prompt") or columns.chat("prompt")
    response = columns.texts("response") or columns.only_turn("response")
    references = columns.texts("references")
    systems = columns.answers_of_systems()
    if prompt is None and response and columns.texts("text"):
        prompt = columns.texts("text")
    if prompt is None and systems and (source := columns.texts("source")):
        return Layout("response", _mapped(source=source, references=references), engines=systems)
    if prompt is None:
        return None
    if systems:
        found = Layout("response", _mapped(prompt=prompt, references=references), engines=systems)
        found.assumed += left_out(file, columns, prompt)
        return found
    if response is None:
        source = _source(columns, beside_languages=False)
        asked = source if source and _share_asked(source, _prompts(columns)) > _MOST else None
        numbers = None if references else columns.numbers("references") or columns.numbers("response")
        found = Layout("prompt", _mapped(source=asked, prompt=prompt, references=references or numbers))
        if numbers:
            found.assumed.append(f"the numbers in {numbers.path!r} are the right answers: references, not responses")
        found.assumed += left_out(file, columns, prompt)
        return found
    found = Layout("response", _mapped(prompt=prompt, response=response, references=references))
    found.assumed += left_out(file, columns, prompt)
    return found


def _single(columns: Columns) -> Layout | None:
    text = columns.texts("text") or columns.texts("source")
    if text is None:
        sentences = [column for column in columns.top if column.is_sentences and column.is_varied]
        if len(sentences) != 1:
            return None
        text = sentences[0]
        return Layout("text", _mapped(text=text), assumed=[f"{text.path!r}, the one column of sentences, is the text"])
    if columns.has_question_key:
        return Layout("prompt", _mapped(prompt=text), assumed=["the records are questions, since they are numbered so"])
    return Layout("text", _mapped(text=text))


def _two_languages(columns: Columns) -> Layout | None:
    """Two columns of sentences in two languages, whatever they are called."""
    sentences = [column for column in columns.top if column.is_sentences and column.is_varied]
    heard = [hear(column.texts).code for column in sentences] if len(sentences) == 2 else []
    if len(set(heard) - {None}) < 2:
        return None
    source, target = sentences
    found = Layout("pair", _mapped(source=source, target=target))
    found.assumed.append(f"{source.path!r} and {target.path!r}, the two columns of sentences, are source and target")
    return found


def _mapped(**found: Column | None) -> dict[str, str | None]:
    return {ours: column.path for ours, column in found.items() if column is not None}


def _add_facts(found: Layout, columns: Columns, *, cells: bool) -> None:
    """Columns that any kind of row may have: languages, origin, document, system, licence, scores."""
    own = found.own
    taken = set(found.columns.values())
    for role in ("src_lang", "tgt_lang", "doc_id", "segment", "engine", "license"):
        column = columns.top_level(role)
        if column is None or role not in own or column.path in taken or role in found.languages:
            continue
        if role == "engine" and found.engines:
            continue
        if is_readable(role, own[role], column.values, cells=cells, nullable=True):
            found.columns[role] = column.path
    origin = next((c for c in columns.top if c.path in NAMES["source"] and c.is_text and not c.is_varied), None)
    if origin is not None and origin.path not in taken:
        found.columns["origin"] = origin.path
    if found.kind in ("pair", "response", "text"):
        for name, column in columns.scores().items():
            if column.path not in found.columns.values():
                found.columns[name] = column.path
                found.scores[name] = way(name.removeprefix("score_"))


def _keep_apart(found: Layout, columns: Columns, *, cells: bool) -> None:
    """Columns of theirs that have one of our names by chance stay in `meta`."""
    own = found.own
    required = kind_of(found.kind).required
    for column in columns.top:
        name = column.path
        if score_dtype(name) is not None and name not in found.scores and name not in found.columns.values():
            found.columns[name] = name
            found.scores[name] = way(name.removeprefix("score_")) if name.startswith("score_") else "none"
        if name not in own or name in found.columns:
            continue
        readable = is_readable(name, own[name], column.values, cells=cells, nullable=name not in required)
        if not readable or (name in found.columns.values() and name != "model"):
            found.columns[name] = None
    paths = {str(path) for path in (*found.columns.values(), *found.engines.values())}
    used = paths | {path.partition(".")[0] for path in paths}
    kept = [name for name in own if found.columns.get(name, name) is not None]
    found.unused = [column.path for column in columns.top if column.path not in used and column.path not in kept]
    # A name that is ours already needs no mapping.
    found.columns = {ours: theirs for ours, theirs in found.columns.items() if theirs != ours}
