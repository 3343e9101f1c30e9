"""C definitions from BTF: `vmlinux.h` of a kernel.

    typedef unsigned int u32;

    struct flow {
        u32 saddr;
        u32 flags : 3;
    };

Types come after the types they need; a pointer needs no more than a forward declaration. Where C alone would lay a
struct out otherwise, padding bit-fields or `packed` put the members where BTF says they are. A second type of a name
gets `___2`, which CO-RE takes for a flavour of the first. Type tags (`__user`, `__rcu`) are left out: they say nothing
about layout. What C cannot express (names with `::` of other languages) is changed into what it can.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.c_words import KEYWORDS
from bpfcc.frontend.btf import types as t
from bpfcc.frontend.c_layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bpfcc.frontend.btf import Btf, BtfType

MAX_DEPTH: Final = 64
MAX_CHAIN: Final = 128
# Of types looked at and lines written. A kernel needs 700,000; hostile types multiply when they are written inside each other.
MAX_STEPS: Final = 5_000_000
MAX_STEPS_IN_ONE: Final = 200_000
COMPOSITES: Final = ("struct", "union")
ENUMS: Final = ("enum", "enum64")
DEFINED: Final = frozenset({*COMPOSITES, *ENUMS, "typedef", "fwd"})
# A type of the compiler itself, of another size for BPF than for the kernel's machine.
BUILTIN: Final = "__builtin_va_list"
_IDENTIFIER: Final = re.compile(r"[^A-Za-z0-9_]")
_OPEN: Final = """#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif
"""
# bpftool's name for the switch, and its form: weak, so that a kernel without the function refuses only programs that call it.
_KFUNCS: Final = """#ifndef BPF_NO_KFUNC_PROTOTYPES
#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
{}
#endif
"""
KFUNC_TAG: Final = "bpf_kfunc"
_CLOSE: Final = """#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif
"""


def to_c(btf: Btf, type_ids: Iterable[int] | None = None, *, preserve_access_index: bool = True, guard: str | None = None) -> str:
    """C source that defines the types and all they need; by default every type of the blob, and the kernel functions it marks.

    `preserve_access_index` makes accesses to these structs CO-RE relocations. `guard` names an include guard.
    """
    parts = [f"#ifndef {guard}\n#define {guard}\n"] if guard else []
    if preserve_access_index:
        parts.append(_OPEN)
    writer = _Writer(btf)
    parts += writer.write(type_ids)
    if preserve_access_index:
        parts.append(_CLOSE)
    functions = writer.kernel_functions() if type_ids is None else []
    if functions:
        parts.append(_KFUNCS.format("\n".join(functions)))
    if guard:
        parts.append(f"#endif /* {guard} */\n")
    return "\n".join(parts)


@final
class _Names:
    """C names of types. Tags and ordinary names are separate; in each a name is given once."""

    def __init__(self, btf: Btf) -> None:
        self._btf = btf
        self._given: dict[int, str] = {}
        self._used: dict[tuple[bool, str], int] = {(False, BUILTIN): 1}

    def of(self, found: BtfType) -> str:
        """The name of a struct, union, enum, typedef or forward declaration."""
        name = self._given.get(found.id)
        if name is None:
            wanted = identifier(found.name)
            # A forward declaration and the definition of its name are one type.
            name = wanted if found.kind == "fwd" else self.unique(wanted, tag=found.kind != "typedef")
            self._given[found.id] = name
        return name

    def unique(self, wanted: str, *, tag: bool) -> str:
        """The name, with a suffix if it is taken."""
        count = self._used.get((tag, wanted), 0) + 1
        self._used[tag, wanted] = count
        return wanted if count == 1 else f"{wanted}___{count}"


def identifier(name: str) -> str:
    """A name that C takes."""
    clean = _IDENTIFIER.sub("_", name)
    return f"_{clean}" if clean[:1].isdigit() or clean in KEYWORDS else clean


@final
class _Writer:
    """Writes definitions in an order that C accepts."""

    def __init__(self, btf: Btf) -> None:
        self.btf = btf
        self.names = _Names(btf)
        self.layout = Layout(btf)
        # 1: its needs are being written, 2: written.
        self.state: dict[int, int] = {}
        self.declared: set[str] = set()
        self.out: list[str] = []
        self.steps = self.steps_in_one = 0

    def _count(self, steps: int) -> None:
        self.steps += steps
        self.steps_in_one += steps
        if self.steps > MAX_STEPS or self.steps_in_one > MAX_STEPS_IN_ONE:
            raise self.btf.error("the types need more C than can be written")

    def write(self, type_ids: Iterable[int] | None) -> list[str]:
        """Definitions of the types and what they need."""
        wanted = range(1, self.btf.count) if type_ids is None else list(type_ids)
        inline = self._inline_enums() if type_ids is None else frozenset()
        for type_id in wanted:
            kind = self.btf.kind(type_id)
            if kind in DEFINED:
                if self.btf.name(type_id) or (kind in ENUMS and type_id not in inline):
                    self._define(type_id)
            elif type_ids is not None:
                for strong in self._needs(type_id, by_value=True)[0]:
                    self._define(strong)
        return self.out

    def kernel_functions(self) -> list[str]:
        """Declarations of the functions that the kernel marks as callable by programs."""
        btf = self.btf
        tagged = (i for i in range(btf.first_id, btf.count) if btf.kind_number(i) == t.DECL_TAG and btf.name(i) == KFUNC_TAG)
        found = {btf.name(i): i for i in (btf.referred(tag) for tag in tagged) if btf.kind_number(i) == t.FUNC}
        return [f"extern {self.declare(btf.referred(i), identifier(name))} __weak __ksym;" for name, i in sorted(found.items())]

    def _inline_enums(self) -> frozenset[int]:
        """Enums without a name that some other type spells out."""
        btf, words = self.btf, self.btf.words
        nameless = {i for i in range(btf.first_id, btf.count) if btf.kind_number(i) in (t.ENUM, t.ENUM64) and not btf.name(i)}
        found: set[int] = set()
        for at in btf.offsets:
            info = words[at + 1]
            kind, count = (info >> 24) & 31, info & 0xFFFF
            match kind:
                case t.STRUCT | t.UNION:
                    found.update(words[at + 4 : at + 3 + 3 * count : 3])
                case t.FUNC_PROTO:
                    found.update(words[at + 4 : at + 3 + 2 * count : 2])
                    found.add(words[at + 2])
                case t.ARRAY:
                    found.add(words[at + 3])
                case t.PTR | t.TYPEDEF | t.CONST | t.VOLATILE | t.RESTRICT | t.TYPE_TAG | t.VAR:
                    found.add(words[at + 2])
        return frozenset(found & nameless)

    # -- order --------------------------------------------------------------------------------------------------

    def _define(self, root: int) -> None:
        """Depth first, with a stack of our own: kernels nest deeply, and hostile types as deeply as they like."""
        stack: list[tuple[int, Iterator[int], list[int]]] = []
        self._enter(root, stack)
        while stack:
            type_id, strong, weak = stack[-1]
            following = next(strong, None)
            if following is not None:
                self._enter(following, stack)
                continue
            stack.pop()
            for forward in weak:
                self._declare(forward)
            self._emit(self.btf.type(type_id))
            self.state[type_id] = 2

    def _enter(self, type_id: int, stack: list[tuple[int, Iterator[int], list[int]]]) -> None:
        state = self.state.get(type_id)
        if state == 1:
            raise self.btf.error("it contains itself", type_id=type_id)
        if state is None:
            self.state[type_id] = 1
            strong, weak = self._needs(type_id, by_value=True, root=True)
            stack.append((type_id, iter(strong), weak))

    def _needs(self, type_id: int, *, by_value: bool, root: bool = False) -> tuple[list[int], list[int]]:
        """Types that have to be defined before this one, and tags that have to be declared."""
        strong: dict[int, None] = {}
        weak: dict[int, None] = {}
        pending = [(type_id, by_value, root, MAX_CHAIN)]
        seen: set[tuple[int, bool]] = set()
        while pending:
            at, value, first, depth = pending.pop()
            if (at, value) in seen or at == 0:
                continue
            if not first:
                seen.add((at, value))
            if not depth:
                raise self.btf.error("its references nest too deeply", type_id=type_id)
            found = self.btf.type(at)
            self._count(1 + len(found.members))
            if found.name and not first and found.kind in DEFINED:
                if (found.kind in COMPOSITES and not value) or found.kind == "fwd":
                    weak[at] = None
                else:
                    strong[at] = None
                    whole = self._whole(at) if value and found.kind == "typedef" else 0
                    if whole:
                        strong[whole] = None
                continue
            below = value and found.kind not in ("ptr", "func_proto")
            if found.kind == "typedef":
                # `typedef struct s s_t;` needs no more than the tag; an array of it, or a struct without a tag, does.
                target = self.btf.type(self.btf.skip(found.type_id, t.MODIFIERS))
                below = target.kind != "typedef" and not (target.kind in COMPOSITES and target.name)
            children = [m.type_id for m in found.members] or [p.type_id for p in found.parameters]
            if found.kind not in COMPOSITES and found.kind not in ("int", "float", *ENUMS):
                children.append(found.type_id)
            pending += [(child, below, False, depth - 1) for child in reversed(children)]
        return list(strong), list(weak)

    def _whole(self, type_id: int) -> int:
        """The struct with a tag that a typedef stands for, 0 where it stands for something else."""
        for _ in range(MAX_CHAIN):
            found = self.btf.type(self.btf.skip_modifiers(type_id))
            if found.kind != "array":
                return found.id if found.kind in COMPOSITES and found.name else 0
            type_id = found.type_id
        raise self.btf.error("its references are a cycle", type_id=type_id)

    def _declare(self, type_id: int) -> None:
        found = self.btf.type(type_id)
        keyword = "union" if found.kind == "union" or (found.kind == "fwd" and found.kflag) else "struct"
        name = self.names.of(found)
        if name not in self.declared:
            self.declared.add(name)
            self.out.append(f"{keyword} {name};\n")

    # -- definitions --------------------------------------------------------------------------------------------

    def _emit(self, found: BtfType) -> None:
        self.steps_in_one = 0
        if found.kind == "fwd":
            if found.name:
                self._declare(found.id)
        elif found.kind == "typedef":
            self.out.append(f"typedef {self.declare(found.type_id, self.names.of(found))};\n")
        elif found.kind in ENUMS:
            self.out.append(f"{self._enum(found, '')};\n")
        else:
            self.declared.add(self.names.of(found))
            self.out.append(f"{self._composite(found, '', MAX_DEPTH)};\n")

    def _enum(self, found: BtfType, indent: str) -> str:
        head = f"enum {self.names.of(found)}" if found.name else "enum"
        lines = []
        for enumerator in found.enumerators:
            name = self.names.unique(identifier(enumerator.name), tag=False)
            suffix = ("LL" if found.kflag else "ULL") if found.kind == "enum64" else ""
            value = enumerator.value
            text = f"({value + 1}{suffix} - 1)" if value == -(1 << 63) else f"{value}{suffix}"
            lines.append(f"{indent}\t{name} = {text},\n")
        if not lines:
            # C has no enum without enumerators; as a type it is an integer.
            lines.append(f"{indent}\t{self.names.unique('__empty_enum', tag=False)} = 0,\n")
        mode = {1: " __attribute__((mode(byte)))", 2: " __attribute__((mode(HI)))"}.get(found.size, "")
        if found.size == 8 and found.kind == "enum":
            mode = " __attribute__((mode(DI)))"
        return f"{head} {{\n{''.join(lines)}{indent}}}{mode}"

    def _composite(self, found: BtfType, indent: str, depth: int) -> str:
        head = f"{found.kind} {self.names.of(found)}" if found.name else found.kind
        if not depth:
            raise self.btf.error("structs nest too deeply", type_id=found.id)
        lines = []
        self._count(1 + len(found.members))
        plan = self.layout.plan(found)
        for number, member in enumerate(found.members):
            lines += self._padding(plan.padding.get(number, ()), indent)
            name = identifier(member.name) if member.name else ""
            text = self.declare(member.type_id, name, indent + "\t", depth - 1)
            bits = f": {member.bitfield_bits}" if member.bitfield_bits else ""
            lines.append(f"{indent}\t{text}{bits};\n")
        lines += self._padding(plan.padding.get(len(found.members), ()), indent)
        attributes = [*(["packed"] if plan.packed else []), *([f"aligned({plan.aligned})"] if plan.aligned else [])]
        tail = f" __attribute__(({', '.join(attributes)}))" if attributes else ""
        return f"{head} {{\n{''.join(lines)}{indent}}}{tail}"

    @staticmethod
    def _padding(bits: Iterable[int], indent: str) -> list[str]:
        return [f"{indent}\tlong: {count};\n" for count in bits]

    # -- declarators --------------------------------------------------------------------------------------------

    def declare(self, type_id: int, name: str, indent: str = "", depth: int = MAX_DEPTH) -> str:
        """`name` declared with the type: declarators wrap around the name from the inside out."""
        declarator, qualifiers = name, ""
        for _ in range(MAX_CHAIN):
            found = self.btf.type(type_id)
            match found.kind:
                case "ptr":
                    declarator = f"*{qualifiers}{declarator}"
                    qualifiers = ""
                case "array":
                    declarator = f"{_grouped(declarator)}[{found.length}]"
                case "func_proto":
                    declarator = f"{_grouped(declarator)}({self._parameters(found, indent, depth)})"
                    qualifiers = ""
                case "const" | "volatile" | "restrict":
                    # Order among qualifiers means nothing; `restrict` is for pointers and is dropped elsewhere.
                    if found.kind != "restrict" or self.btf.kind(self.btf.skip(found.type_id, t.MODIFIERS)) == "ptr":
                        word = "__restrict" if found.kind == "restrict" else found.kind
                        qualifiers = qualifiers if word in qualifiers else f"{word} {qualifiers}"
                case "type_tag":
                    pass
                case _:
                    base = f"{qualifiers}{self._base(found, indent, depth)}"
                    return f"{base} {declarator}".rstrip()
            type_id = found.type_id
        raise self.btf.error("its references are a cycle", type_id=type_id)

    def _parameters(self, found: BtfType, indent: str, depth: int) -> str:
        if not depth:
            raise self.btf.error("functions nest too deeply", type_id=found.id)
        self._count(1 + len(found.parameters))
        parts = []
        for number, parameter in enumerate(found.parameters):
            last = number == len(found.parameters) - 1
            if parameter.type_id == 0:
                # Type void ends the list of a function that takes any number of arguments.
                parts.append("..." if last and number else "void *")
            else:
                parts.append(self.declare(parameter.type_id, "", indent, depth - 1))
        return ", ".join(parts) or "void"

    def _base(self, found: BtfType, indent: str, depth: int) -> str:
        match found.kind:
            case "void":
                return "void"
            case "int" | "float":
                return found.name or _integer(found)
            case "struct" | "union":
                return f"{found.kind} {self.names.of(found)}" if found.name else self._composite(found, indent, depth)
            case "enum" | "enum64":
                return f"enum {self.names.of(found)}" if found.name else self._enum(found, indent)
            case "fwd":
                return f"{'union' if found.kflag else 'struct'} {self.names.of(found) or '__anonymous'}"
            case "typedef":
                return self.names.of(found)
            case _:
                raise self.btf.error(f"a {found.kind} cannot be declared", type_id=found.id)


def _grouped(declarator: str) -> str:
    return f"({declarator})" if declarator.startswith("*") else declarator


def _integer(found: BtfType) -> str:
    sign = "" if found.signed else "unsigned "
    return sign + {1: "char", 2: "short", 4: "int", 8: "long long", 16: "__int128"}.get(found.size, "int")
