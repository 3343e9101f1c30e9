"""Tokens and templates of the assembly syntax, shared by assembler and disassembler.

    r1 = *(u32 *)(r2 + 4)     tokens   r1  =  *  (  u32  *  )  (  r2  +4  )
                              shape    "r = * ( u32 * ) ( r ± )"

A shape is a statement without its operands. The templates of the instruction table have shapes too (several where an
operand can be written in several ways), so that an instruction is found with one look-up.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, final

from bpfcc.bpfir.isa_table import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bpfcc.bpfir.isa import Form

# Class of a token in a shape: 64-bit and 32-bit register, unsigned and signed number, name. Anything else stands for itself.
REGISTER: Final = "r"
REGISTER32: Final = "w"
NUMBER: Final = "#"
SIGNED: Final = "±"
NAME: Final = "$"

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<register>[rw][0-9]+(?![\w.$]))
  | (?P<operator>s(?:>>=|>=|<=|>|<|/=|%=)|<<=|>>=|\+=|-=|\*=|/=|%=|\|=|&=|\^=|==|!=|>=|<=)
  | (?P<number>(?P<sign>[+-]\s*)?(?P<digits>0[xX][0-9a-fA-F]+|[0-9]+)(?![\w.$]))
  | (?P<word>[A-Za-z_.$][\w.$]*)
  | (?P<single>[-=<>&*()\[\],:])
    """,
    re.VERBOSE | re.ASCII,
)


@final
@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a statement. `shape` is its class or its text; `value` of registers and numbers; `column` from 0."""

    shape: str
    text: str
    value: int
    column: int


class TokenError(ValueError):
    """Text that is no token: `column` from 0."""

    def __init__(self, column: int) -> None:
        super().__init__(f"column {column}")
        self.column = column


def _number(digits: str) -> int:
    # More digits than any field holds are out of range whatever they are; Python limits decimal conversion.
    return int(digits, 0) if digits[:2] in {"0x", "0X"} else int(digits.lstrip("0")[:32] or "0")


def tokens_of(text: str) -> list[Token]:
    """Split one statement; raises TokenError."""
    out: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise TokenError(at)
        piece = match.group()
        if match["register"]:
            out.append(Token(REGISTER if piece[0] == "r" else REGISTER32, piece, int(piece[1:6]), at))
        elif match["number"]:
            digits, sign = match["digits"], match["sign"]
            value = _number(digits)
            negative = sign is not None and sign[0] == "-"
            out.append(Token(SIGNED if sign else NUMBER, piece, -value if negative else value, at))
        elif match["word"]:
            out.append(Token(piece if piece in keywords() else NAME, piece, 0, at))
        elif not match["space"]:
            out.append(Token(piece, piece, 0, at))
        at = match.end()
    return out


# The ways in which each operand can be written; an empty class means that the token is not an operand.
Operand = Literal[
    "dst", "src", "dst32", "src32", "r0", "w0", "immreg",
    "off", "disp", "imm", "imm2", "imm64", "dst_space", "src_space",
    "jump", "pc", "helper", "map", "extern",
]  # fmt: skip

SPELLINGS: Final[Mapping[Operand, tuple[str, ...]]] = {
    "dst": (REGISTER,),
    "src": (REGISTER,),
    "r0": (REGISTER,),
    "immreg": (REGISTER,),
    "dst32": (REGISTER32,),
    "src32": (REGISTER32,),
    "w0": (REGISTER32,),
    "off": (SIGNED,),
    "disp": (SIGNED,),
    "imm2": (SIGNED,),
    "imm": (NUMBER, SIGNED),
    "imm64": (NUMBER, SIGNED),
    "dst_space": (NUMBER,),
    "src_space": (NUMBER,),
    "jump": (SIGNED, f"pc {SIGNED}", NAME),
    "pc": (f"pc {SIGNED}", NAME),
    "helper": (NUMBER, SIGNED, NAME),
    "map": (NUMBER, SIGNED, NAME),
    "extern": (NUMBER, SIGNED, NAME),
}

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


@functools.cache
def keywords() -> frozenset[str]:
    """Words that the syntax uses, which no label can be."""
    words = {"pc"}
    for form in FORMS:
        for template in (form.syntax, *form.aliases):
            words.update(_WORD.findall(_PLACEHOLDER.sub(" ", template)))
    return frozenset(words)


_LABEL: Final = re.compile(r"[A-Za-z_.$][A-Za-z_0-9.$]*", re.ASCII)
_REGISTER: Final = re.compile(r"[rw][0-9]+")


def is_label(name: str) -> bool:
    """Whether `name` can be a label (or the name of a helper, map or symbol) in assembly text."""
    return _LABEL.fullmatch(name) is not None and name not in keywords() and _REGISTER.fullmatch(name) is None


@final
@dataclass(frozen=True, slots=True)
class Candidate:
    """A form that a shape can be, with its operands in the order of the text."""

    form: Form
    operands: tuple[Operand, ...]


@functools.cache
def parts_of(template: str) -> tuple[tuple[str, Operand | None], ...]:
    """A template as (text, operand that follows it) pairs; the last pair may have no operand."""
    operands: Mapping[str, Operand] = {name: name for name in SPELLINGS}
    pieces = _PLACEHOLDER.split(template)
    return tuple((text, operands[name] if name else None) for text, name in itertools.zip_longest(pieces[::2], pieces[1::2]))


def _spellings(template: str) -> Iterator[tuple[str, ...]]:
    """The shapes of each part of a template, all spellings of an operand."""
    for text, operand in parts_of(template):
        literal = " ".join(token.shape for token in tokens_of(text))
        if literal:
            yield (literal,)
        if operand is not None:
            yield SPELLINGS[operand]


@functools.cache
def shapes() -> Mapping[str, tuple[Candidate, ...]]:
    """Shape -> what it can be, from every template of the instruction table."""
    found: dict[str, tuple[Candidate, ...]] = {}
    for form in FORMS:
        for template in (form.syntax, *form.aliases):
            candidate = Candidate(form, tuple(operand for _, operand in parts_of(template) if operand is not None))
            for spelling in itertools.product(*_spellings(template)):
                shape = " ".join(spelling)
                found[shape] = (*found.get(shape, ()), candidate)
    return found


@final
@dataclass(frozen=True, slots=True)
class Names:
    """Names to show instead of numbers: helpers by id, maps and external symbols by index, functions by first slot."""

    helpers: Mapping[int, str] = field(default_factory=dict)
    maps: Sequence[str] = ()
    externs: Sequence[str] = ()
    functions: Mapping[int, str] = field(default_factory=dict)
