"""What files and messages say of a URL."""

import pytest

from datagen.urls import file_name, is_url, shown, without_secrets


@pytest.mark.parametrize(
    ("file", "expected", "name"),
    [
        ("https://host/a/x.jsonl", "https://host/a/x.jsonl", "x.jsonl"),
        ("https://user:pa%2Fss@host:8080/x.gz?token=a/b c#d", "https://host:8080/x.gz", "x.gz"),
        ("https://host/x.gz#token", "https://host/x.gz", "x.gz"),
        ("https://user:what?#@host/x.gz", "https://host/x.gz", "x.gz"),
        ("s3://bucket/wörter/x y.jsonl", "s3://bucket/wörter/x y.jsonl", "x y.jsonl"),
        ("zip://in.jsonl::https://u:p@host/x.zip?t=1", "zip://in.jsonl::https://host/x.zip", "x.zip"),
        ("/data/what?/#1@home.jsonl", "/data/what?/#1@home.jsonl", "#1@home.jsonl"),
        ("what?.jsonl", "what?.jsonl", "what?.jsonl"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(file: str, expected: str, name: str) -> None:
    assert (shown(file), file_name(file)) == (expected, name)
    assert is_url(file) == ("://" in file)


URL = "https://u:pa55@host/x y?token=t0ken"


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        (f"{URL}:3: broken", [URL], "https://host/x y:3: broken"),
        # As a library writes it.
        ("404, url='https://u:pa55@host/x%20y?token=t0ken'", [URL], "404, url='https://host/x%20y"),
        ("no 'https://host/?x' in row 3", ["in.jsonl"], "no 'https://host/?x' in row 3"),
    ],
)
def test_messages_show_urls_in_the_same_way(text: str, files: list[str], expected: str) -> None:
    assert without_secrets(text, files) == expected
