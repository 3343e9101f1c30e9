"""Finding a clang: order of preference, hidden wheels, caches that cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bpfcc.errors import InputError, UnsupportedError
from bpfcc.frontend import toolchain
from bpfcc.frontend.toolchain import cache_dir, find_toolchain, probe, tool_environment

posix_only = pytest.mark.skipif(os.name != "posix", reason="uses a shell script as compiler")


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def no_clang_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BPFCC_CLANG", raising=False)


@pytest.fixture
def hide_ziglang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ziglang", None)


def test_the_bundled_clang_is_the_default() -> None:
    found = find_toolchain()
    assert found.kind == "bundled"
    assert found.command[1:] == ("clang",)
    assert found.include_dir is not None
    assert (found.include_dir / "stdint.h").is_file()


def test_finding_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert find_toolchain().version is None


def test_probe_tells_version_and_back_end() -> None:
    found = probe(find_toolchain())
    assert found.version is not None
    assert found.version.startswith("clang version ")
    assert found.has_bpf_backend is True


@posix_only
def test_a_named_clang_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = script(tmp_path / "my-clang", "exit 0")
    other = script(tmp_path / "other", "exit 0")
    monkeypatch.setenv("BPFCC_CLANG", str(other))
    assert find_toolchain(str(named)).command == (str(named),)
    assert find_toolchain().command == (str(other),)


def test_a_named_clang_that_does_not_exist_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="--clang"):
        find_toolchain(str(tmp_path / "nothing"))
    monkeypatch.setenv("BPFCC_CLANG", "no-such-clang-anywhere")
    with pytest.raises(InputError, match="BPFCC_CLANG"):
        find_toolchain()


@posix_only
def test_a_named_zig_is_used_as_clang(tmp_path: Path) -> None:
    found = find_toolchain(str(script(tmp_path / "zig", "exit 0")))
    assert found.kind == "bundled"
    assert found.command == (str((tmp_path / "zig").resolve()), "clang")


@posix_only
@pytest.mark.usefixtures("hide_ziglang")
def test_without_the_wheel_the_clang_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clang = script(tmp_path / "clang-17", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_toolchain().command == (str(clang),)
    assert find_toolchain().origin == "PATH"


@pytest.mark.usefixtures("hide_ziglang")
def test_without_any_clang_the_command_to_install_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnsupportedError, match="pip install ziglang") as caught:
        find_toolchain()
    assert caught.value.feature == "compiling C"


@posix_only
def test_probe_of_a_program_that_is_no_compiler(tmp_path: Path) -> None:
    found = probe(find_toolchain(str(script(tmp_path / "clang", "exit 1"))))
    assert found.version is None
    assert found.has_bpf_backend is False


@posix_only
def test_probe_gives_up_on_a_compiler_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "PROBE_SECONDS", 0.2)
    assert probe(find_toolchain(str(script(tmp_path / "clang", "exec sleep 30")))).version is None


def test_cache_directory_is_private_and_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "a" / "b"))
    assert cache_dir() == tmp_path / "a" / "b"
    if os.name == "posix":
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_cache_that_cannot_be_used_is_replaced_by_a_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert cache_dir().is_dir()
    assert tmp_path not in cache_dir().parents


@posix_only
def test_a_cache_that_is_a_symbolic_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "link"))
    assert cache_dir() != tmp_path / "link"


def test_without_a_home_there_is_still_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "BPFCC_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert cache_dir().is_dir()


def test_the_shell_cannot_change_what_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPATH", str(tmp_path))
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "cache"))
    environment = tool_environment()
    assert "CPATH" not in environment
    assert environment["ZIG_GLOBAL_CACHE_DIR"] == environment["ZIG_LOCAL_CACHE_DIR"] == str(tmp_path / "cache" / "zig")
