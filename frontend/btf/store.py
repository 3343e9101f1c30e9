"""BTF from files, and the cached index of large ones.

    load_kernel()                   -> Btf of the running kernel: 120,000 types in a few milliseconds
    load_file("vmlinux")            -> Btf of a raw file, or of an ELF file's `.BTF` section

The index (where each type starts, checksums of names) of a large blob is kept in a directory of the user's own,
under the digest of the blob. The directory must be owned by the user and closed to others, no link is followed, a
file appears by renaming; whatever is not as expected counts as absent, and nothing here ever fails a run.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import stat
import struct
import sys
from array import array
from pathlib import Path
from typing import Final

from bpfcc.errors import InputError
from bpfcc.frontend.btf.model import KERNEL_BTF, Btf, split
from bpfcc.frontend.btf.names import NameIndex

# Below this size making the index is cheaper than finding it.
CACHED_FROM_BYTES: Final = 1 << 18
MAX_FILE_BYTES: Final = 1 << 30
PROOF_BYTES: Final = 60
BTF_MAGIC: Final = frozenset({b"\x9f\xeb", b"\xeb\x9f"})
KEPT_FILES: Final = 16
MAGIC: Final = b"bpfcc-btf-index\1"
HEADER: Final = struct.Struct("<16sII32s")


def load_kernel() -> Btf | None:
    """The running kernel's BTF; None where there is none."""
    try:
        return load_file(KERNEL_BTF)
    except InputError:
        return None


def load_file(path: str | Path) -> Btf:
    """Raw BTF or the `.BTF` section of an ELF file."""
    file = os.fspath(path)
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - the path may be a kernel file, and pathlib is no help
            size = os.fstat(stream.fileno()).st_size
            if size > MAX_FILE_BYTES:
                raise InputError(f"{size} bytes are too many for BTF or an ELF file with BTF", file=file)
            start = stream.read(4)
            if start == b"\x7fELF" and size:
                return _load_elf(stream.fileno(), size, file)
            # Devices and pipes have no size: of what cannot be types, no more is read than says so.
            blob = start + stream.read(MAX_FILE_BYTES if start == b"\x7fELF" or start[:2] in BTF_MAGIC else PROOF_BYTES)
    except OSError as problem:
        raise InputError(f"cannot be read: {problem.strerror or problem}", file=file) from None
    if len(blob) > MAX_FILE_BYTES:
        raise InputError(f"more than {MAX_FILE_BYTES} bytes are too many for BTF or an ELF file with BTF", file=file)
    return _from_elf(blob, file) if start == b"\x7fELF" else from_blob(blob, file=file)


def _load_elf(descriptor: int, size: int, file: str) -> Btf:
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) as data:
        return _from_elf(data, file)


def _from_elf(data: bytes | mmap.mmap, file: str) -> Btf:
    from bpfcc.frontend.elf import ElfFile

    elf = ElfFile(data, file=file)
    section = elf.section(".BTF")
    if section is None:
        raise InputError("no .BTF section", file=file)
    return from_blob(elf.contents(section), file=file)


def from_blob(blob: bytes, *, file: str | None = None) -> Btf:
    """A `Btf` whose index comes from the cache where the blob is large."""
    words, strings, endian = split(blob, file=file)
    if len(blob) < CACHED_FROM_BYTES:
        return Btf(words, strings, endian=endian, file=file)
    directory = cache_directory()
    path = directory / (hashlib.sha256(blob).hexdigest() + f".{sys.byteorder}.idx") if directory is not None else None
    cached = _read_index(path) if path is not None else None
    if cached is not None:
        return Btf(words, strings, endian=endian, file=file, offsets=cached[0], names=cached[1])
    btf = Btf(words, strings, endian=endian, file=file)
    if path is not None:
        _write_index(path, btf)
    return btf


def cache_directory() -> Path | None:
    """The user's cache directory for BTF indexes, made where absent; None where it is not safely ours."""
    named = os.environ.get("BPFCC_CACHE_DIR")
    if named:
        root = Path(named)
    elif sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        if not local:
            return None
        root = Path(local) / "bpfcc" / "cache"
    else:
        try:
            home = Path.home()
        except RuntimeError:
            return None
        default = home / "Library/Caches" if sys.platform == "darwin" else home / ".cache"
        root = Path(os.environ.get("XDG_CACHE_HOME") or default) / "bpfcc"
    directory = root / "btf"
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        for part in (root, directory):
            with contextlib.suppress(FileExistsError):
                part.mkdir(mode=0o700)
            if not _is_ours(part.lstat(), directory=True):
                return None
    except OSError:
        return None
    return directory


def _is_ours(found: os.stat_result, *, directory: bool) -> bool:
    kind = stat.S_ISDIR if directory else stat.S_ISREG
    if not kind(found.st_mode):
        return False
    if sys.platform == "win32":
        return True
    return found.st_uid == os.getuid() and not found.st_mode & 0o077


def _read_index(path: Path) -> tuple[array[int], NameIndex] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as stream:  # noqa: PTH123
            if not _is_ours(os.fstat(descriptor), directory=False):
                return None
            data = stream.read()
    except OSError:
        return None
    if len(data) < HEADER.size:
        return None
    magic, types, names, digest = HEADER.unpack_from(data)
    payload = data[HEADER.size :]
    if magic != MAGIC or len(payload) != 4 * (types + 2 * names) or hashlib.sha256(payload).digest() != digest:
        return None
    parts = []
    at = 0
    for count in (types, names, names):
        part: array[int] = array("I")
        part.frombytes(payload[at : at + 4 * count])
        parts.append(part)
        at += 4 * count
    return parts[0], NameIndex(parts[1], parts[2])


def _write_index(path: Path, btf: Btf) -> None:
    index = btf.names
    payload = btf.offsets.tobytes() + index.checksums.tobytes() + index.ids.tobytes()
    header = HEADER.pack(MAGIC, len(btf.offsets), len(index.ids), hashlib.sha256(payload).digest())
    import tempfile  # of use once in a cache's life

    with contextlib.suppress(OSError):
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with open(descriptor, "wb") as stream:  # noqa: PTH123
                stream.write(header + payload)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        _drop_oldest(path.parent)


def _drop_oldest(directory: Path) -> None:
    files = sorted((p.stat().st_mtime, p) for p in directory.glob("*.idx"))
    for _, old in files[:-KEPT_FILES]:
        old.unlink(missing_ok=True)
