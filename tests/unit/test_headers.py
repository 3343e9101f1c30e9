"""Our headers: that they are whole, that layouts are Linux's, that the macros do what they are for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.bpfir.decode import decode
from bpfcc.compat.headers import vmlinux_header
from bpfcc.errors import CompileError, InputError
from bpfcc.frontend.clang import compile_c, our_include_dir
from bpfcc.frontend.elf import ElfFile
from bpfcc.frontend.missing_headers import header_names
from bpfcc.frontend.objects import load
from bpfcc.frontend.toolchain import find_toolchain

if TYPE_CHECKING:
    from bpfcc.bpfir.insn import Insn

ROOT: Final = Path(__file__).resolve().parents[2]
ARCHITECTURES: Final = ("x86", "arm64", "arm", "s390", "powerpc", "riscv", "loongarch", "mips")

# The names that programs include most, as a survey of public programs counted them.
EXPECTED: Final = set(
    """
bpf/bpf_helpers.h bpf_helpers.h vmlinux.h bpf/bpf_tracing.h linux/bpf.h bpf/bpf_core_read.h linux/pkt_cls.h linux/types.h
bpf/bpf_endian.h linux/if_ether.h linux/in.h linux/ip.h linux/ipv6.h linux/icmpv6.h linux/tcp.h linux/udp.h linux/if_packet.h
linux/bpf_common.h linux/icmp.h linux/in6.h asm/byteorder.h asm-generic/errno.h linux/string.h string.h linux/swab.h
linux/pkt_sched.h bpf/usdt.bpf.h linux/ptrace.h errno.h asm/ptrace.h linux/if_vlan.h endian.h asm/errno.h linux/if.h
linux/if_tunnel.h linux/sched.h xdp/xdp_helpers.h bpf/bpf_helper_defs.h asm/types.h linux/errno.h linux/stddef.h
    """.split()  # noqa: SIM905  (a table to read)
)

# Sizes and offsets of the system interface and of the wire: RFCs, IEEE 802, and the stable interface of Linux.
LAYOUTS: Final = """
xdp_md 24 data=0 data_end=4 data_meta=8 ingress_ifindex=12 rx_queue_index=16 egress_ifindex=20
__sk_buff 192 len=0 mark=8 protocol=16 cb=48 hash=68 data=76 data_end=80 family=88 remote_ip4=92 local_port=136 data_meta=140
bpf_insn 8 off=2 imm=4
bpf_sock 80 family=4 src_ip4=24 src_port=44 dst_port=48 dst_ip4=52 dst_ip6=56 state=72
bpf_sock_tuple 36
bpf_sock_addr 72 user_family=0 user_ip4=4 user_ip6=8 user_port=24 family=28 sk=64
bpf_sock_ops 224 op=0 family=20 bytes_received=168 sk=184 skb_data=192 skb_hwtstamp=216
sk_msg_md 80 data=0 data_end=8 family=16 size=68 sk=72
sk_reuseport_md 56 data=0 len=16 hash=32 sk=40 migrating_sk=48
bpf_sk_lookup 72 family=8 remote_port=36 local_ip4=40 local_port=60 ingress_ifindex=64
bpf_fib_lookup 64 family=0 sport=2 tot_len=6 ifindex=8 ipv4_src=16 ipv4_dst=32 h_vlan_proto=48 smac=52 dmac=58
bpf_tunnel_key 44 tunnel_id=0 remote_ipv4=4 tunnel_tos=20 local_ipv4=28
bpf_flow_keys 56 nhoff=0 thoff=2 n_proto=10 sport=12 dport=14 ipv4_src=16
bpf_tcp_sock 112 snd_cwnd=0 bytes_received=80
bpf_perf_event_value 24
bpf_spin_lock 4
bpf_timer 16
bpf_dynptr 16
bpf_redir_neigh 20
bpf_devmap_val 8
bpf_cpumap_val 8
bpf_map_info 104
bpf_prog_info 232
bpf_sysctl 8
bpf_sockopt 40
bpf_cgroup_dev_ctx 12
bpf_pidns_info 8
btf_ptr 16
ethhdr 14 h_dest=0 h_source=6 h_proto=12
iphdr 20 tos=1 tot_len=2 id=4 frag_off=6 ttl=8 protocol=9 check=10 saddr=12 daddr=16
ipv6hdr 40 flow_lbl=1 payload_len=4 nexthdr=6 hop_limit=7 saddr=8 daddr=24
tcphdr 20 source=0 dest=2 seq=4 ack_seq=8 window=14 check=16 urg_ptr=18
udphdr 8 source=0 dest=2 len=4 check=6
icmphdr 8 type=0 code=1 checksum=2 un.echo.sequence=6 un.frag.mtu=6
icmp6hdr 8 icmp6_type=0 icmp6_cksum=2
in6_addr 16
sockaddr_in 16 sin_port=2 sin_addr=4
sockaddr_in6 28 sin6_port=2 sin6_addr=8 sin6_scope_id=24
""".strip().splitlines()

NETWORK: Final = """
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
"""
# Names of the helpers' header must not change what the structures that follow are made of.
HELPERS_FIRST: Final = "#include <linux/types.h>\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_endian.h>\n" + NETWORK
PORTABLE: Final = '#include "vmlinux.h"\n'
TRACING: Final = """\
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
"""


def compiled(tmp_path: Path, text: str, **options: object) -> bytes:
    path = tmp_path / "t.bpf.c"
    path.write_text(text, encoding="utf-8")
    result = compile_c(path, extra=["-Wall", "-Werror"], **options)  # type: ignore[arg-type]
    return result.object


def assertions() -> str:
    lines = []
    for layout in LAYOUTS:
        name, size, *fields = layout.split()
        lines.append(f'_Static_assert(sizeof(struct {name}) == {size}, "size of {name}");')
        for field in fields:
            member, offset = field.split("=")
            lines.append(f'_Static_assert(__builtin_offsetof(struct {name}, {member}) == {offset}, "{name}.{member}");')
    return "\n".join(lines) + "\nint one;\n"


def test_the_names_that_programs_include_are_all_there() -> None:
    assert not EXPECTED.difference(header_names(our_include_dir()))


@pytest.mark.parametrize("name", header_names(our_include_dir()))
def test_each_header_compiles_alone(tmp_path: Path, name: str) -> None:
    # Those of bpfcc/ are parts of the others, and stand on the kernel's integer types.
    before = (
        "#include <bpfcc/integers.h>\n#include <bpfcc/pt_regs.h>\n#include <bpfcc/bpf_structs.h>\n" if name.startswith("bpfcc/k") else ""
    )
    before = "#include <linux/types.h>\n" if name == "bpfcc/bpf_structs.h" else before
    before = "#include <vmlinux.h>\n" if name == "bpfcc/kfuncs.h" else before
    compiled(tmp_path, f"{before}#include <{name}>\n#include <{name}>\nint one;\n")


@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize("headers", [NETWORK, HELPERS_FIRST, PORTABLE], ids=["linux", "helpers", "vmlinux"])
def test_layouts_are_those_of_the_interface(tmp_path: Path, headers: str, endian: str) -> None:
    compiled(tmp_path, headers + assertions(), endian=endian)


def opened_elsewhere(path: Path) -> list[Path]:
    """Files that a compile of `path` opens and that are neither ours, nor the compiler's, nor beside it."""
    places = [place.resolve() for place in (our_include_dir(), find_toolchain().include_dir or our_include_dir(), path.parent)]
    text = compile_c(path, emit="preprocessed").output.decode()
    opened = {Path(name).resolve() for name in re.findall(r'^# \d+ "([^"<]+)"', text, re.MULTILINE)}
    assert len(opened) > 30
    return [name for name in opened if not any(name.is_relative_to(place) for place in places)]


def test_no_header_of_the_machine_is_opened(tmp_path: Path) -> None:
    (tmp_path / "unit").mkdir()
    path = tmp_path / "unit/t.bpf.c"
    text = "".join(f"#include <{name}>\n" for name in header_names(our_include_dir()) if name.startswith(("linux/", "string")))
    path.write_text(text)
    assert opened_elsewhere(path) == []
    (tmp_path / "other.h").write_text("int other;\n")
    path.write_text(text + '#include "../other.h"\n')
    assert opened_elsewhere(path) == [(tmp_path / "other.h").resolve()]


def test_vmlinux_in_the_c_of_2023(tmp_path: Path) -> None:
    path = tmp_path / "t.bpf.c"
    path.write_text(TRACING + "bool f(void) { return true; }\n")
    compile_c(path, extra=["-std=gnu2x"])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_size_of_a_breakpoint_is_that_of_the_machine(tmp_path: Path, architecture: str) -> None:
    size = {"x86": 1, "s390": 2}.get(architecture, 4)
    text = PORTABLE + f'_Static_assert(sizeof(kprobe_opcode_t) == {size}, "size");\nint one;\n'
    compiled(tmp_path, text, defines=[f"__TARGET_ARCH_{architecture}"])


def test_packed_types_of_the_kernel_are_packed(tmp_path: Path) -> None:
    sizes = {"struct bvec_iter": 20, "enum rw_hint": 1, "stack_t": 24}
    compiled(
        tmp_path, PORTABLE + "".join(f'_Static_assert(sizeof({name}) == {size}, "");\n' for name, size in sizes.items()) + "int one;\n"
    )


def test_a_wrong_layout_would_be_seen(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="size of xdp_md"):
        compiled(tmp_path, NETWORK + '_Static_assert(sizeof(struct xdp_md) == 25, "size of xdp_md");')


@pytest.mark.parametrize(("endian", "first"), [("little", 0x45), ("big", 0x45)])
def test_bit_fields_lie_as_on_the_wire(tmp_path: Path, endian: str, first: int) -> None:
    text = NETWORK + "struct iphdr ip = {.version = 4, .ihl = 5};\nstruct tcphdr tcp = {.syn = 1, .ack = 1, .doff = 5};\n"
    data = load(
        compiled(tmp_path, text + '__attribute__((section("socket"))) int f(void *c) { return ip.ttl + tcp.check; }', endian=endian)
    )
    contents = data.maps[".data"].initial
    assert contents is not None
    ip, tcp = (contents[:20], contents[20:40]) if contents[0] == first else (contents[20:40], contents[:20])
    assert ip[0] == first
    assert (tcp[12], tcp[13]) == (0x50, 0x12)


def test_generated_headers_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "tools/gen_headers.py"), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_check_of_generated_headers_can_fail(tmp_path: Path) -> None:
    for part in ("tools/gen_headers.py", "compat/include_src/helpers.json", "compat/include_src/bpf_enums.json"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / part).write_bytes((ROOT / part).read_bytes())
    for part in ("compat/include/bpfcc", "compat/include/bpf"):
        (tmp_path / part).mkdir(parents=True)
    command = [sys.executable, str(tmp_path / "tools/gen_headers.py")]
    assert subprocess.run([*command, "--check"], capture_output=True, check=False).returncode == 1
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert subprocess.run([*command, "--check"], capture_output=True, check=False).returncode == 0


def test_helper_table_agrees_with_the_platform_table() -> None:
    ours = json.loads((ROOT / "compat/include_src/helpers.json").read_text())
    platform = {helper["id"]: helper for helper in json.loads((ROOT / "runtime/specs/linux.json").read_text())["helpers"]}
    assert [helper["id"] for helper in ours] == list(range(1, 212))
    for helper in ours:
        theirs = platform[helper["id"]]
        assert helper["name"] == f"bpf_{theirs['name']}"
        if "..." not in helper["arguments"]:
            assert len(helper["arguments"]) == len(theirs["args"]), helper["name"]


def test_helpers_are_called_by_their_number(tmp_path: Path) -> None:
    text = (
        NETWORK
        + "#include <bpf/bpf_helpers.h>\n"
        + 'SEC("socket") int f(void *c) { return bpf_get_prandom_u32() + bpf_ktime_get_tai_ns(); }'
    )
    assert helper_calls(compiled(tmp_path, text)) == {"f": [7, 208]}


def test_registers_live_through_calls_that_keep_them(tmp_path: Path) -> None:
    text = NETWORK + "#include <bpf/bpf_helpers.h>\n"
    text += 'SEC("xdp") int f(struct xdp_md *c) { long n = c->data; return bpf_get_smp_processor_id() + n; }\n'
    text += 'SEC("xdp") int g(struct xdp_md *c) { long n = c->data; return bpf_get_prandom_u32() + n; }\n'
    data = compiled(tmp_path, text)
    kept = {name: any(insn.dst in range(6, 10) for insn in instructions(data, name)) for name in "fg"}
    assert kept == {"f": False, "g": True}


def test_the_place_of_a_program_among_those_of_its_interface(tmp_path: Path) -> None:
    text = NETWORK + "#include <bpf/bpf_helpers.h>\n#include <xdp/xdp_helpers.h>\n#define NAME f\n"
    text += "struct { __uint(priority, XDP_DEFAULT_RUN_PRIO); __uint(XDP_PASS, 1); } XDP_RUN_CONFIG(NAME);\n"
    text += 'SEC("xdp") int NAME(struct xdp_md *c) { return XDP_PASS; }\n'
    elf = ElfFile(compiled(tmp_path, text))
    section = elf.section(".xdp_run_config")
    assert section is not None
    assert "_f" in [elf.name_of(symbol) for symbol in elf.symbols if symbol.section == section.index]


def test_printing_takes_few_and_many_values(tmp_path: Path) -> None:
    calls = "".join(f'bpf_printk("{"%d " * n}"{"".join(f", {i}" for i in range(n))});' for n in range(13))
    text = NETWORK + "#include <bpf/bpf_helpers.h>\n" + f'SEC("socket") int f(void *c) {{ {calls} return 0; }}'
    assert helper_calls(compiled(tmp_path, text)) == {"f": [6] * 4 + [177] * 9}


def instructions(data: bytes, program: str) -> list[Insn]:
    return [insn for insn in decode(load(data).programs[program].bytecode.code) if insn is not None]


def helper_calls(data: bytes) -> dict[str, list[int]]:
    """The numbers of the helpers that each program calls, in order."""
    return {name: [i.imm for i in instructions(data, name) if i.opcode == 0x85 and i.src == 0] for name in load(data).programs}


def register_offsets(data: bytes, program: str) -> list[int]:
    """Offsets at which the first argument is read."""
    return [insn.off for insn in instructions(data, program) if insn.opcode == 0x79 and insn.src == 1]


def test_probe_parameters_come_from_the_right_registers(tmp_path: Path) -> None:
    text = TRACING + (
        'SEC("kprobe/x") int BPF_KPROBE(probe, long a, long b, long c, long d, long e) { return (a - b) * (c - d) + e; }\n'
        'SEC("kretprobe/x") int BPF_KRETPROBE(after, long result) { return result; }\n'
        'SEC("fentry/x") int BPF_PROG(entry, int a, long b) { return a - b; }\n'
    )
    x86 = compiled(tmp_path, text, defines=["__TARGET_ARCH_x86", "BPF_NO_PRESERVE_ACCESS_INDEX"])
    # di, si, dx, cx, r8 in struct pt_regs of x86-64.
    assert sorted(register_offsets(x86, "probe")) == sorted([112, 104, 96, 88, 72])
    assert register_offsets(x86, "after") == [80]
    assert sorted(register_offsets(x86, "entry")) == [0, 8]
    arm64 = compiled(tmp_path, text, defines=["__TARGET_ARCH_arm64", "BPF_NO_PRESERVE_ACCESS_INDEX"])
    assert sorted(register_offsets(arm64, "probe")) == [0, 8, 16, 24, 32]
    assert register_offsets(arm64, "after") == [0]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_tracing_macros_on_every_machine(tmp_path: Path, architecture: str) -> None:
    text = TRACING + (
        'char LICENSE[] SEC("license") = "GPL";\nstruct pair { long a; int b; };\n'
        'SEC("kprobe/x") int BPF_KPROBE(k, int a, struct file *b) { return a + (b != 0); }\n'
        'SEC("kprobe/x") int BPF_KPROBE(k0) { return PT_REGS_IP(ctx) + PT_REGS_SP(ctx) + PT_REGS_FP(ctx); }\n'
        'SEC("kretprobe/x") int BPF_KRETPROBE(kr) { return PT_REGS_RC(ctx); }\n'
        'SEC("uprobe") int BPF_UPROBE(u, long a, long b, long c, long d) { return a + b + c + d; }\n'
        'SEC("uretprobe") int BPF_URETPROBE(ur, int a) { return a; }\n'
        'SEC("ksyscall/kill") int BPF_KSYSCALL(s, pid_t pid, int sig) { return pid + sig; }\n'
        'SEC("fexit/x") int BPF_PROG(p, int a, struct task_struct *t, int result) { return a + t->pid + result; }\n'
        'SEC("fexit/x") int BPF_PROG2(p2, struct pair, p, short, c) { return p.a + p.b + c; }\n'
        'SEC("raw_tp/x") int r(struct bpf_raw_tracepoint_args *c) { return PT_REGS_PARM1_CORE((struct pt_regs *)c->args[0]); }\n'
    )
    assert len(load(compiled(tmp_path, text, defines=[f"__TARGET_ARCH_{architecture}"])).programs) == 9


def test_reads_through_pointers(tmp_path: Path) -> None:
    text = TRACING + (
        "struct d { int v; const char name[16]; }; struct c { struct d *d; };\n"
        "struct b { const struct c *const c; }; struct a { struct b *b; };\n"
        'void type(struct a *s) { _Static_assert(sizeof(BPF_CORE_READ(s, b, c, d, v)) == 4, "the type of the last member"); }\n'
        'SEC("kprobe") int two(struct a *s) { return BPF_CORE_READ(s, b) != 0; }\n'
        'SEC("kprobe") int four(const struct a *s) { return BPF_CORE_READ(s, b, c, d, v); }\n'
        'SEC("kprobe") int into(struct a *s) { char n[16] = {}; BPF_CORE_READ_STR_INTO(&n, s, b, c, d, name); return n[0]; }\n'
        'SEC("kprobe") int user(struct a *s) { return BPF_PROBE_READ_USER(s, b, c, d, v) + BPF_CORE_READ_USER(s, b, c, d, v); }\n'
    )
    assert helper_calls(compiled(tmp_path, text)) == {"two": [113], "four": [113] * 4, "into": [113] * 3 + [115], "user": [112] * 8}


def test_questions_about_the_kernel_become_relocations(tmp_path: Path) -> None:
    text = TRACING + (
        'SEC("kprobe") int f(struct task_struct *t) { return bpf_core_field_exists(t->pid)'
        " + bpf_core_field_exists(struct task_struct, comm)"
        " + bpf_core_field_size(t->comm) + bpf_core_field_offset(struct task_struct, pid) + bpf_core_type_exists(struct sock)"
        " + bpf_core_type_size(struct sock) + bpf_core_enum_value_exists(enum bpf_map_type, BPF_MAP_TYPE_HASH)"
        " + bpf_core_enum_value(enum bpf_map_type, BPF_MAP_TYPE_HASH) + BPF_CORE_READ_BITFIELD_PROBED(t, in_execve)"
        " + bpf_core_type_matches(struct sock) + bpf_core_type_id_kernel(struct sock); }\n"
    )
    assert b".BTF.ext" in compiled(tmp_path, text)


def test_the_way_from_a_member_to_its_struct_is_relocated(tmp_path: Path) -> None:
    shape = "struct outer {{ {padding} int member; }} __attribute__((preserve_access_index));\n"
    text = shape.format(padding="long a;") + (
        'SEC("socket") long f(void *p) { return (long)container_of(p, struct outer, member) - (long)p; }\n'
        'SEC("socket") long g(void *p) { return offsetof(struct outer, member); }\n'
    )
    data = compiled(tmp_path, TRACING + text)
    target = tmp_path / "target.o"
    target.write_bytes(compiled(tmp_path, shape.format(padding="long a[4];") + "struct outer one;\n"))
    obj = load(data, target_btf=target)
    for name in ("f", "g"):
        assert 32 in [insn.imm for insn in decode(obj.programs[name].bytecode.code) if insn is not None], name


BITS: Final = """
struct bits { unsigned a : 3; int b : 7; unsigned c : 20; unsigned char d; };
SEC("socket") int write(struct bits *s) { BPF_CORE_WRITE_BITFIELD(s, b, -3); return BPF_CORE_READ_BITFIELD(s, b); }
SEC("socket") long plain(struct bits *s) { s->b = -3; return s->b; }
"""


@pytest.mark.parametrize("endian", ["little", "big"])
def test_bit_fields_are_read_and_written_through_relocations(tmp_path: Path, endian: str) -> None:
    compiled(tmp_path, TRACING + BITS, endian=endian)


def test_loops_and_iterators(tmp_path: Path) -> None:
    text = TRACING + (
        'SEC("socket") int f(void *c) { int i, n = 0; bpf_for(i, 2, 9) n += i; bpf_repeat(3) n++;'
        " int *v; bpf_for_each(num, v, 0, 4) n += *v; return n; }\n"
    )
    text = text.replace("int *v;", "int *v = 0;")
    assert b"bpf_iter_num_next" in compiled(tmp_path, text)


def test_map_definitions(tmp_path: Path) -> None:
    text = NETWORK + (
        "#include <bpf/bpf_helpers.h>\nstruct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32);"
        ' __type(value, __u64); } one SEC(".maps");\n'
        "struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, __u32);"
        ' __array(values, struct inner); } outer SEC(".maps") = { .values = { &one } };\n'
        'SEC("socket") int f(void *c) { __u32 k = 0; void *m = bpf_map_lookup_elem(&outer, &k); return m != 0; }\n'
    )
    maps = load(compiled(tmp_path, text)).maps
    assert (maps["outer"].type, maps["outer"].max_entries) == ("array_of_maps", 2)
    assert (maps["one"].type, maps["one"].value_size) == ("array", 8)


def test_legacy_map_definitions(tmp_path: Path) -> None:
    text = NETWORK + (
        "#include <bpf/bpf_helpers.h>\n"
        'struct bpf_map_def SEC("maps") old = { .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 5 };\n'
        'SEC("socket") int f(void *c) { int k = 0; return bpf_map_lookup_elem(&old, &k) != 0; }\n'
    )
    found = load(compiled(tmp_path, text)).maps["old"]
    assert (found.type, found.key_size, found.value_size, found.max_entries) == ("hash", 4, 8, 5)


@pytest.mark.parametrize("opt", ["-O1", "-O2", "-Os"])
def test_static_tail_calls(tmp_path: Path, opt: str) -> None:
    text = NETWORK + (
        "#include <bpf/bpf_helpers.h>\nstruct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2);"
        ' __uint(key_size, 4); __uint(value_size, 4); } jumps SEC(".maps");\n'
        'SEC("xdp") int f(struct xdp_md *c) { bpf_tail_call_static(c, &jumps, 1); return 2; }\n'
    )
    code = instructions(compiled(tmp_path, text, opt=opt), "f")
    assert [insn.imm for insn in code if insn.opcode == 0x85] == [12]
    assert any(insn.opcode in (0xB7, 0xB4) and insn.dst == 3 and insn.imm == 1 for insn in code)


def test_usdt_arguments(tmp_path: Path) -> None:
    text = (
        TRACING
        + '#include <bpf/usdt.bpf.h>\nSEC("usdt") int BPF_USDT(f, void *a, int b) { return (a != 0) + b + bpf_usdt_arg_cnt(ctx); }\n'
    )
    assert set(load(compiled(tmp_path, text)).maps) >= {"__bpf_usdt_specs", "__bpf_usdt_ip_to_spec_id"}


def test_constants_of_byte_order_are_folded(tmp_path: Path) -> None:
    text = (
        NETWORK
        + "#include <bpf/bpf_endian.h>\n#include <asm/byteorder.h>\n"
        + (
            "int f(int x) { switch (x) { case bpf_htons(0x1234): return 1; case __constant_htonl(0x01020304): return 2; } return 0; }\n"
            '_Static_assert(bpf_htons(0x1234) == 0x3412 && bpf_ntohl(0x01020304) == 0x04030201, "");\n'
            '_Static_assert(bpf_cpu_to_be64(0x0102030405060708ULL) == 0x0807060504030201ULL && bpf_be64_to_cpu(1) == 1ULL << 56, "");\n'
        )
    )
    compiled(tmp_path, text)
    with pytest.raises(CompileError):
        compiled(tmp_path, text, endian="big")


def test_vmlinux_from_a_file(tmp_path: Path) -> None:
    object_file = tmp_path / "types.o"
    object_file.write_bytes(compiled(tmp_path, "struct mine { int a; long b[3]; } m;\n"))
    header = vmlinux_header(object_file)
    assert "struct mine {" in header
    assert "preserve_access_index" in header
    (tmp_path / "vmlinux.h").write_text(header)
    compiled(tmp_path, '#include "vmlinux.h"\n_Static_assert(sizeof(struct mine) == 32, "");\nint x;\n')


def test_vmlinux_from_a_file_without_types(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(InputError):
        vmlinux_header(tmp_path / "empty")


def test_vmlinux_of_a_machine_without_kernel_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.compat.headers.Btf.kernel", lambda: None)
    with pytest.raises(InputError, match="--btf"):
        vmlinux_header()


def test_headers_say_whose_they_are() -> None:
    for name in header_names(our_include_dir()):
        text = (our_include_dir() / name).read_text(encoding="utf-8")
        assert text.startswith("/* SPDX-License-Identifier: MIT */\n"), name
        assert re.search(r"#pragma once|#ifndef _", text), name


def test_the_comparison_of_headers_counts_units(tmp_path: Path) -> None:
    """bench/headers.py: which files are units, which rules are for which side, and files of elsewhere."""
    tree = tmp_path / "tree"
    tree.mkdir()
    unit = '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xdp") int f(struct xdp_md *c) { return WORD; }\n'
    (tree / "one.bpf.c").write_text(unit)
    (tree / "two.c").write_text(f'#include "../other.h"\n{unit}')
    (tree / "filter.c").write_text('#define WORD 1\n#include "two.c"\n')
    (tree / "loader.c").write_text("#include <bpf/libbpf.h>\n#define SEC(x)\nSEC(1)\n")
    (tree / "old.bpf.c").write_text("no C\n")
    (tmp_path / "other.h").write_text("int other;\n")
    rules = tmp_path / "rules"
    rules.write_text("own *.c: -DWORD=2\nmachine *.c: -DWORD=3\nfilter.c: unit\nold.bpf.c: skip\nfilter.c: -Wno-macro-redefined\n")
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench/headers.py"), f"{tree}={rules}", "--list"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert re.match(r"tree +3 units +\d machine +3 own", lines[0]), done.stdout
    assert lines[-1].split()[:3] == ["all", "3", "units"]
    assert sum("opens" in line and line.endswith("other.h") for line in lines) == 2, done.stdout
    if " 3 machine" in lines[0]:  # where this machine has Linux's headers: the two units that a rule tells apart
        assert lines[0].endswith("1 same    2 differ"), done.stdout


@pytest.mark.parametrize("rule", ["*.c -O2", ": -O2", "others *.c: -O2"])
def test_the_comparison_of_headers_refuses_a_rule(tmp_path: Path, rule: str) -> None:
    (tmp_path / "rules").write_text(rule + "\n")
    command = [sys.executable, str(ROOT / "bench/headers.py"), f"{tmp_path}={tmp_path / 'rules'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "rules:1: expected" in done.stderr
