"""`translate_towerinstruct`: plain translation as the first TowerInstruct models were asked [notes].

Many users still send this form; models of Tower+ were made for that of `translate`.
"""

from __future__ import annotations

from datagen.tasks.translate import Translate as _Translate


class TranslateTowerinstruct(_Translate):
    """Translate the source into the target language, in the form of the first TowerInstruct models [notes]."""

    templates = ("Translate the following text from {src} into {tgt}.\n{src}: {source}\n{tgt}:",)
