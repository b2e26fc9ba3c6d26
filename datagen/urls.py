"""URLs as files and messages may show them: without what may be secret."""

from __future__ import annotations

import re
from collections.abc import Iterable

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*(://|::)")


def is_url(file: str) -> bool:
    """Whether a file is named by a URL (`s3://bucket/x.jsonl`, `simplecache::https://host/x.jsonl`), not by a path."""
    return _URL.match(file) is not None


def shown(file: str) -> str:
    """A path as it is; a URL without user, password, query and fragment, where passwords and tokens stand."""
    if not is_url(file):
        return file
    return re.split("[?#]", re.sub("(?<=://)[^/]*@", "", file), maxsplit=1)[0]


def without_secrets(text: str, files: Iterable[str]) -> str:
    """A message about files in which every URL is as `shown`, also those that a library writes in its own way."""
    urls = sorted(filter(is_url, files), key=len, reverse=True)
    if not urls:
        return text
    for url in urls:
        text = text.replace(url, shown(url))
    return re.sub(r"(://[^\s?#]*)[?#]\S*", r"\1", re.sub(r"(?<=://)[^\s/]*@", "", text))


def file_name(file: str) -> str:
    """The last part of a path or URL."""
    return shown(file).rstrip("/").rpartition("/")[2]
