"""Compiled code on disk, in the user's cache next to the verdicts; see `bpfcc.verdict_cache` for what keeps it safe.

    cache = CodeCache.default()          None where no directory can be trusted
    cache.get(key), cache.put(key, code)

A key is made of everything that the code depends on (`bpfcc.backends.kept.key_of`); a file's own sum is checked when it is read.
"""

from __future__ import annotations

import base64
import binascii
from functools import cache
from typing import Self, final

from bpfcc.verdict_cache import VerdictCache, default_directory


@final
class CodeCache:
    """What goes wrong while it is used is a miss, never an error."""

    def __init__(self, records: VerdictCache) -> None:
        self._records = records

    @classmethod
    def default(cls) -> Self | None:
        """The user's cache; None where there is none that can be trusted."""
        records = open_records()
        return cls(records) if records is not None else None

    def get(self, key: str) -> bytes | None:
        """The code under a key; None where there is none that is whole."""
        record = self._records.get(key)
        code = record.get("code") if record is not None else None
        try:
            return base64.b64decode(code, validate=True) if isinstance(code, str) else None
        except (binascii.Error, ValueError):
            return None

    def put(self, key: str, code: bytes) -> None:
        """Keep code; where that does not work it is not kept."""
        self._records.put(key, {"code": base64.b64encode(code).decode()})


@cache
def open_records() -> VerdictCache | None:
    """The directory, opened once."""
    try:
        return VerdictCache(default_directory().with_name("code"))
    except (OSError, RuntimeError):
        # RuntimeError: there is no home directory.
        return None
