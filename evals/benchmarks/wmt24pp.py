"""`wmt24pp`: WMT24++, English into up to 55 languages and varieties."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from evals.benchmarks.parallel import Parallel as _Parallel


class Wmt24pp(_Parallel):
    """WMT24++ (arXiv 2502.12404) from a folder of the dataset's files; segments with bad sources are left out.

    Measured as `parallel` is. `targets: tower_plus` are the 24 targets that fit the languages of Tower+ [inference].
    """

    read: dict[str, Any] = Field(default={}, max_length=0)
    """Nothing: `folder` and `targets` say what is read."""
    folder: str
    """Where the files en-xx_YY.jsonl lie."""
    targets: tuple[str, ...] | Literal["all", "tower_plus"] = "all"
    """Targets as the files name them."""

    def source(self) -> dict[str, Any]:
        """The targets' pairs."""
        targets = self.targets if isinstance(self.targets, str) else list(self.targets)
        # One origin for all files: a document is the same in every target, and is drawn with all its translations.
        return {"wmt24pp": self.folder, "targets": targets, "origin": "wmt24pp", "license": "Apache-2.0"}
