"""`reasoning_leak`: the model's thinking within the answer."""

from __future__ import annotations

from typing import ClassVar

from filters.expressions import PatternFilter


class ReasoningLeak(PatternFilter):
    """Drops texts with reasoning that belongs before the answer: `<think>` and its like, or thinking aloud."""

    pattern: ClassVar[str] = "|".join(
        [
            (
                r"(?i:</?(?:seed:)?(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis|"
                r"inner_monologue)>)"
            ),
            r"<\|channel\|>|<\|(?:begin|end)_of_(?:thought|thinking|solution)\|>|<unused9[45]>",
            r"\[/?THINK\]|◁/?think▷|<｜/?think｜>",
            # How reasoning models begin to think of a prompt.
            (
                r"(?i:^\s*(?:okay|ok|alright|hmm|well|so|let['’]s see|let me see)[,.]? (?:so,? )?(?:the|this) user "
                r"(?:wants|is asking|asks|asked|has asked|needs|would like|said|says|provided|gave))"
            ),
            (
                r"(?i:^\s*(?:we need to|i need to|i should|let me|let's) (?:translate|produce|output|respond|"
                r"answer) (?:the|this|to|in|into) )"
            ),
            r"^\s*(?:好的|嗯)，(?:我|现在|用户)(?:现在)?(?:需要|要|想)",
        ]
    )
