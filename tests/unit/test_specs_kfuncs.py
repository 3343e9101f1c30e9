"""The table of kernel functions: what it says, that it is whole, and that it says what the kernel says."""

from __future__ import annotations

import copy
import json
import os
import struct
from typing import Any

import pytest

from bpfcc.frontend.btf import Btf
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.specs.kfuncs import ARGUMENT_KINDS, FLAGS, RETURN_KINDS, KfuncArgument, KfuncReturn, check_kfuncs, load_kfuncs
from bpfcc.runtime.specs.model import Callback
from bpfcc.runtime.specs.tables import FOLDER
from tests.kernel import Refused, needs_kernel, prog_load

LINUX = load_platform("linux")
KFUNCS = LINUX.kfuncs.by_name
TABLE: dict[str, Any] = json.loads((FOLDER / "kfuncs_linux.json").read_text())


def test_the_table_is_clean_and_every_row_can_be_made() -> None:
    assert list(check_kfuncs(TABLE)) == []
    assert len(KFUNCS) > 190
    for kfunc in KFUNCS.values():
        assert {each.kind for each in kfunc.arguments} <= ARGUMENT_KINDS
        assert kfunc.returns.kind in RETURN_KINDS
        assert kfunc.flags <= FLAGS
        assert kfunc.types is None or kfunc.types <= LINUX.program_types.keys()
        assert kfunc.attach_types is None or kfunc.types is not None
        for each in kfunc.arguments:
            if each.kind in ("mem", "mem_read", "mem_uninit"):
                assert (each.size is None) != (each.size_argument is None), kfunc.name
    assert set(LINUX.kfuncs.kernel_contexts) <= LINUX.program_types.keys()


FAULTS = [
    ("bpf_task_acquire", "args", ["task"], "args[0]"),
    ("bpf_task_acquire", "args", ["iter:nothing"], "args[0]"),
    ("bpf_task_acquire", "args", ["mem@1", "number"], "args[0]"),
    ("bpf_task_acquire", "args", ["mem@4"], "args[0]"),
    ("bpf_task_acquire", "returns", "pointer", "returns"),
    ("bpf_task_acquire", "flags", ["aquire"], "flags"),
    ("bpf_rbtree_add_impl", "callback", {"function": 0, "args": ["node"], "returns": [0, 1]}, "callback"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "key", "value", "place"), FAULTS)
def test_faults_of_a_table_are_found(name: str, key: str, value: Any, place: str) -> None:
    table = copy.deepcopy(TABLE)
    table["kfuncs"][name][key] = value
    found = [where for where, _ in check_kfuncs(table)]
    assert found == [f"kfuncs.{name}.{place}"]


def test_arguments_and_results() -> None:
    acquire = KFUNCS["bpf_task_acquire"]
    assert acquire.arguments == (KfuncArgument("btf", "task_struct"),)
    assert acquire.returns == KfuncReturn("btf", "task_struct")
    assert (acquire.nullable, acquire.needs_trust, acquire.flags) == (True, True, {"acquire", "rcu", "ret_null"})
    slice_ = KFUNCS["bpf_dynptr_slice"]
    assert slice_.arguments[2] == KfuncArgument("mem", size_argument=3, nullable=True)
    assert slice_.returns == KfuncReturn("mem_read", size_argument=3)
    assert KFUNCS["bpf_iter_num_new"].arguments[0] == KfuncArgument("iter", "num", 8)
    assert KFUNCS["bpf_iter_num_next"].returns == KfuncReturn("mem", size=4)
    assert KFUNCS["bpf_iter_task_new"].arguments[1] == KfuncArgument("btf", "task_struct", nullable=True)
    assert KFUNCS["bpf_rbtree_add_impl"].callback == Callback(2, ("node", "node"), (0, 1))
    assert KFUNCS["bpf_local_irq_save"].arguments == (KfuncArgument("irq_flag", size=8),)


def test_builtin_functions() -> None:
    assert {each.name for each in KFUNCS.values() if "builtin" in each.flags} == {"memcpy", "memmove", "memset", "memcmp"}
    copied = KFUNCS["memcpy"]
    assert [(each.kind, each.size_argument) for each in copied.arguments] == [("mem_uninit", 2), ("mem_read", 2), ("size_or_zero", None)]
    assert copied.returns == KfuncReturn("arg", argument=0)
    assert copied.allowed("xdp")


def test_who_may_call() -> None:
    assert KFUNCS["bpf_xdp_metadata_rx_hash"].allowed("xdp")
    assert KFUNCS["bpf_dynptr_from_xdp"].allowed("xdp")
    assert not KFUNCS["bpf_dynptr_from_xdp"].allowed("sched_cls")
    assert KFUNCS["bpf_sock_destroy"].allowed("tracing", "trace_iter")
    assert not KFUNCS["bpf_sock_destroy"].allowed("tracing", "trace_raw_tp")
    assert not KFUNCS["bpf_sock_destroy"].allowed("tracing")


def test_platforms_without_kernel_functions() -> None:
    assert set(load_platform("windows").kfuncs.by_name) == {"sample_ebpf_extension_btf_lookup"}
    assert not load_kfuncs("").by_name


# ---- the kernel's own opinion

# For the kernel's own tests.
NOT_FOR_USE = {
    "bpf_fentry_test1", "bpf_kfunc_call_memb_release", "bpf_kfunc_call_test_release", "bpf_modify_return_test", "bpf_modify_return_test2",
    "bpf_modify_return_test_tp",
}  # fmt: skip
PLACES = (
    ("xdp", None), ("sched_cls", None), ("socket_filter", None), ("kprobe", None), ("kprobe", "trace_kprobe_session"),
    ("cgroup_skb", "cgroup_inet_egress"), ("raw_tracepoint", None), ("tracepoint", None), ("sk_skb", "sk_skb_verdict"), ("lwt_xmit", None),
    ("sock_ops", "cgroup_sock_ops"), ("cgroup_sock_addr", "cgroup_inet4_connect"), ("netfilter", "netfilter"), ("perf_event", None),
    ("sched_act", None), ("sk_lookup", "sk_lookup"), ("flow_dissector", "flow_dissector"),
)  # fmt: skip


@pytest.fixture(scope="module")
def in_kernel() -> dict[str, int]:
    """Kernel functions by name, with the ids of their types."""
    btf = Btf.kernel()
    if btf is None:
        pytest.skip("this kernel has no BTF")
    found = {btf.name(each.type_id): each.type_id for each in btf.types() if each.kind == "decl_tag" and each.name == "bpf_kfunc"}
    if not found:
        pytest.skip("the kernel's BTF does not say which functions are for programs")
    return found


def call(program_type: str, attach_type: str | None, btf_id: int) -> str:
    """The verifier's log of a program that does nothing but call the function."""
    code = struct.pack("<BBhi", 0x85, 0x20, 0, btf_id) + bytes.fromhex("b700000001000000 9500000000000000")
    spec = LINUX.program_type(program_type)
    fd = prog_load(spec.number, code, attach_type=spec.attach_types[attach_type].number if attach_type else 0)
    if isinstance(fd, Refused):
        return fd.log
    os.close(fd)
    return ""


@needs_kernel
def test_the_table_has_what_the_kernel_has(in_kernel: dict[str, int]) -> None:
    assert not set(in_kernel) - NOT_FOR_USE - set(KFUNCS)


# Attached to a security hook or an iterator, or sleeping: said of the call, not of a flag.
OTHERWISE = {"bpf_iter_css_task_new"}


@needs_kernel
@pytest.mark.parametrize(("program_type", "attach_type"), PLACES)
def test_who_may_call_as_in_the_kernel(in_kernel: dict[str, int], program_type: str, attach_type: str | None) -> None:
    for name, btf_id in in_kernel.items():
        if name not in KFUNCS:
            continue
        kfunc = KFUNCS[name]
        log = call(program_type, attach_type, btf_id)
        refused = f"calling kernel function {name} is not allowed" in log
        # What is for another kind of context is refused with its argument.
        foreign = any(each.kind == "ctx" for each in kfunc.arguments) and not kfunc.allowed(program_type, attach_type)
        assert refused != kfunc.allowed(program_type, attach_type) or foreign, (name, log)
        if not refused and name not in OTHERWISE:
            assert ("must be sleepable" in log) == ("sleepable" in kfunc.flags), (name, log)


@needs_kernel
def test_prototypes_are_as_long_as_in_the_kernel(in_kernel: dict[str, int]) -> None:
    btf = Btf.kernel()
    assert btf is not None
    for name, type_id in in_kernel.items():
        if name in KFUNCS:
            proto = btf.type(btf.referred(type_id))
            assert len(proto.parameters) == len(KFUNCS[name].arguments), name
            assert (proto.type_id == 0) == (KFUNCS[name].returns.kind == "void"), name
            for argument in KFUNCS[name].arguments:
                if argument.kind == "btf":
                    assert btf.find(argument.type) is not None, name
                if argument.kind == "iter":
                    found = btf.find(f"bpf_iter_{argument.type}", "struct")
                    assert found is None or btf.size_of(found) == argument.size, name
