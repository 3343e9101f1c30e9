"""`bpfcc doctor`: every part is tried; what is hidden is named with a remedy and never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from bpfcc.frontend import doctor
from bpfcc.frontend.doctor import Check, diagnose


def named(name: str) -> Check:
    return next(check for check in diagnose() if check.name == name)


def test_every_check_answers_and_names_are_unique() -> None:
    checks = diagnose()
    assert len({check.name for check in checks}) == len(checks) == len(doctor.CHECKS)
    assert all(check.detail for check in checks)
    found = {check.name: check for check in checks}
    assert found["python"].status == "ok"
    assert found["clang (bundled)"].status == "ok"
    assert "BPF back end" in found["clang (bundled)"].detail
    assert (found["clang (bundled)"].version or "").startswith("clang version")


def test_a_missing_part_has_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in ("ziglang", "clang", "clang.cindex", "llvmlite", "llvmlite.binding", "z3"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BPFCC_CLANG", raising=False)
    found = {check.name: check for check in diagnose()}
    for name in ("clang (in use)", "clang (bundled)", "libclang", "llvmlite"):
        assert found[name].status == "missing"
        assert "pip install" in (found[name].remedy or "")
    assert found["z3"].status == "warn"
    assert "pip install z3-solver" in (found["z3"].remedy or "")
    assert found["clang (on PATH)"].status == "warn"


@pytest.mark.skipif(os.name != "posix", reason="uses a shell script as compiler")
def test_a_clang_without_a_bpf_back_end_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clang = tmp_path / "clang"
    body = 'case "$*" in *version*) echo "clang version 3.4";; *targets*) echo "    x86 - 32-bit X86";; *) exit 1;; esac'
    clang.write_text(f"#!/bin/sh\n{body}\n")
    clang.chmod(0o755)
    monkeypatch.setenv("BPFCC_CLANG", str(clang))
    check = doctor.check_chosen_clang()
    assert check.status == "missing"
    assert check.version == "clang version 3.4"
    assert "no BPF back end" in check.detail


def test_a_native_library_that_is_missing_or_broken_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda _: Spec)
    assert doctor.check_native_library().status == "missing"
    (tmp_path / "_native.so").write_bytes(b"not a library")
    check = doctor.check_native_library()
    assert check.status == "missing"
    assert "does not load" in check.detail


def test_kernel_parts_that_are_missing_are_warnings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "KERNEL_BTF", tmp_path / "nothing")
    monkeypatch.setattr(doctor, "SECCOMP_ACTIONS", tmp_path / "nothing")
    monkeypatch.setattr(doctor, "BPF_SYSCALL_NUMBERS", {})
    assert "--btf" in (doctor.check_kernel_btf().remedy or "")
    assert doctor.check_seccomp().status == "warn"
    assert doctor.check_bpf_syscall().status == "warn"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bpf(2) is Linux's")
def test_bpf_that_is_not_permitted_says_who_may(monkeypatch: pytest.MonkeyPatch) -> None:
    class Libc:
        @staticmethod
        def syscall(*_: object) -> int:
            return -1

    monkeypatch.setattr(doctor.ctypes, "CDLL", lambda *_, **__: Libc)
    monkeypatch.setattr(doctor.ctypes, "get_errno", lambda: errno.EPERM)
    check = doctor.check_bpf_syscall()
    assert check.status == "warn"
    assert "CAP_BPF" in (check.remedy or "")


def test_a_cache_that_cannot_be_written_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "file" / "below"))
    check = doctor.check_cache()
    assert check.status == "warn"
    assert "BPFCC_CACHE_DIR" in (check.remedy or "")
