"""Platform tables: what they say, that they are whole, and that a user's faulty file is refused with its place."""

from __future__ import annotations

import copy
import json
import os
import struct
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bpfcc.bpfir.effects import HelperEffects, Touch
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.memory import state_library
from bpfcc.runtime.specs import Argument, Callback, Field, load_platform
from bpfcc.runtime.specs.check import check_table
from bpfcc.runtime.specs.model import ARGUMENT_KINDS, FIELD_KINDS, RETURN_KINDS
from bpfcc.runtime.specs.platform import Platform, numbers
from bpfcc.runtime.specs.tables import FOLDER, SHIPPED, read_table
from tests.kernel import Refused, needs_kernel, prog_load

LINUX = load_platform("linux")
WINDOWS = load_platform("windows")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_tables_are_clean(name: str) -> None:
    assert list(check_table(read_table(name)[0])) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_everything_of_a_shipped_table_can_be_made(name: str) -> None:
    platform = load_platform(name)
    for helper in platform.helpers_by_id.values():
        assert {argument.kind for argument in helper.arguments} <= ARGUMENT_KINDS
        assert helper.returns in RETURN_KINDS
        effects = platform.effects(helper.id)
        assert effects is not None
        assert effects.arity == len(helper.arguments)
        touched = [*effects.reads, *effects.writes]
        assert all(touch.argument < effects.arity for touch in touched)
        assert all(touch.size_argument is None or touch.size_argument < effects.arity for touch in touched)
    for context in platform.contexts.values():
        assert {field.kind for field in context.fields} <= FIELD_KINDS
    for program_type in platform.program_types.values():
        assert program_type.context is None or program_type.context in platform.contexts
    for map_type in platform.map_types.values():
        assert all(platform.helper(each) for each in map_type.helpers)


def test_linux_helpers_are_complete() -> None:
    assert sorted(LINUX.helpers_by_id) == list(range(1, 212))


@pytest.mark.parametrize("name", SHIPPED)
def test_runtime_flag_says_what_the_library_has(name: str) -> None:
    library, platform = state_library(), load_platform(name)
    for helper in platform.helpers_by_id.values():
        address = library.bpfcc_helper_table(helper.id) if name == "linux" else library.bpfcc_helper_table_windows(1, helper.id)
        assert bool(address) == helper.runtime, helper.name


def test_helper_by_id_and_name() -> None:
    assert LINUX.helper(1) is LINUX.helper("map_lookup_elem") is LINUX.helper("bpf_map_lookup_elem")
    assert LINUX.helper("skb_load_bytes").arguments[2] == Argument("mem_uninit")
    assert LINUX.helper("strtol").arguments[3] == Argument("mem_uninit", 8)
    assert LINUX.helper("skb_load_bytes").size_argument(2) == 3
    assert LINUX.helper("map_update_elem").size_argument(2) is None


@pytest.mark.parametrize("reference", [0, 212, 4096, "no_such_helper", "bpf_"])
def test_unknown_helper_is_refused(reference: int | str) -> None:
    with pytest.raises(InputError, match="has no helper"):
        LINUX.helper(reference)


def test_helpers_of_a_program_type() -> None:
    own = WINDOWS.helper(65536, "xdp")
    assert own.name == "xdp_adjust_head"
    assert WINDOWS.helper("bpf_sock_ops_get_flow_id", "sock_ops").id == 65536
    with pytest.raises(InputError):
        WINDOWS.helper(65536)


def test_effects() -> None:
    assert LINUX.effects(26) == HelperEffects(4, (), (Touch(2, None, 3),))
    assert LINUX.effects(9) == HelperEffects(5, (Touch(2, None, 3),), (), moves_packet=True)
    # The key's size is the map's business.
    assert LINUX.effects(1) == HelperEffects(2, (Touch(1),))
    assert LINUX.effects(88) == HelperEffects(2, (), (Touch(1),))
    # What probe_read reads may be the frame itself, though its address is a plain number.
    assert LINUX.effects(113) == HelperEffects(3, (Touch(2, None, 1),), (Touch(0, None, 1),))
    assert LINUX.effects(181).calls_back  # type: ignore[union-attr]
    assert LINUX.effects(5) == HelperEffects(0)
    assert LINUX.effects(9999) is None


def test_settled_helpers_leave_addresses_alone() -> None:
    settled = LINUX.settled_ids
    assert {1, 2, 5, 6, 131} <= settled
    assert not settled & {9, 12, 44, 65, 132, 133, 164, 181}


def test_which_types_may_call() -> None:
    assert LINUX.helper_allowed(44, "xdp")
    assert not LINUX.helper_allowed(44, "sched_cls")
    assert not LINUX.helper_allowed(9999, "xdp")
    assert LINUX.helper_allowed(44, "ext")
    with pytest.raises(UnsupportedError, match=r"no program type 'xpd'; there are .*xdp"):
        LINUX.helper_allowed(1, "xpd")


def test_contexts_and_access() -> None:
    spec = LINUX.context_of("xdp")
    assert spec is not None
    assert (spec.size, [field.name for field in spec.fields][:2]) == (24, ["data", "data_end"])
    assert "egress_ifindex" not in LINUX.readable_fields("xdp")
    assert "egress_ifindex" in LINUX.readable_fields("xdp", "xdp_devmap")
    assert LINUX.writable_fields("xdp") == frozenset()
    assert LINUX.writable_fields("cgroup_sock_addr", "cgroup_inet6_bind") == {"user_ip6", "user_port"}
    assert LINUX.context_of("ext") is None
    assert LINUX.context_of("kprobe", "arm64") is LINUX.contexts["pt_regs_arm64"]
    skb = LINUX.contexts["__sk_buff"]
    assert skb.size == 192
    assert (skb.field("cb").element_size, skb.field("sk").offset) == (4, 168)  # type: ignore[union-attr]


def test_return_ranges() -> None:
    assert LINUX.return_range("xdp") is None
    assert LINUX.return_range("cgroup_skb", "cgroup_inet_ingress") == (0, 1)
    assert LINUX.return_range("cgroup_skb", "cgroup_inet_egress") == (0, 3)
    assert LINUX.return_range("cgroup_sock_addr", "cgroup_udp6_recvmsg") == (1, 1)


def test_ways_of_access() -> None:
    def allowed(program_type: str, offset: int, size: int, *, write: bool = False, place: str | None = None) -> bool:
        return LINUX.access(program_type, place, offset, size, write=write).allowed

    assert [allowed("sched_cls", 8, size) for size in (1, 2, 4, 8)] == [True, True, True, False]
    assert [allowed("sched_cls", 76, size) for size in (1, 2, 4, 8)] == [False, False, True, False]
    assert [allowed("sched_cls", offset, 8) for offset in (48, 52, 56, 60, 64)] == [True, False, True, False, False]
    assert [allowed("sched_cls", 8, size, write=True) for size in (1, 2, 4)] == [False, False, True]
    assert allowed("cgroup_sock", 48, 4)
    assert not allowed("cgroup_sock", 50, 1)
    assert [allowed("sk_reuseport", 20, size) for size in (1, 2, 4)] == [False, True, True]
    assert [allowed("sock_ops", 4 + 4 * each, 4, write=True) for each in range(4)] == [True, False, False, False]
    assert LINUX.access("xdp", None, 20, 4).why == "not readable"
    assert LINUX.access("xdp", "xdp_devmap", 20, 4).allowed
    assert LINUX.access("xdp", None, 0, 4, write=True).why == "not writable"
    assert LINUX.access("xdp", None, 2, 4).why == "width"
    assert {LINUX.access("xdp", None, *each).why for each in ((-4, 4), (22, 4), (0, 0))} == {"outside"}
    assert LINUX.access("ext", None, 0, 4).why == "no context"
    assert LINUX.access("sk_reuseport", None, 36, 4).why == "no field"
    assert LINUX.access("xdp", None, 0, 4).field == Field("data", 0, 4, "packet_start", reads="whole")


def test_access_to_contexts_of_plain_bytes() -> None:
    assert LINUX.access("tracepoint", None, 8, 8).allowed
    assert LINUX.access("tracepoint", None, 0, 8).why == "not readable"
    assert LINUX.access("tracepoint", None, 9, 2).why == "width"
    assert LINUX.access("tracepoint", None, 8, 8, write=True).why == "not writable"
    assert LINUX.access("syscall", None, 0, 8, write=True).allowed
    assert LINUX.access("raw", None, 1, 8, write=True).allowed
    assert LINUX.access("kprobe", None, 264, 8, arch="arm64").allowed
    assert LINUX.access("kprobe", None, 264, 8).why == "outside"


def test_access_to_contexts_of_windows() -> None:
    assert WINDOWS.access("xdp", None, 0, 8).allowed
    assert WINDOWS.access("xdp", None, 4, 8).why == "width"
    assert WINDOWS.access("xdp", None, 0, 8, write=True).why == "not writable"
    assert WINDOWS.access("xdp", None, 28, 4).allowed
    assert WINDOWS.access("cgroup_sock_addr", None, 25, 8).allowed
    assert WINDOWS.access("cgroup_sock_addr", None, 24, 4, write=True).allowed


def test_what_else_helpers_say() -> None:
    loop, timer = LINUX.helper("loop"), LINUX.helper("timer_set_callback")
    assert loop.callback == Callback(1, ("number", "context"), (0, 1), context=2)
    assert timer.callback == Callback(1, ("map", "map_key", "map_value"), (0, 0), deferred=True)
    assert LINUX.helper("csum_diff").packet
    assert not LINUX.helper("skb_load_bytes").packet
    assert LINUX.helper("skb_load_bytes").result_range == (-4095, 0)
    assert LINUX.helper("get_prandom_u32").result_range == (0, (1 << 32) - 1)
    assert [each.name for each in LINUX.helpers_by_id.values() if each.under_lock] == ["spin_unlock"]
    assert LINUX.helper("dynptr_from_mem").in_map_value == 0
    with_function = {each.name for each in LINUX.helpers_by_id.values() if any(a.kind == "func" for a in each.arguments)}
    assert with_function == {each.name for each in LINUX.helpers_by_id.values() if each.callback is not None}


def test_helpers_differ_by_program_type() -> None:
    assert LINUX.helper("get_socket_cookie", "tracing").arguments == (Argument("btf_id_sock_common_or_null"),)
    assert LINUX.helper("get_socket_cookie", "xdp").arguments == (Argument("ctx"),)
    assert not LINUX.helper_allowed(64, "cgroup_sock_addr", "cgroup_inet4_bind")
    assert LINUX.helper_allowed(64, "cgroup_sock_addr", "cgroup_inet4_connect")


def frames(*sizes: int) -> bytes:
    """Functions that call one another in a row and write to the lowest place of a frame of so many bytes."""
    code = b""
    for index, size in enumerate(sizes):
        code += insn(0x7A, 10, off=-size)
        if index + 1 < len(sizes):
            code += insn(0x85, 0, 1, imm=2)
        code += RETURN_ONE
    return code


CHAINS = [(512,), (256, 256), (256, 264), (248, 264), (8, 496), (8, 504), (64,) * 8, (8,) * 9, (72,) * 7, (400, 400)]


@needs_kernel
@pytest.mark.parametrize("program_type", ["xdp", "sched_cls", "kprobe", "tracepoint", "perf_event", "raw_tracepoint", "cgroup_device"])
def test_stack_limits_as_in_the_kernel(program_type: str) -> None:
    limits, spec = LINUX.limits, LINUX.program_type(program_type)
    place = next(iter(spec.attach_types.values()), None)
    for sizes in CHAINS:
        rounded = [-(-size // limits.stack_align) * limits.stack_align for size in sizes]
        total = max(rounded) if spec.stack_per_frame else sum(rounded)
        fits = total <= limits.stack_bytes and len(sizes) <= limits.call_depth
        taken = load(program_type, frames(*sizes), place.number if place is not None and program_type != "kprobe" else 0) is None
        assert taken == fits, sizes


def test_what_maps_may_hold() -> None:
    maps = LINUX.map_types
    assert {"spin_lock", "timer", "kptr"} <= maps["hash"].fields
    assert "timer" not in maps["percpu_hash"].fields
    assert (maps["ringbuf"].sleepable, maps["lpm_trie"].sleepable) == (True, False)
    assert "spin_lock" in LINUX.program_type("kprobe").without_fields
    assert not LINUX.program_type("xdp").without_fields


def test_levels_and_limits() -> None:
    assert LINUX.levels == {"uninit-stack": "warning", "pointer-leak": "warning", "div-zero": "warning", "no-license": "warning"}
    assert WINDOWS.levels == {"uninit-stack": "error", "pointer-leak": "error", "div-zero": "warning", "no-license": "warning"}
    assert (LINUX.limits.stack_bytes, LINUX.limits.call_depth, LINUX.limits.stack_bytes_tail_call) == (512, 8, 256)
    assert WINDOWS.limits.stack_per_frame
    assert not LINUX.limits.stack_per_frame
    assert {LINUX.limits.tail_calls, WINDOWS.limits.tail_calls} == {33}


def test_limits_of_an_own_platform(tmp_path: Path) -> None:
    table = {**BASE, "levels": {"div-zero": "error"}, "limits": {"stack_bytes": 64, "stack_bytes_tail_call": None}, "max_tail_calls": 4}
    platform = load_platform(write(tmp_path, table))
    assert platform.levels == {"div-zero": "error"}
    assert (platform.limits.stack_bytes, platform.limits.stack_bytes_tail_call, platform.limits.tail_calls) == (64, None, 4)
    assert platform.limits.call_depth == 8


def test_names_of_contexts() -> None:
    assert LINUX.context_types("xdp") == {"xdp_md"}
    assert LINUX.context_types("kprobe") == {"bpf_user_pt_regs_t", "pt_regs", "user_pt_regs", "user_regs_struct"}
    assert LINUX.context_types("tracing") == LINUX.context_types("ext") == frozenset()
    assert {"xdp_md", "__sk_buff", "bpf_nf_ctx"} <= LINUX.context_types()
    assert "xdp_md_t" in WINDOWS.context_types("xdp")


def test_windows_numbers_differ() -> None:
    assert [WINDOWS.program_types[name].number for name in ("xdp", "bind", "cgroup_sock_addr", "sock_ops")] == [1, 2, 3, 4]
    assert {value: WINDOWS.program_types["xdp"].return_names[value] for value in (1, 2)} == {1: "XDP_PASS", 2: "XDP_DROP"}
    assert WINDOWS.map_types["lru_hash"].number == 8
    assert WINDOWS.context_of("xdp").field("data").size == 8  # type: ignore[union-attr]


def test_numbers() -> None:
    assert numbers("base 9-11", {"base": "1-2"}) == {1, 2, 9, 10, 11}


def test_loading_is_quick_and_happens_once() -> None:
    assert load_platform("linux") is LINUX
    best = 1.0
    for _ in range(5):
        start = time.perf_counter()
        platform = Platform(read_table("linux")[0])
        platform.effects(1), platform.context_of("xdp"), platform.readable_fields("xdp")
        best = min(best, time.perf_counter() - start)
    assert best < 0.010, f"{best * 1000:.1f} ms; about 1 ms where nothing else runs"


# ---- files of a user


BASE: dict[str, Any] = {
    "schema": "bpfcc.platform/1",
    "name": "router",
    "runtime": "1-2",
    "helper_sets": {"base": "1-2"},
    "helpers": [
        {"id": 1, "name": "first", "args": ["ctx", "mem", "size"], "returns": "integer"},
        {"id": 2, "name": "second", "args": ["mem_uninit:8"], "result_at_most": 0},
    ],
    "contexts": {
        "packet": {"size": 16, "fields": [["data", 0, 4, "packet_start"], ["data_end", 4, 4, "packet_end"], ["marks", 8, 8, "scalar", 2]]}
    },
    "program_types": {
        "ingress": {
            "number": 1, "context": "packet", "packet": "link", "writable": ["marks"], "helpers": "base", "return_range": [-1, 7],
            "return_names": {"0": "DROP"}, "attach_types": {"port": {"number": 3, "unreadable": ["marks"]}},
            "own_helpers": [{"id": 65536, "name": "own", "args": []}],
        }
    },
    "map_types": {"hash": {"number": 1, "helpers": ["first"]}},
}  # fmt: skip


def write(tmp_path: Path, table: Any) -> str:
    path = tmp_path / "router.json"
    path.write_text(json.dumps(table))
    return str(path)


def test_own_platform(tmp_path: Path) -> None:
    platform = load_platform(write(tmp_path, BASE))
    assert platform.name == "router"
    assert platform.program_type("ingress").helper_ids == {1, 2, 65536}
    assert platform.readable_fields("ingress", "port") == {"data", "data_end"}
    assert platform.helper("own", "ingress").id == 65536


def test_own_platform_in_toml(tmp_path: Path) -> None:
    path = tmp_path / "router.toml"
    path.write_text(
        'schema = "bpfcc.platform/1"\nname = "router"\n[[helpers]]\nid = 1\nname = "first"\nargs = ["ctx"]\n'
        "[contexts.packet]\nsize = 4\nfields = [['mark', 0, 4]]\n"
        "[program_types.ingress]\nnumber = 1\ncontext = 'packet'\nhelpers = '1'\n[map_types]\n"
    )
    assert load_platform(str(path)).readable_fields("ingress") == {"mark"}


FAULTS: list[tuple[str, Any, str]] = [
    ("schema", "bpfcc.platform/9", "schema: must be"),
    ("name", "", "name: must be a name"),
    ("name", 5, "name: must be a name"),
    ("max_tail_calls", -1, "max_tail_calls: must be a number"),
    ("helpers.0.packet", 1, "packet: must be true or false"),
    ("helpers.0.in_map_value", 3, "in_map_value: must be the index of an argument"),
    ("helpers.0.result_range", [1, 0], r"result_range: must be \[lowest, highest\]"),
    ("helpers.0.callback", 5, "callback: must have the callback's args"),
    ("helpers.0.callback", {"args": ["thing"], "function": 0, "returns": [0, 1]}, r"callback.args\[0\]: unknown kind 'thing'"),
    ("helpers.0.callback", {"args": [], "function": 3, "returns": [0, 1]}, "callback.function: must be the index"),
    ("helpers.0.callback", {"args": [], "function": 0, "context": 9, "returns": [0, 1]}, "callback.context: must be the index"),
    ("helpers.0.callback", {"args": [], "function": 0, "returns": 1}, "callback.returns: must be"),
    ("helpers.0.callback", {"args": [], "function": 0, "returns": [0, 1], "deferred": 1}, "callback.deferred: must be"),
    ("contexts.packet.bytewise", 1, "bytewise: must be true or false"),
    ("contexts.packet.fields.2", ["marks", 8, 8, "scalar", 2, "half"], "'half' is no way of access"),
    ("program_types.ingress.without_fields", ["lock"], "without_fields: must be a list of special members"),
    ("program_types.ingress.attach_types.port.without_helpers", "most", "'most' is neither"),
    ("program_types.ingress.stack_per_frame", 1, "stack_per_frame: must be true or false"),
    ("map_types.hash.sleepable", 1, "map_types.hash.sleepable: must be true or false"),
    ("map_types.hash.fields", "timer", "map_types.hash.fields: must be a list of special members"),
    ("levels", [], "levels: must be an object"),
    ("levels", {"div-zero": "deny"}, "levels.div-zero: must be error or warning"),
    ("levels", {"Div Zero": "error"}, "must be error or warning"),
    ("limits", [], "limits: must be an object"),
    ("limits", {"stack": 512}, "limits.stack: unknown limit; there are stack_bytes"),
    ("limits", {"stack_bytes": 0}, "limits.stack_bytes: must be a number, at least 1"),
    ("limits", {"stack_bytes": None}, "limits.stack_bytes: must be a number, at least 1"),
    ("limits", {"stack_per_frame": 1}, "limits.stack_per_frame: must be true or false"),
    ("contexts.packet.types", "skb", "contexts.packet.types: must be a list of names"),
    ("runtime", 7, "runtime: must be a text"),
    ("runtime", "1-x", "neither an id nor the name"),
    ("runtime", "9-3", "'9-3' is no range"),
    ("runtime", "1-999999999", "is no range"),
    ("helper_sets", [], "helper_sets: must be an object"),
    ("helper_sets.base", "nobody", "helper_sets.base: 'nobody'"),
    ("helpers", {}, "helpers: must be a list"),
    ("helpers.0", 5, r"helpers\[0\]: must have an id"),
    ("helpers.0.id", 0, r"helpers\[0\]: must have an id"),
    ("helpers.0.id", True, r"helpers\[0\]: must have an id"),
    ("helpers.0.id", 2, r"helpers\[1\]: a second helper 2"),
    ("helpers.0.name", "second", r"helpers\[1\]: a second helper 'second'"),
    ("helpers.0.args", ["ctx"] * 6, r"helpers\[0\].args: must be a list of at most five"),
    ("helpers.0.args.1", "memory", r"helpers\[0\].args\[1\]: unknown argument kind 'memory'"),
    ("helpers.0.args.1", 4, r"helpers\[0\].args\[1\]: unknown argument kind 4"),
    ("helpers.0.args.1", "mem:-4", "unknown argument kind"),
    ("helpers.0.returns", "number", "unknown return kind 'number'"),
    ("helpers.0.gpl_only", 1, "gpl_only: must be true or false"),
    ("helpers.1.result_at_most", 1, "must be the index of an argument"),
    ("contexts", [], "contexts: must be an object"),
    ("contexts.packet", [], "contexts.packet: must be an object"),
    ("contexts.packet.size", 1 << 20, "contexts.packet.size"),
    ("contexts.packet.fields", {}, "fields: must be a list"),
    ("contexts.packet.fields.0", ["data"], r"fields\[0\]: must be \[name"),
    ("contexts.packet.fields.2.1", 12, "marks lies outside the context"),
    ("contexts.packet.fields.2.1", -4, "marks lies outside the context"),
    ("contexts.packet.fields.2.4", 3, "the count must divide the size"),
    ("contexts.packet.fields.2.4", 0, "the count must divide the size"),
    ("contexts.packet.fields.0.3", "pointer", "unknown field kind 'pointer'"),
    ("contexts.packet.fields.0.0", "marks", "a second field 'marks'"),
    ("contexts.packet.readable_from", -1, "readable_from"),
    ("program_types.ingress.number", "1", "program_types.ingress.number"),
    ("program_types.ingress.context", "frame", "there is no context 'frame'"),
    ("program_types.ingress.packet", "wire", "must be link, network or transport"),
    ("program_types.ingress.helpers", "most", "'most' is neither"),
    ("program_types.ingress.writable", ["mark"], "the context has no field 'mark'"),
    ("program_types.ingress.unreadable", ["*"], r"the context has no field '\*'"),
    ("program_types.ingress.writable", "marks", "must be a list of field names"),
    ("program_types.ingress.return_range", [1], "must be .lowest, highest"),
    ("program_types.ingress.return_names", {"zero": "DROP"}, "must map numbers to names"),
    ("program_types.ingress.attach_types", [], "attach_types: must be an object"),
    ("program_types.ingress.attach_types.port", {}, "attach_types.port: must have a number"),
    ("program_types.ingress.attach_types.port.unreadable", ["x"], "attach_types.port.unreadable"),
    ("program_types.ingress.own_helpers.0.args", 5, r"own_helpers\[0\].args"),
    ("map_types.hash.number", None, "map_types.hash.number"),
    ("map_types.hash.helpers", "first", "must be a list of helper names"),
]


@pytest.mark.parametrize(("place", "value", "message"), FAULTS)
def test_fault_is_refused_with_its_place(tmp_path: Path, place: str, value: Any, message: str) -> None:
    table = copy.deepcopy(BASE)
    *path, last = place.split(".")
    target: Any = table
    for key in path:
        target = target[int(key)] if isinstance(target, list) else target[key]
    if isinstance(target, list):
        target[int(last)] = value
    else:
        target[last] = value
    file = write(tmp_path, table)
    with pytest.raises(InputError, match=message) as caught:
        load_platform(file)
    assert caught.value.file == file


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'"x"', b"[" * 100_000, b"{}"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(InputError):
        load_platform(str(path))


def test_missing_and_huge_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose one of linux, windows or give a file"):
        load_platform("macos")
    huge = tmp_path / "huge.json"
    huge.write_bytes(b" " * (5 << 20))
    with pytest.raises(InputError, match="at most"):
        load_platform(str(huge))


def test_schema_file_accepts_what_is_shipped() -> None:
    schema = json.loads((FOLDER / "platform.schema.json").read_text())
    for name in SHIPPED:
        jsonschema.validate(read_table(name)[0], schema)
    jsonschema.validate(BASE, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**BASE, "helpers": [{"id": 1}]}, schema)


# ---- the kernel's own opinion


def load(program_type: str, code: bytes, attach_type: int = 0) -> str | None:
    """None where the kernel takes the program, else the verifier's log."""
    fd = prog_load(LINUX.program_types[program_type].number, code, attach_type=attach_type)
    if isinstance(fd, Refused):
        return fd.log
    os.close(fd)
    return None


def insn(opcode: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    return struct.pack("<BBhi", opcode, dst | src << 4, off, imm)


LOADS = {1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79}
STORES = {1: 0x73, 2: 0x6B, 4: 0x63, 8: 0x7B}
RETURN_ONE = insn(0xB7, imm=1) + insn(0x95)
LOADABLE = (
    "socket_filter", "sched_cls", "xdp", "perf_event", "cgroup_skb", "cgroup_sock", "lwt_in", "lwt_xmit", "sock_ops", "sk_skb", "sk_msg",
    "cgroup_sock_addr", "sk_reuseport", "flow_dissector", "cgroup_sysctl", "cgroup_sockopt", "sk_lookup", "cgroup_device",
)  # fmt: skip


def places(program_type: str) -> list[tuple[str | None, int]]:
    """Attach types of a program type, with their numbers."""
    return [(each.name, each.number) for each in LINUX.program_type(program_type).attach_types.values()] or [(None, 0)]


# The kernel lets programs read the two zero bytes behind this field one by one.
PADDING = {("sk_lookup", 38, 1), ("sk_lookup", 39, 1), ("sk_lookup", 38, 2)}


@needs_kernel
@pytest.mark.parametrize("program_type", LOADABLE)
def test_every_context_access_is_as_in_the_kernel(program_type: str) -> None:
    context = LINUX.context_of(program_type)
    assert context is not None
    for place, number in places(program_type):
        for offset in range(min(context.size, 256) + 8):
            for size in (1, 2, 4, 8):
                read = load(program_type, insn(LOADS[size], 2, 1, offset) + RETURN_ONE, number) is None
                write = load(program_type, insn(0xB7, 2) + insn(STORES[size], 1, 2, offset) + RETURN_ONE, number) is None
                said = [LINUX.access(program_type, place, offset, size, write=each) for each in (False, True)]
                if (program_type, offset, size) not in PADDING:
                    assert (read, write) == (said[0].allowed, said[1].allowed), (place, offset, size, said)


# Locked down, or not built into every kernel.
MAY_BE_MISSING = {"probe_write_user", "override_return"}


@needs_kernel
@pytest.mark.parametrize("program_type", (*LOADABLE, "kprobe", "tracepoint", "raw_tracepoint", "netfilter", "sched_act", "lwt_out"))
def test_allowed_helpers_as_in_the_kernel(program_type: str) -> None:
    for place, number in places(program_type):
        for helper in LINUX.helpers_by_id.values():
            log = load(program_type, insn(0x85, imm=helper.id) + RETURN_ONE, number)
            refused = log is not None and any(word in log for word in ("cannot use helper", "unknown func", "not supported"))
            allowed = LINUX.helper_allowed(helper.id, program_type, place)
            assert refused != allowed or helper.name in MAY_BE_MISSING, (place, helper.name, log)
            # Only what the table calls so is refused because the program may not sleep.
            assert helper.may_sleep or not allowed or log is None or "might sleep" not in log, helper.name


@needs_kernel
@pytest.mark.parametrize("program_type", LOADABLE)
def test_return_ranges_as_in_the_kernel(program_type: str) -> None:
    for place, number in places(program_type):
        wanted = LINUX.return_range(program_type, place)
        for value in (-4096, -4095, -1, 0, 1, 2, 3, 4, 7, 1 << 30):
            taken = load(program_type, insn(0xB7, imm=value) + insn(0x95), number) is None
            assert taken == (wanted is None or wanted[0] <= value <= wanted[1]), (place, value)


@needs_kernel
def test_argument_counts_as_in_the_kernel() -> None:
    """The verifier names the first register that a helper wants and that holds nothing."""
    for helper in LINUX.helpers_by_id.values():
        known = [index for index, each in enumerate(helper.arguments) if each.kind != "unchecked"]
        if not LINUX.helper_allowed(helper.id, "sched_cls") or not known or helper.arguments[0].kind != "ctx" or len(known) < 2:
            continue
        log = load("sched_cls", insn(0x85, imm=helper.id) + RETURN_ONE) or ""
        assert "R2 !read_ok" in log, (helper.name, log[-200:])


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such device")
def test_endless_platform_files_are_too_large() -> None:
    with pytest.raises(InputError, match="at most"):
        load_platform("/dev/zero")
