"""Types for the verifier: prototypes of global functions, special members of maps, kernel types; and what the kernel says of them."""

from __future__ import annotations

import ctypes
import os
import random
import re
import struct
from pathlib import Path

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.frontend.btf import Btf
from bpfcc.frontend.clang import compile_c
from bpfcc.runtime.specs import load_platform
from bpfcc.types import KernelBtf, KernelPointer, LazyKernelTypes, kernel_types, object_types
from bpfcc.types.fields import MAX_FIELDS, fields_of
from bpfcc.verifier.options import KernelTypes, MapFields, ObjectTypes, Parameter, Prototype
from tests import kernel
from tests.data import btf_of
from tests.data.btf_builder import BtfBuilder
from tests.kernel import needs_kernel

PRELUDE = """
typedef unsigned int u32; typedef unsigned long long u64;
#define tag(x) __attribute__((btf_decl_tag(x)))
#define ptr(x) __attribute__((btf_type_tag(x)))
#define global __attribute__((noinline, section(".text")))
#define keep(what) u64 keep_##what(struct what *x) { return (u64)x; }
"""


def compiled(tmp_path: Path, text: str) -> Btf:
    """The BTF of a C file."""
    source = tmp_path / "types.bpf.c"
    source.write_text(PRELUDE + text)
    return btf_of(compile_c(source).object)


# ---- prototypes

FUNCTIONS = """
struct xdp_md { u32 data; }; struct __sk_buff { u32 len; }; struct task_struct; struct bpf_dynptr { u64 x[2]; };
struct header { char bytes[14]; }; struct pt_regs { u64 r; }; typedef struct pt_regs bpf_user_pt_regs_t;
struct whole { struct task_struct *task; }; enum colour { RED }; struct task_struct { int pid; };
global int plain(struct xdp_md *ctx, struct header *h, u32 n, enum colour c, const volatile u64 *p) { return n; }
global int other(struct __sk_buff *skb, void *any, char *text) { return 1; }
global int probe(bpf_user_pt_regs_t *regs, struct pt_regs *same) { return 1; }
global int tagged(u64 *ctx tag("arg:ctx"), struct header *h tag("arg:nonnull"), struct task_struct *t tag("arg:trusted"),
                  struct task_struct *o tag("arg:trusted") tag("arg:nullable"), struct task_struct *u tag("arg:untrusted")) { return 1; }
global int more(void *a tag("arg:arena"), const struct bpf_dynptr *d, int n tag("arg:nonnull"), u64 *x tag("arg:nonnull") tag("arg:ctx"),
                char *wrong tag("arg:sometimes")) { return 1; }
global void nothing(void) { asm volatile(""); }
global void *pointer(int (*table)[4], struct header **indirect) { return table; }
global struct whole *whole(struct whole w) { return (void *)w.task; }
int use(struct xdp_md *ctx) { struct header h; u64 p = 0; return plain(ctx, &h, 1, 0, &p); }
"""
MEMORY = Parameter("memory", 8)


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Btf:
    return compiled(tmp_path_factory.mktemp("types"), FUNCTIONS)


def prototype(btf: Btf, name: str, program_type: str | None = None) -> Prototype:
    found = btf.find(name, "func")
    assert found is not None
    result = object_types(btf, program_type).prototype(found)
    assert result is not None
    return result


def test_parameters_by_their_types(functions: Btf) -> None:
    ctx, number = Parameter("ctx", nonnull=True), Parameter("number")
    assert prototype(functions, "plain", "xdp") == Prototype("plain", (ctx, Parameter("memory", 14), number, number, MEMORY))
    assert prototype(functions, "other", "sched_cls").parameters == (ctx, Parameter("unknown"), Parameter("memory", 1))
    assert prototype(functions, "probe", "kprobe").parameters == (ctx, ctx)


def test_only_the_type_s_own_struct_is_its_context(functions: Btf) -> None:
    assert prototype(functions, "plain", "sched_cls").parameters[0] == Parameter("memory", 4)
    assert prototype(functions, "probe", "xdp").parameters == (MEMORY, MEMORY)
    # Where the program type is not known, every context is one.
    assert {prototype(functions, name).parameters[0].kind for name in ("plain", "other", "probe")} == {"ctx"}
    windows = object_types(functions, "xdp", load_platform("windows"))
    assert windows.prototype(functions.find("other", "func") or 0).parameters[0].kind == "memory"  # type: ignore[union-attr]


def test_tags_of_parameters(functions: Btf) -> None:
    task = "struct task_struct"
    assert prototype(functions, "tagged").parameters == (
        Parameter("ctx", nonnull=True), Parameter("memory", 14, nonnull=True), Parameter("trusted", nonnull=True, type=task),
        Parameter("trusted", type=task), Parameter("untrusted", type=task),
    )  # fmt: skip
    kinds = [each.kind for each in prototype(functions, "more").parameters]
    assert kinds == ["arena", "dynptr", "unknown", "unknown", "unknown"]


def test_results(functions: Btf) -> None:
    assert prototype(functions, "nothing").returns_void
    assert not prototype(functions, "nothing").returns_value
    for name in ("pointer", "whole"):
        assert not prototype(functions, name).returns_value, name
        assert not prototype(functions, name).returns_void, name
    assert prototype(functions, "pointer").parameters == (Parameter("memory", 16), MEMORY)
    assert prototype(functions, "whole").parameters == (Parameter("unknown"),)


def test_what_is_no_function_has_no_prototype(functions: Btf) -> None:
    types = object_types(functions)
    struct_id = functions.find("header", "struct")
    assert struct_id is not None
    for type_id in (-1, 0, struct_id, functions.count, 1 << 40):
        assert types.prototype(type_id) is None
    assert object_types(None).prototype(1) is None


def test_malformed_prototypes_are_none() -> None:
    b = BtfBuilder()
    number = b.int("int", 4)
    circular = b.add("", 10, 3)
    b.add("", 10, 2)
    proto = b.add("", 13, number, [0, circular], vlen=1)
    function = b.add("f", 12, proto, vlen=1)
    nowhere = b.add("g", 12, 999, vlen=1)
    types = object_types(Btf.from_bytes(b.blob()))
    assert types.prototype(function) is None
    assert types.prototype(nowhere) is None


# ---- special members of maps

STRUCTS = """
struct bpf_spin_lock { u32 val; }; struct bpf_timer { u64 x[2]; } __attribute__((aligned(8))); struct bpf_wq { u64 x[2]; };
struct bpf_list_head { u64 x[2]; }; struct bpf_list_node { u64 x[3]; }; struct bpf_rb_root { u64 x[2]; }; struct bpf_rb_node { u64 x[4]; };
struct bpf_refcount { u32 x; }; struct task_struct { int pid; }; struct cgroup { int id; };
typedef struct bpf_spin_lock lock_t;
struct all { u64 n; struct bpf_spin_lock lock; struct bpf_timer timer; struct bpf_wq wq; struct bpf_refcount count;
  struct task_struct ptr("kptr") *task; struct cgroup ptr("kptr_untrusted") *cgroup; struct task_struct ptr("percpu_kptr") *each;
  struct task_struct *plain; };
struct alien { struct bpf_spin_lock lock; u64 ptr("user") *user; };
struct no_user { struct bpf_spin_lock lock; struct task_struct ptr("kptr") *volatile task; struct cgroup ptr("uptr") *shared; };
struct nested { u32 n; struct { u32 m; struct { struct bpf_spin_lock lock; } deep; } inner;
  struct { struct task_struct ptr("kptr") *p; u64 n; } two[2]; struct cgroup ptr("kptr") *grid[2][2]; };
struct through_union { union { struct bpf_timer timer; u64 n; }; lock_t lock; };
struct two_locks { struct bpf_spin_lock a, b; };
struct many_timers { struct { struct bpf_timer t; } of[2]; };
struct many { struct task_struct ptr("kptr") *of[12]; };
struct eleven { struct task_struct ptr("kptr") *of[11]; };
struct to_number { u64 ptr("kptr") *p; };
struct node { u32 n; struct bpf_list_node link; struct bpf_rb_node tree; struct bpf_refcount refs; };
struct lists { struct bpf_spin_lock lock; struct bpf_list_head head tag("contains:node:link");
  struct bpf_rb_root root tag("contains:node:tree"); };
struct lockless { struct bpf_list_head head tag("contains:node:link"); };
struct untold { struct bpf_spin_lock lock; struct bpf_list_head head; };
struct unknown { struct bpf_spin_lock lock; struct bpf_list_head head tag("contains:nobody:link"); };
struct bpf_spin_lock global_lock __attribute__((section(".data.A")));
struct bpf_list_head global_head tag("contains:node:link") __attribute__((section(".data.A")));
struct task_struct ptr("kptr") *global_task __attribute__((section(".data.A")));
u64 keep_data(void) { return global_lock.val + global_head.x[0] + (u64)global_task; }
keep(task_struct) keep(cgroup) keep(node) keep(all) keep(alien) keep(no_user) keep(nested) keep(through_union) keep(two_locks)
keep(many_timers) keep(many) keep(eleven) keep(to_number) keep(lists) keep(lockless) keep(untold) keep(unknown)
"""


@pytest.fixture(scope="module")
def structs(tmp_path_factory: pytest.TempPathFactory) -> Btf:
    return compiled(tmp_path_factory.mktemp("types"), STRUCTS)


def fields(btf: Btf, name: str, map_type: str = "hash") -> MapFields:
    found = btf.find(name)
    assert found is not None
    return object_types(btf).map_fields(MapSpec("m", map_type, 4, btf.size_of(found), 1, btf=btf, btf_value_type_id=found))


def test_every_kind_of_special_member(structs: Btf) -> None:
    found = fields(structs, "all")
    assert found.fields == {
        8: ("spin_lock", 4), 16: ("timer", 16), 32: ("wq", 16), 48: ("refcount", 4), 56: ("kptr", 8), 64: ("kptr_untrusted", 8),
        72: ("kptr_percpu", 8),
    }  # fmt: skip
    assert found.targets == {56: "struct task_struct", 64: "struct cgroup", 72: "struct task_struct"}
    # A pointer tagged with anything else makes the kernel see nothing at all.
    assert fields(structs, "alien") == MapFields()
    assert fields(structs, "no_user").targets == {8: "struct task_struct"}
    assert fields(structs, "no_user", "task_storage").fields == {0: ("spin_lock", 4), 8: ("kptr", 8), 16: ("uptr", 8)}


def test_nested_structs_and_arrays(structs: Btf) -> None:
    found = fields(structs, "nested")
    kptrs = dict.fromkeys((16, 32, 48, 56, 64, 72), ("kptr", 8))
    assert found.fields == {8: ("spin_lock", 4), **kptrs}
    assert [found.targets[each] for each in (16, 32, 48, 72)] == ["struct task_struct"] * 2 + ["struct cgroup"] * 2


@pytest.mark.parametrize("name", ["through_union", "two_locks", "many_timers", "many", "to_number", "lockless", "untold", "unknown"])
def test_what_breaks_a_rule_has_no_special_members(structs: Btf, name: str) -> None:
    assert fields(structs, name) == MapFields()


def test_the_limit_is_the_kernel_s(structs: Btf) -> None:
    assert len(fields(structs, "eleven").fields) == MAX_FIELDS


def test_lists_and_trees(structs: Btf) -> None:
    found = fields(structs, "lists")
    assert found.fields == {0: ("spin_lock", 4), 8: ("list_head", 16), 24: ("rb_root", 16)}
    assert found.targets == {8: "node:link", 24: "node:tree"}
    # Nodes are special in what a program allocates, not in maps.
    node = structs.find("node", "struct")
    assert node is not None
    assert fields_of(structs, node).fields == {8: ("list_node", 24), 32: ("rb_node", 32), 64: ("refcount", 4)}
    assert fields(structs, "node").fields == {64: ("refcount", 4)}


def test_global_data_is_searched_by_variable(structs: Btf) -> None:
    section = structs.find(".data.A", "datasec")
    assert section is not None
    layout = {"global_lock": 0, "global_head": 8, "global_task": 24}
    names = [structs.name(each.type_id) for each in structs.type(section).variables]
    structs.set_section_layout(section, 32, {index: layout[name] for index, name in enumerate(names)})
    found = fields(structs, ".data.A", "array")
    assert found.fields == {0: ("spin_lock", 4), 8: ("list_head", 16), 24: ("kptr", 8)}
    assert found.targets == {8: "node:link", 24: "struct task_struct"}


def test_maps_without_types_have_no_special_members(structs: Btf) -> None:
    types = object_types(structs)
    assert types.map_fields(MapSpec("m", "hash", 4, 4, 1)) == MapFields()
    assert types.map_fields(MapSpec("m", "hash", 4, 4, 1, btf=structs, btf_value_type_id=1 << 20)) == MapFields()
    assert object_types(None).map_fields(MapSpec("m", "hash", 4, 4, 1)) == MapFields()
    number = structs.find("unsigned int", "int")
    assert types.map_fields(MapSpec("m", "hash", 4, 4, 1, btf=structs, btf_value_type_id=number or 0)) == MapFields()


def test_structs_that_hold_themselves_have_no_special_members() -> None:
    b = BtfBuilder()
    b.int("int", 4)
    b.struct("a", 8, [("b", 3, 0)])
    b.struct("b", 8, [("a", 2, 0)])
    deep = b.struct("bpf_spin_lock", 4, [("val", 1, 0)])
    for _ in range(40):
        deep = b.struct("level", 4, [("inner", deep, 0)])
    btf = Btf.from_bytes(b.blob())
    assert fields_of(btf, 2) == MapFields()
    assert fields_of(btf, deep) == MapFields()
    assert fields_of(btf, deep - 20).fields == {0: ("spin_lock", 4)}


# ---- kernel types, on types of our own

KERNEL = """
struct inner { u32 a; u32 b; struct inner *next; };
struct flex { u32 n; u32 pad; struct inner tail[]; };
struct numbers { u32 n; u32 tail[]; };
struct outer { u64 id; struct inner one; struct inner many[2][2]; u32 bits:3, more:13, last:16; u32 after; char name[16]; void *any;
  char *text; int (*call)(void); union { struct inner *first; u64 number; }; union { struct inner *only; }; struct inner ptr("user") *user;
  struct inner ptr("rcu") *later; struct inner ptr("percpu") *cpus; struct numbers *counts; };
struct outer__safe_rcu { struct inner *first; };
struct outer__safe_trusted_or_null { struct numbers *counts; };
typedef void (*btf_trace_it_happened)(void *data, struct outer *o, u32 n, char *text, struct inner pair, int (*call)(void), struct flex *f);
typedef void (*btf_trace_kfree_skb)(void *data, struct outer *skb, u64 a, u32 b, struct inner *rx_sk);
typedef struct { struct outer *o; } alias;
struct tcp_ops { int (*init)(struct outer *o, u32 n); u32 flags; };
struct bpf_struct_ops_tcp_ops { struct tcp_ops data; };
struct pair { u64 a, b; };
global u32 tcp_ops__init(struct outer *o__nullable, u32 n) { return n; }
global struct outer *work(struct outer *o, struct pair by_value, u32 n, struct inner ptr("user") *u) { return o; }
global u32 bpf_lsm_opened(struct outer *o) { return 0; }
global u32 bpf_lsm_task_free(struct outer *o) { return 0; }
global u32 bpf_iter_thing(struct outer *meta, struct outer *thing, void *buffer) { return 0; }
struct bpf_iter__other { union { struct outer *meta; }; union { struct inner *what; }; };
u64 keep_types(btf_trace_it_happened t, btf_trace_kfree_skb k, alias *a) { return (u64)t + (u64)k + (u64)a; }
keep(flex) keep(numbers) keep(inner) keep(outer) keep(outer__safe_rcu) keep(outer__safe_trusted_or_null) keep(bpf_struct_ops_tcp_ops)
keep(tcp_ops) keep(bpf_iter__other)
"""


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> KernelBtf:
    return kernel_types(compiled(tmp_path_factory.mktemp("types"), KERNEL))


def place(types: KernelBtf, struct_name: str, path: str) -> int:
    found = types.btf.find(struct_name, "struct")
    assert found is not None
    where = types.btf.field(found, path)
    assert where is not None
    return where.bit_offset // 8


def named(types: KernelBtf, name: str) -> KernelPointer:
    found = types.named(name)
    assert found is not None
    return found


def test_the_protocols_are_kept(types: KernelBtf, functions: Btf) -> None:
    as_protocols: tuple[KernelTypes, KernelTypes, ObjectTypes, ObjectTypes] = (
        types, LazyKernelTypes(lambda: None), object_types(None), object_types(functions),
    )  # fmt: skip
    assert len(as_protocols) == 4


def test_named(types: KernelBtf) -> None:
    assert named(types, "outer").name == named(types, "struct outer").name == "struct outer"
    assert named(types, "inner").size == 16
    assert types.named("alias") is not None
    for name in ("nobody", "union outer", "enum outer", "u32", ""):
        assert types.named(name) is None


MEMBERS = [
    ("id", 0, 8, 8), ("id", 0, 4, 4), ("id", 4, 4, 4), ("id", 4, 8, None), ("id", -1, 1, None), ("id", 0, 0, None),
    ("one.a", 0, 4, 4), ("one.a", 0, 8, None), ("one.next", 0, 8, "struct inner"), ("one.next", 0, 4, None), ("one.next", 4, 4, None),
    ("many", 24, 8, "struct inner"), ("many", 56, 8, "struct inner"), ("many", 48, 4, 4), ("after", 0, 4, 4), ("after", 2, 2, 2),
    ("after", -4, 4, 4), ("after", -4, 2, 2), ("after", -3, 2, None), ("name", 0, 8, 8), ("name", 8, 8, 8), ("name", 12, 8, None),
    ("any", 0, 8, "void"), ("any", 0, 4, None), ("text", 0, 8, "char"), ("call", 0, 8, "func_proto"), ("number", 0, 8, "struct inner"),
    ("number", 0, 4, None), ("only", 0, 8, "struct inner"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "delta", "size", "expected"), MEMBERS)
def test_members(types: KernelBtf, path: str, delta: int, size: int, expected: str | int | None) -> None:
    found = types.member(named(types, "outer"), place(types, "outer", path) + delta, size)
    assert (found.name if isinstance(found, KernelPointer) else found) == expected


def test_beyond_the_end_lies_only_a_flexible_array(types: KernelBtf) -> None:
    flex, numbers, outer = named(types, "flex"), named(types, "numbers"), named(types, "outer")
    assert types.member(flex, 8 + 160, 4) == 4
    assert types.member(flex, 8 + 160 + 8, 8) == types.member(flex, 16, 8)
    assert isinstance(types.member(flex, 16, 8), KernelPointer)
    assert types.member(flex, 8 + 164, 8) is None
    assert types.member(numbers, 4004, 4) == 4
    assert types.member(outer, outer.size, 1) is None
    assert types.member(outer, outer.size - 4, 8) is None


def test_what_no_struct_is_may_be_read_anywhere(types: KernelBtf) -> None:
    text = types.member(named(types, "outer"), place(types, "outer", "text"), 8)
    assert isinstance(text, KernelPointer)
    assert text.tag == "untrusted"
    assert types.member(text, 12345, 2) == 2


def test_how_far_members_are_to_be_relied_on(types: KernelBtf) -> None:
    plain = named(types, "outer")
    trusted = plain.with_tag("trusted")

    def tags(pointer: KernelPointer, path: str, *, rcu: bool = True) -> tuple[str, bool] | None:
        found = types.member(pointer, place(types, "outer", path), 8, rcu=rcu)
        return (found.tag, found.nullable) if isinstance(found, KernelPointer) else None

    assert [tags(plain, each) for each in ("one.next", "first", "only", "user", "later", "cpus")] == [
        ("", False), ("untrusted", False), ("", False), ("user", False), ("", False), ("percpu", False),
    ]  # fmt: skip
    assert [tags(trusted, each) for each in ("one.next", "first", "only", "user", "later", "counts")] == [
        ("", False), ("rcu", False), ("", False), ("user", False), ("rcu", True), ("trusted", True),
    ]  # fmt: skip
    assert [tags(trusted, each, rcu=False) for each in ("one.next", "first", "later", "counts")] == [
        ("untrusted", False), ("untrusted", False), ("untrusted", False), ("trusted", True),
    ]  # fmt: skip
    assert tags(plain.with_tag("untrusted"), "later") == ("untrusted", False)
    user = types.member(plain, place(types, "outer", "user"), 8)
    assert isinstance(user, KernelPointer)
    assert types.member(user, 0, 4) is None


def test_pointers_that_meet(types: KernelBtf) -> None:
    outer, inner = named(types, "outer"), named(types, "inner")
    assert outer.with_tag("trusted").joined(outer) == outer
    assert outer.with_tag("rcu").joined(outer.with_tag("trusted").as_nullable()) == outer.with_tag("rcu").as_nullable()
    assert outer.joined(outer.with_tag("untrusted")) == outer.with_tag("untrusted")
    assert outer.joined(inner) is None
    assert outer.with_tag("user").joined(outer) is None
    assert outer.with_tag("user").joined(outer.with_tag("user")) == outer.with_tag("user")


def test_a_struct_is_what_it_begins_with(types: KernelBtf) -> None:
    ops = named(types, "bpf_struct_ops_tcp_ops")
    assert types.is_a(ops, "bpf_struct_ops_tcp_ops")
    assert types.is_a(ops, "tcp_ops")
    assert not types.is_a(ops, "tcp_ops", strict=True)
    assert not types.is_a(ops, "outer")
    assert not types.is_a(named(types, "tcp_ops"), "bpf_struct_ops_tcp_ops")
    assert not types.is_a(named(types, "outer"), "inner___init")
    assert not types.is_a(types.pointer_to(0), "outer")
    assert not kernel_types(types.btf, origin="object").is_a(ops, "tcp_ops")


def test_what_a_program_allocates_holds_numbers(types: KernelBtf) -> None:
    own = kernel_types(types.btf, origin="object")
    outer = named(own, "outer")
    assert outer != named(types, "outer")
    assert own.member(outer, place(types, "outer", "only"), 8) == 8
    assert own.member(outer, place(types, "outer", "only"), 4) is None
    assert types.member(outer, 0, 8) is None


def test_arguments(types: KernelBtf) -> None:
    outer, inner = named(types, "outer"), named(types, "inner")
    user = types.pointer_to(inner.type_id, "user")
    trusted = outer.with_tag("trusted")
    work = (outer, 8, 8, 4, user)
    assert types.arguments("tracing", "trace_fentry", "work") == work
    assert types.arguments("tracing", "trace_fexit", "work") == types.arguments("tracing", "modify_return", "work") == (*work, outer)
    assert types.arguments("tracing", "trace_raw_tp", "it_happened") == (
        trusted, 4, 8, 8, 8, None, named(types, "flex").with_tag("trusted"),
    )  # fmt: skip
    # The kernel knows that this tracepoint's fourth argument may be null.
    assert types.arguments("tracing", "trace_raw_tp", "kfree_skb") == (trusted, 8, 4, inner.with_tag("trusted").as_nullable())
    assert types.arguments("lsm", "lsm_mac", "opened") == (trusted, 4)
    assert types.arguments("lsm", "lsm_mac", "task_free") == (outer, 4)
    assert types.arguments("raw_tracepoint", None, "it_happened") == (8,) * 12
    assert types.arguments("struct_ops", None, "tcp_ops/init") == types.arguments("struct_ops", None, "init") == (trusted.as_nullable(), 4)


def test_arguments_of_iterators(types: KernelBtf) -> None:
    outer = named(types, "outer")
    buffer = types.pointer_to(0, "buffer").as_nullable()
    assert types.arguments("tracing", "trace_iter", "thing") == (outer.with_tag("trusted"), outer.as_nullable(), buffer)
    assert types.arguments("tracing", "trace_iter", "other") == (outer.with_tag("trusted"), named(types, "inner").as_nullable())


@pytest.mark.parametrize(
    ("program_type", "attach_type", "target"),
    [
        ("xdp", None, "work"), ("tracing", "trace_fentry", None), ("tracing", "trace_fentry", "outer"), ("tracing", None, "work"),
        ("tracing", "trace_raw_tp", "alias"), ("tracing", "trace_raw_tp", "nothing"), ("tracing", "trace_iter", "nothing"),
        ("struct_ops", None, "tcp_ops/flags"), ("struct_ops", None, "nobody/init"), ("struct_ops", None, "nothing"), ("lsm", None, "work"),
    ],
)  # fmt: skip
def test_unknown_arguments(types: KernelBtf, program_type: str, attach_type: str | None, target: str | None) -> None:
    assert types.arguments(program_type, attach_type, target) is None


def test_malformed_types_are_unknown() -> None:
    b = BtfBuilder()
    b.int("int", 4)
    b.add("btf_trace_x", 8, 3)
    b.add("", 2, 2)
    b.struct("loop", 8, [("again", 5, 0)])
    b.array(5, 1)
    b.struct("own", 8, [("own", 6, 0)])
    types = kernel_types(Btf.from_bytes(b.blob()))
    assert types.arguments("tracing", "trace_raw_tp", "x") is None
    for name in ("loop", "own"):
        assert types.member(named(types, name), 0, 4) is None


def test_lazy_types_load_once(types: KernelBtf) -> None:
    loaded: list[int] = []

    def load() -> Btf:
        loaded.append(1)
        return types.btf

    lazy = LazyKernelTypes(load)
    assert not loaded
    lazy.preload()
    outer = lazy.named("outer")
    assert outer == named(types, "outer")
    assert lazy.member(outer, 0, 8) == 8
    assert lazy.is_a(outer, "outer") if outer is not None else False
    assert lazy.arguments("lsm", None, "opened") == types.arguments("lsm", None, "opened")
    assert loaded == [1]
    nothing = LazyKernelTypes(lambda: None)
    nothing.preload()
    assert (nothing.named("outer"), nothing.member(outer, 0, 8), nothing.arguments("lsm", None, "opened")) == (None, None, None)


# ---- the kernel's own opinion

TRACING, RAW_TP, ITER = 26, 23, 28
LOADS = {1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79}
RETURN = bytes.fromhex("b700000000000000 9500000000000000")


def insn(opcode: int, dst: int, src: int, offset: int) -> bytes:
    return struct.pack("<BBhi", opcode, dst | src << 4, offset, 0)


def load(code: bytes, attach_type: int, btf_id: int) -> tuple[bool, str]:
    """Whether the kernel takes a tracing program, and its log."""
    insns, name = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 18)
    attributes = struct.pack(
        "<IIQQIIQII16sIIIIQIIQII", TRACING, len(code) // 8, ctypes.addressof(insns), ctypes.addressof(name), 2, len(log),
        ctypes.addressof(log), 0, 0, b"bpfcc_test", 0, attach_type, 0, 0, 0, 0, 0, 0, 0, btf_id,
    )  # fmt: skip
    try:
        os.close(kernel._bpf(5, attributes)[0])
    except OSError:
        return False, log.value.decode(errors="replace")
    return True, log.value.decode(errors="replace")


def register(log: str, number: int) -> str:
    """What the log says of a register last."""
    return re.findall(rf"R{number}(?:_w)?=([^ ]*)", log)[-1]


def described(found: KernelPointer | int) -> str:
    """The kernel's words for what a load gives, but for its parentheses."""
    if not isinstance(found, KernelPointer):
        return "scalar"
    if found.tag == "buffer":
        return "buf_or_null"
    word, _, name = found.name.partition(" ")
    if word not in ("struct", "union"):
        return "mem"
    return f"{found.tag + '_' if found.tag else ''}ptr_{'or_null_' if found.nullable else ''}{name}"


def agrees(found: KernelPointer | int, said: str) -> bool:
    wanted = described(found)
    return said.split("(", maxsplit=1)[0] == wanted if "ptr_" in wanted else wanted in said


@pytest.fixture(scope="module")
def vmlinux() -> KernelBtf:
    btf = Btf.kernel()
    if btf is None:
        pytest.skip("this kernel has no BTF")
    return kernel_types(btf)


TRACEPOINTS = (
    "sched_switch",
    "kfree_skb",
    "sched_process_exec",
    "net_dev_queue",
    "tcp_probe",
    "mm_page_alloc",
    "cgroup_mkdir",
    "xdp_exception",
)


@needs_kernel
@pytest.mark.parametrize("name", TRACEPOINTS)
def test_arguments_as_in_the_kernel(vmlinux: KernelBtf, name: str) -> None:
    target, arguments = vmlinux.btf.find(f"btf_trace_{name}", "typedef"), vmlinux.arguments("tracing", "trace_raw_tp", name)
    if target is None or arguments is None:
        pytest.skip("this kernel has no such tracepoint")
    for index, found in enumerate((*arguments, None)):
        taken, log = load(insn(0x79, 2, 1, 8 * index) + RETURN, RAW_TP, target)
        assert taken == (found is not None), (index, found, log)
        assert found is None or agrees(found, register(log, 2)), (index, found, log)


@needs_kernel
@pytest.mark.parametrize("name", ["task", "bpf_map", "bpf_map_elem", "task_file", "cgroup", "tcp"])
def test_arguments_of_iterators_as_in_the_kernel(vmlinux: KernelBtf, name: str) -> None:
    target, arguments = vmlinux.btf.find(f"bpf_iter_{name}", "func"), vmlinux.arguments("tracing", "trace_iter", name)
    if target is None or arguments is None:
        pytest.skip("this kernel has no such iterator")
    for index, found in enumerate((*arguments, None)):
        taken, log = load(insn(0x79, 2, 1, 8 * index) + RETURN, ITER, target)
        assert taken == (found is not None), (index, found, log)
        assert found is None or agrees(found, register(log, 2)), (index, found, log)


def walk(types: KernelBtf, start: KernelPointer, rng: random.Random) -> tuple[bytes, KernelPointer | int | None]:
    """Up to three loads through r2, each through what the one before gave; the code and what the last one gives."""
    code, current, result = b"", start, None
    for _ in range(rng.randrange(1, 4)):
        size = rng.choice((1, 2, 4, 8, 8, 8))
        offset = rng.randrange(min(max(current.size, 64) + 24, 32000))
        offset -= offset % size if rng.random() < 0.8 else 0
        code += insn(LOADS[size], 2, 2, offset)
        result = types.member(current, offset, size)
        if not isinstance(result, KernelPointer) or result.nullable:
            break
        current = result
    return code, result


@needs_kernel
@pytest.mark.parametrize("seed", range(4))
def test_members_as_in_the_kernel(vmlinux: KernelBtf, seed: int) -> None:
    rng = random.Random(seed)
    compared = 0
    for _ in range(300):
        name = rng.choice(TRACEPOINTS)
        arguments = vmlinux.arguments("tracing", "trace_raw_tp", name) or ()
        index = rng.randrange(len(arguments)) if arguments else 0
        start = arguments[index] if arguments else None
        if not isinstance(start, KernelPointer) or start.nullable:
            continue
        code, found = walk(vmlinux, start, rng)
        taken, log = load(insn(0x79, 2, 1, 8 * index) + code + RETURN, RAW_TP, vmlinux.btf.find(f"btf_trace_{name}", "typedef") or 0)
        assert taken == (found is not None), (name, found, log)
        assert found is None or agrees(found, register(log, 2)), (name, found, log)
        compared += 1
    assert compared > 100
