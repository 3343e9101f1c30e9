"""Inputs that the verifier supposes to go wrong, as text: they pass through a process that does not look at them.

text = to_text({17: ({"packet": {12: 8}, "maps": {"m": {b"\\0": b"\\1"}}},)})
from_text(text)                                     the same
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

Hint = Mapping[str, object]
Hints = Mapping[int, tuple[Hint, ...]]
NONE: Final[Hints] = {}
MAX_CHARS: Final = 1 << 20
BYTES: Final = "bytes"
TABLE: Final = "table"


def to_text(hints: Hints) -> str:
    """Hints by instruction as JSON; "" for none, and for more than anybody would try."""
    if not hints:
        return ""
    text = json.dumps(_plain({insn: list(found) for insn, found in hints.items()}), separators=(",", ":"))
    return text if len(text) <= MAX_CHARS else ""


def from_text(text: str) -> Hints:
    """The inverse. None where the text is no such thing."""
    if not text or len(text) > MAX_CHARS:
        return NONE
    try:
        found = _made(json.loads(text))
    except (ValueError, TypeError, LookupError, RecursionError):
        return NONE
    if not isinstance(found, dict):
        return NONE
    return {
        insn: tuple(each for each in several if isinstance(each, dict) and all(isinstance(name, str) for name in each))
        for insn, several in found.items()
        if isinstance(insn, int) and isinstance(several, list)
    }


def _plain(value: Any) -> Any:
    """JSON has neither bytes nor keys that are numbers."""
    if isinstance(value, bytes | bytearray):
        return {BYTES: bytes(value).hex()}
    if isinstance(value, Mapping):
        return {TABLE: [[_plain(key), _plain(each)] for key, each in value.items()]}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _made(value: Any) -> Any:
    if isinstance(value, dict):
        return bytes.fromhex(value[BYTES]) if BYTES in value else {_made(key): _made(each) for key, each in value[TABLE]}
    return [_made(each) for each in value] if isinstance(value, list) else value
