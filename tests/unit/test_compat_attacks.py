"""Programs that were made to come out of porting as something else: each ports to what it was, or is told not to port."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bpfcc
from bpfcc.bpfir.check import check
from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.ops import Alu, Call
from bpfcc.compat.report import make_report
from bpfcc.compat.rewrite import Ported, to_windows
from bpfcc.errors import UnsupportedError
from bpfcc.native_images import judged_for_windows
from bpfcc.porting import port
from bpfcc.runtime.specs import load_platform
from tests.compat_harness import KEEP, SEEN, Pair, entry, ported, why_not, xdp

RING = MapSpec("ring", "ringbuf", 0, 0, 1 << 16)
CONNECT4: dict[str, Any] = {"type": "cgroup_sock_addr", "attach_type": "cgroup_inet4_connect"}
CONNECT6: dict[str, Any] = {"type": "cgroup_sock_addr", "attach_type": "cgroup_inet6_connect"}
SOCK_OPS: dict[str, Any] = {"type": "sock_ops", "attach_type": "cgroup_sock_ops"}
MASK64 = (1 << 64) - 1
HEADERS = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_endian.h>\n#include <bpf/bpf_core_read.h>\n"
LICENSE = 'char _license[] SEC("license") = "GPL";\n'


def compiled(source: str, folder: Path) -> bpfcc.Program:
    """The only program of a C source."""
    path = folder / "x.bpf.c"
    path.write_text(HEADERS + source + LICENSE, encoding="utf-8")
    (program,) = bpfcc.compile(path).programs.values()
    return program


def kept(outcome: Any) -> int:
    """What the program kept."""
    (value,) = outcome.maps["seen"].values()
    return int(value)


def both(text: str, maps: tuple[MapSpec, ...] = (), packet: bytes | None = None, **options: Any) -> tuple[int, int]:
    """What a program keeps on Linux and there; what comes out is accepted."""
    with Pair(xdp(text + KEEP, (SEEN, *maps), **options)) as pair:
        assert pair.ported.verdict is not None
        assert pair.ported.verdict.accepted, pair.ported.verdict.findings
        here, there = pair.run(bytes(64) if not options else packet)
        return kept(here), kept(there)


# ---- the context's address


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("call id\nr0 = *(u32 *)(r0 + 24)\nexit\nid:\nr0 = r1\nexit", "returned by a function"),
        ("*(u64 *)(r10 - 8) = 0\nr2 = r1\nr2 = xchg_64(r10 - 8, r2)\nr0 = 1\nexit", "stored in memory"),
        ("*(u64 *)(r10 - 8) = 0\nr0 = 0\nr0 = cmpxchg_64(r10 - 8, r0, r1)\nr0 = 1\nexit", "stored in memory"),
        ("r3 = r1\nr1 = 1\nr2 = func cb ll\nr4 = 0\ncall 181\nr0 = 1\nexit\ncb:\nr0 = *(u32 *)(r2 + 24)\nexit", "passes the context"),
        ("r3 = r1\nr3 += 4\nr1 = 1\nr2 = func cb ll\nr4 = 0\ncall 181\nr0 = 1\nexit\ncb:\nr0 = 0\nexit", "within the context"),
    ],
)  # fmt: skip
def test_a_context_that_goes_astray(text: str, what: str) -> None:
    assert what in why_not(ported(text, [SEEN], **CONNECT4))


@pytest.mark.parametrize(
    ("offset", "options"),
    [(8, CONNECT4), (4, CONNECT6), (40, CONNECT4), (44, CONNECT6), (40, CONNECT6)],
)
def test_fields_that_linux_shows_elsewhere(offset: int, options: dict[str, Any]) -> None:
    assert "Linux has it" in why_not(ported(f"r0 = *(u32 *)(r1 + {offset})\nr0 &= 1\nexit", **options))


# ---- connections


def test_of_a_connection_by_the_other_family_nothing_is_seen() -> None:
    """The two families share bytes there."""
    with Pair(xdp("r0 = *(u32 *)(r1 + 28)\n" + KEEP, [SEEN], **SOCK_OPS)) as pair:
        described = entry(pair.ported, "bpf_sock_ops.local_ip4")
        assert (described.kind, described.depends) == ("differs", True)
        here, there = pair.run(None, {"family": 10}, {"family": 23, "local_ip6": (5, 6, 7, 8)})
        assert (kept(here), kept(there)) == (0, 0)


@pytest.mark.parametrize(
    ("test", "kind"),
    [
        ("if r2 != 2 goto out", "same"), ("if r2 == 10 goto out", "same"), ("if w2 != 2 goto out", "same"),
        ("if r2 == 2 goto out", "differs"), ("if r2 != 10 goto out", "differs"), ("if r2 s> 2 goto out", "differs"),
    ],
)  # fmt: skip
def test_a_family_that_was_asked_for(test: str, kind: str) -> None:
    found = ported(f"r2 = *(u32 *)(r1 + 20)\n{test}\nr0 = *(u32 *)(r1 + 28)\nout:\nr0 = 1\nexit", **SOCK_OPS)
    assert entry(found, "bpf_sock_ops.local_ip4").kind == kind


def test_a_family_that_is_asked_for_on_one_way_alone() -> None:
    text = "r2 = *(u32 *)(r1 + 20)\nr3 = *(u32 *)(r1 + 68)\nif r3 == 80 goto on\nif r2 != 2 goto out\n"
    text += "on:\nr0 = *(u32 *)(r1 + 28)\nout:\nr0 = 1\nexit"
    assert entry(ported(text, **SOCK_OPS), "bpf_sock_ops.local_ip4").kind == "differs"


@pytest.mark.parametrize(("there", "runs"), [({}, True), ({"protocol": 17}, False), ({"op": 2}, False), ({"op": 1}, True)])
def test_events_that_linux_has_not(there: dict[str, Any], runs: bool) -> None:
    """Flows of other protocols, and connections that end."""
    with Pair(xdp("r0 = 5\n" + KEEP, [SEEN], **SOCK_OPS)) as pair:
        outcome = pair.run(None, {}, there)[1]
        assert (kept(outcome), outcome.value) == (5 * runs, 0)


# ---- flags and errors


UPDATE = """
r9 = *(u32 *)(r1 + 12)
*(u64 *)(r10 - 24) = 7
*(u32 *)(r10 - 4) = {key}
r2 = r10
r2 += -4
r3 = r10
r3 += -24
r4 = {flags}
r1 = map[1] ll
call 2
"""


@pytest.mark.parametrize(
    ("kind", "key", "flags"),
    [*itertools.product(("hash", "percpu_hash", "lru_hash", "array", "percpu_array"), (1, 9), (0, 1, 2, 3, 8, -1))],
)
def test_flags_of_updates(kind: str, key: int, flags: int) -> None:
    """The second one sees what the first one made; constant, and computed."""
    text = UPDATE.format(key=key, flags=0 if key == 1 else 1) + UPDATE.format(key=key, flags=flags).replace("r9 =", "r8 =").replace(
        "(r1 + 12)", "(r10 - 24)"
    )
    spec = MapSpec("m", kind, 4, 8, 4)
    here, there = both(text, (spec,))
    assert here == there
    computed = UPDATE.format(key=key, flags="r9").replace("r9 = *(u32 *)(r1 + 12)", "r9 = *(u32 *)(r1 + 12)\nr9 += {}").format(flags - 1)
    with Pair(xdp(computed + KEEP, (SEEN, spec))) as pair:
        for _ in range(2):
            first, second = pair.run(bytes(64), {"ingress_ifindex": 1})
            assert kept(first) == kept(second)


def test_locked_updates_are_absent() -> None:
    assert "there are no locks" in why_not(ported(UPDATE.format(key=1, flags=4) + KEEP, [SEEN, MapSpec("m", "hash", 4, 8, 4)]))


@pytest.mark.parametrize("flags", ["0", "1", "2", "4", "r9"])
def test_flags_of_pushes(flags: str) -> None:
    push = f"*(u64 *)(r10 - 24) = 7\nr1 = map[1] ll\nr2 = r10\nr2 += -24\nr3 = {flags}\ncall 87\n"
    here, there = both("r9 = *(u32 *)(r1 + 12)\n" + push * 2, (MapSpec("q", "queue", 0, 8, 1),))
    assert here == there


@pytest.mark.parametrize(("helper", "size", "at"), [(88, 8, 24), (89, 8, 24), (88, 5, 23), (89, 12, 24)])
def test_what_is_popped_of_nothing_is_zero(helper: int, size: int, at: int) -> None:
    text = (
        f"*(u64 *)(r10 - 24) = -1\n*(u64 *)(r10 - 16) = -1\nr1 = map[1] ll\nr2 = r10\nr2 += -{at}\ncall {helper}\nr0 = *(u64 *)(r10 - 24)\n"
    )
    here, there = both(text, (MapSpec("q", "stack", 0, size, 1),))
    assert here == there


def test_a_value_too_large_to_be_zeroed_differs() -> None:
    text = "".join(f"*(u64 *)(r10 - {at}) = 0\n" for at in range(8, 81, 8)) + "r1 = map[0] ll\nr2 = r10\nr2 += -80\ncall 88\nr0 = 2\nexit"
    described = entry(ported(text, [MapSpec("q", "stack", 0, 80, 1)]), "bpf_map_pop_elem")
    assert (described.kind, described.depends) == ("differs", True)


def test_output_with_flags_that_are_none() -> None:
    text = "*(u64 *)(r10 - 24) = 7\nr1 = map[1] ll\nr2 = r10\nr2 += -24\nr3 = 8\nr4 = 4\ncall 130\n"
    assert both(text, (RING,)) == (-22 & MASK64, -22 & MASK64)


def test_perf_events_to_another_processor_are_told() -> None:
    text = "*(u64 *)(r10 - 8) = 7\nr2 = map[0] ll\nr3 = {}\nr4 = r10\nr4 += -8\nr5 = 8\ncall 25\nr0 = 2\nexit"
    spec = MapSpec("p", "perf_event_array", 4, 4, 2)
    assert entry(ported(text.format("0xffffffff ll"), [spec]), "bpf_perf_event_output").kind == "same"
    assert entry(ported(text.format("1"), [spec]), "bpf_perf_event_output").depends is True


# The lesser of a short number and of one that may be any of 32 bits.
LEAST = "r3 = *(u32 *)(r1 + 12)\nr3 &= 0xfff\nr5 = *(u32 *)(r1 + 12)\n"


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ("r3 = 0x8ffffffff ll", "same"), ("r3 = 0xfffffffe ll", "differs"), ("r3 = 0x100000ffffffff ll", "differs"),
        ("r3 = *(u16 *)(r1 + 12)\nr3 &= 0xfff\nr3 <<= 32\nr5 = 0xffffffff ll\nr3 |= r5", "same"),
        ("r3 = *(u32 *)(r1 + 12)\nr3 <<= 32\nr5 = 0xffffffff ll\nr3 |= r5", "differs"),
        ("r3 = *(u32 *)(r1 + 12)\nr3 &= 0xfff\nr3 <<= 32\nr3 |= 7", "differs"),
        # The upper half of the flags: a length.
        ("r3 = *(u32 *)(r1 + 12)\nif r3 > 64 goto big\ngoto on\nbig:\nr3 = 64\non:\nr3 <<= 32\nr5 = 0xffffffff ll\nr3 |= r5", "same"),
        ("r3 = *(u32 *)(r1 + 12)\nif r3 > 9 goto b\ngoto on\nb:\nr3 = 1048576\non:\nr3 <<= 32\nr5 = 0xffffffff ll\nr3 |= r5", "differs"),
        (f"{LEAST}if r5 > r3 goto on\nr3 = r5\non:\nr3 <<= 32\nr5 = 0xffffffff ll\nr3 |= r5", "same"),
        (f"{LEAST}if w5 > w3 goto on\nr3 = r5\non:\nr3 <<= 32\nr5 = 0xffffffff ll\nr3 |= r5", "same"),
        (f"{LEAST}if r5 < r3 goto on\nr3 = r5\non:\nr3 <<= 32\nr5 = 0xffffffff ll\nr3 |= r5", "differs"),
        (f"{LEAST}r5 <<= 1\nif w5 > w3 goto on\nr3 = r5\non:\nr3 <<= 32\nr5 = 0xffffffff ll\nr3 |= r5", "differs"),
        ("r3 = *(u32 *)(r1 + 12)\nr3 >>= 12\nr3 <<= 32\nr5 = 0xffffffff ll\nr3 += r5", "same"),
        ("r3 = *(u32 *)(r1 + 12)\nr3 >>= 12\nr3 <<= 31\nr5 = 0xffffffff ll\nr3 += r5", "differs"),
    ],
)  # fmt: skip
def test_flags_of_events(flags: str, kind: str) -> None:
    text = f"*(u64 *)(r10 - 8) = 7\n{flags}\nr2 = map[0] ll\nr4 = r10\nr4 += -8\nr5 = 8\ncall 25\nr0 = 2\nexit"
    spec = MapSpec("p", "perf_event_array", 4, 4, 2)
    assert entry(ported(text.replace("u16", "u32"), [spec]), "bpf_perf_event_output").kind == kind


def test_a_map_whose_entries_are_only_replaced_is_never_full() -> None:
    for flags, depends in ((0, True), (1, True), (2, False)):
        found = ported(UPDATE.format(key=1, flags=flags) + KEEP, [SEEN, MapSpec("m", "hash", 4, 8, 4)])
        (described,) = [each for each in found.entries if each.name == "m (hash)"]
        assert (described.kind, described.depends) == ("differs", depends)
        assert "newer releases bound it by max_entries" in described.reason


def test_what_flags_of_events_may_be() -> None:
    """Another processor, or more than there is: each is told where it may be, and not where it cannot."""
    text = "*(u64 *)(r10 - 8) = 7\n{}\nr2 = map[0] ll\nr4 = r10\nr4 += -8\nr5 = 8\ncall 25\nr0 = 2\nexit"
    spec = MapSpec("p", "perf_event_array", 4, 4, 2)
    length = "r3 = *(u32 *)(r1 + 12)\nr3 <<= 32\nr5 = {} ll\nr3 |= r5"
    here = entry(ported(text.format(length.format("0xffffffff")), [spec]), "bpf_perf_event_output").reason
    assert ("another CPU" in here, "0xfffff bytes" in here) == (False, True)
    there = entry(ported(text.format("r3 = *(u32 *)(r1 + 12)"), [spec]), "bpf_perf_event_output").reason
    assert ("another CPU" in there, "0xfffff bytes" in there) == (True, False)
    both_may = entry(ported(text.format(length.format("0xfffffff")), [spec]), "bpf_perf_event_output").reason
    assert ("another CPU" in both_may, "0xfffff bytes" in both_may) == (True, True)


def test_unknown_flags_of_maps_are_told() -> None:
    found = ported("r1 = map[0] ll\nr0 = 2\nexit", [MapSpec("m", "hash", 4, 8, 4, flags=1 << 20)])
    assert entry(found, "m (hash): flags 0x100000").depends is True


def poisoned(found: Ported) -> Ported:
    """With anything in the upper half of what helpers return that leave it to chance."""
    assert found.module is not None
    windows = load_platform("windows")
    for fn in found.module.functions:
        for block in fn.blocks:
            ops = []
            for op in block.ops:
                ops.append(op)
                if isinstance(op, Call) and windows.helper(op.helper, found.module.type).result in ("int32", "uint32"):
                    old, op.result = op.result, fn.new_value(op)
                    low = Alu(fn.new_value(), "and", 64, op.result, 0xFFFF_FFFF)
                    made = Alu(old, "or", 64, low.result, 0xDEAD_0001_0000_0000)
                    low.result.definition, old.definition = low, made
                    ops += [low, made]
            block.ops = ops
    check(found.module)
    return found


@pytest.mark.parametrize("look", ["", "if r0 s< 0 goto bad", "if r0 == 0 goto bad", "if r0 == -7 goto bad"])
@pytest.mark.parametrize(
    "call", ["r2 += -24\nr3 = 0\ncall 87", "r2 += -24\ncall 88", "r2 += -24\nr3 = 8\nr4 = 0\ncall 130", "call 7", "call 8"]
)
def test_the_upper_half_of_a_result_is_anybody_s(call: str, look: str) -> None:
    number = 2 if "130" in call else 1
    jump = f"{look}\nr0 = 3\n" if look else ""
    text = f"*(u64 *)(r10 - 24) = 7\nr1 = map[{number}] ll\nr2 = r10\n{call}\n{jump}"
    program = xdp(text + "goto on\nbad:\nr0 = 4\non:\n" + KEEP, (SEEN, MapSpec("q", "queue", 0, 8, 1), RING))
    with Pair(program, poisoned(to_windows(program))) as pair:
        for _ in range(3):
            here, there = pair.run(bytes(64))
            assert kept(here) == kept(there)


# ---- sums


SUMS = [0, 4, 8, 1, 2, 3, 7, 20]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("before", "after"), [*itertools.product((0, 4, 8, 3), (0, 4, 8, 7)), (64, 64)])
def test_checksums(before: int, after: int, seed: int) -> None:
    """Written out: of any sizes, with any seed, and 0 told from -0."""
    source = random.Random(seed)
    words = [source.choice([0, MASK64, 0xFFFF_FFFF, 0xFFFF, source.randrange(1 << 64)]) for _ in range(8)]
    start = source.choice([0, 0xFFFF_FFFF, 0x8000_0000, source.randrange(1 << 32)])
    text = "".join(f"r1 = {word} ll\n*(u64 *)(r10 - {64 + 8 * at}) = r1\n" for at, word in enumerate(words))
    text += f"r1 = {'r10' if before else 0}\n{'r1 += -120' if before else ''}\nr2 = {before}\nr3 = {'r10' if after else 0}\n"
    text += f"{'r3 += -120' if after == 64 else 'r3 += -88' if after else ''}\nr4 = {after}\nr5 = {start} ll\ncall 28\n"
    here, there = both(text)
    assert here == there


def test_checksums_of_unknown_sizes_differ() -> None:
    text = "r4 = *(u32 *)(r1 + 12)\nr4 &= 15\nr1 = 0\nr2 = 0\nr3 = r10\nr3 += -16\n"
    text += "*(u64 *)(r10 - 8) = 1\n*(u64 *)(r10 - 16) = -1\nr5 = -3\ncall 28\n"
    with Pair(xdp(text + KEEP, [SEEN])) as pair:
        described = entry(pair.ported, "bpf_csum_diff")
        assert (described.kind, described.depends) == ("differs", True)
        # With a seed that would be negative there.
        here, there = pair.run(bytes(64), {"ingress_ifindex": 8})
        assert kept(here) == kept(there)


# ---- printed lines


@pytest.mark.parametrize(
    ("body", "kind", "depends"),
    [
        ('return bpf_printk("%d", 7) > 3 ? 1 : 2;', "differs", True),
        ('bpf_printk("%d", 7); return 2;', "renamed", None),
        ('__u64 a[2] = {1, 2}; static const char f[] = "%d"; bpf_trace_vprintk(f, 3, a, 16); return 2;', "emulated", None),
        ('__u64 a[1] = {1}; static const char f[] = "%d %d"; bpf_trace_vprintk(f, 6, a, 8); return 2;', "differs", False),
    ],
)
def test_what_printing_returns(body: str, kind: str, depends: bool | None, tmp_path: Path) -> None:
    program = compiled(f'SEC("xdp") int f(struct xdp_md *ctx) {{ {body} }}\n', tmp_path)
    with Pair(program) as pair:
        (described,) = [each for each in pair.ported.entries if each.what == "helper"]
        assert (described.kind, described.depends) == (kind, depends)
        here, there = pair.run(bytes(64))
        assert here.records == there.records


# ---- types of the kernel


def test_the_number_of_a_kernel_s_type_is_absent(tmp_path: Path) -> None:
    source = "struct task_struct { int pid; } __attribute__((preserve_access_index));\n__u32 id;\n"
    for name, absent in (("bpf_core_type_id_kernel", True), ("bpf_core_type_id_local", False)):
        program = compiled(f'{source}SEC("xdp") int f(struct xdp_md *ctx) {{ id = {name}(struct task_struct); return 2; }}\n', tmp_path)
        assert bool(port(program).absent) == absent, name


# ---- other machines


def test_code_of_other_machines() -> None:
    little = xdp("r0 = 2\nexit")
    big = bpfcc.Program("main", "xdp", "xdp", lambda: replace(little.bytecode, endian="big"))
    assert "little-endian" in why_not(to_windows(big))


# ---- sections of Windows alone


ACCEPT = """
__u32 seen[8];
SEC("cgroup/{section}") int f(struct bpf_sock_addr *ctx)
{{
	seen[0] = ctx->user_ip4; seen[1] = ctx->user_port; seen[2] = ctx->msg_src_ip4; seen[3] = ctx->protocol; seen[4] = ctx->family;
	return ctx->user_port != bpf_htons(80);
}}
"""


@pytest.mark.parametrize("section", ["recv_accept4", "connect_authorization4", "listen4"])
def test_sections_that_linux_has_not(section: str, tmp_path: Path) -> None:
    program = compiled(ACCEPT.format(section=section), tmp_path)
    found = port(program)
    assert (found.section, found.type, found.attach_type) == (f"cgroup/{section}", "cgroup_sock_addr", f"cgroup_inet4_{section[:-1]}")
    (report,) = make_report("x", [found]).programs
    assert report.verdict == "ports", report.why
    assert found.module is not None
    from tests.compat_harness import Side

    side = Side(found.module, "windows", "cgroup_sock_addr", found.attach_type)
    with side.stack:
        context = {"family": 2, "user_ip4": 1, "user_port": 0x5000, "msg_src_ip4": 3, "protocol": 6}
        assert side.run(None, context).value == 0
        words = next(iter(next(each for name, each in side.contents().items() if name.endswith(".bss")).values()))
        assert [int.from_bytes(words[4 * at : 4 * at + 4], "little") for at in range(5)] == [1, 0x5000, 3, 6, 2]
        assert side.run(None, context | {"user_port": 1}).value == 1


@pytest.mark.parametrize(
    ("section", "field"), [("recv_accept6", "user_ip4"), ("recv_accept4", "user_ip6[0]"), ("listen4", "msg_src_ip6[1]")]
)
def test_the_other_family_s_fields_are_not_there(section: str, field: str, tmp_path: Path) -> None:
    program = compiled(f'SEC("cgroup/{section}") int f(struct bpf_sock_addr *ctx) {{ return ctx->{field} != 5; }}\n', tmp_path)
    assert "Linux has it" in why_not(port(program))


def test_nothing_is_written_where_windows_does_not_look(tmp_path: Path) -> None:
    program = compiled('SEC("cgroup/recv_accept4") int f(struct bpf_sock_addr *ctx) { ctx->user_port = 5; return 1; }\n', tmp_path)
    assert "does not look at" in why_not(port(program))


def test_a_type_alone_does_not_tell_the_hook() -> None:
    assert "where the program is attached" in why_not(ported("r0 = 1\nexit", type="cgroup_sock_addr"))
    found = ported("r0 = 1\nexit", type="cgroup_sock_addr", section="cgroup/listen6")
    assert found.attach_type == "cgroup_inet6_listen"


def test_an_image_of_such_a_section(tmp_path: Path) -> None:
    program = compiled(ACCEPT.format(section="recv_accept4"), tmp_path)
    (found,) = judged_for_windows([program])
    assert (found.section, found.attach_type) == ("cgroup/recv_accept4", "cgroup_inet4_recv_accept")
    with pytest.raises(UnsupportedError, match="does not tell the type"):
        judged_for_windows([compiled('SEC("cgroup/recv") int f(void *ctx) { return 1; }', tmp_path)])


def test_other_unknown_sections_stay_unknown() -> None:
    assert "does not tell the type" in why_not(ported("r0 = 1\nexit", type=None, section="cgroup/recv"))
