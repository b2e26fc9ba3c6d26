"""What a task is: it words prompts for rows, and says what a right answer is. One file each, found by file name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corpus.chat import Message
from corpus.named import class_named, names_in

_PACKAGE = "datagen.tasks"


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
    return names_in(_PACKAGE)


def open_task(name: str | None) -> Task:
    """The task of this name; plain translation where none is named.

    Raises:
        UserError: there is none.
    """
    return class_named(_PACKAGE, name or "translate", Task)()
