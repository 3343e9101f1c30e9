"""Mutated objects give clean errors: no other exception, no hang, no great allocation."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from functools import cache

import pytest

from bpfcc.bpfir.check import check
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.passes import optimise
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.frontend.btf import Btf
from bpfcc.frontend.btf.dump import dump
from bpfcc.frontend.btf_c import to_c
from bpfcc.frontend.btf_values import decode_value, encode_value
from bpfcc.frontend.objects import load
from bpfcc.runtime.specs import load_platform
from tests.data import btf_of, compiled
from tests.property.mutations import mutate, mutate_btf

BASES = (
    ("programs.bpf.c", "little"),
    ("programs.bpf.c", "big"),
    ("core_local.bpf.c", "little"),
    ("legacy.bpf.c", "little"),
    ("values.bpf.c", "little"),
)
FAST = 1_000
SOAK = 20_000
SECONDS_EACH = 5.0
# Values of this size are not encoded one by one; a map of them may still be defined.
MAX_VALUE_BYTES = 1 << 16


@cache
def target() -> Btf:
    """The types that CO-RE relocations are applied against."""
    return btf_of(compiled("core_target.bpf.c"))


def exercise(data: bytes, *, against: Btf) -> None:
    """Everything that a caller can ask of an object, and the IR of its programs."""
    obj = load(data, target_btf=against, file="fuzzed.o")
    _ = (obj.license, obj.version, obj.externs, repr(obj.maps))
    for program in obj.programs.values():
        try:
            bytecode = program.bytecode
            assert len(bytecode.code) == 8 * sum(f.length for f in bytecode.functions)
            for slot in bytecode.lines:
                assert str(bytecode.lines[slot])
            module = lift(bytecode, type=program.type, effects=load_platform("linux").effects)
            optimise(module, load_platform("linux").effects)
            check(module)
        except (InputError, UnsupportedError):
            continue
    for spec in obj.maps.values():
        for type_id in (spec.btf_key_type_id, spec.btf_value_type_id):
            if obj.btf is not None and type_id:
                clean(lambda btf=obj.btf, type_id=type_id: round_trip(btf, type_id))
    if obj.btf is not None:
        clean(lambda: sum(len(line) for line in dump(obj.btf)))
        clean(lambda: to_c(obj.btf))


def clean(action) -> None:  # type: ignore[no-untyped-def]
    """Run it; a clean error is as good as a result."""
    with suppress(InputError, UnsupportedError):
        action()


def round_trip(btf: Btf, type_id: int) -> None:
    """A value of zeros, there and back."""
    size = btf.size_of(type_id)
    if size <= MAX_VALUE_BYTES:
        value = decode_value(btf, type_id, bytes(size))
        assert encode_value(btf, type_id, value) == bytes(size)


def run_seed(seed: int) -> None:
    """One mutated object; every seventh time a sound object against mutated target types."""
    rng = random.Random(seed)
    name, endian = BASES[seed % len(BASES)]
    data = compiled(name, endian="big" if endian == "big" else "little")
    types = compiled("core_target.bpf.c")
    if seed % 7:
        data, done = mutate(data, rng)
    else:
        name, data = "core_local.bpf.c", compiled("core_local.bpf.c")
        types, done = mutate_btf(types, rng)
    start = time.monotonic()
    try:
        exercise(data, against=btf_of(types) if not seed % 7 else target())
    except (InputError, UnsupportedError) as problem:
        assert str(problem)
    except Exception as problem:
        raise AssertionError(f"seed {seed}, {name} ({endian}), {done}: {problem!r}") from problem
    assert time.monotonic() - start < SECONDS_EACH, f"seed {seed}, {name} ({endian}), {done}: too slow"


@pytest.mark.parametrize("name", [name for name, _ in BASES])
@pytest.mark.parametrize("endian", ["little", "big"])
def test_the_bases_are_sound(name: str, endian: str) -> None:
    exercise(compiled(name, endian="big" if endian == "big" else "little"), against=target())


@pytest.mark.parametrize("start", range(0, FAST, 100))
def test_mutated_objects(start: int) -> None:
    for seed in range(start, start + 100):
        run_seed(seed)


@pytest.mark.soak
@pytest.mark.parametrize("start", range(FAST, FAST + SOAK, 1000))
def test_many_mutated_objects(start: int) -> None:
    for seed in range(start, start + 1000):
        run_seed(seed)


def test_a_fault_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The harness fails when reading raises anything but a clean error."""

    def broken(data: bytes, **_: object) -> None:
        raise IndexError(len(data))

    monkeypatch.setattr("tests.property.test_fuzz_objects.load", broken)
    with pytest.raises(AssertionError, match="IndexError"):
        run_seed(3)
