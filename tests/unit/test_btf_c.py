"""C from BTF: what clang makes of it has the layout that BTF said; the kernel's types compile."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from bpfcc.errors import InputError
from bpfcc.frontend.btf import Btf
from bpfcc.frontend.btf_c import to_c
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.objects import load
from tests.data import compiled
from tests.data.btf_builder import BtfBuilder


def compiled_types(tmp_path: Path, source: str) -> Btf:
    """BTF of C source; a variable of each type keeps the type."""
    path = tmp_path / "made.c"
    path.write_text(source)
    btf = load(compile_c(path).object).btf
    assert btf is not None
    return btf


@pytest.mark.parametrize("source", ["values.bpf.c", "core_target.bpf.c", "programs.bpf.c"])
def test_layouts_survive(source: str, tmp_path: Path) -> None:
    before = load(compiled(source)).btf
    assert before is not None
    named = [t for t in before.types() if t.kind in ("struct", "union") and t.name]
    keep = "\n".join(f"{t.kind} {t.name} *keep_{t.name};" for t in named)
    use = " + ".join(f"(long)keep_{t.name}" for t in named)
    after = compiled_types(tmp_path, f"{to_c(before)}\n{keep}\nlong use(void) {{ return {use}; }}\n")
    assert named
    for found in named:
        again = after.find(found.name, found.kind)
        assert again is not None, found.name
        assert after.type(again).size == found.size, found.name
        places = [(m.name, m.bit_offset, m.bitfield_bits) for m in found.members]
        assert [(m.name, m.bit_offset, m.bitfield_bits) for m in after.type(again).members] == places, found.name


def test_the_text() -> None:
    btf = load(compiled("values.bpf.c")).btf
    assert btf is not None
    text = to_c(btf, guard="__TYPES_H__")
    assert text.startswith("#ifndef __TYPES_H__\n#define __TYPES_H__\n")
    assert "#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)" in text
    assert "preserve_access_index" not in to_c(btf, preserve_access_index=False)
    assert "struct packed_one {\n\tchar a;\n\tint b;\n} __attribute__((packed));\n" in text
    assert "typedef void (*(*nested_handler)(int, void (*)(void)))(char);" in text
    assert "\tint (*functions[3])(void);" in text
    assert "\tLARGE = 78187493530ULL,\n" in text
    assert "\tunsigned int a: 3;\n\tlong: 5;\n\tunsigned int b: 10;\n" in text


def test_only_what_is_asked_for_and_needed() -> None:
    btf = load(compiled("values.bpf.c")).btf
    assert btf is not None
    inner, everything = btf.find("inner", "struct"), btf.find("everything", "struct")
    assert inner is not None
    assert everything is not None
    text = to_c(btf, [inner])
    assert "struct inner {" in text
    assert "struct everything" not in text
    text = to_c(btf, [everything])
    assert text.index("struct inner {") < text.index("struct everything {")
    assert "struct layouts" not in text


def odd_names() -> BtfBuilder:
    b = BtfBuilder()
    integer = b.int("int", 4, 1)
    b.struct("twice", 4, [("a", integer, 0)])
    b.struct("twice", 8, [("a", integer, 0), ("b", integer, 32)])
    b.typedef("twice", integer)
    b.enum("colours", [("RED", 0), ("GREEN", 1)])
    b.enum("", [("RED", 7)])
    b.struct("core::option<i32>", 4, [("while", integer, 0), ("0", integer, 0)], union=True)
    pointer = b.ptr(b.fwd("elsewhere"))
    b.struct("uses", 24, [("p", pointer, 0), ("hole", integer, 96), ("e", 6, 128)])
    b.typedef("__builtin_va_list", b.array(2, 1))
    b.enum("empty", [])
    b.enum("tiny", [("TINY", 1)], size=1)
    b.enum64("low", [("LOWEST", -(1 << 63)), ("ONE", 1)], signed=True)
    b.float("float", 4)
    tagged = b.ptr(b.type_tag("user", b.modifier(10, integer)))
    b.struct("tagged", 8, [("p", b.modifier(11, tagged), 0)])
    b.proto(0, [("a", integer), ("", 0)])
    b.typedef("printer", b.ptr(b.count))
    return b


def test_names_that_c_does_not_take(tmp_path: Path) -> None:
    text = to_c(Btf.from_bytes(odd_names().blob()))
    assert "struct twice {" in text
    assert "struct twice___2 {" in text
    assert "typedef int twice;" in text
    assert "RED___2 = 7" in text
    assert "union core__option_i32_ {\n\tint _while;\n\tint _0;\n}" in text
    assert "struct elsewhere;" in text
    assert "typedef struct twice __builtin_va_list___2[1];" in text
    assert "typedef void (*printer)(int, ...);" in text
    assert "user" not in text
    checks = '_Static_assert(sizeof(struct twice___2) == 8 && sizeof(struct uses) == 24 && sizeof(enum tiny) == 1 && LOWEST < 0, "");'
    compiled_types(tmp_path, f"{text}\n{checks}\nint use(struct uses *u) {{ return u->hole; }}\n")


def test_kernel_functions_are_declared(tmp_path: Path) -> None:
    b = BtfBuilder()
    integer = b.int("int", 4, 1)
    task = b.struct("task", 4, [("pid", integer, 0)])
    function = b.func("bpf_task_find", b.proto(b.ptr(task), [("pid", integer)]))
    b.func("not_for_programs", b.proto(integer, []))
    b.decl_tag("bpf_kfunc", function)
    btf = Btf.from_bytes(b.blob())
    text = to_c(btf)
    assert "extern struct task *bpf_task_find(int) __weak __ksym;" in text
    assert "not_for_programs" not in text
    assert "bpf_task_find" not in to_c(btf, [task])
    source = text + '__attribute__((section("tc"), used)) int f(void *c) { return bpf_task_find(1) != 0; }'
    path = tmp_path / "k.c"
    path.write_text(source)
    externs = load(compile_c(path).object, target_btf=btf).programs["f"].bytecode.externs
    assert [(e.name, e.kind, e.weak) for e in externs] == [("bpf_task_find", "kfunc", True)]


def test_types_that_no_c_can_have() -> None:
    b = BtfBuilder()
    integer = b.int("int", 4, 1)
    b.struct("itself", 8, [("again", 2, 0)])
    with pytest.raises(InputError, match="contains itself"):
        to_c(Btf.from_bytes(b.blob()))
    b = BtfBuilder()
    inner = b.int("int", 4, 1)
    for _ in range(40):
        inner = b.struct("", 4, [("a", inner, 0), ("b", inner, 0)], union=True)
    b.struct("all", 4, [("a", inner, 0)])
    start = time.monotonic()
    with pytest.raises(InputError):
        to_c(Btf.from_bytes(b.blob()))
    assert time.monotonic() - start < 60
    b = BtfBuilder()
    integer = b.int("int", 4, 1)
    b.struct("hole", 1 << 30, [("a", integer, 0)])
    with pytest.raises(InputError, match="bytes of padding"):
        to_c(Btf.from_bytes(b.blob()))


def test_a_deep_chain_of_structs_is_no_recursion() -> None:
    b = BtfBuilder()
    inner = b.int("int", 4, 1)
    for level in range(5_000):
        inner = b.struct(f"level{level}", 4, [("a", inner, 0)])
    assert to_c(Btf.from_bytes(b.blob()), [inner]).count("struct level") == 2 * 5_000 - 1


@pytest.mark.kernel
def test_the_kernel_s_types_compile_and_agree(tmp_path: Path) -> None:
    btf = Btf.kernel()
    if btf is None:
        pytest.skip("no BTF of the kernel here")
    text = to_c(btf, guard="__VMLINUX_H__")
    (tmp_path / "vmlinux.h").write_text(text)
    wanted = ["task_struct", "sk_buff", "net_device", "file", "inode", "tcp_sock", "bpf_map", "mm_struct"]
    defined = set(re.findall(r"^struct (\w+) \{", text, re.MULTILINE))
    once = [t for t in btf.types() if t.kind == "struct" and t.name in defined and f"{t.name}___2" not in defined]
    sample = [t for t in once if t.name in wanted] + random.Random(7).sample(once, 300)
    checks = []
    for found in sample:
        checks.append(f'_Static_assert(sizeof(struct {found.name}) == {found.size}, "");')
        checks += [
            f'_Static_assert(__builtin_offsetof(struct {found.name}, {m.name}) == {m.bit_offset // 8}, "");'
            for m in found.members
            if m.name and not m.bitfield_bits
        ]
    assert len(checks) > 1_000
    (tmp_path / "check.c").write_text('#include "vmlinux.h"\n' + "\n".join(checks) + "\nint f(struct task_struct *t) { return t->pid; }\n")
    obj = load(compile_c(tmp_path / "check.c", include_dirs=[tmp_path]).object, target_btf=btf)
    bytecode = obj.programs["f"].bytecode
    task = btf.find("task_struct", "struct")
    assert task is not None
    place = btf.field(task, "pid")
    assert place is not None
    assert bytecode.unresolved == {}
    assert int.from_bytes(bytecode.code[2:4], "little") == place.bit_offset // 8
