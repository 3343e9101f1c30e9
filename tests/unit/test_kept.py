"""Compiled code that is kept: it is found again, and only where everything that it depends on is the same."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bpfcc
from bpfcc.backends import aot, kept, llvm
from bpfcc.backends.aot.build import Build, Target
from bpfcc.backends.base import ContextLayout, Environment, MapBinding, load_backend
from bpfcc.backends.interp.library import map_lookup_address
from bpfcc.backends.kept import Made, code_digest, key_of, packed, unpacked
from bpfcc.backends.llvm import engine
from bpfcc.backends.llvm.lower import lower
from bpfcc.backends.tables import Table
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.function import Module
from bpfcc.bpfir.module import MapSpec
from bpfcc.code_cache import CodeCache
from bpfcc.errors import UnsupportedError
from bpfcc.runtime.maps import Map, create_map
from bpfcc.verdict_cache import VerdictCache
from tests.interp_harness import lifted

COUNTS = MapSpec("counts", "array", 4, 8, 4)
FLOWS = MapSpec("flows", "hash", 4, 8, 16)
# Looks a key up in each map, reads a packet field, may tail-call, and uses its frame before it is written.
TEXT = (
    "r6 = r1\nr7 = *(u32 *)(r6 + 0)\nr8 = *(u32 *)(r6 + 4)\nr1 = r7\nr1 += 2\nif r1 > r8 goto out\nr9 = *(u8 *)(r7 + 1)\n"
    "*(u32 *)(r10 - 4) = r9\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall 1\nif r0 == 0 goto out\nr9 = *(u64 *)(r0 + 0)\n"
    "r2 = r10\nr2 += -4\nr1 = map[1] ll\ncall 1\nif r0 == 0 goto out\ncall 5\nr9 += r0\nr3 = *(u64 *)(r10 - 64)\nr9 += r3\n"
    "loop: r9 >>= 1\nif r9 > 4 goto loop\nr0 = r9\nexit\nout: r0 = 2\nexit"
)
XDP = ContextLayout(0, 4, 8, 4)
TIME = 5


@pytest.fixture(scope="module")
def maps() -> Iterator[list[Map]]:
    wide = MapSpec("wide", "array", 4, 24, 9)
    with create_map(COUNTS) as counts, create_map(FLOWS) as flows, create_map(wide) as other:
        yield [counts, flows, other]


@pytest.fixture
def cache(tmp_path: Path) -> CodeCache:
    return CodeCache(VerdictCache(tmp_path / "bpfcc" / "code"))


def module_of(text: str = TEXT, maps: tuple[MapSpec, ...] = (COUNTS, FLOWS)) -> Module:
    return bpfcc.Program.from_bytes(assemble(text), type="xdp", maps=maps).ir


def addresses(other: int | None = None) -> Any:
    """The runtime's own lookup; every other helper has some address, but for one."""

    def found(helper: int) -> int:
        if helper == other:
            raise UnsupportedError("helper")
        return map_lookup_address() if helper == 1 else 0x1000

    return found


def environment(made: list[Map], /, **changes: Any) -> Environment:
    bindings = [MapBinding(at + 1, (16 + at) << 24, 0x10_0000, each.handle) for at, each in enumerate(made[:2])]
    usual: dict[str, Any] = {
        "maps": bindings, "helper_address": addresses(), "quiet_helpers": frozenset({1, TIME}), "layout": XDP, "checked": False,
        "zeroed": {"main": 8}, "cache": None,
    }  # fmt: skip
    return Environment(**(usual | changes))


def rebound(maps: list[Map], **changes: int) -> list[MapBinding]:
    first, second = environment(maps).maps
    return [first._replace(**changes), second]


def elsewhere(helper: int) -> int:
    """Nothing is where it is usually, the lookup neither."""
    return 0x2000 + helper


def changes(maps: list[Map]) -> dict[str, list[dict[str, Any]]]:
    """Of each field of an environment: what makes something else of the program."""
    return {
        "maps": [
            {"maps": rebound(maps, pointer=0)}, {"maps": rebound(maps, pointer=maps[2].handle)},
            {"maps": rebound(maps, id=7), "checked": True}, {"maps": rebound(maps, guest_base=99 << 24), "checked": True},
            {"maps": rebound(maps, host_base=0)},
        ],
        "helper_address": [{"helper_address": elsewhere}, {"helper_address": addresses(TIME)}, {"helper_address": lambda _: 0}],
        "helper_name": [{"helper_name": lambda helper: f"own_{helper}"}],
        "quiet_helpers": [{"quiet_helpers": frozenset({1}), "checked": True}],
        "tail_call_helper": [{"tail_call_helper": 1}, {"tail_call_helper": 1, "checked": True}],
        "lookup_helper": [{"lookup_helper": 99}],
        "externs": [{"externs": {"jiffies": 8}}],
        "layout": [{"layout": ContextLayout()}, {"layout": ContextLayout(0, 8, 16, 8)}, {"layout": ContextLayout(4, 0, 8, 4)}],
        "checked": [{"checked": True}],
        "zeroed": [{"zeroed": {}}, {"zeroed": None}],
        "cpu": [{"cpu": "baseline"}],
        "offline": [{"offline": True}],
        "budget": [{"budget": True}],
        "digest": [{"digest": "1" * 64}],
        # Where code is kept is no part of it.
        "cache": [],
    }  # fmt: skip


def text_of(name: str, module: Module, given: Environment) -> tuple[str, tuple[Any, ...]]:
    """What lowering gives, or what it says that is missing."""
    try:
        made = lower(module, given) if name == "llvm" else aot.emitted(module, given)
    except UnsupportedError as error:
        return error.message, ()
    return made.text, tuple(made.table.slots)


def test_every_field_of_an_environment_was_thought_of(maps: list[Map]) -> None:
    assert set(changes(maps)) == {each.name for each in dataclasses.fields(Environment)}


@pytest.mark.parametrize("name", ["llvm", "aot"])
def test_where_the_key_is_the_same_so_is_the_text(name: str, maps: list[Map]) -> None:
    """Every change of an environment, and every two of them together; and that changes of the text are among them."""
    module = module_of()
    texts: dict[str, tuple[str, tuple[Any, ...]]] = {}
    single = [change for found in changes(maps).values() for change in found]
    together = [one | other for one, other in itertools.combinations(single, 2)]
    for change in [{}, *single, *together]:
        given = environment(maps, **change)
        if name == "llvm" and given.offline:
            # Code for other hosts is made as C only.
            continue
        key = key_of(module, given, ())
        text = text_of(name, module, given)
        assert texts.setdefault(key, text) == text, change
    assert len({text for text, _ in texts.values()}) > len(single)


def test_each_change_is_another_key(maps: list[Map]) -> None:
    module = module_of()
    usual = key_of(module, environment(maps), ("part",))
    keys = {key_of(module, environment(maps, **change), ("part",)) for found in changes(maps).values() for change in found}
    assert usual not in keys
    assert usual == key_of(module_of(), environment(maps), ("part",))
    assert key_of(module, environment(maps, cache=object()), ("part",)) == usual
    assert len({usual, key_of(module, environment(maps), ()), key_of(module, environment(maps), ("pa", "rt"))}) == 3


def test_other_programs_are_another_key(maps: list[Map]) -> None:
    given = environment(maps)
    wider = dataclasses.replace(COUNTS, value_size=16)
    others = [module_of(TEXT.replace("r0 = 2", "r0 = 3")), module_of(maps=(wider, FLOWS)), module_of("r0 = 0\n" + TEXT)]
    counted = module_of()
    counted.entry.blocks[-1].steps += 1
    named = module_of()
    named.type = "raw"
    keys = {key_of(module, given, ()) for module in [module_of(), *others, counted, named]}
    assert len(keys) == 6


def test_files_that_decide_are_part_of_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one.py", "two.h", "three.txt"):
        (tmp_path / name).write_text("1")
    package = type("Package", (), {"__path__": [str(tmp_path)]})
    monkeypatch.setattr(kept, "import_module", lambda _: package)
    found = []
    for name, text in (("one.py", "1"), ("one.py", "2"), ("two.h", "2"), ("three.txt", "2")):
        (tmp_path / name).write_text(text)
        found.append(code_digest.__wrapped__())
    assert [found.index(each) for each in found] == [0, 1, 2, 2], "a .txt decides nothing"


def test_what_lowering_imports_is_among_those_files() -> None:
    """Of this package; errors and diagnostics have no say in what is made."""
    import subprocess
    import sys

    code = "import bpfcc.backends.llvm.lower, bpfcc.backends.aot.emit, sys; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    ours = {".".join(name.split(".")[:2]) for name in modules if name.startswith("bpfcc.")}
    assert ours - set(kept.PARTS) <= {"bpfcc.errors", "bpfcc.diagnostics", "bpfcc.compat"}


@pytest.mark.parametrize("name", ["llvm", "aot"])
def test_what_was_made_once_is_not_made_again(name: str, cache: CodeCache, monkeypatch: pytest.MonkeyPatch) -> None:
    module, given = lifted(assemble("r0 = 7\nexit"), optimised=True), Environment(cache=cache)
    load_backend(name).compile(module, given).close()
    for package in (llvm, aot):
        monkeypatch.setattr(package, "make", lambda *_: pytest.fail("made again"))
    load_backend(name).compile(module, given).close()
    with pytest.raises(pytest.fail.Exception):
        load_backend(name).compile(lifted(assemble("r0 = 8\nexit"), optimised=True), given)


@pytest.mark.parametrize("name", ["llvm", "aot"])
def test_a_file_that_is_not_whole_is_made_again(name: str, cache: CodeCache, tmp_path: Path) -> None:
    module, given = lifted(assemble("r0 = 7\nexit"), optimised=True), Environment(cache=cache)
    load_backend(name).compile(module, given).close()
    (path,) = (tmp_path / "bpfcc" / "code").glob("*.json")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"code":"', b'"code":"AAAA'))
    load_backend(name).compile(module, given).close()
    assert path.read_bytes() == whole


def test_kept_programs_do_what_they_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.execution.CodeCache.default", lambda: CodeCache(VerdictCache(tmp_path / "bpfcc" / "code")))
    text = (
        "r1 = 3\n*(u32 *)(r10 - 4) = r1\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall 1\nif r0 == 0 goto out\nr0 = *(u64 *)(r0 + 0)\nout: exit"
    )
    program = bpfcc.Program.from_bytes(assemble(text), type="xdp", maps=[COUNTS])
    for back_end in ("llvm", "aot"):
        texts = []
        for value in (5, 6):
            with bpfcc.prepare(program, back_end) as exe:
                exe.maps["counts"][3] = value  # type: ignore[index]
                assert exe.run(b"").return_value == value
                texts.append(exe.native.text)  # type: ignore[attr-defined]
        assert texts[0] == texts[1]
        assert len(list((tmp_path / "bpfcc" / "code").iterdir())) == (1 if back_end == "llvm" else 2)


def test_a_record_that_is_no_code_is_none(cache: CodeCache) -> None:
    key = "0" * 64
    for record in ({}, {"code": 3}, {"code": "not base64!"}):
        cache._records.put(key, record)
        assert cache.get(key) is None


def test_packed_code_comes_back() -> None:
    table = Table()
    table.slot("helper", 5)
    table.slot("map", 0)
    found = unpacked(packed(Made(b"\x7fELF", table)))
    assert found is not None
    assert (found.code, found.table.slots) == (b"\x7fELF", table.slots)


@pytest.mark.parametrize(
    "data", [None, b"", b"\1\0\0", b"\xff\xff\xff\xff[]", b"\2\0\0\0{]code", b"\5\0\0\0[[1]]code", b"\2\0\0\0[]code", b"\4\0\0\0null"]
)
def test_what_was_not_packed_is_none(data: bytes | None) -> None:
    assert data == b"\2\0\0\0[]code" or unpacked(data) is None


def test_the_compiler_and_the_processor_are_part_of_the_identity() -> None:
    assert engine.identity("host") != engine.identity("baseline")
    target = Target.host()
    assert aot.identity(Build(target)) != aot.identity(Build(target, cpu="host"))
    assert aot.identity(Build(target)) != aot.identity(Build(target, "cc"))
