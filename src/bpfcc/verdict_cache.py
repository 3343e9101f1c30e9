"""Verdicts on disk, so that what was judged once is not judged again.

    cache = VerdictCache.default()                  BPFCC_CACHE_DIR, else the user's cache directory; None where that cannot be trusted
    cache.get(key)                                  the record, or None
    cache.put(key, {"verdict": "accepted", …})

A key is the SHA-256 of everything that a verdict depends on (`key_of`). Who can write the directory decides what is accepted, so it
must belong to the user and let nobody else in, and neither it nor a file in it may be a symbolic link. Whatever else is wrong with a
file makes it a miss; files appear whole or not at all, and the oldest go when there are too many.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, final

SCHEMA: Final = "bpfcc.cache/1"
ENVIRONMENT: Final = "BPFCC_CACHE_DIR"
MAX_BYTES: Final = 64 << 20
MAX_RECORD_BYTES: Final = 4 << 20
OTHERS: Final = 0o077
OTHERS_WRITE: Final = 0o022
PRIVATE: Final = 0o700
# Left behind by a process that was ended while it wrote.
STALE_SECONDS: Final = 3600
POSIX: Final = os.name == "posix"
NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
WRITE_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class UntrustedError(OSError):
    """A directory or file that somebody else could have written."""


class Entry(NamedTuple):
    """A file of the cache."""

    modified: float
    size: int
    name: str


def key_of(*parts: str) -> str:
    """The SHA-256 of parts, none of which can pass for another."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def default_directory() -> Path:
    """Where verdicts are kept unless the caller says otherwise. RuntimeError where the user has no home directory."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        root = Path(named)
    elif sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "bpfcc" / "cache"
    elif sys.platform == "darwin":
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / "Library/Caches") / "bpfcc"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bpfcc"
    return root / "verdicts"


@final
class VerdictCache:
    """A directory of verdicts. What goes wrong while it is used is a miss, never an error."""

    def __init__(self, directory: Path, *, max_bytes: int = MAX_BYTES) -> None:
        """UntrustedError where others may write the directory; OSError where it cannot be made."""
        self.directory = directory
        self.max_bytes = max_bytes
        self._written: int | None = None
        directory.parent.parent.mkdir(parents=True, exist_ok=True)
        for made in (directory.parent, directory):
            with contextlib.suppress(FileExistsError):
                made.mkdir(mode=PRIVATE)
        self._check_directory()

    @classmethod
    def default(cls) -> Self | None:
        """The user's cache, None where there is none that can be trusted."""
        try:
            return cls(default_directory())
        except (OSError, RuntimeError):
            # RuntimeError: there is no home directory.
            return None

    def _check_directory(self) -> None:
        for directory, closed_to in ((self.directory.parent, OTHERS_WRITE), (self.directory, OTHERS)):
            found = directory.lstat()
            if not stat.S_ISDIR(found.st_mode):
                raise UntrustedError(f"{directory} is no directory")
            check_owner(found, str(directory), closed_to)

    # ---- use

    def get(self, key: str) -> dict[str, Any] | None:
        """The record under `key`; None: not there, not whole, not ours."""
        try:
            document = json.loads(self._read(file_name(key)))
            record = document["record"]
            whole = document["schema"] == SCHEMA and document["key"] == key and document["sum"] == checksum(record)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        return record if whole and isinstance(record, dict) else None

    def put(self, key: str, record: dict[str, Any]) -> None:
        """Keep a record; where that does not work it is not kept."""
        document = {"schema": SCHEMA, "key": key, "sum": checksum(record), "record": record}
        data = json.dumps(document, separators=(",", ":")).encode()
        if len(data) > MAX_RECORD_BYTES:
            return
        with contextlib.suppress(OSError):
            self._check_directory()
            self._make_room(len(data))
            self._write(file_name(key), data)

    def _read(self, name: str) -> bytes:
        self._check_directory()
        path = self.directory / name
        if not POSIX and path.is_symlink():
            raise UntrustedError(name)
        descriptor = os.open(path, os.O_RDONLY | NO_FOLLOW)
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_RECORD_BYTES:
                raise UntrustedError(name)
            check_owner(found, name)
            return stream.read(MAX_RECORD_BYTES)

    def _write(self, name: str, data: bytes) -> None:
        temporary = self.directory / f".{os.urandom(8).hex()}"
        descriptor = os.open(temporary, WRITE_NEW | NO_FOLLOW, 0o600)
        try:
            with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
                stream.write(data)
            temporary.replace(self.directory / name)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    # ---- size

    def contents(self) -> tuple[int, int]:
        """How many files there are, and their bytes together."""
        entries = self._entries()
        return len(entries), sum(entry.size for entry in entries)

    def _make_room(self, coming: int) -> None:
        if self._written is None or self._written + coming > self.max_bytes:
            self._written = self._trim(coming)
        self._written += coming

    def _trim(self, coming: int) -> int:
        """Drop the oldest files until there is room for as much again; what is left, in bytes."""
        entries = sorted(self._entries())
        total = sum(entry.size for entry in entries)
        target = self.max_bytes - coming if total + coming <= self.max_bytes else self.max_bytes // 2
        for entry in entries:
            if total <= target:
                break
            with contextlib.suppress(OSError):
                (self.directory / entry.name).unlink()
            total -= entry.size
        return total

    def _entries(self) -> list[Entry]:
        """Files of the cache; those that a writer left behind are removed."""
        found = []
        now = time.time()
        with os.scandir(self.directory) as items:
            for item in items:
                with contextlib.suppress(OSError):
                    status = item.stat(follow_symlinks=False)
                    if item.name.startswith(".") and now - status.st_mtime > STALE_SECONDS:
                        (self.directory / item.name).unlink()
                    else:
                        found.append(Entry(status.st_mtime, status.st_size, item.name))
        return found


def check_owner(found: os.stat_result, name: str, closed_to: int = OTHERS) -> None:
    """UntrustedError unless it is this user's and nobody else may use it. Windows: the profile's own rights hold."""
    if not POSIX:
        return
    if found.st_uid != os.geteuid():
        raise UntrustedError(f"{name} belongs to another user")
    if found.st_mode & closed_to:
        raise UntrustedError(f"{name} is open to other users")


def file_name(key: str) -> str:
    """The name of a key's file: keys are hexadecimal, so they are names everywhere."""
    if len(key) != 64 or set(key) - set("0123456789abcdef"):
        raise ValueError(f"{key!r} is no key")
    return f"{key}.json"


def checksum(record: object) -> str:
    """The SHA-256 of a record's JSON, against files that are not whole."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
