"""What scorers share whose model runs in this process, by the libraries torch and transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import polars as pl
from pydantic import Field

from corpus.errors import UserError
from filters.learned import NOTE, LearnedScorer, Services, rows_of
from filters.models import card_licence, model_identity, model_name

if TYPE_CHECKING:
    from filters.torch_models.load import Loaded
    from filters.torch_models.running import Runner


Dtype = Literal["float32", "bfloat16", "float16"]


class TorchScorer(LearnedScorer):
    """A learned scorer of one model. Subclasses say which class of transformers makes it, and what it must be."""

    models: ClassVar[tuple[str, ...]] = ("model",)
    speed: ClassVar[tuple[str, ...]] = ("device", "batch_tokens")
    budgets: ClassVar[dict[str, int]] = {"cuda": 65_536, "cpu": 1_024}
    """Default tokens of a batch by kind of device: as many as use it well."""

    model: str = Field(min_length=1)
    """The model: a folder, or a hub id."""
    revision: str | None = None
    """Branch, tag or commit of a model on the hub; default: the newest commit, which enters the plan."""
    dtype: Dtype = "float32"
    """Numbers to compute with, the same on every machine, since scores depend on them. The smaller ones halve memory
    and are fast where the processor has them."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    """Where to compute; `auto`: CUDA where there is one, else Apple's GPU, else the CPU."""
    batch_tokens: int | None = Field(default=None, ge=1)
    """Tokens of a batch, padding included; where memory ends, batches are halved. Default: by the device."""
    trust_remote_code: bool = False
    """Whether to run code that comes with the model."""

    def identity(self) -> object:
        """The content of the model's folder, or its commit on the hub."""
        return model_identity(self.model, self.revision)

    def licence(self) -> str | None:
        """The licence that the model's card states."""
        return card_licence(self.model, self.revision)

    def signed(self, **settings: object) -> str:
        """A signature: the model, what it is, numbers, and further settings."""
        [(how, told)] = model_identity(self.model, self.revision).items()
        fixed = {"model": model_name(self.model), how: told[:8], "dtype": self.dtype}
        parts = {**fixed, **settings, "version": self.version}
        return "|".join((self.name(), *(f"{key}:{value}" for key, value in parts.items())))

    def load(self, factory: str, made_for: str, services: Services, unused: str = "") -> tuple[Loaded, Runner]:
        """The model on its device, and what runs it; the arguments are those of `filters.torch_models.load`.

        Raises:
            UserError: torch is missing, or the model cannot be had or is of the wrong kind.
            Failure: the model does not fit.
        """
        try:
            from filters.torch_models.devices import find_device
            from filters.torch_models.load import load
            from filters.torch_models.running import Runner
        except ImportError as error:
            raise UserError(
                f"the scorer {self.name()!r} cannot be used here: {error}. Install what it needs with "
                "pip install 'towerkit[train]'"
            ) from None
        services.tell({"state": "loading"})
        device = find_device(self.device)
        loaded = load(
            factory,
            self.model,
            model_identity(self.model, self.revision).get("commit"),
            dtype=self.dtype,
            device=device,
            trust_remote_code=self.trust_remote_code,
            made_for=made_for,
            unused=unused,
        )
        budget = self.batch_tokens or self.budgets.get(device.type, self.budgets["cpu"])
        return loaded, Runner(device, budget, services.tell)


def text_items(frame: pl.DataFrame, **texts: pl.Expr) -> pl.DataFrame:
    """Items of one or more texts each; where one is missing or blank, the note says which."""
    note = pl.coalesce(
        pl.when(text.is_null())
        .then(pl.lit(f"no {name}"))
        # White space alone, or nothing.
        .when(text.str.strip_chars() == "")
        .then(pl.lit(f"empty {name}"))
        for name, text in texts.items()
    )
    return frame.select(rows_of(frame), *(text.alias(name) for name, text in texts.items()), note.alias(NOTE))
