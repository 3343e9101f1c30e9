"""Runs native libraries under wine, in a host of ours that plays the loader.

result = run_library(dll, [RunType("drop", 1, 32, 0, 8, True)], [Run("drop", b"", packet)])
result.runs[0].value, result.maps["counters"]

Drivers for arm64 run under qemu. The host is compiled with the runtime's maps and helpers, once for each state of their sources.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from bpfcc.backends.aot.build import bundled_binary
from bpfcc.backends.aot.program import LEFT_OUT, RUNTIME
from bpfcc.frontend.toolchain import cache_dir, tool_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE: Final = Path(__file__).parent
SOURCES: Final = (HERE / "host.c", HERE / "kernel.c")
WINE: Final = shutil.which("wine64") or shutil.which("wine64", path="/usr/lib/wine:/usr/lib64/wine") or shutil.which("wine")
MINGW: Final = shutil.which("x86_64-w64-mingw32-gcc")
MISSING: Final = None if WINE else "wine64 is not installed: native libraries cannot run here"
QEMU: Final = shutil.which("qemu-aarch64")
NO_ARM64: Final = None if QEMU else "qemu-user is not installed: drivers for arm64 cannot run here"
Machine = Literal["x86_64", "arm64"]
FLAGS: Final = ("-O1", "-g0", "-std=gnu11", "-fno-strict-aliasing", "-Wall", "-Wextra")
SECONDS: Final = 300


class RunType(NamedTuple):
    """What the host has to know of a program: the number of its type, its context, where that has pointers (-1: nowhere)."""

    name: str
    number: int
    context_bytes: int
    data: int
    end: int
    packet: bool


class Run(NamedTuple):
    """A program's name, its context, and the packet or memory."""

    program: str
    context: bytes = b""
    data: bytes = b""


class Entry(NamedTuple):
    """What a map holds before the first run."""

    map: str
    key: bytes
    value: bytes


class Ran(NamedTuple):
    """What a run did; pointers in the context are zero."""

    value: int
    context: bytes
    data: bytes


class Session(NamedTuple):
    """All runs, what is in the maps afterwards (key, value), and printed lines."""

    runs: list[Ran]
    maps: dict[str, list[tuple[bytes, bytes]]]
    lines: list[str]


@cache
def host(machine: Machine = "x86_64") -> Path:
    """The host as an executable: of Windows, or of Linux on arm64."""
    sources = [*SOURCES, *sorted(path for path in RUNTIME.glob("*.c") if path.name not in LEFT_OUT)]
    digest = hashlib.sha256()
    for path in [*sources, *HERE.glob("*.h"), *sorted(RUNTIME.glob("*.h")), *sorted(RUNTIME.glob("*.def"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    folder = cache_dir() / "wine"
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"host-{machine}-{digest.hexdigest()[:32]}.exe"
    with (folder / "lock").open("w") as lock:
        # Workers that test side by side make it once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            output = made.with_suffix(f".{os.getpid()}")
            command = [*compiler(machine), *FLAGS, *map(str, sources), "-o", str(output)]
            done = subprocess.run(command, capture_output=True, text=True, env=tool_environment(), timeout=SECONDS, check=False)
            assert done.returncode == 0 and not done.stderr, done.stderr
            output.replace(made)
    return made


def compiler(machine: Machine) -> list[str]:
    """What compiles the host."""
    if machine == "x86_64" and MINGW is not None:
        return [MINGW]
    bundled = [str(bundled_binary()), "cc", "-fno-sanitize=undefined", "-target"]
    return [*bundled, "x86_64-windows-gnu"] if machine == "x86_64" else [*bundled, "aarch64-linux-musl", "-static"]


def wine(program: Path, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    """Run a program of Windows."""
    assert WINE is not None
    prefix = cache_dir() / "wine" / "prefix"
    prefix.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "WINEDEBUG": "-all", "WINEPREFIX": str(prefix), "DISPLAY": ""}
    with (prefix.parent / "lock").open("w") as lock:
        # A prefix is made by the first that uses it.
        fcntl.flock(lock, fcntl.LOCK_SH if (prefix / "system.reg").exists() else fcntl.LOCK_EX)
        return run_to_files([WINE, str(program), *map(str, arguments)], environment)


def run_to_files(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run it with its output in files: Wine's server outlives it, and would keep pipes open."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, timeout=SECONDS, check=False)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "replace"))
    return subprocess.CompletedProcess(command, done.returncode, *texts)


def run_library(
    folder: Path, image: bytes, types: Sequence[RunType], runs: Sequence[Run], entries: Sequence[Entry] = (), *, kind: str = "dll",
    machine: Machine = "x86_64",
) -> Session:  # fmt: skip
    """Load it and run its programs, in that order, on the same maps; `entries` are put into them first."""
    done = host_run(folder, image, types, runs, entries, kind=kind, machine=machine)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return Session(
        [Ran(each["value"], bytes.fromhex(each["context"]), bytes.fromhex(each["data"])) for each in found["results"]],
        {name: [(bytes.fromhex(key), bytes.fromhex(value)) for key, value in pairs] for name, pairs in found["maps"].items()},
        [bytes.fromhex(line).decode() for line in found["lines"]],
    )


def host_run(
    folder: Path,
    image: bytes,
    types: Sequence[RunType],
    runs: Sequence[Run],
    entries: Sequence[Entry] = (),
    *,
    kind: str = "dll",
    fault: str = "",
    machine: Machine = "x86_64",
) -> subprocess.CompletedProcess[str]:
    """The same, whatever comes of it."""
    module, commands = folder / f"module.{kind}", folder / "commands.txt"
    module.write_bytes(image)
    lines = [f"type {each.name} {each.number} {each.context_bytes} {each.data} {each.end} {int(each.packet)}" for each in types]
    lines += [f"put {each.map} {each.key.hex() or '-'} {each.value.hex()}" for each in entries]
    lines += [f"run {each.program} {each.context.hex() or '-'} {each.data.hex() or '-'}" for each in runs]
    commands.write_text("".join(f"{line}\n" for line in lines))
    faults = [fault] if fault else []
    if machine == "arm64":
        assert QEMU is not None
        return run_to_files([QEMU, str(host(machine)), str(module), str(commands), *faults], dict(os.environ))
    return wine(host(), module, commands, *faults)
