"""Emitted C as a program of its own: with the host that reads captures, and with bpfcc's runtime.

    build_program(emitted.text, Build(Target.parse("arm64-linux")))         the bytes of an executable; nothing else is needed to run it

The host and the runtime are compiled once for each target and compiler, and kept in the user's cache directory.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bpfcc.errors import InputError

if TYPE_CHECKING:
    from bpfcc.backends.aot.build import Build

HOST: Final = Path(__file__).parent / "host"
RUNTIME: Final = Path(__file__).parents[2] / "runtime" / "native"
# What the runtime has for Python and for tests alone.
LEFT_OUT: Final = frozenset({"abi.c", "map_abi.c", "map_test.c", "state_abi.c"})
FLAGS: Final = (
    "-std=c11", "-O2", "-g0", "-fno-strict-aliasing", "-fomit-frame-pointer", "-ffunction-sections", "-fdata-sections",
)  # fmt: skip
QUIET: Final = ("-w",)
FORMAT: Final = b"bpfcc.object/1\0"
MOST_KEPT_BYTES: Final = 1 << 26


def build_program(text: str, build: Build) -> bytes:
    """An executable. CompileError where the compiler refuses the text, UnsupportedError where there is no compiler."""
    return build.program(text, host_object(build))


def host_object(build: Build) -> bytes:
    """The host and the runtime, compiled: from the cache where they were before."""
    sources = host_sources()
    folder = _cache_folder()
    path = folder / key_of(sources, build) if folder is not None else None
    kept = unpacked(_read(path)) if path is not None else None
    if kept is not None:
        return kept
    made = build.object(sources, [*FLAGS, *(() if build.warnings else QUIET)])
    if path is not None:
        _write(path, FORMAT + hashlib.sha256(made).digest() + made)
    return made


def host_sources() -> list[Path]:
    """Every C file that goes into an executable beside the emitted one."""
    return sorted([*HOST.glob("*.c"), *(path for path in RUNTIME.glob("*.c") if path.name not in LEFT_OUT)])


def key_of(sources: list[Path], build: Build) -> str:
    """A digest of all that the object file depends on."""
    found = hashlib.sha256(FORMAT)
    for word in (*build.command(), str(build.target), str(build.warnings), *FLAGS):
        found.update(word.encode() + b"\0")
    for path in [*sources, *sorted([*HOST.glob("*.h"), *RUNTIME.glob("*.h"), *RUNTIME.glob("*.def"), *HOST.parent.glob("*.h")])]:
        found.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def unpacked(data: bytes | None) -> bytes | None:
    """What lies behind its sum; None where that is not what was written."""
    head = len(FORMAT) + hashlib.sha256().digest_size
    if data is None or not data.startswith(FORMAT) or hashlib.sha256(data[head:]).digest() != data[len(FORMAT) : head]:
        return None
    return data[head:]


def _cache_folder() -> Path | None:
    from bpfcc.frontend.toolchain import cache_dir, usable_cache

    folder = cache_dir() / "objects"
    return folder if usable_cache(folder) else None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.stat().st_size <= MOST_KEPT_BYTES else None
    except OSError:
        return None


def _write(path: Path, data: bytes) -> None:
    from bpfcc.frontend.outputs import atomic_output

    try:
        with atomic_output(path) as stream:
            stream.write(data)
    except InputError:
        # What cannot be kept is made again.
        return
