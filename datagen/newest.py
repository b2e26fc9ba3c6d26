"""Find a dataset by its folder, or by its run's folder and the name of its stage."""

from __future__ import annotations

from pathlib import Path

from corpus.errors import UserError, nearest
from corpus.manifest import FILE
from datagen.run import read_current


def newest(path: Path) -> Path:
    """The folder itself where it is a dataset, else, for `RUNFOLDER/STAGE`, the newest folder of that stage.

    Raises:
        UserError: the run has no such stage.
    """
    # A stage may be called as a folder that is no dataset, such as that of the answers.
    current = {} if (path / FILE).exists() else read_current(path.parent)
    if path.name not in current and (not current or path.exists()):
        return path  # whoever opens it says what is wrong with it
    if path.name not in current:
        raise UserError(
            f"{path}: no such folder, and the run in {path.parent} has made no stage {path.name!r}."
            f"{nearest(path.name, current)} Stages: {', '.join(current)}"
        )
    return path.parent / current[path.name]
