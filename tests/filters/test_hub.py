"""What the hub refuses is told with what to do, by its library's own errors before a server that answers as it does."""

from collections.abc import Callable

import pytest
from hub_server import COMMIT

ASK = """
from corpus.errors import UserError
from filters.hub import hub_file, hub_folder

try:
    print({})
except UserError as error:
    print(error)
"""
GATED = (
    "org/gated is gated, and this machine's account has no access. Accept its terms at "
    "https://huggingface.co/org/gated and log in: `hf auth login`, or set HF_TOKEN to a token of that account"
)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (f"hub_file('org/gated', '{COMMIT}', 'config.json')", GATED),
        (f"hub_folder('org/gated', '{COMMIT}', ['*.json'])", GATED),
        (f"hub_file('org/none', '{COMMIT}', 'config.json')", "the hub has no model org/none, or it is private."),
        (f"hub_file('org/open', '{COMMIT}', 'config.json').read_text()", "{}"),
        (f"hub_file('org/open', '{COMMIT}', 'none.json')", "None"),
    ],
)
def test_what_may_not_be_had(asked: str, words: str, before_the_hub: Callable[[str], str]) -> None:
    assert before_the_hub(ASK.format(asked)).startswith(words)
