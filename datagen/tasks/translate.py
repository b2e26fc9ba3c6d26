"""`translate`: plain translation, with the prompt of Tower+'s model card.

The wording is that of the card of Tower-Plus-2B [paper card 2B]; which prompts training used is not known to us.
"""

from __future__ import annotations

from collections.abc import Mapping

from corpus.chat import Message, user
from corpus.languages import english_name
from corpus.templates import fill
from datagen.tasks.base import Task


class Translate(Task):
    """Translate the source into the target language."""

    templates = ("Translate the following {src} source text to {tgt}:\n{src}: {source}\n{tgt}: ",)
    kinds = ("pair", "prompt", "response")

    def prompts(self, row: Mapping[str, object]) -> list[list[Message]] | str:
        """One prompt for each template; rows without a source or a language give none."""
        source, src_lang, tgt_lang = row.get("source"), row.get("src_lang"), row.get("tgt_lang")
        if not isinstance(source, str) or not source.strip():
            return "no_source"
        if not isinstance(src_lang, str) or not isinstance(tgt_lang, str):
            return "no_language"
        parts = {"src": english_name(src_lang), "tgt": english_name(tgt_lang), "source": source}
        return [[user(fill(template, parts))] for template in self.templates]

    def references(self, row: Mapping[str, object]) -> list[str] | None:
        """The pair's target."""
        target = row.get("target")
        return [target] if isinstance(target, str) else None
