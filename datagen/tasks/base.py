"""What a task is: it words prompts for rows, and says what a right answer is. One file each, found by file name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence

from corpus.chat import Message
from corpus.errors import UserError, nearest


class Task:
    """A way of turning rows into prompts."""

    version = 1
    """Raised by hand when the wording or meaning changes; enters the plan."""
    templates: Sequence[str] = ()
    """The wordings; each gives one prompt for a row."""
    kinds: Sequence[str] = ()
    """Row kinds that prompts can be made of."""

    @property
    def name(self) -> str:
        """The file's name; the `task` of rows."""
        return type(self).__module__.rpartition(".")[2]

    def identity(self) -> object:
        """What enters plans: version and wordings."""
        return [self.name, self.version, list(self.templates)]

    def prompts(self, row: Mapping[str, object]) -> list[list[Message]] | str:
        """One prompt for each template, or the reason why the row gives none."""
        raise NotImplementedError

    def references(self, row: Mapping[str, object]) -> list[str] | None:
        """Right answers that the row brings along."""
        raise NotImplementedError


def task_names() -> list[str]:
    """Names of all tasks."""
    package = importlib.import_module("datagen.tasks")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "base")


def open_task(name: str | None) -> Task:
    """The task of this name; plain translation where none is named.

    Raises:
        UserError: there is none.
    """
    name = name or "translate"
    if name not in task_names():
        raise UserError(f"no task is called {name!r}.{nearest(name, task_names())} Known: {', '.join(task_names())}")
    module = importlib.import_module(f"datagen.tasks.{name}")
    found = [
        v
        for v in vars(module).values()
        if isinstance(v, type) and issubclass(v, Task) and v.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise TypeError(f"{module.__name__} must hold one Task; it holds {len(found)}")
    return found[0]()
