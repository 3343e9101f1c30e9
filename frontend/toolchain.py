"""Find a clang that knows BPF: the one the user names, the one in the `ziglang` wheel, or one on PATH.

    find_toolchain()                  the bundled clang, the same on every system
    find_toolchain("/opt/bin/clang")  the one named (also BPFCC_CLANG)
    probe(find_toolchain())           with version and BPF back end, by running it

`zig clang` is the plain clang driver inside the zig binary: unlike `zig cc` it keeps no cache (a cached
compile loses its warnings, and a home directory that cannot be written makes it hang), translates no flags,
and leaves builtins on. Finding starts no process; only `probe` and `bpfcc doctor` do.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, final

from bpfcc.errors import InputError, UnsupportedError

ENVIRONMENT_CLANG: Final = "BPFCC_CLANG"
ENVIRONMENT_CACHE: Final = "BPFCC_CACHE_DIR"
INSTALL_BUNDLED: Final = "python -m pip install ziglang"
PROBE_SECONDS: Final = 20.0
# Distributions that install versioned clangs only; the newest first.
PATH_NAMES: Final = ("clang", *(f"clang-{version}" for version in range(24, 13, -1)))


@final
@dataclass(frozen=True, slots=True)
class Toolchain:
    """A clang driver. `version` and `has_bpf_backend` are None until `probe` has run it."""

    kind: Literal["bundled", "clang"]
    command: tuple[str, ...]
    origin: str
    include_dir: Path | None = None
    version: str | None = None
    has_bpf_backend: bool | None = None

    @property
    def path(self) -> str:
        return self.command[0]


def bundled_directory() -> Path | None:
    """Where the `ziglang` wheel lies, found without importing it."""
    try:
        spec = importlib.util.find_spec("ziglang")
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def bundled_toolchain() -> Toolchain | None:
    """The clang in the `ziglang` wheel, or None where the wheel is not installed or has no binary."""
    directory = bundled_directory()
    if directory is None:
        return None
    binary = directory / ("zig.exe" if sys.platform == "win32" else "zig")
    return from_zig(binary, "ziglang wheel") if binary.is_file() else None


def from_zig(binary: Path, origin: str) -> Toolchain:
    # The driver looks for its builtin headers in lib/clang; zig ships them in lib/include.
    return Toolchain("bundled", (str(binary), "clang"), origin, include_dir=binary.parent / "lib" / "include")


def named_toolchain(name: str, origin: str) -> Toolchain:
    """The clang (or zig) at path `name`, or of that name on PATH."""
    found = shutil.which(name)
    if found is None:
        raise InputError(f"no compiler {name!r} (from {origin}): it does not exist or cannot be run", file=None)
    if Path(found).stem.lower() == "zig":
        return from_zig(Path(found).resolve(), origin)
    return Toolchain("clang", (found,), origin)


def path_toolchain() -> Toolchain | None:
    """The first clang on PATH."""
    for name in PATH_NAMES:
        found = shutil.which(name)
        if found is not None:
            return Toolchain("clang", (found,), "PATH")
    return None


def find_toolchain(clang: str | None = None) -> Toolchain:
    """The clang to compile with: `clang`, else BPFCC_CLANG, else the bundled one, else PATH."""
    if clang:
        return named_toolchain(clang, "--clang")
    named = os.environ.get(ENVIRONMENT_CLANG)
    if named:
        return named_toolchain(named, ENVIRONMENT_CLANG)
    found = bundled_toolchain() or path_toolchain()
    if found is None:
        message = (
            f"no C compiler for BPF: install the bundled one with `{INSTALL_BUNDLED}`, or name a clang with --clang or {ENVIRONMENT_CLANG}"
        )
        raise UnsupportedError("compiling C", message)
    return found


def probe(toolchain: Toolchain) -> Toolchain:
    """Fill in version and BPF back end by running the compiler; both stay None or False if it does not answer."""
    version = _first_line([*toolchain.command, "--version"])
    targets = _run([*toolchain.command, "--print-targets"])
    return replace(toolchain, version=version, has_bpf_backend=any(line.split()[:1] == ["bpfel"] for line in targets.splitlines()))


def _first_line(command: list[str]) -> str | None:
    lines = _run(command).splitlines()
    return lines[0].strip() if lines else None


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            env=tool_environment(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def tool_environment() -> dict[str, str]:
    """The environment for every child compiler: zig's caches in a directory of ours, messages in English."""
    environment = dict(os.environ)
    cache = str(cache_dir() / "zig")
    environment["ZIG_GLOBAL_CACHE_DIR"] = cache
    environment["ZIG_LOCAL_CACHE_DIR"] = cache
    environment["LC_ALL"] = "C"
    for name in ("CPATH", "C_INCLUDE_PATH", "CCC_OVERRIDE_OPTIONS", "CLANG_CONFIG_FILE_SYSTEM_DIR"):
        # These would let the caller's shell change what is compiled.
        environment.pop(name, None)
    return environment


def default_cache_dir() -> Path | None:
    """Where this platform keeps caches of the user; None where the user has no home."""
    named = os.environ.get(ENVIRONMENT_CACHE)
    if named:
        return Path(named)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) / "bpfcc" / "cache" if local else None
    if sys.platform != "darwin" and os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]) / "bpfcc"
    home = os.environ.get("HOME")
    if not home:
        return None
    return Path(home) / ("Library/Caches/bpfcc" if sys.platform == "darwin" else ".cache/bpfcc")


def cache_dir() -> Path:
    """A private directory for caches: the user's if it can be used safely, else one for this process."""
    wanted = default_cache_dir()
    if wanted is not None and usable_cache(wanted):
        return wanted
    return _temporary_cache()


def usable_cache(directory: Path) -> bool:
    """Make `directory` (0700) if needed; True if it is ours, no symbolic link, and writable."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or not os.access(directory, os.W_OK | os.X_OK):
        return False
    return sys.platform == "win32" or status.st_uid == os.geteuid()


_temporary: list[Path] = []


def _temporary_cache() -> Path:
    if not _temporary:
        made = Path(tempfile.mkdtemp(prefix="bpfcc-cache-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        _temporary.append(made)
    return _temporary[0]
