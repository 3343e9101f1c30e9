"""Native libraries run as the same IR runs on other back ends: results, contexts, packets, maps, events and lines."""

from __future__ import annotations

import json
import random
import struct
from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.compat.native.link import NativeBuild
from tests.windows import wine
from tests.windows.building import NAMES, library, made, packets
from tests.windows.here import Machine, run_type
from tests.windows.wine import Run, Session, host_run, run_library

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.windows.building import Made

pytestmark = pytest.mark.skipif(wine.MISSING is not None, reason=str(wine.MISSING))
COUNT: Final = 1200


def runs_of(found: Made, count: int, seed: int) -> list[Run]:
    """Random inputs, for each program in turn."""
    rng = random.Random(seed)
    frames = packets(count, seed)
    return [
        Run(program.name, *inputs(program.type, frames[at], rng)) for at, program in zip(range(count), found.programs * count, strict=False)
    ]


def inputs(program_type: str, frame: bytes, rng: random.Random) -> tuple[bytes, bytes]:
    """A context and a packet, or memory."""
    if program_type == "xdp":
        return bytes(24) + struct.pack("<I", rng.randrange(4)), frame
    if program_type == "bind":
        name = rng.choice((b"evil.exe", b"good.exe", b"ev\0\0\0\0\0\0", b"", b"svchost and more"))
        return struct.pack("<QQQ16sBxxxIB", 0, 0, rng.randrange(12), rng.randbytes(16), 16, rng.choice((0, 0, 0, 0, 1, 2, 3)), 6), name
    if program_type == "cgroup_sock_addr":
        words = struct.pack(
            "<II12xHxxI12xHxxII4xQ", 2, rng.randrange(40), 80, rng.randrange(40), rng.choice((0x5000, 1)), 6, rng.randrange(3), 0
        )
        return words, b""
    assert program_type == "sock_ops"
    return struct.pack("<III12xII12xIBxxxIQ", rng.randrange(4), 2, 1, 2, rng.randrange(9), 4, 6, 1, 9), b""


def compare(found: Made, session: Session, runs: Sequence[Run], *, backend: str, checked: bool) -> None:
    """The same runs here."""
    with Machine(found.programs, backend=backend, maps=found.maps, checked=checked) as machine:
        for at, (run, ran) in enumerate(zip(runs, session.runs, strict=True)):
            assert machine.run(*run) == ran, (at, run)
        contents = machine.contents()
        # What is there to say of what kind inner maps are holds nothing.
        for entry in (each for each in found.native.maps if not each.name.startswith("__anonymous_")):
            ours = next(
                contents[name] for name in contents if entry.name.endswith(name) and (entry.initial is not None or entry.name == name)
            )
            assert sorted(session.maps[entry.name]) == sorted(ours), entry.name
        assert machine.lines() == session.lines


@pytest.mark.parametrize("name", NAMES)
def test_the_same_as_compiled_code_and_the_interpreter(name: str, tmp_path: Path) -> None:
    found = made(f"{name}.c")
    runs = runs_of(found, COUNT, seed=1)
    session = run_library(tmp_path, library(f"{name}.c"), [run_type(each) for each in found.programs], runs)
    compare(found, session, runs, backend="llvm", checked=False)
    compare(found, session, runs, backend="interp", checked=True)
    # It is a test of something: programs decide, and maps fill.
    assert len({ran.value for ran in session.runs}) > 1
    assert any(value.strip(b"\0") for pairs in session.maps.values() for _, value in pairs)


# ---- functions of other modules

MODULE: Final = "8f6c1f83-ce4c-4b58-8b91-654a29e23b7c"
WITH_FUNCTIONS: Final = {
    "schema": "bpfcc.platform/1", "name": "windows with a module", "extends": "windows",
    "kfuncs": {"host_sum": {"module": MODULE, "args": ["number"] * 5, "returns": "number", "types": "sample"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A platform file that describes one more function of the module."""
    path = tmp_path_factory.mktemp("platform") / "module.json"
    path.write_text(json.dumps(WITH_FUNCTIONS))
    return str(path)


def looked_up(key: int) -> int:
    """What the function `looked_up` of the source returns, by what the host's function does."""
    filled = bytes((key + at) & 0xFF for at in range(16))
    result = (key + 16) & 0xFFFF_FFFF
    return sum(struct.unpack("<2Q", filled)) + (result - (1 << 32) if result >> 31 else result)


def test_functions_of_other_modules(functions: str, tmp_path: Path) -> None:
    found = made("functions.c", platform=functions)
    rng = random.Random(3)
    words = [(rng.randrange(1 << 32), rng.randrange(1 << 16), rng.randrange(1 << 32), rng.randrange(1 << 32)) for _ in range(60)]
    runs = [Run(name, struct.pack("<16xIHxxII", *each)) for each in words for name in ("twice", "once", "never")]
    session = run_library(tmp_path, library("functions.c", platform=functions), [run_type(each) for each in found.programs], runs)
    for (word, half, first, second), at in zip(words, range(0, len(runs), 3), strict=True):
        twice = looked_up(word) + word + 10 * half + 300 + 1000 * first + 10000 * second
        once = second + 100 * first + 7000 + (10000 << 40)
        assert [ran.value for ran in session.runs[at : at + 3]] == [twice & 0xFFFF_FFFF, once & 0xFFFF_FFFF, half]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"host_sum"', '"host_sums"', "host_sums: no such function"),
        ('"host_sum"', '""', "a function has no name"),
        ('{1, 48, 48}, "host', '{1, 40, 48}, "host', "a function: 40 and 48 bytes"),
        ("0x8f6c1f83", "0x8f6c1f84", "host_sum: no such module"),
        ("program_0_functions, 2", "program_0_functions, 0", "a count of functions and no functions"),
    ],
)
def test_rules_for_functions(functions: str, before: str, after: str, said: str, tmp_path: Path) -> None:
    found = made("functions.c", platform=functions)
    text = found.native.text
    assert before in text
    done = host_run(tmp_path, NativeBuild("x86_64").library(text.replace(before, after)), [run_type(each) for each in found.programs], [])
    assert done.returncode == 3 and said in done.stderr


# ---- rules of the loader

BROKEN: Final = (
    ("found->minor = 6", "found->minor = 3", "version 1.3"),
    ("0, {1, 154, 160}", "1, {1, 154, 160}", "does not begin with zeros"),
    ("0, {1, 154, 160}", "0, {1, 144, 160}", "a program: 144 and 160 bytes"),
    ("{{0, 0}, {1, 80, 80}", "{{0, 1}, {1, 80, 80}", "a map does not begin with zeros"),
    ("{{1, 40, 40}, 22", "{{1, 33, 40}, 22", "a helper: 33 and 40 bytes"),
    ('"authorize",', '"",', "a program has no name"),
    ('bpf_authorize, "bind"', 'bpf_authorize, "bind/more"', "a section of the image has no name, or a long one"),
    ("program_0_maps, 5", "program_0_maps, 0", "a count of maps and no maps"),
    ("*found = global_variables", "*found = NULL", "a count without what is counted"),
    ("    sizeof(metadata_table_t),", "    40,", "no table, or one of another size"),
    ("get_version, get_map", "NULL, get_map", "a callback is missing"),
    ("found->major = 1", "found->major = 0", "version 0.6"),
    (", 0, 0, 0, context)", ", 0, 0, 0, (uint8_t *)context + 8)", "got another context"),
    ("uint64_t frame_words", "*((uint64_t *)context - 1) = 1; uint64_t frame_words", "wrote before its context"),
)


@pytest.mark.parametrize(("before", "after", "said"), BROKEN, ids=[each[2] for each in BROKEN])
def test_rules_of_the_loader(before: str, after: str, said: str, tmp_path: Path) -> None:
    """The host refuses modules that break them, so that those above keep them."""
    found = made("bind.c")
    text = found.native.text
    assert before in text
    dll = NativeBuild("x86_64").library(text.replace(before, after))
    done = host_run(tmp_path, dll, [run_type(each) for each in found.programs], runs_of(found, 20, seed=2))
    assert done.returncode == 3 and said in done.stderr
