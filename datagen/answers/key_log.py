"""Keys of the answers that something used, so that what they cost can be added up over all runs."""

from __future__ import annotations

import os
from pathlib import Path

_BYTES = 16


class KeyLog:
    """An append-only file of keys. A key may stand twice; a kill costs at most the one that was being written."""

    def __init__(self, file: Path) -> None:
        """Open the log, or begin one."""
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        size = os.fstat(self._descriptor).st_size
        os.truncate(self._descriptor, size - size % _BYTES)

    def add(self, key: bytes) -> None:
        """Note a key. From now on a kill of this process does not lose it."""
        os.write(self._descriptor, key)

    def keys(self) -> list[bytes]:
        """All keys, each once."""
        size = os.fstat(self._descriptor).st_size
        told = b"".join(os.pread(self._descriptor, 1 << 20, start) for start in range(0, size, 1 << 20))
        return list(dict.fromkeys(told[start : start + _BYTES] for start in range(0, len(told), _BYTES)))

    def close(self) -> None:
        """Add no more."""
        os.close(self._descriptor)
