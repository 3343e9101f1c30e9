"""Programs that were written for Windows run here: by the helpers, maps, contexts and return values of Windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bpfcc
from bpfcc.bpfir.module import MapSpec
from bpfcc.cli.app import run
from bpfcc.emission import emit_programs
from bpfcc.errors import InputError, RejectedError, UnsupportedError
from bpfcc.execution import prepare
from bpfcc.porting import rewritten
from bpfcc.runtime.hooks import verdict
from bpfcc.runtime.maps.windows import windows_spec
from bpfcc.runtime.specs import load_platform

if TYPE_CHECKING:
    from bpfcc.program import Program

PROGRAMS = Path(__file__).parents[1] / "windows" / "programs"
BACKENDS = ["interp", "llvm", "aot"]
FRAME = bytes(range(64))


def report_of(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, Any]:
    """What `bpfcc run --platform windows` says of the only program."""
    assert run(["run", "--platform", "windows", "--mcpu", "v4", "--json", "--clock", "0", *arguments]) == status
    document = json.loads(capsys.readouterr().out)
    assert document["platform"] == "windows"
    (found,) = document["programs"]
    return dict(found)


def windows(text: str, *, type: str = "xdp", maps: tuple[MapSpec, ...] = ()) -> Program:  # noqa: A002 - as everywhere
    return bpfcc.Program.from_bytes(bpfcc.assemble(text), type=type, maps=maps, platform="windows")


# ---- the command


def test_packets_on_every_back_end(capsys: pytest.CaptureFixture[str]) -> None:
    found = [report_of(capsys, str(PROGRAMS / "xdp.c"), "--hex", FRAME.hex(), "--backend", each) for each in BACKENDS]
    assert all(each["maps"] == found[0]["maps"] and each["result"] == found[0]["result"] for each in found)
    assert [each["name"] for each in found[0]["verdicts"]] == ["XDP_DROP"]
    assert found[0]["verdicts"][0]["value"] == 2
    assert not found[0]["checked"]
    contents = {each["name"]: each for each in found[0]["maps"]}
    assert contents["flows"]["type"] == "hash"


@pytest.mark.parametrize(("name", "says"), [("evil", "BIND_DENY"), ("good", "BIND_PERMIT_HARD")])
def test_contexts_with_memory(name: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    memory = name.encode().ljust(8, b"\0").hex()
    found = report_of(capsys, str(PROGRAMS / "bind.c"), "--hex", memory, "--context", "process_id=77")
    assert [each["name"] for each in found["verdicts"]] == [says]
    processes = next(each for each in found["maps"] if each["name"] == "processes")
    assert "77" in json.dumps(processes)


def test_contexts_by_their_fields(capsys: pytest.CaptureFixture[str]) -> None:
    source = str(PROGRAMS / "sock_addr.c")
    for op in (0, 1):
        found = report_of(capsys, source, "--program", "established", "--context", f"op={op}")
        assert str(100 + op) in json.dumps(next(each for each in found["maps"] if each["name"] == "verdicts"))
    assert run(["run", "--platform", "windows", source, "--program", "established", "--context", "op=1", "--hex", "00"]) == 2
    assert "give that, or --context" in capsys.readouterr().err


def test_what_is_for_another_platform_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "--mcpu", "v4", str(PROGRAMS / "xdp.c"), "--hex", FRAME.hex()]) == 1
    assert "not run" in capsys.readouterr().err


def test_dump_names_helpers_as_windows_has_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "own.c"
    source.write_text(
        "static int (*network)(void *, void *, unsigned long) = (void *)65538;\nstatic long (*tid)(void) = (void *)19;\n"
        '__attribute__((section("cgroup/connect4"), used)) int f(void *c) { char b[32] = {}; return network(c, b, 32) + (int)tid(); }\n'
    )
    assert run(["dump", "--insns", "--platform", "windows", str(source)]) == 0
    text = capsys.readouterr().out
    assert "call sock_addr_get_network_context" in text
    assert "call get_current_pid_tgid" in text


@pytest.mark.parametrize("arguments", [["build", "--emit", "c", "-o", "-"], ["dump", "--c"], ["run", "--backend", "kernel"]])
def test_what_is_for_linux_alone(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments, "--mcpu", "v4", "--platform", "windows", str(PROGRAMS / "xdp.c")]) == 3
    assert "windows" in capsys.readouterr().err


def test_compat_is_about_programs_for_linux(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compat", "--platform", "windows", str(PROGRAMS / "xdp.c")]) == 3
    assert "programs for linux" in capsys.readouterr().err


# ---- programs for Linux, rewritten

EXAMPLES = Path(__file__).parents[2] / "examples"
JUMPS = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
int last(struct xdp_md *ctx);
struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __uint(key_size, 4); __array(values, int(struct xdp_md *));
} jumps SEC(".maps") = {.values = {[1] = last}};
SEC("xdp") int first(struct xdp_md *ctx) { bpf_tail_call(ctx, &jumps, ctx->ingress_ifindex); return XDP_PASS; }
SEC("xdp") int last(struct xdp_md *ctx) { return ctx->data_end - ctx->data == 60 ? XDP_TX : XDP_DROP; }
SEC("xdp") int absent(struct xdp_md *ctx) { return bpf_redirect(1, 0); }
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_firewall_does_on_windows_what_it_does_on_linux(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    documents = []
    for target in ("linux", "windows"):
        files = [str(EXAMPLES / "firewall.bpf.c"), "--pcap", str(EXAMPLES / "traffic.pcap"), "--maps", str(EXAMPLES / "blocklist.json")]
        assert run(["run", *files, "--target", target, "--backend", backend, "--json"]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    linux, there = (document["programs"][0] for document in documents)
    assert [document["platform"] for document in documents] == ["linux", "windows"]
    assert not there["checked"]
    assert {(each["name"], each["runs"]) for each in linux["verdicts"]} == {(each["name"], each["runs"]) for each in there["verdicts"]}
    # The numbers behind the names are others: 1 and 2 change places.
    assert {each["value"] for each in linux["verdicts"] if each["name"] == "XDP_DROP"} == {1}
    assert {each["value"] for each in there["verdicts"] if each["name"] == "XDP_DROP"} == {2}
    for part in ("maps", "events", "traps"):
        assert linux[part] == there[part]


def test_tail_calls_lead_to_rewritten_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "jumps.bpf.c"
    source.write_text(JUMPS)
    for interface, length, name in ((0, 60, "XDP_PASS"), (1, 60, "XDP_TX"), (1, 61, "XDP_DROP")):
        more = ["--program", "first", "--hex", "00" * length, "--context", f"ingress_ifindex={interface}", "--json"]
        assert run(["run", str(source), "--target", "windows", *more]) == 0
        (found,) = json.loads(capsys.readouterr().out)["programs"]
        assert [each["name"] for each in found["verdicts"]] == [name]
    there = rewritten(bpfcc.compile(source).programs["first"])
    assert (there.platform, there.type, there.attach_type) == ("windows", "xdp", "xdp")
    with prepare(there, "llvm") as exe:
        assert exe.run(FRAME, context={"ingress_ifindex": 1}).return_value == 2


def test_what_does_not_port_does_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "jumps.bpf.c"
    source.write_text(JUMPS)
    assert run(["run", str(source), "--target", "windows", "--program", "absent", "--hex", "00"]) == 1
    assert "bpf_redirect" in capsys.readouterr().err
    with pytest.raises(UnsupportedError, match="bpf_redirect"):
        rewritten(bpfcc.compile(source).programs["absent"])


EMPTY = JUMPS.replace("= {.values = {[1] = last}}", "")


@pytest.mark.parametrize("target", ["linux", "windows"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_seeds_fill_program_arrays(target: str, backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, seeds = tmp_path / "jumps.bpf.c", tmp_path / "seeds.json"
    source.write_text(EMPTY)
    command = ["run", str(source), "--program", "first", "--hex", "00" * 60, "--context", "ingress_ifindex=1", "--json", "--target", target]
    for content, name in (({}, "XDP_PASS"), ({"jumps": {"1": "last"}}, "XDP_TX"), ({"jumps": ["first", "last"]}, "XDP_TX")):
        seeds.write_text(json.dumps(content))
        assert run([*command, "--maps", str(seeds), "--backend", backend]) == 0
        (found,) = json.loads(capsys.readouterr().out)["programs"]
        assert [each["name"] for each in found["verdicts"]] == [name]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"jumps": {"1": "nobody"}}, "nobody"), ({"jumps": {"2": "last"}}, "by index are wanted, below 2"),
        ({"jumps": {"x": "last"}}, "by index"), ({"jumps": 3}, "by index"), ({"jumps": {"0": 3}}, "by index"),
    ],
)  # fmt: skip
def test_seeds_that_are_no_programs(content: object, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, seeds = tmp_path / "jumps.bpf.c", tmp_path / "seeds.json"
    source.write_text(EMPTY)
    seeds.write_text(json.dumps(content))
    assert run(["run", str(source), "--program", "first", "--hex", "00", "--maps", str(seeds)]) == 2
    assert says in capsys.readouterr().err


def test_a_program_that_is_rejected_is_not_jumped_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, seeds = tmp_path / "jumps.bpf.c", tmp_path / "seeds.json"
    source.write_text(EMPTY + 'SEC("xdp") int wild(struct xdp_md *ctx) { return *(char *)(long)ctx->data; }\n')
    seeds.write_text(json.dumps({"jumps": ["wild"]}))
    assert run(["run", str(source), "--program", "first", "--hex", "00", "--maps", str(seeds)]) == 1
    assert "wild" in capsys.readouterr().err


# ---- other commands


def test_verify_and_dump_show_what_is_made_for_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "jumps.bpf.c"
    source.write_text(JUMPS)
    assert run(["verify", str(source), "--target", "windows", "--program", "last"]) == 0
    assert run(["verify", str(source), "--target", "windows", "--program", "absent"]) == 3
    text = capsys.readouterr().out
    assert "bpf_redirect" in text
    assert "bpfcc compat" in text
    assert run(["dump", "--ir", "--target", "windows", "--program", "last", str(source)]) == 0
    assert "load.8 v0, 8" in capsys.readouterr().out
    assert run(["dump", "--target", "windows", "--program", "absent", str(source)]) == 3


def test_linux_contexts_in_programs_for_windows_are_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "pass.bpf.c"
    source.write_text('#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xdp") int f(struct xdp_md *ctx) { return XDP_PASS; }\n')
    for command in (
        ["run", "--platform", "windows", "--hex", "00"],
        ["build", "--target", "windows", "--from", "windows", "-o", "-", "--emit", "c"],
    ):
        assert run([*command, str(source)]) == 0
        assert "struct xdp_md is Linux's" in capsys.readouterr().err
    assert run(["run", "--target", "windows", "--hex", "00", str(source)]) == 0
    assert run(["run", "--platform", "windows", "--mcpu", "v4", "--hex", "00", str(PROGRAMS / "xdp.c")]) == 0
    assert "warning" not in capsys.readouterr().err


def test_an_image_is_no_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "driver.sys"
    image.write_bytes(b"MZ" + bytes(100))
    assert run(["run", str(image), "--hex", "00"]) == 2
    assert "bpfcc image check" in capsys.readouterr().err


def test_headers_of_windows_come_from_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "hook.c"
    source.write_text('#include "ebpf_nethooks.h"\n')
    assert run(["build", str(source), "--target", "windows", "--from", "windows"]) == 2
    assert "comes with eBPF for Windows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "says"), [(["--platform", "windows"], 2, "--platform alone"), (["--backend", "kernel"], 3, "runs no programs")]
)
def test_what_does_not_go_with_rewriting(arguments: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", str(EXAMPLES / "firewall.bpf.c"), "--hex", "00", "--target", "windows", *arguments]) == status
    assert says in capsys.readouterr().err


# ---- the library


@pytest.mark.parametrize("backend", BACKENDS)
def test_numbers_mean_what_they_mean_there(backend: str) -> None:
    # Helper 9 is the clock there, in steps of 100 ns, and the context's pointers have 64 bits.
    program = windows("call 9\nr6 = r0\nr0 = r6\nexit")
    with prepare(program, backend, options=bpfcc.RunOptions(clock_ns=1234)) as exe:
        assert exe.run(FRAME).return_value == 1200
        assert exe.platform.name == "windows"
    length = windows("r2 = *(u64 *)(r1 + 8)\nr3 = *(u64 *)(r1 + 0)\nr2 -= r3\nr0 = r2\nexit")
    with prepare(length, backend) as exe:
        assert exe.run(FRAME).return_value == 64
        assert [each.return_value for each in exe.run_batch([b"", FRAME[:14]])] == [0, 14]


@pytest.mark.parametrize("backend", BACKENDS)
def test_packets_keep_their_length(backend: str) -> None:
    # 65536 is xdp_adjust_head there, which never does anything.
    program = windows("r2 = 4\ncall 65536\nr0 += 3\nexit")
    with prepare(program, backend) as exe:
        found = exe.run(FRAME)
        assert (found.return_value, found.packet) == (2, FRAME)


def test_a_verdict_holds_on_its_own_platform_alone() -> None:
    there = windows("r0 = 1\nexit")
    here = bpfcc.Program.from_bytes(there.bytecode.code, type="xdp")
    assert there.ir_digest == here.ir_digest
    accepted = bpfcc.verify(there, "windows")
    assert accepted.accepted
    with prepare(there, verdict=accepted) as exe:
        assert exe.run(FRAME).return_value == 1
    with pytest.raises(RejectedError, match="judged by the rules of windows"):
        prepare(here, verdict=accepted)
    with pytest.raises(RejectedError, match="judged by the rules of linux"):
        prepare(there, verdict=bpfcc.verify(here))


def test_programs_are_judged_by_the_rules_of_their_platform() -> None:
    # A read of 32 bits of an address: that is how Linux has it.
    narrow = "r0 = *(u32 *)(r1 + 0)\nr0 = 2\nexit"
    with prepare(bpfcc.Program.from_bytes(bpfcc.assemble(narrow), type="xdp")) as exe:
        assert exe.run(FRAME).return_value == 2
    with pytest.raises(RejectedError, match="V012"):
        prepare(windows(narrow))


def test_what_is_emitted_is_for_linux() -> None:
    with pytest.raises(UnsupportedError, match="native images"):
        emit_programs([windows("r0 = 1\nexit")], [], checked=True)


def test_the_kernel_is_no_windows() -> None:
    with pytest.raises(UnsupportedError, match="for windows"):
        prepare(windows("r0 = 1\nexit"), "kernel")


def test_no_platform_of_that_name() -> None:
    with pytest.raises(InputError, match="plan9"):
        prepare(bpfcc.Program.from_bytes(bpfcc.assemble("r0 = 1\nexit"), type="xdp", platform="plan9"))


def test_maps_have_what_this_runtime_wants() -> None:
    trie = MapSpec("trie", "lpm_trie", 8, 8, 16, 0)
    assert windows_spec(trie).flags == 1
    ring = windows_spec(MapSpec("events", "perf_event_array", 0, 0, 65536, 0), cpus=4)
    assert (ring.key_size, ring.value_size, ring.max_entries) == (4, 4, 4)
    plain = MapSpec("plain", "hash", 4, 8, 16, 0)
    assert windows_spec(plain) is plain


# ---- what becomes of the packet, or the call


@pytest.mark.parametrize(
    ("kind", "value", "name", "disposition"),
    [
        ("xdp", 1, "XDP_PASS", "pass"), ("xdp", 2, "XDP_DROP", "drop"), ("xdp", 3, "XDP_TX", "transmit"), ("xdp", 0, "unknown (0)", "drop"),
        ("xdp", 4, "unknown (4)", "drop"), ("bind", 0, "BIND_PERMIT", "pass"), ("bind", 1, "BIND_DENY", "drop"),
        ("bind", 3, "BIND_PERMIT_HARD", "pass"), ("bind", 9, "unknown (9)", "drop"),
        ("cgroup_sock_addr", 0, "BPF_SOCK_ADDR_VERDICT_REJECT", "drop"),
        ("cgroup_sock_addr", 2, "BPF_SOCK_ADDR_VERDICT_PROCEED_HARD", "pass"), ("cgroup_sock_addr", 7, "unknown (7)", "drop"),
    ],
)  # fmt: skip
def test_return_values(kind: str, value: int, name: str, disposition: str) -> None:
    found = verdict(load_platform("windows"), kind, value)
    assert (found.name, found.disposition) == (name, disposition)


# ---- contexts beside packets

REDIRECTOR = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
SEC("cgroup/connect4") int redirect(struct bpf_sock_addr *ctx)
{
    if (ctx->user_port == bpf_htons(80)) {
        ctx->user_ip4 = bpf_htonl(0x7f000001);
        ctx->user_port = bpf_htons(8080);
    }
    return 1;
}
"""


@pytest.mark.parametrize("target", ["linux", "windows"])
def test_what_a_program_does_to_its_context_is_shown(target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "redirector.bpf.c"
    source.write_text(REDIRECTOR)
    command = ["run", str(source), "--target", target]
    for port, changed in ((0x5000, {"user_ip4": 0x0100007F, "user_port": 0x901F}), (0x5100, {})):
        assert run([*command, "--context", f"user_port={port}", "--context", "user_ip4=7", "--json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)["programs"]
        after = found["result"].get("context", {})
        assert {name: after[name] for name in changed} == changed
        assert bool(after) == bool(changed)
    assert run([*command, "--context", "user_port=0x5000"]) == 0
    assert "user_port = 36895" in capsys.readouterr().out


def test_fields_of_the_context_go_with_every_packet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "interface.bpf.c"
    source.write_text(
        '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xdp") int f(struct xdp_md *ctx) { return ctx->ingress_ifindex; }\n'
    )
    capture = Path(__file__).parents[2] / "examples" / "traffic.pcap"
    assert run(["run", str(source), "--pcap", str(capture), "--context", "ingress_ifindex=3", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["programs"]
    assert [each["name"] for each in found["verdicts"]] == ["XDP_TX"]
