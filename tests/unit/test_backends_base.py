"""The registry of back ends, traps as errors, and what an environment must bind."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from bpfcc.backends.base import BACKENDS, TRAPS, Capabilities, Environment, check_maps, load_backend, make_trap
from bpfcc.bpfir.function import Function, Module
from bpfcc.bpfir.module import MapSpec
from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError, InternalError
from bpfcc.runtime import library

HEADER = Path(library.__file__).parent / "native/bpfcc.h"


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_every_registered_back_end_loads(name: str) -> None:
    module, _, attribute = BACKENDS[name].partition(":")
    assert hasattr(import_module(module), attribute)
    backend = load_backend(name)
    assert isinstance(backend.capabilities, Capabilities)
    assert callable(backend.compile)


def test_an_unknown_back_end_is_refused_with_the_list() -> None:
    with pytest.raises(InputError, match=r"no back end 'spectre'; choose one of .*interp"):
        load_backend("spectre")


def test_the_interpreter_is_checked_and_makes_no_code() -> None:
    assert load_backend("interp").capabilities == Capabilities(jit=False, native_image=False, checked=True, windows=True)


def test_every_native_trap_has_a_sentence() -> None:
    numbers = {int(n) for name, n in re.findall(r"BPFCC_TRAP_(\w+) = (\d+)", HEADER.read_text()) if name != "NONE"}
    assert numbers == set(TRAPS)


def test_a_trap_says_where_and_what() -> None:
    module = Module([Function("main")], lines={3: SourcePosition("x.c", 14, 9)})
    trap = make_trap(1, 0x1000, 4, module=module, function="main", insn=5)
    assert (trap.kind, trap.address, trap.size, trap.insn, trap.function) == ("access", 0x1000, 4, 5, "main")
    assert str(trap).startswith("x.c:14:9: main, instruction 5: access of 4 bytes at 0x1000")
    budget = make_trap(2, 0, 0, module=module, function=None, insn=None)
    assert (budget.kind, budget.address, budget.position) == ("budget", None, None)


def test_an_unknown_trap_is_a_bug() -> None:
    with pytest.raises(InternalError, match="trap 99"):
        make_trap(99, 0, 0, module=Module([Function("main")]), function=None, insn=None)


def test_every_map_must_be_bound() -> None:
    with pytest.raises(InternalError, match="binds 0 of 1 maps"):
        check_maps([MapSpec("m", "hash")], Environment())
