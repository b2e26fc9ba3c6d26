"""A language model that a scorer asks, as far as a scorer must know it: whoever runs the scorer brings the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from filters.base import Part


class LanguageModel(Part):
    """What is known of a language model before it is asked anything. Engines are such."""

    @property
    def called(self) -> str:
        """Its name in rows."""
        raise NotImplementedError

    @property
    def model_name(self) -> str:
        """The model's name in rows and manifests: no path of this machine."""
        raise NotImplementedError

    def identity(self) -> object:
        """What the model is.

        Raises:
            UserError: there is no such model.
        """
        raise NotImplementedError

    def sampling(self) -> dict[str, Any]:
        """Options that decide what an answer is, without those that are not given."""
        raise NotImplementedError

    def adapted(self, *, temperature: float | None = None, schema: Mapping[str, Any] | None = None) -> Self:
        """The same model with a temperature where none is given, and asked for JSON of a schema where it knows how.

        What the user said of either stays. An engine that cannot be held to a schema comes back without one.
        """
        raise NotImplementedError
