"""Where the bytes of a frame place come from: what calls fill hides what was there, and only that; versions are told apart."""

from __future__ import annotations

import pytest

from bpfcc.bpfir.frame import Join, Write
from bpfcc.bpfir.ops import Load, Store
from bpfcc.bpfir.parser import parse_module
from bpfcc.runtime.specs import load_platform
from bpfcc.verifier.options import Request
from bpfcc.verifier.solver import solve
from bpfcc.verifier.subjects import parameters_of, program
from bpfcc.verifier.unit import Surroundings, Unit
from tests.unit.test_checks import codes

# The context is kept at r10 - 16, something is done, and what is there is used as an address.
KEPT = "*(u64 *)(r10 - 16) = r1\n{}\nr2 = *(u64 *)(r10 - 16)\nr0 = *(u32 *)(r2 + 0)\nr0 = 2\nexit\n"
READ = "r1 = r10\nr1 += {}\nr2 = {}\nr3 = 0\ncall probe_read_kernel"


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ("r0 = 0", []),
        (READ.format(-16, 8), [("V022", "error")]),
        (READ.format(-24, 16), [("V022", "error")]),
        (READ.format(-24, 8), []),
        # Half of an address is none.
        (READ.format(-16, 4), [("V022", "error")]),
        ("*(u32 *)(r10 - 12) = 0", [("V022", "error")]),
    ],
)
def test_what_a_call_fills_is_a_number(between: str, expected: list[tuple[str, str]]) -> None:
    found = codes(KEPT.format(between), type="kprobe")
    assert [(code, level) for code, level in found if level == "error"] == expected


def unit_of(text: str) -> Unit:
    module = parse_module(text)
    around = Surroundings(module, Request(load_platform("linux"), "xdp", license="GPL"))
    subject = program(around)
    unit = Unit(subject.fn, around)
    solve(unit, parameters_of(unit, subject), 1_000_000)
    return unit


BRANCHES = """bpfir 1
fn @main(v0) global {
b0:
  v1 = frame 0
  v2 = load.4 v0, 0
  store.8 v1, -8, 1
  store.8 v1, -16, 2
  if eq.64 v2, 0 then b1 else b2
b1:
  store.8 v1, -16, 3
  jump b3
b2:
  store.8 v1, -24, 4
  jump b3
b3:
  v3 = load.8 v1, -8
  v4 = load.8 v1, -16
  exit v3
}
"""


def test_joins_that_tell_nothing_are_passed_over() -> None:
    unit = unit_of(BRANCHES)
    sources = unit.sources
    assert sources is not None
    loads = [op for op in unit.frame.sees if type(op) is Load]
    first, second = (sources.resolve(unit.frame.sees[op], (op.offset, 8)) for op in loads)
    assert isinstance(first, Write)
    assert isinstance(first.op, Store)
    assert first.op.value == 1
    assert isinstance(second, Join)
    assert sources.read == {(-8, 8), (-16, 8)}
    written = [sources.written_by(op) for block in unit.order for op in block.ops if type(op) is Store]
    assert sorted(written) == [(), ((-16, 8),), ((-16, 8),), ((-8, 8),)]


LOOP = """bpfir 1
fn @main(v0) global {
b0:
  v1 = frame 0
  store.8 v1, -8, 1
  jump b1(0)
b1(v2):
  v3 = load.8 v1, -8
  v4 = add.64 v2, 1
  if ult.64 v4, 5 then b2 else b3
b2:
  store.8 v1, -8, v3
  jump b1(v4)
b3:
  exit v3
}
"""


def test_headers_of_loops_are_kept() -> None:
    unit = unit_of(LOOP)
    assert unit.sources is not None
    (load,) = [op for op in unit.frame.sees if type(op) is Load]
    assert isinstance(unit.sources.resolve(unit.frame.sees[load], (-8, 8)), Join)
