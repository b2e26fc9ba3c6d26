"""`translate_plain`: plain translation in words that any chat model takes, with nothing of Tower+ in them."""

from __future__ import annotations

from datagen.tasks.translate import Translate as _Translate


class TranslatePlain(_Translate):
    """Translate the source into the target language, and say nothing else."""

    templates = (
        "Translate this text from {src} into {tgt}. Answer with the translation alone, without comments or quotation "
        "marks around it.\n\n{source}",
    )
