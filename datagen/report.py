"""`datagen report`: find the newest dataset of each stage of a run, and have the report on them written."""

from __future__ import annotations

from pathlib import Path

from corpus.current import CURRENT, read_current
from corpus.dataset import Dataset
from corpus.dataset import open as open_dataset
from corpus.errors import UserError
from corpus.manifest import FILE
from filters.report.page import write_report

DEFAULT_OUT = Path("docs/reports")
"""Where reports go, each into a folder named as its recipe."""


def report(folder: Path, *, out: Path | None, text: bool) -> Path:
    """Write the report of a run; the page.

    Args:
        folder: `runs/<recipe>`.
        out: folder to write; `docs/reports/<recipe>` by default.
        text: whether the page may show text of the data.

    Raises:
        UserError: the folder is not that of a run, or `out` holds something else than a report.
    """
    datasets = newest(folder)
    name = folder.resolve().name
    return write_report(datasets, out or DEFAULT_OUT / name, name=name, text=text)


def newest(folder: Path) -> list[Dataset]:
    """The newest dataset of each stage of a run, in the recipe's order.

    Raises:
        UserError: the folder is not that of a run.
    """
    current = read_current(folder)
    if not current:
        hint = (
            "it is a single dataset; give the folder above it" if (folder / FILE).is_file() else f"it has no {CURRENT}"
        )
        raise UserError(
            f"{folder} is not the folder of a run: {hint}. Expected runs/<recipe>, as `datagen run` leaves it"
        )
    return [open_dataset(folder / dataset) for dataset in current.values()]
