"""The loader of the native library: mirrors of its structures, and what it says when the library is missing or wrong."""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_uint32, c_uint64
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bpfcc.errors import InternalError, UnsupportedError
from bpfcc.runtime import library


def test_mirrors_agree_with_c() -> None:
    assert library.abi_differences() == []
    library.check_abi()


@pytest.mark.parametrize("name", sorted(library.STRUCTURES))
def test_every_mirror_is_in_the_table(name: str) -> None:
    assert len(library.abi_table()[name]) > 1


def test_a_wrong_mirror_is_found() -> None:
    class Wrong(Structure):
        _fields_: ClassVar[list[tuple[str, Any]]] = [("host", c_uint32), ("size", c_uint64)]

    differences = library.abi_differences({"map_area": Wrong, "nothing": Wrong})
    assert any("map_area.host" in line for line in differences)
    assert any("map_area.<size>" in line for line in differences)
    assert any(line.startswith("nothing:") for line in differences)


def test_check_refuses_a_wrong_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "abi_differences", lambda: ["run.cpu: C has (1, 4), Python (2, 4)"])
    with pytest.raises(InternalError, match=r"run\.cpu"):
        library.check_abi()


def test_a_missing_library_is_unsupported(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="missing"):
        library.open_library(tmp_path / "_native.so")


def test_a_file_that_is_no_library(tmp_path: Path) -> None:
    path = tmp_path / "_native.so"
    path.write_bytes(b"no library at all")
    with pytest.raises(UnsupportedError, match="cannot be loaded"):
        library.open_library(path)


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "ABI_VERSION", library.ABI_VERSION + 1)
    with pytest.raises(UnsupportedError, match="interface version"):
        library.open_library(library.library_path())


def test_the_library_is_loaded_once() -> None:
    assert library.native() is library.native()


def test_every_prototype_exists() -> None:
    for name in library.PROTOTYPES:
        assert getattr(library.native(), name).argtypes is not None


def test_runs_can_be_nested_and_are_more_than_there_are_places() -> None:
    enter, leave = library.native().bpfcc_run_enter, library.native().bpfcc_run_leave
    tickets = [enter() for _ in range(300)]
    assert len({t for t in tickets if t != 0xFFFF_FFFF}) == 256
    for ticket in tickets:
        leave(ticket)
    last = enter()
    assert last < 256
    leave(last)
    leave(12345)  # no ticket at all: ignored


def test_structures_have_the_sizes_of_the_contract() -> None:
    assert ctypes.sizeof(library.MapDef) == 32
