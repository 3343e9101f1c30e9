"""Build bpfcc: map the top-level parts into one package and compile the native library.

The mapping `frontend/` -> `bpfcc.frontend` is computed here and is the authority; the links below `src/bpfcc`
are hints for type checkers only, and a checkout without them builds too.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

PARTS = ("frontend", "bpfir", "verifier", "backends", "runtime", "compat")
HERE = Path(__file__).parent
DATA_SUFFIXES = {".json", ".toml", ".h", ".j2", ".typed", ".bir", ".c", ".def"}


def package_map() -> tuple[dict[str, str], list[str]]:
    """Return (package_dir, packages) with every sub-package of every part."""
    directories = {"bpfcc": "src/bpfcc"}
    packages = ["bpfcc"]
    # The links below src/bpfcc are not packages of their own: the parts are mapped one by one.
    packages += [f"bpfcc.{p}" for p in find_packages("src/bpfcc") if p.split(".")[0] not in PARTS]
    for part in PARTS:
        directories[f"bpfcc.{part}"] = part
        packages.append(f"bpfcc.{part}")
        packages += [f"bpfcc.{part}.{sub}" for sub in find_packages(part)]
    return directories, packages


def package_data(directories: dict[str, str], packages: list[str]) -> dict[str, list[str]]:
    """Data files of each package, headers below `compat/include` included."""
    found: dict[str, list[str]] = {}
    for package in packages:
        root, _, rest = package.partition(".")
        part, _, tail = rest.partition(".")
        base = HERE / (directories.get(f"{root}.{part}", "src/bpfcc") if part in PARTS else "src/bpfcc")
        inner = tail if part in PARTS else rest
        folder = base / inner.replace(".", "/") if inner else base
        files = []
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            if relative.parts[0] in PARTS and package == "bpfcc":
                continue
            if path.is_file() and path.suffix in DATA_SUFFIXES:
                files.append(relative.as_posix())
        if files:
            found[package] = files
    return found


def compiler() -> list[str]:
    """The C compiler: `BPFCC_CC`, else the one in the ziglang wheel, else the system's `cc`.

    The bundled one comes first because it is the same everywhere and knows `musttail`.
    """
    named = os.environ.get("BPFCC_CC")
    if named:
        return shlex.split(named)
    try:
        import ziglang  # noqa: F401
    except ImportError:
        return ["cc"]
    return [sys.executable, "-m", "ziglang", "cc"]


def bundled_target() -> list[str]:
    """Target flags of the bundled compiler: the oldest C library that wheels of today run on, the baseline CPU."""
    machine = platform.machine().lower()
    arch = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}.get(machine)
    if arch is None:
        return []
    if sys.platform == "win32":
        return ["-target", f"{arch}-windows-gnu", "-mcpu=baseline"]
    if sys.platform == "darwin":
        return ["-target", f"{arch}-macos", "-mcpu=baseline"]
    libc = "musl" if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "") else "gnu.2.28"
    return ["-target", f"{arch}-linux-{libc}", "-mcpu=baseline"]


class BuildNative(build_ext):
    """Compile `runtime/native` to a plain shared library: no Python ABI in it, loaded with ctypes."""

    def get_ext_filename(self, fullname: str) -> str:
        suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
        return str(Path(*fullname.split("."))) + suffix

    def get_export_symbols(self, ext: Extension) -> list[str]:
        return []

    def build_extension(self, ext: Extension) -> None:
        output = Path(self.get_ext_fullpath(ext.name))
        output.parent.mkdir(parents=True, exist_ok=True)
        command = compiler()
        flags = ["-std=c11", "-O2", "-g0", "-fno-strict-aliasing", "-fomit-frame-pointer", "-fvisibility=hidden", "-shared"]
        if sys.platform != "win32":
            flags.append("-fPIC")
        environment = dict(os.environ)
        if "ziglang" in command:
            flags += [*bundled_target(), "-fno-sanitize=undefined", "-s"]
            temporary = Path(self.build_temp).resolve() / "zig-cache"
            environment.setdefault("ZIG_GLOBAL_CACHE_DIR", str(temporary))
            environment.setdefault("ZIG_LOCAL_CACHE_DIR", str(temporary))
        libraries = [] if sys.platform == "win32" else ["-lpthread"]
        subprocess.run(
            [*command, *flags, *shlex.split(os.environ.get("BPFCC_CFLAGS", "")), "-o", str(output), *ext.sources, *libraries],
            check=True,
            env=environment,
            cwd=HERE,
        )


class PlatformWheel(bdist_wheel):
    """One wheel a platform serves every Python 3: the library has no Python ABI."""

    def get_tag(self) -> tuple[str, str, str]:
        _, _, platform_tag = super().get_tag()
        return "py3", "none", platform_tag


DIRECTORIES, PACKAGES = package_map()
NATIVE = sorted(p.relative_to(HERE).as_posix() for p in (HERE / "runtime/native").rglob("*.c"))
NATIVE += sorted(p.relative_to(HERE).as_posix() for p in (HERE / "backends/interp/native").rglob("*.c"))
HEADERS = sorted(
    p.relative_to(HERE).as_posix()
    for folder in ("runtime/native", "backends/interp/native")
    for p in [*(HERE / folder).rglob("*.h"), *(HERE / folder).rglob("*.def")]
)

setup(
    package_dir=DIRECTORIES,
    packages=PACKAGES,
    package_data=package_data(DIRECTORIES, PACKAGES),
    include_package_data=False,
    ext_modules=[Extension("bpfcc.runtime._native", sources=NATIVE, depends=HEADERS)],
    cmdclass={"build_ext": BuildNative, "bdist_wheel": PlatformWheel},
)
