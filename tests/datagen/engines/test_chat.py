"""What a model wrote, as answer and reasoning."""

import pytest

from datagen.engines._chat import cut, split_reasoning

WRITTEN = {
    "no tags": ("Grüße aus München", False, ("Grüße aus München", None)),
    "white space stays": ("\n Hi \n", False, ("\n Hi \n", None)),
    "tags at the beginning": ("<think>Hm.</think>Yes", False, ("Yes", "Hm.")),
    "white space around tags": ("\n<think>\nHm.\n</think>\n\nYes\n", False, ("Yes\n", "Hm.")),
    "the template opened": ("Hm.\n</think>\n\nنعم", True, ("نعم", "Hm.")),
    "the template opened, and the model too": ("<think>\nHm.</think>はい", True, ("はい", "Hm.")),
    "nothing thought": ("<think>\n\n</think>\n\nYes", False, ("Yes", None)),
    "cut while thinking": ("<think>Hm, on the one hand", False, ("", "Hm, on the one hand")),
    "cut while thinking, opened by the template": ("Hm, on the one", True, ("", "Hm, on the one")),
    "tags later are text": ("Write <think>x</think> first", False, ("Write <think>x</think> first", None)),
    "tags after reasoning are text": ("<think>a</think>b</think>c", False, ("b</think>c", "a")),
    "nothing": ("", False, ("", None)),
}


@pytest.mark.parametrize(("text", "thinking", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_split_reasoning(text: str, thinking: bool, expected: tuple[str, str | None]) -> None:
    assert split_reasoning(text, thinking=thinking) == expected


@pytest.mark.parametrize(
    ("text", "stop", "expected"),
    [
        ("abc", (), ("abc", False)),
        ("abc", ("x",), ("abc", False)),
        ("one\ntwo\nthree", ("three", "\n"), ("one", True)),
        ("你好。再见。", ("。",), ("你好", True)),
        ("END", ("END",), ("", True)),
    ],
)
def test_cut(text: str, stop: tuple[str, ...], expected: tuple[str, bool]) -> None:
    assert cut(text, stop) == expected
