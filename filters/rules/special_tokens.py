"""`special_tokens`: a chat template's marks within the text."""

from __future__ import annotations

from typing import ClassVar

from filters.expressions import PatternFilter


class SpecialTokens(PatternFilter):
    """Drops texts with control tokens of tokenizers and chat templates: `<|im_start|>`, `[INST]`, `</s>`.

    Such text came out of a broken template, and training on it teaches the model to write its own turns.
    """

    pattern: ClassVar[str] = "|".join(
        [
            # ChatML, Llama 3, Phi, Qwen, GLM, Command R, gpt-oss; DeepSeek with full-width bars and word marks.
            r"<\|/?[A-Za-z0-9_.\-]{1,40}\|>|<｜[^｜<>\n]{1,40}｜>",
            # Gemma, T5, BERT, BART, byte fallback of SentencePiece.
            r"<(?:start|end)_of_(?:turn|image|text)>|<start_of_(?:thought|role)>|<extra_id_[0-9]+>|<unused[0-9]+>",
            r"</s>|<(?:bos|eos|pad|unk|mask|sep|cls)>|\[(?:PAD|UNK|CLS|SEP|MASK|BOS|EOS|EOT|EOM)\]|<0x[0-9A-F]{2}>",
            # Llama 2, Mistral.
            r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT)\]|<</?SYS>>",
            # Alpaca, Vicuna and their like; tool calls.
            r"(?m:^#{2,3} ?(?:Instruction|Response|Input|Assistant|Human|User|System) ?:)",
            r"(?m:^(?:USER|ASSISTANT|SYSTEM|HUMAN): )|</?tool_(?:call|response)>",
        ]
    )
