"""What `bpfcc doctor` shows: each part that bpfcc can use, whether it is here, and the command that brings it.

    for check in diagnose():
        check.name, check.status, check.version, check.remedy     ("clang (bundled)", "ok", "clang version 22.1.8", None)

Every check really tries the thing: the clangs compile a program, bpf(2) makes a map. Whatever is missing or broken
is a check with a remedy, never an exception.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, final

from bpfcc.errors import BpfccError, CompileError
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.toolchain import (
    ENVIRONMENT_CACHE,
    ENVIRONMENT_CLANG,
    INSTALL_BUNDLED,
    bundled_toolchain,
    default_cache_dir,
    find_toolchain,
    path_toolchain,
    probe,
    usable_cache,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.frontend.toolchain import Toolchain

Status = Literal["ok", "missing", "warn"]

OLDEST_PYTHON: Final = (3, 11)
PROBE_PROGRAM: Final = """\
struct context { int length; };
__attribute__((section("socket"))) int probe(struct context *context) { return context->length; }
char _license[] __attribute__((section("license"), used)) = "MIT";
"""
KERNEL_BTF: Final = Path("/sys/kernel/btf/vmlinux")
SECCOMP_ACTIONS: Final = Path("/proc/sys/kernel/seccomp/actions_avail")
BPF_SYSCALL_NUMBERS: Final = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "s390x": 351, "ppc64le": 361, "loongarch64": 280}
BPF_MAP_CREATE: Final = 0
BPF_MAP_TYPE_ARRAY: Final = 2
# What importing a wheel whose library is missing, broken or of another machine can raise.
IMPORT_FAILURES: Final = (ImportError, OSError, AttributeError, RuntimeError, ValueError, TypeError, SyntaxError)


@final
@dataclass(frozen=True, slots=True)
class Check:
    """One part: `missing` means what needs it does not work, `warn` that it works less well."""

    name: str
    status: Status
    detail: str
    version: str | None = None
    path: str | None = None
    remedy: str | None = None


def diagnose() -> list[Check]:
    """Every check, in the order to read them."""
    return [check() for check in CHECKS]


def check_python() -> Check:
    version = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Check("python", "missing", "3.11 or newer is needed", version, sys.executable, "install Python 3.11 or newer")
    return Check("python", "ok", f"{platform.system()} on {platform.machine()}", version, sys.executable)


def check_native_library() -> Check:
    name, remedy = "native library", "python -m pip install --force-reinstall bpfcc"
    spec = importlib.util.find_spec("bpfcc.runtime")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = sorted(path for place in places for path in Path(place).glob("_native.*") if path.suffix in {".so", ".dylib", ".dll"})
    if not found:
        return Check(name, "missing", "bpfcc's own library was not built", None, None, remedy)
    try:
        ctypes.CDLL(str(found[0]))
    except OSError as error:
        return Check(name, "missing", f"it does not load: {error}", None, str(found[0]), remedy)
    return Check(name, "ok", "loads", None, str(found[0]))


def check_chosen_clang() -> Check:
    name = "clang (in use)"
    try:
        toolchain = find_toolchain()
    except BpfccError as error:
        return Check(name, "missing", error.message, None, None, INSTALL_BUNDLED)
    checked = clang_check(name, toolchain, INSTALL_BUNDLED)
    return replace(checked, detail=f"from {toolchain.origin}: {checked.detail}")


def check_bundled_clang() -> Check:
    name = "clang (bundled)"
    toolchain = bundled_toolchain()
    if toolchain is None:
        return Check(name, "missing", "the ziglang package is not installed", None, None, INSTALL_BUNDLED)
    return clang_check(name, toolchain, "python -m pip install --force-reinstall ziglang")


def check_path_clang() -> Check:
    name = "clang (on PATH)"
    toolchain = path_toolchain()
    if toolchain is None:
        return Check(name, "warn", f"none; not needed with the bundled one ({ENVIRONMENT_CLANG} names another)")
    checked = clang_check(name, toolchain, "install a clang with the BPF target, or leave it to the bundled one")
    return replace(checked, status="warn") if checked.status == "missing" else checked


def clang_check(name: str, toolchain: Toolchain, remedy: str) -> Check:
    """Version, and whether it compiles for BPF, by doing it."""
    probed = probe(toolchain)
    if probed.version is None:
        return Check(name, "missing", "it does not run", None, toolchain.path, remedy)
    with tempfile.TemporaryDirectory(prefix="bpfcc-doctor-") as work:
        source = Path(work) / "probe.c"
        source.write_text(PROBE_PROGRAM, encoding="utf-8")
        try:
            compiled = compile_c(source, toolchain=toolchain, timeout=30)
        except CompileError as error:
            detail = "no BPF back end" if probed.has_bpf_backend is False else error.message
            return Check(name, "missing", detail, probed.version, toolchain.path, remedy)
        except BpfccError as error:
            return Check(name, "missing", error.message, probed.version, toolchain.path, remedy)
    if b".BTF" not in compiled.object:
        return Check(name, "warn", "BPF back end, but its objects have no BTF", probed.version, toolchain.path, remedy)
    return Check(name, "ok", "BPF back end, objects with BTF", probed.version, toolchain.path)


def package_check(name: str, package: str, module: str, use: Callable[[], str], purpose: str) -> Check:
    """A wheel: is it installed, and does its library work?"""
    remedy = f"python -m pip install {package}"
    try:
        importlib.import_module(module)
        detail = use()
    except IMPORT_FAILURES as error:
        installed = _version(package)
        detail = f"it does not load: {error}" if installed else "not installed"
        return Check(name, "missing", f"{detail}; without it: {purpose}", installed, None, remedy)
    spec = importlib.util.find_spec(module)
    return Check(name, "ok", detail, _version(package), spec.origin if spec is not None else None)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_libclang() -> Check:
    def use() -> str:
        from bpfcc.frontend.ast import open_index

        open_index()
        return "parses C"

    return package_check("libclang", "libclang", "clang.cindex", use, "no questions about the C source's syntax tree")


def check_llvmlite() -> Check:
    def use() -> str:
        binding = importlib.import_module("llvmlite.binding")
        return f"LLVM {'.'.join(map(str, binding.llvm_version_info))}"

    return package_check("llvmlite", "llvmlite", "llvmlite.binding", use, "no JIT (--backend llvm)")


def check_z3() -> Check:
    def use() -> str:
        return str(importlib.import_module("z3").get_version_string())

    checked = package_check("z3", "z3-solver", "z3", use, "the verifier's last stage is left out")
    return replace(checked, status="warn") if checked.status == "missing" else checked


def check_kernel_btf() -> Check:
    name = "kernel types (BTF)"
    if not KERNEL_BTF.exists():
        detail = "this machine has none; CO-RE relocations use --btf FILE or the program's own types"
        return Check(name, "warn", detail, remedy="give the target kernel's with --btf FILE")
    try:
        with KERNEL_BTF.open("rb") as stream:
            stream.read(4)
    except OSError as error:
        return Check(name, "warn", f"cannot be read: {error.strerror}", None, str(KERNEL_BTF))
    return Check(name, "ok", f"{KERNEL_BTF.stat().st_size >> 10} KiB", platform.release(), str(KERNEL_BTF))


def check_bpf_syscall() -> Check:
    name = "bpf(2)"
    number = BPF_SYSCALL_NUMBERS.get(platform.machine())
    if not sys.platform.startswith("linux") or number is None:
        return Check(name, "warn", "not on this system; bpfcc does not need it, it only compares with the kernel")
    libc = ctypes.CDLL(None, use_errno=True)
    # union bpf_attr: map type, key size, value size, entries.
    attributes = (ctypes.c_uint32 * 32)(BPF_MAP_TYPE_ARRAY, 4, 4, 1)
    descriptor = libc.syscall(number, BPF_MAP_CREATE, ctypes.byref(attributes), ctypes.sizeof(attributes))
    if descriptor < 0:
        code = ctypes.get_errno()
        remedy = "run as root, or with CAP_BPF" if code == errno.EPERM else None
        return Check(name, "warn", f"{os.strerror(code)}; only comparisons with the kernel need it", remedy=remedy)
    os.close(descriptor)
    return Check(name, "ok", "usable", platform.release())


def check_seccomp() -> Check:
    name = "seccomp"
    if not sys.platform.startswith("linux"):
        return Check(name, "warn", "not on this system; untrusted objects are read in a child with other limits")
    try:
        actions = SECCOMP_ACTIONS.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return Check(name, "warn", "not available; untrusted objects are read in a child without a system call filter")
    return Check(name, "ok" if "errno" in actions else "warn", f"actions: {' '.join(actions)}")


def check_cache() -> Check:
    name = "cache directory"
    wanted = default_cache_dir()
    if wanted is None:
        return Check(name, "warn", "no home directory: a temporary one for each run", remedy=f"set {ENVIRONMENT_CACHE}")
    if usable_cache(wanted):
        return Check(name, "ok", "writable", None, str(wanted))
    return Check(name, "warn", "cannot be used: a temporary one for each run", None, str(wanted), f"set {ENVIRONMENT_CACHE}")


CHECKS: Final[tuple[Callable[[], Check], ...]] = (
    check_python,
    check_native_library,
    check_chosen_clang,
    check_bundled_clang,
    check_path_clang,
    check_libclang,
    check_llvmlite,
    check_z3,
    check_kernel_btf,
    check_bpf_syscall,
    check_seccomp,
    check_cache,
)
