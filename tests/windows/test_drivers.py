"""Drivers, loaded as Windows' kernel loads them with memory integrity and control flow guard on, do what the libraries do."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Final

import pefile
import pytest

from bpfcc.compat.native.link import NativeBuild
from tests.windows import wine
from tests.windows.building import NAMES, driver, library, made
from tests.windows.here import run_type
from tests.windows.test_wine import compare, runs_of
from tests.windows.wine import host_run, run_library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(wine.MISSING is not None, reason=str(wine.MISSING))
COUNT: Final = 200
NOT_FOUND, WRONG, NO_MEMORY = 0xC0000034, 0xC000000D, 0xC0000017
EXECUTE, WRITE = 0x2000_0000, 0x8000_0000


@pytest.mark.parametrize("name", NAMES)
def test_a_driver_does_what_the_library_does(name: str, tmp_path: Path) -> None:
    found = made(f"{name}.c")
    types, runs = [run_type(each) for each in found.programs], runs_of(found, COUNT, seed=5)
    ran, expected = (
        run_library(tmp_path, image, types, runs, kind=kind)
        for image, kind in ((driver(f"{name}.c"), "sys"), (library(f"{name}.c"), "dll"))
    )
    assert (ran.runs, ran.lines) == (expected.runs, expected.lines)
    # The order of a hash table's entries is that of addresses.
    assert {each: sorted(pairs) for each, pairs in ran.maps.items()} == {each: sorted(pairs) for each, pairs in expected.maps.items()}
    assert len({each.value for each in ran.runs}) > 1


@pytest.mark.skipif(wine.NO_ARM64 is not None, reason=str(wine.NO_ARM64))
@pytest.mark.parametrize("name", NAMES)
def test_a_driver_for_arm64_does_the_same(name: str, tmp_path: Path) -> None:
    found = made(f"{name}.c")
    types, runs = [run_type(each) for each in found.programs], runs_of(found, COUNT, seed=6)
    ran = run_library(tmp_path, driver(f"{name}.c", "arm64"), types, runs, kind="sys", machine="arm64")
    compare(found, ran, runs, backend="llvm", checked=False)
    assert len({each.value for each in ran.runs}) > 1


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("no-id", NOT_FOUND), ("short-id", WRONG), ("long-id", WRONG), ("text-id", WRONG), ("long-path", WRONG),
        ("registrar-fails", NO_MEMORY),
    ],
)  # fmt: skip
def test_a_driver_that_cannot_register_does_not_start(fault: str, status: int, tmp_path: Path) -> None:
    done = host_run(tmp_path, driver("bind.c"), [], [], kind="sys", fault=fault)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"status": status, "registered": 0, "attached": 0, "unload": 0}


def test_the_path_of_a_service_needs_no_end(tmp_path: Path) -> None:
    done = host_run(tmp_path, driver("bind.c"), [], [], kind="sys", fault="no-end")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"status": 0, "registered": 1, "attached": 1, "unload": 1}


def test_a_provider_that_refuses_leaves_a_driver_that_unloads(tmp_path: Path) -> None:
    done = host_run(tmp_path, driver("bind.c"), [], [], kind="sys", fault="provider-refuses")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"status": 0, "registered": 1, "attached": 0, "unload": 1}


# ---- what this kernel would not let pass


def broken(tmp_path: Path, image: bytes) -> str:
    done = host_run(tmp_path, image, [], [], kind="sys")
    assert done.returncode != 0, done.stdout
    return done.stderr


def without(text: str, replacement: str) -> bytes:
    """A driver whose wrapper was written otherwise."""
    found = made("bind.c").native.text
    assert found.count(text) == 1, text
    return NativeBuild("x86_64").driver(found.replace(text, replacement))


WRAPPERS: Final = (
    ("{0xc847aac8, 0xa6f2, 0x4b53,", "{0xc847aac8, 0xa6f2, 0x4b54,", "another interface"),
    ("to[at] = from[at];", "to[at] = from[0];", "another id than its service has"),
    ("if (bpfcc_provider)\n        return BPFCC_WRONG;", "", "second provider"),
    ("path[at] = service->words[at];", "path[at] = at ? service->words[at] : 0;", "another key"),
    ("(void)NmrWaitForClientDeregisterComplete(bpfcc_client_handle);", "(void)0;", "unloads while it is registered"),
    ("driver->unload = bpfcc_unload;", "(void)driver;", "offers nothing"),
)


@pytest.mark.parametrize(("text", "replacement", "message"), WRAPPERS, ids=[each[2] for each in WRAPPERS])
def test_the_wrapper_keeps_the_rules_of_the_registrar(text: str, replacement: str, message: str, tmp_path: Path) -> None:
    assert message in broken(tmp_path, without(text, replacement))


def patched(change: Callable[[pefile.PE], None]) -> bytes:
    image = pefile.PE(data=driver("bind.c"))
    change(image)
    return bytes(image.write())


def writable_code(image: pefile.PE) -> None:
    next(each for each in image.sections if each.Characteristics & EXECUTE).Characteristics |= WRITE


def of_programs(image: pefile.PE) -> None:
    image.OPTIONAL_HEADER.Subsystem = 3


def unguarded(image: pefile.PE) -> None:
    """The table of functions that may be called names others."""
    config = image.DIRECTORY_ENTRY_LOAD_CONFIG.struct
    at, stride = config.GuardCFFunctionTable - image.OPTIONAL_HEADER.ImageBase, 4 + (config.GuardFlags >> 28)
    for number in range(config.GuardCFFunctionCount):
        entry = at + number * stride
        image.set_bytes_at_rva(entry, struct.pack("<I", image.get_dword_at_rva(entry) + 16))


def imports_other(image: pefile.PE) -> None:
    first = image.DIRECTORY_ENTRY_IMPORT[0].imports[0]
    image.set_bytes_at_offset(first.name_offset, first.name[:-1] + b"X")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (writable_code, "written and run"), (of_programs, "subsystem 3"), (unguarded, "where no function begins"),
        (imports_other, "a driver cannot have"),
    ],
)  # fmt: skip
def test_what_memory_integrity_refuses(change: Callable[[pefile.PE], None], message: str, tmp_path: Path) -> None:
    found = made("bind.c")
    done = host_run(tmp_path, patched(change), [run_type(each) for each in found.programs], runs_of(found, 3, seed=1), kind="sys")
    assert done.returncode == 3, (done.returncode, done.stdout)
    assert message in done.stderr
