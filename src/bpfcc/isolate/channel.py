"""The two pipes between a confined child and its parent: records as lines of JSON one way, replies of known length the other.

channel = Channel(answer_fd, reply_fd)           in the child
channel.send({"start": 0})
channel.ask({"ask": "6b86…"})                    the parent's reply
frames = Lines(limit=1 << 20)                    in the parent
frames.feed(b'{"start": 0}\\n{"as')              [{"start": 0}]; the rest waits for its end
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.isolate.fork import send
from bpfcc.isolate.wire import rubbish

if TYPE_CHECKING:
    from collections.abc import Iterator

LENGTH_BYTES: Final = 4
MAX_REPLY_BYTES: Final = 4 << 20


@final
class Channel:
    """The child's end."""

    def __init__(self, answer_fd: int, reply_fd: int) -> None:
        self._answer_fd = answer_fd
        self._reply_fd = reply_fd

    def send(self, record: dict[str, Any]) -> None:
        """One record."""
        send(self._answer_fd, json.dumps(record, separators=(",", ":")).encode() + b"\n")

    def ask(self, record: dict[str, Any]) -> Any:
        """One record, and what the parent says to it. OSError where the parent is gone."""
        self.send(record)
        length = int.from_bytes(self._read(LENGTH_BYTES), "little")
        return json.loads(self._read(length))

    def _read(self, count: int) -> bytes:
        parts = []
        while count:
            data = os.read(self._reply_fd, count)
            if not data:
                raise OSError("the parent does not reply")
            parts.append(data)
            count -= len(data)
        return b"".join(parts)


def reply_bytes(reply: Any) -> bytes:
    """A reply as the child reads it."""
    data = json.dumps(reply, separators=(",", ":")).encode()
    return len(data).to_bytes(LENGTH_BYTES, "little") + data


@final
class Lines:
    """The parent's end: what arrives becomes records. `InputError` for what is none, `limit` is the length of them all."""

    def __init__(self, limit: int, *, file: str | None) -> None:
        self._left = limit
        self._limit = limit
        self._file = file
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Records that are whole now."""
        self._left -= len(data)
        if self._left < 0:
            raise rubbish(self._file, f"more than {self._limit} bytes")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                raise rubbish(self._file) from None
            if not isinstance(record, dict):
                raise rubbish(self._file)
            yield record
