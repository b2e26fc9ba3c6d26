"""The final answer of a solution: after GSM8K's `####`, in a box or tags, announced in words, or said last."""

from __future__ import annotations

import re
from typing import NamedTuple

from filters.maths import latex
from filters.maths.numerals import CURRENCY, DIGITS, VULGAR, Number, read
from filters.maths.words import ANSWER, NOT, OR

_TAIL = 4000
"""Characters at the end of a solution in which an answer without a mark is looked for."""
_MOST_MARKS = 50
_HIDDEN = re.compile("(?<=\\d)[\u00ad\u200b-\u200d\u2060-\u2064\U000e0000-\U000e007f]|[\u202a-\u202e]")
"""What shows another number than stands there: characters without width between digits, overridden directions."""
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_TAG = re.compile("<answer>", re.IGNORECASE)
_HASHES = re.compile(r"####[ \t]*([^\n]*)")
_WORD = "|".join(re.escape(word) for word in sorted(ANSWER, key=len, reverse=True))
_ANNOUNCED = re.compile(
    rf"(?:(?<![^\W\d_])A(?=:)|(?i:{_WORD}))(?:\*\*)?[ \u00a0]?"
    r"(?:[:：=]|(?i:is|ist|es|est|è|é|je|jest|är|er|on|este|ni)\b"
    r"|は|是|为|為|는|은|है|হল|হলো|క|คือ|هو|هي|—|–)"
)
_SENTENCE = re.compile(r"[.!?](?=\s|$)|[。！？।]|\n")
_TOKEN = re.compile(
    rf"(?<![A-Za-z_\\^.,])(?:(?<![\w)])-\s?)?(?:[{CURRENCY}]\s?)?-?"
    rf"(?:\d*[{VULGAR}]|\d+ \d+/\d+|\d+/\d+(?!/)|\d*\(-?{DIGITS}\)/\({DIGITS}\)"
    rf"|{DIGITS}(?:[eE][-+]?\d+|\^\{{?\d+\}}?)?)"
    rf"(?:\s?%|\s?[{CURRENCY}])?"
)
_BETWEEN_WORDS = re.compile(r"[\s.,;:!?/|()\[\]{}*$%°\\…、。，；：！？।-]+")
_LEFT_OPERATION = re.compile(r"[+*×÷^/<>≤≥≠·]\s*$|[\w)]\s*-\s*$")
_RIGHT_OPERATION = re.compile(r"\s*(?:[+*×÷^/<>≤≥·!]|-\s*\d)")


class Answer(NamedTuple):
    """What a solution gives as its final answer."""

    text: str
    """As it stands there; empty where none was found."""
    number: Number | None = None
    """The plain number that it is."""
    problem: str = ""
    """Why nothing can be taken as the answer."""


def final_answer(solution: str, language: str | None, *, number: bool, reference: bool = False) -> Answer:
    """The final answer of a solution, or of a reference that may be the bare answer.

    The last mark counts (`####`, a box, `<answer>`), else the last announcement, else, where a plain number is sought,
    the last number, otherwise the last formula or line. Different answers side by side are none.

    Args:
        solution: the text.
        language: whose notation the numbers are in.
        number: whether a plain number is sought.
        reference: whether the text may be the bare answer, so that one line is taken whole.
    """
    text = solution.rpartition("</think>")[2]
    if "<think>" in text[:2000]:
        return Answer("", problem="no answer after the reasoning")
    if "<!--" in text:
        text = _COMMENT.sub("", text)
    marks = _marked(text)
    if marks is None:
        return Answer("", problem="too many answers")
    if marks:
        return _agreed(marks, language)
    text = text[-_TAIL:].strip()
    if not text:
        return Answer("", problem="empty output")
    whole = _exact(text, language)
    if whole.number or (reference and "\n" not in text and len(text) <= 300 and not _ANNOUNCED.search(text)):
        return whole
    announced = list(_ANNOUNCED.finditer(text))
    if announced:
        return _announced(text[announced[-1].end() :], language, number=number)
    return _last_number(text, language) if number else _last_formula(text, language)


def _marked(text: str) -> list[str] | None:
    """Answers with a mark, in order; None where they are too many to be one."""
    boxes = latex.boxed(text, _MOST_MARKS)
    hashes = [found[1].strip() for found in _HASHES.finditer(text)]
    tagged = [part[:2000].partition("<")[0].strip() for part in _TAG.split(text)[1:]]
    if boxes is None or len(hashes) + len(tagged) > _MOST_MARKS:
        return None
    # A box within a tag or after hashes is in both lists, once with what is around it.
    around = [mark for mark in (*hashes, *tagged) if mark and "\\boxed" not in mark and "\\fbox" not in mark]
    return boxes + around


def _agreed(marks: list[str], language: str | None) -> Answer:
    """The one answer that all marks give; several different ones are one list, as two boxes for two roots are."""
    answers = [_exact(mark, language) for mark in marks]
    for answer in answers:
        if answer.problem:
            return answer
    distinct = {answer.number.value if answer.number else answer.text: answer for answer in answers}
    if len(distinct) == 1:
        return answers[-1]
    if any(answer.number is None and re.search(r"[,;=]", answer.text) for answer in answers) or len(distinct) > 8:
        return Answer(marks[-1], problem="several answers")
    return Answer(", ".join(answer.text for answer in distinct.values()))


def _exact(text: str, language: str | None) -> Answer:
    """A text that is nothing but an answer."""
    if _HIDDEN.search(text):
        return Answer(text[:200], problem="hidden characters")
    shown = _unstopped(latex.plain(text))
    sides = [side.strip() for side in re.split(r"(?<![<>!=≤≥])=(?!=)|≈", shown)]
    numbers = [read(side, language) for side in sides]
    last = numbers[-1]
    if last and len(sides) <= 8 and all(n is None or n.value == last.value for n in numbers):
        computed = all(n or not re.search(r"[<>≤≥≠]", side) for n, side in zip(numbers, sides, strict=True))
        return Answer(sides[-1], last if computed else None)
    if len(sides) > 1 and last:
        return Answer(shown, problem="several answers")
    return Answer(_unstopped(latex.plain(text, fractions=False)))


def _unstopped(text: str) -> str:
    return re.sub(r"(?<=[^\s.])\.$|[。।]$", "", text).strip()


def _announced(after: str, language: str | None, *, number: bool) -> Answer:
    """The answer that follows its announcement."""
    after = after.lstrip(" \t\n:*=：\u00a0>")
    found = _SENTENCE.search(after)
    sentence, rest = (after[: found.start()], after[found.end() :]) if found else (after, "")
    whole = _exact(sentence, language)
    if whole.problem or whole.number:
        return whole if whole.problem or not _second(rest) else Answer(whole.text, problem="several answers")
    inner = [_exact(formula, language) for formula in latex.formulas(sentence)]
    inner = [answer for answer in inner if answer.text]
    if not number:
        return inner[-1] if len(inner) == 1 else whole
    values = {answer.number.value for answer in inner if answer.number}
    if len(inner) == len([answer for answer in inner if answer.number]) and len(values) == 1:
        return inner[0]
    return _first_number(latex.plain(after[: len(sentence) + 60]), len(latex.plain(sentence)), language)


def _second(rest: str) -> bool:
    """Whether a text goes on with another answer: `or 19`."""
    return _joins(re.split(r"\d", rest[:60], maxsplit=1)[0]) and bool(re.search(r"\d", rest[:60]))


def _first_number(text: str, length: int, language: str | None) -> Answer:
    """The first number of a sentence of so many characters, after its last equals sign, unless another is offered."""
    start = text.rfind("=", 0, length) + 1
    numbers = [found for found in _TOKEN.finditer(text, start) if found.start() < length]
    if not numbers:
        return Answer(text[:200], problem="no number in the answer")
    first = numbers[0]
    if any(word.strip(".,:") in NOT for word in text[start : first.start()].casefold().split()[-6:]):
        return Answer(text[:200], problem="the answer is denied")
    following = next(iter(_TOKEN.finditer(text, first.end())), None)
    if following and _joins(text[first.end() : following.start()]):
        return Answer(text[first.start() : following.end()], problem="several answers")
    return _operand(text, first, language)


def _joins(between: str) -> bool:
    """Whether what stands between two numbers makes them two answers."""
    words = [word for word in _BETWEEN_WORDS.split(between.casefold()) if word]
    return not words or words == ["of"] or words[0] in OR or words[-1] in OR


def _last_number(text: str, language: str | None) -> Answer:
    """The last number of a text, unless another stands beside it."""
    text = latex.plain(text[-2000:])
    tokens = list(_TOKEN.finditer(text))
    if not tokens:
        return Answer("", problem="no number in the answer")
    last, before = tokens[-1], tokens[-2] if len(tokens) > 1 else None
    if before and "\n" not in text[before.end() : last.start()] and _joins(text[before.end() : last.start()]):
        return Answer(text[before.start() : last.end()], problem="several answers")
    return _operand(text, last, language)


def _operand(text: str, found: re.Match[str], language: str | None) -> Answer:
    """A number in a text, unless it is part of a calculation that is not worked out."""
    if _HIDDEN.search(text, max(0, found.start() - 1), found.end() + 2):
        return Answer(found[0], problem="hidden characters")
    if _LEFT_OPERATION.search(text[max(0, found.start() - 10) : found.start()]) or _RIGHT_OPERATION.match(
        text[found.end() : found.end() + 10]
    ):
        return Answer(found[0], problem="not worked out")
    scaled = re.match(r"\s?[^\W\d_]+", text[found.end() : found.end() + 30])
    number = (read(found[0] + scaled[0], language) if scaled else None) or read(found[0], language)
    return Answer(found[0], number, "" if number else "not a number")


def _last_formula(text: str, language: str | None) -> Answer:
    """The last formula of a text, or its last line."""
    lines = [line for line in text.splitlines() if line.strip()]
    inner = [formula for formula in latex.formulas(lines[-1]) if formula.strip()]
    return _exact(inner[-1] if inner else lines[-1], language)
