"""The textual form: every operation, exact inverses, one clear message for what is malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.bpfir.check import check
from bpfcc.bpfir.function import Module
from bpfcc.bpfir.module import Extern, MapSpec
from bpfcc.bpfir.ops import OPERATIONS
from bpfcc.bpfir.parser import parse_module
from bpfcc.bpfir.printer import print_module
from bpfcc.bpfir.text import NUMBER, grammar, render_number
from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError

EVERYTHING = """bpfir 1
type "xdp"
endian big
map 0 {"name": "flows", "type": "hash", "key_size": 8, "value_size": 16, "max_entries": 64}
map 1 {"name": ".rodata", "type": "array", "key_size": 4, "value_size": 3, "max_entries": 1, "flags": 128, "initial": "010203"}
map 2 {"name": "outer", "type": "array_of_maps", "inner": {"name": "in", "type": "array"}, "values": {"0": "flows"}}
extern 0 {"name": "bpf_thing", "kind": "kfunc", "weak": true}
fn @main(v0, v1) global btf 7 {
b0:
  v2 = frame -16 #0
  v3 = map 0 #1
  v4 = map_value 1, 2 #3
  v5 = function @"odd name(" #5
  v6 = extern 0 #7
  v7 = undef r3 #9
  v8 = add.64 v0, -1 #10
  v9 = sdiv.32 v8, 0xffff0000 #11
  v10 = zext.8.64 v9 #12
  v11 = sext.16.32 v10 #13
  v12 = bswap.16 v11 #14
  v13 = load.4 v0, 4 #15
  v14 = loads.2 v0, -4 #16
  store.8 v2, 0, 7 #17
  v15 = load_acquire.8 v2, 0 #18
  store_release.4 v2, 8, v15 #19
  atomic_xor.8 v2, 0, v15 #20
  v16 = atomic_fetch_xchg.4 v2, 0, v15 #21
  v17 = cmpxchg.8 v2, 0, v16, 1 #22
  v18 = packet_load.2 v0, 0, 12 #23
  v19 = call helper 5() #24
  v20 = call @"odd name("(v0, 4294967295) #25
  v21 = call extern 0(v20) #26
  v22 = callx v5(v0, v1, 2, 3, 4) #27
  if test.64 v22, 1 then b1(v22, 3)+2 else b2+7 #28
b1(v23, v24) steps 3:
  v25 = assume v23 where not test.64 v23, v24 #28
  jump b3 #29
b2:
  v26 = assume v22 where slt.32 v22, v13 #28
  unresolved "field \\"x\\" of struct y is missing" #30
b3:
  exit v25 #31
}
fn @"odd name("(v0, v1) static at 40 {
b0:
  exit v0
}
line 0 {"file": "a b.c", "line": 3, "column": 7}
line 12 {"file": "a b.c", "line": 4}
"""


def test_every_operation_prints_as_it_was_read() -> None:
    module = parse_module(EVERYTHING)
    check(module)
    text = print_module(module)
    assert text == EVERYTHING.replace("4294967295", "0xffffffff")
    assert {type(op) for fn in module.functions for op in fn.ops()} == set(OPERATIONS)


def test_the_tables_of_a_module() -> None:
    module = parse_module(EVERYTHING)
    assert module.type == "xdp"
    assert module.endian == "big"
    assert module.maps[1] == MapSpec(".rodata", "array", 4, 3, 1, 128, initial=b"\x01\x02\x03")
    assert module.maps[2].inner == MapSpec("in", "array")
    assert module.maps[2].values == {0: "flows"}
    assert module.externs == (Extern("bpf_thing", "kfunc", weak=True),)
    assert module.lines[0] == SourcePosition("a b.c", 3, 7)
    assert module.function("odd name(").linkage == "static"
    with pytest.raises(KeyError):
        module.function("nobody")


def test_comments_and_empty_lines_are_skipped() -> None:
    text = 'bpfir 1\n\n; a comment\nfn @f() global { ; here too\nb0:\n  unresolved "a; b" ; why\n}\n'
    module = parse_module(text)
    assert print_module(module) == 'bpfir 1\nfn @f() global {\nb0:\n  unresolved "a; b"\n}\n'


@given(st.integers(min_value=0, max_value=(1 << 64) - 1))
def test_numbers(number: int) -> None:
    module = parse_module(f"bpfir 1\nfn @f() global {{\nb0:\n  exit {render_number(number)}\n}}\n")
    assert module.entry.entry.terminator.value == number  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (65535, "65535"),
        (65536, "0x10000"),
        ((1 << 64) - 1, "-1"),
        ((1 << 64) - (1 << 31), "-2147483648"),
        (1 << 63, hex(1 << 63)),
    ],
)
def test_how_numbers_look(number: int, text: str) -> None:
    assert render_number(number) == text


FUNCTION = "bpfir 1\nfn @f(v0) global {{\nb0:\n{}\n}}\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "begins with `bpfir 1`"),
        ("bpfir 2\n", 1, "version 2"),
        ("bpfir 1\n", 2, "at least one function"),
        ("bpfir 1\nnonsense\n", 2, "expected a function"),
        ("bpfir 1\nfn f() {\n", 2, "expected `fn @name"),
        ("bpfir 1\nfn @f(x) global {\nb0:\n  exit 0\n}\n", 2, "expected a value"),
        ("bpfir 1\nfn @f() global {\nb0:\n  exit 0\n", 5, "no closing brace"),
        ("bpfir 1\nfn @f() global {\n}\n", 3, "has no end"),
        ("bpfir 1\ntype 3\n", 2, "expected a JSON str"),
        ("bpfir 1\nmap 0 {bad}\n", 2, "not JSON"),
        ('bpfir 1\nmap 0 {"type": "array"}\n', 2, "bad map"),
        ('bpfir 1\nmap 0 {"name": "a", "type": "array", "initial": "xx"}\n', 2, "bad map"),
        ('bpfir 1\nmap 1 {"name": "a", "type": "array"}\nfn @f() global {\nb0:\n  exit 0\n}\n', 7, "map numbers are not 0"),
        (FUNCTION.format("  v1 = load.3 v0, 0\n  exit v1"), 4, "no operation is written like this"),
        (FUNCTION.format("  v1 = frobnicate v0\n  exit v1"), 4, "no operation is written like this"),
        (FUNCTION.format("  v0 = frame 0\n  exit v0"), 4, "v0 is defined twice"),
        (FUNCTION.format("  exit v9"), 5, "v9 is used in 'f' but not defined"),
        (FUNCTION.format("  jump b7"), 5, "b7 is used in 'f' but not defined"),
        (FUNCTION.format("  exit 0x10000000000000000"), 4, "does not fit in 64 bits"),
        (FUNCTION.format("  v1 = call helper 1(v0,,)\n  exit v1"), 4, "expected a value or a number"),
        (FUNCTION.format("  exit 0\n  exit 0"), 5, "an operation outside of a block"),
        (FUNCTION.format("  v1 = frame 0\nb1:\n  exit 0"), 5, "the block before this one has no end"),
        (FUNCTION.format("  exit 0\nb0:\n  exit 0"), 5, "block b0 is defined twice"),
    ],
)
def test_malformed_text(text: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_module(text, file="t.bir")
    position = caught.value.position
    assert position is not None
    assert (position.file, position.line) == ("t.bir", line)


def test_the_grammar_knows_every_operation() -> None:
    known = {cls for candidates in grammar().values() for cls, _ in candidates}
    assert known == set(OPERATIONS)
    assert NUMBER


def test_a_module_prints_the_same_in_any_process() -> None:
    module = parse_module(EVERYTHING)
    assert isinstance(module, Module)
    assert print_module(parse_module(print_module(module))) == print_module(module)
