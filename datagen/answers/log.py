"""Logs of answers: records one after the other, each with a checksum, so that torn and damaged ones are recognized."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from mmap import mmap
from typing import NamedTuple

import xxhash

MAGIC = b"\xffTK1"
"""What each record begins with. 0xFF occurs in no UTF-8, so hardly in any body."""
KEY_BYTES = 16
CHOICE_BITS, OFFSET_BITS = 12, 32
"""A location is a number: the segment, then the offset of a record in its log, then the choice in its body."""
CHOICES = 1 << CHOICE_BITS

_FRAME = struct.Struct("<4sIQ")  # magic, bytes of the payload, xxh3-64 of the payload with the offset as its seed
_ANSWERED = struct.Struct("<BdH")  # kind, latency, number of keys; then the keys and the body
_SETTLED = struct.Struct("<BqIIIH")  # kind, location of the body, its tokens, number of keys voided; then these
_FAILED = struct.Struct("<BIH")  # kind, retry, bytes of the problem's kind; then the key, the kind, the message
_ANSWERED_KIND, _SETTLED_KIND, _FAILED_KIND = 1, 2, 3
_GUESS = 4096  # bytes of a first read: most answers are shorter

Tokens = tuple[int, int, int]
"""Of a prompt, of its answers, and those of the prompt that the server had in its cache."""
UNTOLD: Tokens = (0xFFFFFFFE,) * 3
"""Of a body whose server did not tell."""
UNSETTLED: Tokens = (0xFFFFFFFF,) * 3
"""Of a body that nobody has looked into yet."""


class Answered(NamedTuple):
    """A body came in, with a choice for each key."""

    keys: Sequence[bytes]
    latency_s: float
    body: bytes


class Settled(NamedTuple):
    """A body was parsed."""

    location: int
    """Of the body."""
    tokens: Tokens
    voided: Sequence[bytes]
    """Keys whose choices are no answers."""


class GivenUp(NamedTuple):
    """A request was given up in a round."""

    key: bytes
    retry: int
    kind: str
    message: str


Record = Answered | Settled | GivenUp


def location_of(segment: int, offset: int) -> int:
    """The location of a record; that of a choice is higher by the choice's index."""
    return (segment << OFFSET_BITS | offset) << CHOICE_BITS


def segment_of(location: int) -> int:
    """The number of the segment that a location lies in."""
    return location >> CHOICE_BITS + OFFSET_BITS


def offset_of(location: int) -> int:
    """Where in its log a record begins."""
    return location >> CHOICE_BITS & (1 << OFFSET_BITS) - 1


def packed(record: Record) -> bytes:
    """A record as a payload of the log."""
    if isinstance(record, Answered):
        head = _ANSWERED.pack(_ANSWERED_KIND, record.latency_s, len(record.keys))
        return b"".join((head, *record.keys, record.body))
    if isinstance(record, Settled):
        head = _SETTLED.pack(_SETTLED_KIND, record.location, *record.tokens, len(record.voided))
        return b"".join((head, *record.voided))
    # A server's words may hold half a surrogate pair, which no dataset can.
    kind, message = record.kind.encode(), record.message.encode(errors="replace")
    return b"".join((_FAILED.pack(_FAILED_KIND, record.retry, len(kind)), record.key, kind, message))


def unpacked(payload: bytes) -> Record:
    """The record of a payload."""
    if payload[0] == _ANSWERED_KIND:
        _, latency_s, count = _ANSWERED.unpack_from(payload)
        keys, body = _keys(payload, _ANSWERED.size, count)
        return Answered(keys, latency_s, body)
    if payload[0] == _SETTLED_KIND:
        _, location, prompt, completion, cached, count = _SETTLED.unpack_from(payload)
        return Settled(location, (prompt, completion, cached), _keys(payload, _SETTLED.size, count)[0])
    _, retry, length = _FAILED.unpack_from(payload)
    [key], text = _keys(payload, _FAILED.size, 1)
    return GivenUp(key, retry, text[:length].decode(), text[length:].decode())


def framed(payload: bytes, offset: int) -> bytes:
    """A payload as it stands at this offset of a log."""
    return _FRAME.pack(MAGIC, len(payload), xxhash.xxh3_64_intdigest(payload, offset)) + payload


def records(log: mmap) -> Iterator[tuple[int, int, Record]]:
    """Whole records of a log, each with its begin and end. What lies between them is damaged, and passed over."""
    at = 0
    while (at := log.find(MAGIC, at)) >= 0:
        payload = _payload(log, at, at)
        if payload is None:
            at += 1
        else:
            end = at + _FRAME.size + len(payload)
            yield at, end, unpacked(payload)
            at = end


def read_record(descriptor: int, offset: int) -> Record | None:
    """The record that begins at this offset of an open log; None where there is none, or it is damaged."""
    read = os.pread(descriptor, _GUESS, offset)
    if len(read) == _GUESS:
        missing = _FRAME.size + int(_FRAME.unpack_from(read)[1]) - _GUESS
        read += os.pread(descriptor, max(0, missing), offset + _GUESS)
    payload = _payload(read, 0, offset)
    return None if payload is None else unpacked(payload)


def _payload(buffer: bytes | mmap, at: int, offset: int) -> bytes | None:
    """The payload of the record at this place of a buffer and this offset of the log; None where there is none."""
    start = at + _FRAME.size
    if start > len(buffer):
        return None
    magic, length, checksum = _FRAME.unpack_from(buffer, at)
    payload = buffer[start : start + length]
    whole = magic == MAGIC and len(payload) == length and xxhash.xxh3_64_intdigest(payload, offset) == checksum
    return payload if whole else None


def _keys(payload: bytes, start: int, count: int) -> tuple[list[bytes], bytes]:
    """So many keys from `start` on, and what follows them."""
    end = start + KEY_BYTES * count
    return [payload[at : at + KEY_BYTES] for at in range(start, end, KEY_BYTES)], payload[end:]
