"""Environments of their own for libraries that cannot live with ours: made on first use from exact pins, then kept.

An environment lies in the user's cache folder under the hash of its pins and of the Python that runs it, so another
pin makes another environment beside it. It is built under a temporary name, tried, and renamed last: whoever finds the
name finds it whole, however its maker was killed. A virtual environment bears the renaming as long as its interpreter
alone is called (`bin/python -m ...`), which finds itself; scripts beside it name the place where they were made, and
nothing here calls them.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.errors import Failure, UserError
from corpus.hashing import digest
from filters.models import cache_folder

Tell = Callable[[Mapping[str, Any]], None]
"""Takes facts for people who watch."""
_QUOTED = 12
"""Last lines of a log that an error quotes."""
_LOOK = 3.0
"""Seconds between two words on how far an installation is."""
# uv reads neither pip's settings nor its variables; these are the same under other names.
_UV = {
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_INDEX_URL": "UV_INDEX_URL",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
}


@dataclass(frozen=True)
class Environment:
    """What an environment is made of."""

    name: str
    """What the folder's name begins with."""
    requirements: Path
    """File of exact pins, as pip reads it."""
    module: str
    """What must be importable in it."""
    size: str
    """What there is to download and what it takes on disk, for people."""

    def pins(self) -> list[str]:
        """The pins without comments."""
        lines = (line.partition("#")[0].strip() for line in self.requirements.read_text("utf-8").splitlines())
        return [line for line in lines if line]

    def pinned(self, package: str) -> str:
        """The version of one package."""
        return next(pin.partition("==")[2] for pin in self.pins() if pin.partition("==")[0] == package)

    def folder(self) -> Path:
        """Where it lies, or will: other pins, another Python and another kind of machine make another folder."""
        made_of = [self.pins(), platform.python_version(), platform.machine(), sys.base_prefix]
        return cache_folder() / "environments" / f"{self.name}-{digest(made_of)[:12]}"

    def python(self, tell: Tell) -> Path:
        """Its interpreter. An environment that is not there yet is made; another process that makes it is awaited.

        Where uv is on the PATH it installs, else pip does; if uv fails, pip tries too. pip's own settings hold: with
        PIP_NO_INDEX=1 and PIP_FIND_LINKS=FOLDER it is made from a folder of wheels, without a network.

        Raises:
            Failure: it cannot be made; the installer's last words are quoted, and nothing of it stays.
        """
        python = self.folder() / "bin" / "python"
        if not python.exists():
            with _locked(
                self.folder().with_suffix(".lock"), tell, f"another process makes the {self.name} environment"
            ):
                if not python.exists():
                    self._make(tell)
        return python

    def _make(self, tell: Tell) -> None:
        folder = self.folder()
        # Ours alone: the lock is held, so whoever began one of these is dead.
        for torn in [folder, *folder.parent.glob(f".{folder.name}.*.making")]:
            shutil.rmtree(torn, ignore_errors=True)
        making = folder.with_name(f".{folder.name}.{os.getpid()}-{time.time_ns():x}.making")
        log = folder.with_suffix(".log")
        tell({"state": f"making the {self.name} environment: {len(self.pins())} packages, {self.size}"})
        try:
            self._install(making, log, tell)
            tell({"state": f"trying the {self.name} environment"})
            _run([making / "bin" / "python", "-I", "-c", f"import {self.module}"], log, lambda: None)
            making.rename(folder)
        except _Ended as error:
            raise Failure(
                f"the {self.name} environment cannot be made: {error}. Its last lines (all are in {log}):\n"
                f"{last_lines(log)}\n"
                f"Where there is no network, fill a folder elsewhere (`pip download -r {self.requirements} -d FOLDER`, "
                "same system and Python) and set PIP_NO_INDEX=1 and PIP_FIND_LINKS=FOLDER; or give the path of a "
                f"Python that can import {self.module} as `python:`"
            ) from None
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def _install(self, making: Path, log: Path, tell: Tell) -> None:
        began = time.monotonic()

        def look() -> None:
            done = f"{_bytes_in(making) / 1e6:,.0f} MB, {time.monotonic() - began:.0f} s"
            tell({"state": f"installing the {self.name} environment: {done}"})

        log.write_bytes(b"")
        python = making / "bin" / "python"
        uv = shutil.which("uv")
        if uv:
            try:
                _run([uv, "venv", "--no-project", "--python", sys.executable, making], log, look)
                _run([uv, "pip", "install", "--python", python, "-r", self.requirements], log, look)
                return
            except _Ended:
                tell({"state": "uv failed; pip tries"})
                shutil.rmtree(making, ignore_errors=True)
        _run([sys.executable, "-m", "venv", making], log, look)
        # What is imported is compiled then: to compile all would take as long as the rest.
        pip = [python, "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile"]
        _run([*pip, "-r", self.requirements], log, look)


def given_python(python: Path, module: str) -> Path:
    """An interpreter that somebody gives, if it can import a module.

    Raises:
        UserError: it cannot, or does not run.
    """
    try:
        done = subprocess.run([python, "-I", "-c", f"import {module}"], capture_output=True, check=False)
    except OSError as error:
        raise UserError(f"python: {python} cannot be run: {error.strerror}. Expected the path of a Python") from None
    if done.returncode:
        said = "\n".join(done.stderr.decode(errors="replace").strip().splitlines()[-3:])
        raise UserError(
            f"python: {python} cannot import {module}:\n{said}\nInstall it there, or leave `python:` out, and an "
            "environment is made"
        )
    return python


def last_lines(log: Path, since: int = 0, lines: int = _QUOTED) -> str:
    """The last lines of a log from a byte on, indented."""
    with log.open("rb") as handle:
        handle.seek(max(since, log.stat().st_size - 100_000))
        told = handle.read().decode(errors="replace").replace("\r", "\n").splitlines()
    return "\n".join(f"    {line}" for line in [line for line in told if line.strip()][-lines:]) or "    (nothing)"


class _Ended(Exception):
    """A command ended with an error, or could not be run."""


def _run(command: Sequence[object], log: Path, look: Callable[[], None]) -> None:
    """Run a command to its end with what it prints in a log, looking up now and then."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    for pip, uv in _UV.items():
        if pip in os.environ:
            # pip's folders of wheels stand behind spaces, uv's behind commas.
            told = os.environ[pip]
            environment.setdefault(uv, ",".join(told.split()) if pip == "PIP_FIND_LINKS" else told)
    # `user = true` in somebody's pip.conf would install past the environment.
    environment["PIP_USER"] = "0"
    shown = " ".join(map(str, command))
    with log.open("ab") as out:
        out.write(f"$ {shown}\n".encode())
        out.flush()
        try:
            process = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environment
            )
        except OSError as error:
            raise _Ended(f"{shown}: {error.strerror}") from None
        try:
            while True:
                try:
                    code = process.wait(_LOOK)
                    break
                except subprocess.TimeoutExpired:
                    look()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if code:
        raise _Ended(f"`{shown}` ended with {code}")


@contextmanager
def _locked(file: Path, tell: Tell, waiting: str) -> Iterator[None]:
    """Hold a lock that goes with its process, however that ends."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell({"state": waiting})
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _bytes_in(folder: Path) -> int:
    """Bytes of all files below a folder that others write to."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue
    return total
