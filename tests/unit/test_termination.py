"""Bounds of loops: what each method finds, what is said where none is, and how bounds compose."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bpfcc
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.parser import parse_module
from bpfcc.runtime.specs import load_platform
from bpfcc.verifier.judge import judge
from bpfcc.verifier.options import Options, Request
from tests.property.programs import insn

if TYPE_CHECKING:
    from bpfcc.verifier.judge import Judgement

PLATFORM = load_platform("linux")

BENCHMARKS = Path(__file__).parents[2] / "bench" / "programs"
PROGRAMS = {
    "sum": "u64 s = 0; for (u32 i = 0; i < 1024; i++) s += p[i]; return s;",
    "nested": "u64 s = 0; for (u32 i = 0; i < 16; i++) for (u32 j = i; j < 32; j++) s = s * 31 + p[i * j]; return s;",
    "sieve": "u32 n = 0; for (u32 i = 2; i < 200; i++) { u32 q = 1; for (u32 j = 2; j * j <= i && j < 20; j++) "
    "if (i % j == 0) { q = 0; break; } n += q; } return n;",
    "sort": "u8 a[16]; for (int i = 0; i < 16; i++) a[i] = p[i * 3]; for (u32 i = 1; i < 16; i++) { u8 v = a[i & 15]; u32 j = i; "
    "for (u32 k = 0; k < 16; k++) { if (j == 0 || j > 15) break; u8 q = a[(j - 1) & 15]; if (q <= v) break; a[j & 15] = q; j--; } "
    "a[j & 15] = v; } u64 r = 0; for (int i = 0; i < 16; i++) r = r * 31 + a[i]; return r;",
    "bits": "u32 x = *(u32 *)p, n = 0; while (x) { x &= x - 1; n++; } return n;",
    "length": "u32 n = p[0] & 63, s = 0; for (u32 i = 0; i < n; i++) s += p[i * 2]; return s;",
    "options": "u32 at = 0, n = 0; while (at < 512) { u8 k = p[at]; if (k == 0) break; "
    "at += k == 1 ? 1 : (p[at + 1] | 2); n++; } return n;",
    "collatz": "u32 x = 27, n = 0; while (x != 1) { x = x & 1 ? 3 * x + 1 : x / 2; n++; } return n + p[0];",
    "search": "u32 x = p[0], lo = 0, hi = 16; while (lo < hi) { "
    " u32 m = lo + (hi - lo) / 2; if (m * m < x) lo = m + 1; else hi = m; } return lo;",
}  # fmt: skip
C_FILE = """\
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64;
struct xdp_md {{ u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; }};
__attribute__((section("xdp"), used)) u64 prog(struct xdp_md *ctx)
{{
    u8 *p = (u8 *)(long)ctx->data, *e = (u8 *)(long)ctx->data_end;
    if (p + 1024 > e) return 1;
    {body}
}}
"""


def asked(text: str, *, type: str = "socket_filter", **options: Any) -> Judgement:  # noqa: A002
    """The judgement on assembly."""
    program = bpfcc.Program.from_bytes(assemble(text), type=type)
    return judge(program.ir, Request(PLATFORM, type, options=Options(**options)))


def codes(found: Judgement) -> list[str]:
    return [f.code for f in found.findings]


# ---- whole programs


def check_runs(source: Path, name: str) -> tuple[int, int]:
    """The bound, and the most steps that a run took."""
    program = bpfcc.compile(source).programs["prog"]
    found = judge(program.ir, Request(PLATFORM, "xdp"))
    assert found.status == "accepted", found.findings
    bound = found.stats.max_path_insns
    assert bound is not None
    rng = random.Random(name)
    with bpfcc.prepare(program, backend="interp", checked=True) as exe:
        packets = [bytes(1024), b"\xff" * 1024, *(rng.randbytes(rng.choice((60, 1000, 1024, 1400))) for _ in range(40))]
        steps = [exe.run(packet=packet).steps or 0 for packet in packets]
    assert 0 < max(steps) <= bound
    return bound, max(steps)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_have_a_bound_that_no_run_exceeds(name: str, tmp_path: Path) -> None:
    source = tmp_path / "x.bpf.c"
    source.write_text(C_FILE.format(body=PROGRAMS[name]), encoding="utf-8")
    check_runs(source, name)


@pytest.mark.parametrize("name", ["csum", "divmod", "fnv", "parse", "primes", "siphash", "sort", "sum"])
def test_the_benchmarks_have_a_bound_that_no_run_exceeds(name: str) -> None:
    bound, most = check_runs(BENCHMARKS / f"{name}.c", name)
    if name not in ("parse", "primes", "sort"):
        assert most == bound, "of a straight loop the bound is what is executed"


# ---- methods

METHODS = {
    "counts up": ("r2 = 0", "r2 += 1", "if r2 < 100 goto loop", 100),
    "counts up in 32 bits": ("w2 = 0", "w2 += 1", "if w2 < 100 goto loop", 100),
    "counts by three": ("r2 = 0", "r2 += 3", "if r2 < 100 goto loop", 34),
    "counts down": ("r2 = 64", "r2 -= 1", "if r2 != 0 goto loop", 64),
    "signed": ("r2 = -10", "r2 += 1", "if r2 s< 10 goto loop", 20),
    "signed downwards": ("r2 = 10", "r2 -= 2", "if r2 s> -10 goto loop", 10),
    "not equal": ("r2 = 0", "r2 += 4", "if r2 != 64 goto loop", 16),
    "a variable end": ("r2 = 0\n r3 = *(u32 *)(r1 + 0)\n r3 &= 63\n r3 += 1", "r2 += 1", "if r2 != r3 goto loop", 64),
    "a variable start": ("r2 = *(u32 *)(r1 + 0)\n r2 &= 31", "r2 += 1", "if r2 != 64 goto loop", 64),
    "two variables in order": (
        "r2 = *(u32 *)(r1 + 0)\n r2 &= 255\n r3 = *(u32 *)(r1 + 4)\n r3 &= 255\n if r2 >= r3 goto out",
        "r2 += 1", "if r2 != r3 goto loop", 255,
    ),
    "shifted right": ("r2 = *(u32 *)(r1 + 0)", "r2 >>= 1", "if r2 != 0 goto loop", 33),
    "shifted right by four": ("r2 = *(u32 *)(r1 + 0)", "r2 >>= 4", "if r2 != 0 goto loop", 9),
    "shifted left": ("r2 = *(u32 *)(r1 + 0)", "r2 <<= 1", "if r2 != 0 goto loop", 65),
    "divided": ("r2 = *(u32 *)(r1 + 0)", "r2 /= 10", "if r2 != 0 goto loop", 12),
    "lowest bit cleared": ("r2 = *(u32 *)(r1 + 0)", "r3 = r2\n r3 += -1\n r2 &= r3", "if r2 != 0 goto loop", 33),
    "goes on while equal": ("r2 = *(u32 *)(r1 + 0)\n r3 = *(u32 *)(r1 + 4)", "r2 += 1", "if r2 == r3 goto loop", 2),
    "wraps within a mask": ("r2 = 0", "r2 += 1\n r2 &= 255", "if r2 != 200 goto loop", 200),
    "walked": (
        "r2 = 27", "r3 = r2\n r3 &= 1\n if r3 == 0 goto even\n r2 *= 3\n r2 += 1\n goto next\neven: r2 >>= 1\nnext:",
        "if r2 != 1 goto loop", 111,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_each_method_finds_its_bound(name: str) -> None:
    before, body, test, most = METHODS[name]
    found = asked(f" {before}\nloop:\n {body}\n {test}\nout:\n r0 = 0\n exit\n")
    assert found.status == "accepted", found.findings
    (bounds,) = found.loop_bounds.values()
    (visits,) = bounds.values()
    assert 1 <= visits <= most


def test_two_counters_one_of_which_moves() -> None:
    text = """
        r6 = 0
        r7 = 12
    loop:
        call 7
        if r0 > 100 goto other
        r6 += 1
        goto next
    other:
        r7 -= 1
    next:
        if r6 < r7 goto loop
        r0 = 0
        exit
    """
    assert asked(text).status == "accepted"


def test_one_counter_leads_the_other() -> None:
    """r7 may only be set back where r6 moves on: lexicographic."""
    text = """
        r6 = 0
        r7 = 0
    loop:
        call 7
        if r0 > 100 goto inner
        r6 += 1
        r7 = 0
        goto next
    inner:
        r7 += 1
        if r7 > 8 goto out
    next:
        if r6 < 10 goto loop
    out:
        r0 = 0
        exit
    """
    found = asked(text)
    assert found.status == "accepted", found.findings
    (visits,) = found.loop_bounds["main"].values() if "main" in found.loop_bounds else next(iter(found.loop_bounds.values())).values()
    assert visits >= 90


# ---- induction variables in the facts

VARIABLE_END = """bpfir 1
type "xdp"
fn @main(v0) global {
b0:
  v1 = call helper 7() #0
  v2 = and.64 v1, %d #1
  v3 = add.64 v2, %d #2
  jump b1(0, v0) #3
b1(v4, v9):
  v5 = add.64 v4, %d #4
  v10 = add.64 v9, 2 #5
  if ne.64 v5, v3 then b1(v5, v10) else b2 #6
b2:
  exit 0 #7
}
"""


def facts_of(text: str) -> dict[str, str]:
    found = judge(parse_module(text), Request(PLATFORM, "xdp"))
    unit, facts = found.facts["main"]
    return {str(param): repr(facts.known(param)) for block in unit.order for param in block.params}


def test_a_counter_below_a_variable_end() -> None:
    assert facts_of(VARIABLE_END % (63, 1, 1)) == {"v4": "[0, 63]", "v9": "{the context+[0, 126] step 2}"}


def test_steps_that_divide_the_end() -> None:
    assert facts_of(VARIABLE_END % (60, 4, 4))["v4"] == "[0, 60] step 4"


@pytest.mark.parametrize(("mask", "more", "step"), [(63, 0, 1), (63, 1, 2), (60, 0, 4), (62, 2, 4)])
def test_an_end_that_may_be_jumped_over_bounds_nothing(mask: int, more: int, step: int) -> None:
    """It is 0 at first (and the counter is past it), or no multiple of the step."""
    assert not facts_of(VARIABLE_END % (mask, more, step))["v4"].startswith("[0, 6")


def test_bounds_follow_an_end_that_grows_later() -> None:
    """The end of the inner loop grows with every round of the outer one, after the inner one was looked at."""
    text = """bpfir 1
type "xdp"
fn @main(v0) global {
b0:
  jump b1(1) #0
b1(v1):
  jump b2(0) #1
b2(v2):
  v3 = add.64 v2, 1 #2
  if ne.64 v3, v1 then b2(v3) else b3 #3
b3:
  v4 = add.64 v1, 1 #4
  if ult.64 v4, 40 then b1(v4) else b4 #5
b4:
  exit 0 #6
}
"""
    facts = facts_of(text)
    assert facts["v2"] == "[0, 38]"


# ---- findings

ENDLESS = {
    "does not change": " r2 = *(u32 *)(r1 + 0)\n r0 = 0\nloop:\n r0 += 1\n if r2 < 100 goto loop\n exit\n",
    "no way leads out": " r0 = 0\nloop:\n r0 += 1\n goto loop\n",
    "may wrap around": " r2 = *(u32 *)(r1 + 0)\nloop:\n r2 += 2\n if r2 != 99 goto loop\n r0 = 0\n exit\n",
    "it may be reset": " r6 = 0\nloop:\n r6 += 1\n call 7\n if r0 != 7 goto next\n r6 = 0\nnext:\n if r6 < 9 goto loop\n r0 = 0\n exit\n",
    "may stay the same": " r6 = 0\nloop:\n call 7\n r0 &= 1\n r6 += r0\n if r6 < 9 goto loop\n r0 = 0\n exit\n",
    "entered at several places": " r2 = *(u32 *)(r1 + 0)\n if r2 > 100 goto two\none:\n r2 += 1\ntwo:\n"
    " if r2 != 7 goto three\n goto one\nthree:\n r2 ^= 1\n"
    " if r2 != 9 goto two\n goto one\n",
}  # fmt: skip


@pytest.mark.parametrize("known", ENDLESS)
def test_loops_without_a_bound_are_named(known: str) -> None:
    found = asked(ENDLESS[known])
    findings = [f for f in found.findings if f.code == "V060"]
    assert len(findings) == 1
    finding = findings[0]
    assert found.status == "rejected"
    assert found.stats.max_path_insns is None
    assert known in f"{finding.message} {finding.known}"
    assert finding.insn >= 0
    assert finding.required
    assert finding.suggestion


def test_without_termination_nothing_is_said_of_loops() -> None:
    found = asked(ENDLESS["may stay the same"], termination=False)
    assert codes(found) == []
    assert found.stats.max_path_insns is None


def test_a_limit_on_instructions() -> None:
    text = " r2 = 0\nloop:\n r2 += 1\n if r2 < 100 goto loop\n r0 = 0\n exit\n"
    most = asked(text).stats.max_path_insns
    assert most == 1 + 2 * 100 + 2
    assert codes(asked(text, max_insns=most)) == []
    found = asked(text, max_insns=most - 1)
    assert codes(found) == ["V072"]
    assert str(most) in found.findings[0].message
    assert codes(asked(text, max_insns=most - 1, termination=False)) == []


# ---- composition


def test_nested_loops_multiply() -> None:
    text = " r2 = 0\nouter:\n r3 = 0\ninner:\n r3 += 1\n if r3 < 8 goto inner\n r2 += 1\n if r2 < 5 goto outer\n r0 = 0\n exit\n"
    assert asked(text).stats.max_path_insns == 1 + 5 * (1 + 8 * 2 + 2) + 2


def test_the_longer_way_counts() -> None:
    text = " r2 = *(u32 *)(r1 + 0)\n r0 = 0\n if r2 > 5 goto out\n r0 += 1\n r0 += r2\n r0 *= 3\nout:\n exit\n"
    assert asked(text).stats.max_path_insns == 7


def test_static_functions_and_callbacks_count(tmp_path: Path) -> None:
    source = tmp_path / "x.bpf.c"
    source.write_text(
        """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
static __noinline int work(__u32 n)
{
    int sum = 0;
    for (__u32 i = 0; i < (n & 31); i++)
        sum += bpf_get_prandom_u32();
    return sum;
}
static long step(__u32 index, void *ctx) { return work(index) == 12345; }
SEC("xdp") int prog(struct xdp_md *ctx)
{
    bpf_loop(100, step, 0, 0);
    return work(7) & 1;
}
char LICENSE[] SEC("license") = "GPL";
""",
        encoding="utf-8",
    )
    program = bpfcc.compile(source).programs["prog"]
    found = judge(program.ir, Request(PLATFORM, "xdp", license="GPL"))
    assert found.status == "accepted", found.findings
    assert found.loop_bounds["work"]
    assert max(found.loop_bounds["work"].values()) == 31
    most = found.stats.max_path_insns
    assert most is not None
    assert 100 * 31 * 3 < most < 100 * 31 * 12
    with bpfcc.prepare(program, backend="interp", checked=True) as exe:
        assert (exe.run(packet=bytes(64)).steps or 0) <= most


# ---- budgets


def mesh(size: int) -> bytes:
    """Jumps to anywhere: cycles that are entered anywhere."""
    rng = random.Random(1)
    out = [insn(0x79, 3, 1), insn(0xB7, 0)]
    for _ in range(size):
        out.append(insn(0x07, 0, 0, 0, 1))
        out.append(insn(rng.choice((0x5D, 0x2D)), 3, 0, rng.randrange(2, 2 + 2 * size) - len(out) - 1))
    return b"".join([*out, insn(0x95)])


def in_a_row(count: int) -> bytes:
    """Loops one after the other, each with an end of its own."""
    out = [insn(0xB7, 0)]
    for number in range(count):
        out.append(insn(0xB7, 6))
        head = len(out)
        out += [insn(0x07, 6, 0, 0, 1), insn(0x07, 0, 0, 0, 1), insn(0x55, 6, 0, head - len(out) - 3, 99 + 4 * number)]
    return b"".join([*out, insn(0x95)])


def in_each_other(depth: int) -> bytes:
    """Loops nested as deep, their counters in the frame."""
    out = [insn(0xB7, 0)]
    heads = []
    for level in range(depth):
        out.append(insn(0x7A, 10, 0, -8 * (level + 1), 0))
        heads.append(len(out))
    for level in reversed(range(depth)):
        out += [insn(0x79, 2, 10, -8 * (level + 1)), insn(0x07, 2, 0, 0, 1), insn(0x7B, 10, 2, -8 * (level + 1))]
        out.append(insn(0xA5, 2, 0, heads[level] - len(out) - 1, 10))
    return b"".join([*out, insn(0x95)])


@pytest.mark.parametrize(
    ("code", "cause"), [(mesh(400), None), (in_a_row(150), None), (in_each_other(12), None), (in_each_other(60), "analysis-limit")],
    ids=["mesh", "in a row", "12 deep", "60 deep"],
)  # fmt: skip
def test_hostile_loops_are_judged_quickly(code: bytes, cause: str | None) -> None:
    program = bpfcc.Program.from_bytes(code, type="raw")
    began = time.process_time()
    found = judge(program.ir, Request(PLATFORM, "raw"))
    assert time.process_time() - began < 10
    if cause is not None:
        assert {f.cause for f in found.findings if f.code == "V060"} == {cause}
