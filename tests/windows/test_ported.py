"""Programs for Linux, rewritten and built for Windows, do what they do on Linux: results, packets, maps, events."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.execution import prepare
from bpfcc.runtime.maps.events import RingBuffer
from bpfcc.runtime.maps.keyed import KeyedMap
from bpfcc.runtime.options import RunOptions
from tests.windows import wine
from tests.windows.building import library, made, packets
from tests.windows.here import CLOCK_NS, Machine, pairs_of, run_type
from tests.windows.wine import Entry, Run, run_library

if TYPE_CHECKING:
    from bpfcc.execution import Executable

pytestmark = pytest.mark.skipif(wine.MISSING is not None, reason=str(wine.MISSING))
ROOT: Final = Path(__file__).parents[2]
FIREWALL: Final = str(ROOT / "examples/firewall.bpf.c")
COUNT: Final = 1200
# XDP: aborted and dropped, passed, sent back.
VALUES: Final = {0: 2, 1: 2, 2: 1, 3: 3}


def entries_of(linux: Executable, rng: random.Random) -> list[Entry]:
    """Some for each map that programs look up in, put in on this side too."""
    found = []
    for name, each in linux.maps.items():
        if isinstance(each, KeyedMap) and each.spec.initial is None and each.type in ("hash", "array", "lpm_trie", "lru_hash"):
            for at in range(min(4, each.spec.max_entries)):
                key = at.to_bytes(4, "little") if each.type == "array" else rng.randbytes(each.spec.key_size)
                if each.type == "lpm_trie":
                    key = (8 * (each.spec.key_size - 4)).to_bytes(4, "little") + key[4:]
                value = rng.randbytes(each.spec.value_size)
                each.write_bytes(key, value)
                found.append(Entry(name, key, value))
    return found


@pytest.mark.parametrize(("path", "name"), [(FIREWALL, "firewall"), ("linux.bpf.c", "emulated")])
def test_the_same_as_on_linux(path: str, name: str, tmp_path: Path) -> None:
    found = made(path, "linux")
    frames = packets(COUNT, seed=3)
    with prepare(found.object.programs[name], backend="llvm", options=RunOptions(clock_ns=CLOCK_NS)) as linux:
        entries = entries_of(linux, random.Random(4)) if path == FIREWALL else []
        runs = [Run(name, bytes(24) + (1).to_bytes(4, "little"), frame) for frame in frames]
        session = run_library(tmp_path, library(path, "linux"), [run_type(each) for each in found.programs], runs, entries)
        for at, (frame, ran) in enumerate(zip(frames, session.runs, strict=True)):
            result = linux.run(packet=frame)
            assert (VALUES[result.return_value], result.packet) == (ran.value, ran.data), at
        assert len({ran.value for ran in session.runs}) > 1
        for known, each in linux.maps.items():
            there = next(
                pairs
                for other, pairs in session.maps.items()
                if other == known or (each.spec.initial is not None and other.endswith(known))
            )
            if isinstance(each, RingBuffer):
                assert there == [*pairs_of(each)], known
            else:
                assert sorted(there) == sorted(pairs_of(each)), known


def test_the_rewritten_program_runs_here_too(tmp_path: Path) -> None:
    """What the host under wine does is what this machine's back ends do with the same IR."""
    found = made(FIREWALL, "linux")
    runs = [Run("firewall", bytes(24) + (1).to_bytes(4, "little"), frame) for frame in packets(300, seed=5)]
    session = run_library(tmp_path, library(FIREWALL, "linux"), [run_type(each) for each in found.programs], runs)
    with Machine(found.programs, backend="interp", maps=found.maps, checked=True) as machine:
        assert [machine.run(*run) for run in runs] == session.runs


def test_a_hook_that_linux_has_not(tmp_path: Path) -> None:
    """What has no counterpart on Linux does what the same IR does here."""
    found = made("accept.bpf.c", "linux")
    rng = random.Random(6)
    runs = [Run("accepted", accept_context(rng), b"") for _ in range(200)]
    session = run_library(tmp_path, library("accept.bpf.c", "linux"), [run_type(each) for each in found.programs], runs)
    with Machine(found.programs, backend="interp", maps=found.maps, checked=True) as machine:
        assert [machine.run(*run) for run in runs] == session.runs
        assert sorted(session.maps["peers"]) == sorted(machine.contents()["peers"])
    assert {ran.value for ran in session.runs} == {0, 1}


def accept_context(rng: random.Random) -> bytes:
    """Family, the peer's address and port, the own ones, and TCP."""
    port = rng.choice((b"\0\x16", b"\0\x50"))
    return (
        (2).to_bytes(4, "little")
        + bytes([10, 0, 0, rng.randrange(4)]).ljust(16, b"\0")
        + rng.randbytes(2)
        + bytes(2)
        + (bytes([127, 0, 0, 1]).ljust(16, b"\0") + port + bytes(2) + (6).to_bytes(4, "little") + bytes(16))
    )
