"""Chat templates with the marks that say which tokens are the assistant's own.

`chatml` is ours; those of published families are TRL's training variants of the published templates, with their rules
(Gemma 2 knows no system role). What is written beside a trained model is the same template without the marks.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

from corpus.errors import UserError, nearest

PUBLISHED = {
    "gemma2": "gemma_training.jinja",
    "qwen2.5": "qwen2_5_training.jinja",
    "llama3": "llama3_training.jinja",
}
"""Families by name, and the file of TRL that holds their template."""
NAMES = ("chatml", *PUBLISHED)
_MARK = re.compile(r"\{%(-?)\s*(end)?generation\s*(-?)%\}")
_PROBE = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


def training_template(tokenizer: Any, name: str | None, *, marks: bool) -> str:
    """The template to train with: the named one, or the tokenizer's own; with `marks`, TRL's variant of it if need be.

    Raises:
        UserError: there is no such template, the tokenizer lacks a token of it, or it has no marks where they are
            needed.
    """
    template = _named(name) if name is not None else _own(tokenizer, marks)
    if marks and not has_marks(template):
        raise UserError(
            f"the chat template {name!r} has no {{% generation %}} marks, so nobody can tell which tokens are the "
            "assistant's. Put `{% generation %}` and `{% endgeneration %}` around the assistant's content and the end "
            f"of its turn, or take one of: {', '.join(NAMES)}"
        )
    for token in _literal_tokens(template):
        if token not in tokenizer.get_vocab():
            raise UserError(
                f"the chat template {name or 'of the model'} writes {token}, which is no token of the tokenizer. Take "
                f"a template of the model's own family ({', '.join(NAMES)}), or add the token to the tokenizer"
            )
    return template


def has_marks(template: str) -> bool:
    """Whether a template marks the assistant's turns."""
    return bool(_MARK.search(template))


def without_marks(template: str) -> str:
    """The template for inference: marks become conditions that always hold, so that white space stays as it is."""
    return _MARK.sub(lambda mark: f"{{%{mark[1]} {'endif' if mark[2] else 'if true'} {mark[3]}%}}", template)


def turn_end(tokenizer: Any, template: str) -> int | None:
    """The token with which the assistant ends its turn, if the loss covers it; without one no model learns to stop."""
    if not has_marks(template):
        return None
    told = tokenizer.apply_chat_template(
        _PROBE, chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    learned = [token for token, mask in zip(told["input_ids"], told["assistant_masks"], strict=True) if mask]
    special = [token for token in learned if token in tokenizer.all_special_ids or token in _added(tokenizer)]
    return special[-1] if special else None


def _added(tokenizer: Any) -> dict[int, Any]:
    return dict(tokenizer.added_tokens_decoder)


def _named(name: str) -> str:
    if name == "chatml":
        return (resources.files("train") / "templates" / "chatml.jinja").read_text("utf-8")
    if name in PUBLISHED:
        return (resources.files("trl") / "chat_templates" / PUBLISHED[name]).read_text("utf-8")
    if not name.endswith((".jinja", ".j2")):
        raise UserError(
            f"template: found {name!r}, expected a .jinja file or one of {', '.join(NAMES)}.{nearest(name, NAMES)}"
        )
    try:
        return Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"template: {name} cannot be read: {error}") from None


def _own(tokenizer: Any, marks: bool) -> str:
    from trl.chat_template_utils import get_training_chat_template

    if not tokenizer.chat_template:
        raise UserError(
            f"the model has no chat template; name one with `template:`: {', '.join(NAMES)}, or a .jinja file of your "
            "own"
        )
    if not isinstance(tokenizer.chat_template, str):
        raise UserError("the model has several chat templates; name one with `template:`, or a .jinja file of your own")
    if not marks or has_marks(tokenizer.chat_template):
        return tokenizer.chat_template
    if ours := next((name for name in NAMES if without_marks(_named(name)) == tokenizer.chat_template), None):
        return _named(ours)
    try:
        return get_training_chat_template(tokenizer) or tokenizer.chat_template
    except ValueError:
        raise UserError(
            "the model's own chat template has no {% generation %} marks, and none that has them is known for it. Name "
            f"one with `template:`: {', '.join(NAMES)}, or a .jinja file of your own"
        ) from None


def _literal_tokens(template: str) -> list[str]:
    """Tokens such as <|im_end|> and <end_of_turn> that a template writes itself; those of tool calls are left out."""
    found = re.findall(r"<\|[a-z_]+\|>|<(?:start|end)_of_turn>", re.sub(r"\{#.*?#\}", "", template, flags=re.S))
    return sorted(set(found))
