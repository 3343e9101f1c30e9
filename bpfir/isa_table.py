"""The instruction set of RFC 9669 with Linux's additions: one row for each form of each instruction.

    form_of(Insn(0x0F, dst=1, src=2)).name     == "add64_reg"
    form_of(Insn(0x37, dst=1, off=1, imm=3))   is the row of `r1 s/= 3`, not of `r1 /= 3`

Sources: RFC 9669 and its registry of opcodes; for load-acquire, store-release, may_goto, gotox and addr_space_cast
the kernel's Documentation/bpf and the syntax of LLVM's assembler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from bpfcc.bpfir import isa
from bpfcc.bpfir.isa import Form, Group, K, X

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bpfcc.bpfir.insn import Insn
    from bpfcc.bpfir.semantics import AluKind, AtomicKind, CompareKind

Width = Literal[32, 64]
Size = Literal[1, 2, 4, 8]

# (operation code, meaning, symbol, offset that selects it)
_ALU: Final[tuple[tuple[int, AluKind, str, int], ...]] = (
    (0x00, "add", "+=", 0),
    (0x10, "sub", "-=", 0),
    (0x20, "mul", "*=", 0),
    (0x30, "div", "/=", 0),
    (0x30, "sdiv", "s/=", 1),
    (0x40, "or", "|=", 0),
    (0x50, "and", "&=", 0),
    (0x60, "lsh", "<<=", 0),
    (0x70, "rsh", ">>=", 0),
    (0x90, "mod", "%=", 0),
    (0x90, "smod", "s%=", 1),
    (0xA0, "xor", "^=", 0),
    (0xC0, "arsh", "s>>=", 0),
)

_BRANCH: Final[tuple[tuple[int, str, CompareKind, str], ...]] = (
    (0x10, "jeq", "eq", "=="),
    (0x20, "jgt", "ugt", ">"),
    (0x30, "jge", "uge", ">="),
    (0x40, "jset", "test", "&"),
    (0x50, "jne", "ne", "!="),
    (0x60, "jsgt", "sgt", "s>"),
    (0x70, "jsge", "sge", "s>="),
    (0xA0, "jlt", "ult", "<"),
    (0xB0, "jle", "ule", "<="),
    (0xC0, "jslt", "slt", "s<"),
    (0xD0, "jsle", "sle", "s<="),
)

_ATOMIC: Final[tuple[tuple[int, AtomicKind, str], ...]] = (
    (0x00, "add", "+="),
    (0x40, "or", "|="),
    (0x50, "and", "&="),
    (0xA0, "xor", "^="),
)

_SIZES: Final[tuple[tuple[Size, str], ...]] = ((1, "b"), (2, "h"), (4, "w"), (8, "dw"))
_WIDTHS: Final[tuple[tuple[Width, int, str], ...]] = ((32, isa.ALU, "32"), (64, isa.ALU64, ""))


def _base(width: int) -> Group:
    return "base32" if width == 32 else "base64"


def _alu() -> Iterator[Form]:
    for width, instruction_class, suffix in _WIDTHS:
        dst, src = f"{{dst{suffix}}}", f"{{src{suffix}}}"
        for code, meaning, symbol, off in _ALU:
            group = _base(width)
            if meaning in {"mul", "div", "mod", "sdiv", "smod"}:
                group = "divmul32" if width == 32 else "divmul64"
            opcode = code | instruction_class
            name = f"{meaning}{width}"
            yield Form(f"{name}_imm", opcode | K, "alu", group, f"{dst} {symbol} {{imm}}", meaning, "rw", 0, off, "value", width_bits=width)
            yield Form(f"{name}_reg", opcode | X, "alu", group, f"{dst} {symbol} {src}", meaning, "rw", "r", off, 0, width_bits=width)
        yield Form(f"neg{width}", 0x80 | instruction_class, "neg", _base(width), f"{dst} = -{dst}", "", "rw", width_bits=width)


def _moves() -> Iterator[Form]:
    for width, instruction_class, suffix in _WIDTHS:
        dst, src = f"{{dst{suffix}}}", f"{{src{suffix}}}"
        opcode, group = 0xB0 | instruction_class, _base(width)
        yield Form(f"mov{width}_imm", opcode | K, "mov", group, f"{dst} = {{imm}}", "", "w", 0, 0, "value", width_bits=width)
        yield Form(f"mov{width}_reg", opcode | X, "mov", group, f"{dst} = {src}", "", "w", "r", width_bits=width)
        sizes: tuple[Size, ...] = (1, 2) if width == 32 else (1, 2, 4)
        for size in sizes:
            bits = 8 * size
            syntax = f"{dst} = (s{bits}){src}"
            yield Form(f"movs{bits}_{width}", opcode | X, "movsx", group, syntax, "", "w", "r", bits, width_bits=width, size_bytes=size)
    yield Form(
        "addr_space_cast",
        0xB0 | X | isa.ALU64,
        "addr_space_cast",
        "kernel",
        "{dst} = addr_space_cast({src}, {dst_space}, {src_space})",
        dst="w",
        src="r",
        off=1,
        imm="spaces",
        supported=False,
    )


def _swaps() -> Iterator[Form]:
    orders = (("le", 0xD0 | K | isa.ALU), ("be", 0xD0 | X | isa.ALU), ("bswap", 0xD0 | K | isa.ALU64))
    sizes: tuple[Size, ...] = (2, 4, 8)
    for order, opcode in orders:
        for size in sizes:
            bits = 8 * size
            group: Group = "base64" if bits == 64 else "base32"
            yield Form(f"{order}{bits}", opcode, "swap", group, f"{{dst}} = {order}{bits} {{dst}}", order, "rw", imm=bits, size_bytes=size)


def _loads() -> Iterator[Form]:
    for size, letters in _SIZES:
        bits = 8 * size
        opcode = isa.SIZE_CODE[size] | isa.LDX
        group: Group = "base64" if size == 8 else "base32"
        place = f"*(u{bits} *)({{src}} {{off}})"
        # LLVM writes the 32-bit name of a register that a narrow load fills.
        alias: tuple[str, ...] = (f"{{dst32}} = {place}",) if size < 8 else ()
        yield Form(
            f"ldx{letters}",
            opcode | isa.MEM,
            "load",
            group,
            f"{{dst}} = {place}",
            dst="w",
            src="r",
            off="memory",
            size_bytes=size,
            aliases=alias,
        )
        if size < 8:
            syntax = f"{{dst}} = *(s{bits} *)({{src}} {{off}})"
            yield Form(f"ldxs{letters}", opcode | isa.MEMSX, "loadsx", "base64", syntax, "", "w", "r", "memory", size_bytes=size)
        syntax = f"{{dst32}} = load_acquire((u{bits} *)({{src}} {{off}}))"
        syntax, alias = _preferring_wide(syntax, size)
        yield Form(
            f"load_acquire_{letters}",
            isa.SIZE_CODE[size] | isa.STX | isa.ATOMIC,
            "load_acquire",
            "kernel",
            syntax,
            dst="w",
            src="r",
            off="memory",
            imm=isa.LOAD_ACQUIRE,
            size_bytes=size,
            aliases=alias,
        )


def _preferring_wide(narrow: str, size: int) -> tuple[str, tuple[str, ...]]:
    """Syntax and aliases of an atomic: 32-bit register names as LLVM has them (the kernel writes r), 64-bit ones for u64."""
    wide = narrow.replace("32}", "}").replace("{w0}", "{r0}")
    return (wide, ()) if size == 8 else (narrow, (wide,))


def _stores() -> Iterator[Form]:
    for size, letters in _SIZES:
        bits = 8 * size
        group: Group = "base64" if size == 8 else "base32"
        place = f"*(u{bits} *)({{dst}} {{off}})"
        opcode = isa.SIZE_CODE[size] | isa.MEM
        width: Width = 64 if size == 8 else 32
        alias: tuple[str, ...] = (f"{place} = {{src32}}",) if size < 8 else ()
        yield Form(
            f"st{letters}",
            opcode | isa.ST,
            "store",
            group,
            f"{place} = {{imm}}",
            dst="r",
            off="memory",
            imm="value",
            width_bits=width,
            size_bytes=size,
        )
        yield Form(
            f"stx{letters}",
            opcode | isa.STX,
            "store",
            group,
            f"{place} = {{src}}",
            dst="r",
            src="r",
            off="memory",
            width_bits=width,
            size_bytes=size,
            aliases=alias,
        )
        syntax, alias = _preferring_wide(f"store_release((u{bits} *)({{dst}} {{off}}), {{src32}})", size)
        yield Form(
            f"store_release_{letters}",
            isa.SIZE_CODE[size] | isa.STX | isa.ATOMIC,
            "store_release",
            "kernel",
            syntax,
            dst="r",
            src="r",
            off="memory",
            imm=isa.STORE_RELEASE,
            width_bits=width,
            size_bytes=size,
            aliases=alias,
        )


def _atomic(meaning: AtomicKind, width: Width, imm: int, narrow: str) -> Form:
    size: Size = 4 if width == 32 else 8
    fetch = bool(imm & isa.FETCH)
    syntax, aliases = _preferring_wide(narrow, size)
    return Form(
        f"{meaning}{'_fetch' if fetch and meaning not in {'xchg', 'cmpxchg'} else ''}_{width}",
        isa.SIZE_CODE[size] | isa.STX | isa.ATOMIC,
        "atomic",
        "atomic32" if width == 32 else "atomic64",
        syntax,
        meaning,
        "r",
        # cmpxchg leaves the old value in r0.
        "rw" if fetch and meaning != "cmpxchg" else "r",
        "memory",
        imm,
        width_bits=width,
        size_bytes=size,
        fetch=fetch,
        aliases=aliases,
    )


def _atomics() -> Iterator[Form]:
    widths: tuple[Width, ...] = (32, 64)
    for width in widths:
        place = f"(u{width} *)({{dst}} {{off}})"
        for imm, meaning, symbol in _ATOMIC:
            yield _atomic(meaning, width, imm, f"lock *{place} {symbol} {{src32}}")
            yield _atomic(meaning, width, imm | isa.FETCH, f"{{src32}} = atomic_fetch_{meaning}({place}, {{src32}})")
        tail = "_64" if width == 64 else "32_32"
        yield _atomic("xchg", width, 0xE0 | isa.FETCH, f"{{src32}} = xchg{tail}({{dst}} {{off}}, {{src32}})")
        yield _atomic("cmpxchg", width, 0xF0 | isa.FETCH, f"{{w0}} = cmpxchg{tail}({{dst}} {{off}}, {{w0}}, {{src32}})")


def _packet() -> Iterator[Form]:
    for size, letters in _SIZES[:3]:
        bits = 8 * size
        opcode = isa.SIZE_CODE[size] | isa.LD
        place = f"{{r0}} = *(u{bits} *)skb"
        yield Form(f"ldabs{letters}", opcode | isa.ABS, "ld_abs", "packet", f"{place}[{{imm}}]", imm="value", size_bytes=size)
        yield Form(
            f"ldind{letters}",
            opcode | isa.IND,
            "ld_ind",
            "packet",
            f"{place}[{{src}} {{disp}}]",
            src="r",
            imm="value",
            size_bytes=size,
            aliases=(f"{place}[{{src}}]",),
        )


def _lddw() -> Iterator[Form]:
    op, group = isa.OP_LDDW, _base(64)
    yield Form("lddw", op, "lddw", group, "{dst} = {imm64} ll", "imm", "w", isa.LDDW_IMM, 0, "value", "value")
    yield Form("lddw_map", op, "lddw", group, "{dst} = map[{map}] ll", "map", "w", isa.LDDW_MAP, 0, "index")
    yield Form(
        "lddw_map_value", op, "lddw", group, "{dst} = map_value[{map}] {imm2} ll", "map_value", "w", isa.LDDW_MAP_VALUE, 0, "index", "value"
    )
    yield Form("lddw_variable", op, "lddw", group, "{dst} = extern[{extern}] ll", "variable", "w", isa.LDDW_VARIABLE, 0, "index")
    yield Form("lddw_function", op, "lddw", group, "{dst} = func {pc} ll", "function", "w", isa.LDDW_FUNCTION, 0, "jump")
    yield Form("lddw_map_idx", op, "lddw", group, "{dst} = map_idx[{map}] ll", "map_idx", "w", isa.LDDW_MAP_INDEX, 0, "index")
    yield Form(
        "lddw_map_idx_value",
        op,
        "lddw",
        group,
        "{dst} = map_idx_value[{map}] {imm2} ll",
        "map_idx_value",
        "w",
        isa.LDDW_MAP_INDEX_VALUE,
        0,
        "index",
        "value",
    )


def _branches() -> Iterator[Form]:
    for width, suffix in ((64, ""), (32, "32")):
        bits: Width = 64 if width == 64 else 32
        instruction_class = isa.JMP if bits == 64 else isa.JMP32
        for code, mnemonic, meaning, symbol in _BRANCH:
            test, tail = f"if {{dst{suffix}}} {symbol}", "goto {jump}"
            opcode, name, group = code | instruction_class, f"{mnemonic}{suffix}", _base(bits)
            yield Form(
                f"{name}_imm", opcode | K, "branch", group, f"{test} {{imm}} {tail}", meaning, "r", 0, "jump", "value", width_bits=bits
            )
            yield Form(
                f"{name}_reg",
                opcode | X,
                "branch",
                group,
                f"{test} {{src{suffix}}} {tail}",
                meaning,
                "r",
                "r",
                "jump",
                width_bits=bits,
            )


def _control() -> Iterator[Form]:
    yield Form("ja", isa.OP_JA, "goto", "base32", "goto {jump}", off="jump")
    yield Form("gotol", isa.OP_GOTOL, "goto", "base32", "gotol {jump}", imm="jump")
    yield Form("call_helper", isa.OP_CALL, "call", "base32", "call {helper}", "helper", 0, isa.CALL_HELPER, 0, "index")
    yield Form("call_local", isa.OP_CALL, "call", "base32", "call {pc}", "local", 0, isa.CALL_LOCAL, 0, "jump")
    yield Form("call_kfunc", isa.OP_CALL, "call", "base32", "call extern[{extern}]", "kfunc", 0, isa.CALL_KFUNC, 0, "index")
    # clang 19 and later, and gcc, name the register in dst; clang up to 18 in imm.
    yield Form("callx", isa.OP_CALLX, "callx", "kernel", "callx {dst}", dst="r")
    yield Form("callx_imm", isa.OP_CALLX, "callx", "kernel", "callx imm({immreg})", imm="register")
    yield Form("exit", isa.OP_EXIT, "exit", "base32", "exit")
    yield Form("may_goto", 0xE0 | isa.JMP, "may_goto", "kernel", "may_goto {jump}", off="jump", supported=False)
    yield Form("gotox", 0x00 | X | isa.JMP, "gotox", "kernel", "gotox {dst}", dst="r", supported=False)


FORMS: Final[tuple[Form, ...]] = (
    *_alu(),
    *_moves(),
    *_swaps(),
    *_loads(),
    *_stores(),
    *_atomics(),
    *_packet(),
    *_lddw(),
    *_branches(),
    *_control(),
)

FORM: Final[Mapping[str, Form]] = {form.name: form for form in FORMS}

Discriminator = Literal["src", "off", "imm"]


Choice = tuple[Discriminator, dict[int, Form], Form | None]


def selection(rows: Iterable[Form]) -> tuple[dict[int, Choice], tuple[Form | None, ...]]:
    """For each opcode its forms by the field that tells them apart, and its form where there is only one."""
    by_opcode: dict[int, list[Form]] = {}
    for form in rows:
        by_opcode.setdefault(form.opcode, []).append(form)
    chosen: dict[int, tuple[Discriminator, dict[int, Form], Form | None]] = {}
    only: list[Form | None] = [None] * 256
    fields: tuple[Discriminator, ...] = ("src", "off", "imm")
    for opcode, forms in by_opcode.items():
        if len(forms) == 1:
            only[opcode] = forms[0]
            continue
        for field in fields:
            fixed = {rule: form for form in forms if isinstance(rule := getattr(form, field), int)}
            rest = [form for form in forms if not isinstance(getattr(form, field), int)]
            if len(fixed) + len(rest) == len(forms) and len(rest) <= 1:
                chosen[opcode] = (field, fixed, rest[0] if rest else None)
                break
        else:
            msg = f"no field tells the forms of opcode {opcode:#04x} apart"
            raise LookupError(msg)
    return chosen, tuple(only)


# opcode -> (field that selects, value -> form, form of every other value); opcodes with one form are in ONLY.
SELECT, ONLY = selection(FORMS)


def form_of(insn: Insn) -> Form | None:
    """The row that `insn` belongs to by opcode and selecting field, or None. Reserved fields are the decoder's matter."""
    form = ONLY[insn.opcode]
    if form is not None:
        return form
    choice = SELECT.get(insn.opcode)
    if choice is None:
        return None
    field, fixed, rest = choice
    value: int = getattr(insn, field)
    return fixed.get(value, rest)
