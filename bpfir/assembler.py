"""Text to bytes, in the syntax of LLVM and the kernel.

    filter:
        r2 = *(u32 *)(r1 + 4)          # comments start with #, // or ;
        if r2 s> 7 goto done
        call pc+1                      // or the name of a label
    done:
        exit

Immediates are decimal or hexadecimal; where 32 bits are all that counts, 0xffffffff is as good as -1. A jump leads to a
label or over a number of slots (`+3`). With `names`, helpers, maps and external symbols can be named as well.
The inverse of `bpfcc.bpfir.disassembler`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn, assert_never, final

from bpfcc.bpfir.decode import fault_of
from bpfcc.bpfir.encode import encode_insn
from bpfcc.bpfir.insn import Insn
from bpfcc.bpfir.isa import FRAME_POINTER, REGISTERS
from bpfcc.bpfir.semantics import signed
from bpfcc.bpfir.syntax import NAME, NUMBER, REGISTER, REGISTER32, SIGNED, Names, Token, TokenError, is_label, shapes, tokens_of
from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bpfcc.bpfir.isa import Form
    from bpfcc.bpfir.syntax import Candidate, Operand

_COMMENT: Final = re.compile(r"#|//|;")
_LABEL: Final = re.compile(r"\s*([A-Za-z_.$][\w.$]*)\s*:", re.ASCII)
_OPERAND_SHAPES: Final = frozenset({REGISTER, REGISTER32, NUMBER, SIGNED, NAME})


@final
@dataclass(frozen=True, slots=True)
class _Statement:
    """One instruction of the source: where it stands, its first slot, its tokens and what they can mean."""

    line: int
    column: int
    slot: int
    text: str
    tokens: Sequence[Token]
    candidates: Sequence[Candidate]


@final
class _Assembler:
    """State of one source text: labels with the line that defines them, and names."""

    def __init__(self, file: str | None, names: Names) -> None:
        self._file = file or "<assembly>"
        self._helpers = {name: number for number, name in sorted(names.helpers.items(), reverse=True)}
        self._maps = {name: index for index, name in reversed([*enumerate(names.maps)])}
        self._externs = {name: index for index, name in reversed([*enumerate(names.externs)])}
        self._labels: dict[str, tuple[int, int]] = {}

    def fail(self, message: str, line: int, column: int) -> NoReturn:
        """Raise for a place; `column` counts from 0."""
        raise InputError(message, position=SourcePosition(self._file, line, column + 1))

    def assemble(self, text: str) -> bytes:
        """Read all lines for labels and shapes, then bind the operands."""
        statements: list[_Statement] = []
        slot = 0
        for number, line in enumerate(text.splitlines(), 1):
            statement = self._read_line(line, number, slot)
            if statement is not None:
                statements.append(statement)
                slot += statement.candidates[0].form.slots
        return b"".join(encode_insn(self._bind(statement)) for statement in statements)

    def _read_line(self, line: str, number: int, slot: int) -> _Statement | None:
        comment = _COMMENT.search(line)
        body = line[: comment.start()] if comment else line
        start = 0
        while (match := _LABEL.match(body, start)) is not None:
            self._define(match[1], number, match.start(1), slot)
            start = match.end()
        body = body.rstrip()
        start += len(body[start:]) - len(body[start:].lstrip())
        if start >= len(body):
            return None
        return self._read_statement(body, start, number, slot)

    def _define(self, label: str, line: int, column: int, slot: int) -> None:
        if not is_label(label):
            self.fail(f"{label!r} is a reserved word and cannot be a label", line, column)
        if label in self._labels:
            self.fail(f"label {label!r} is already defined in line {self._labels[label][1]}", line, column)
        self._labels[label] = (slot, line)

    def _read_statement(self, body: str, start: int, line: int, slot: int) -> _Statement:
        text = body[start:]
        try:
            tokens = tokens_of(text)
        except TokenError as error:
            self.fail(f"cannot read {text[error.column :][:20]!r}", line, start + error.column)
        for token in tokens:
            if token.shape in {REGISTER, REGISTER32} and token.value >= REGISTERS:
                self.fail(f"register {token.text} does not exist", line, start + token.column)
        candidates = shapes().get(" ".join(token.shape for token in tokens))
        if candidates is None:
            self.fail(f"not an instruction: {text}", line, start)
        return _Statement(line, start, slot, text, tokens, candidates)

    def _choose(self, statement: _Statement, tokens: Sequence[Token]) -> Candidate:
        candidates = statement.candidates
        if len(candidates) == 1:
            return candidates[0]
        # `call NAME` alone can be two things: a function of the program, or a helper.
        operand = "pc" if tokens[0].text in self._labels else "helper"
        return next(candidate for candidate in candidates if operand in candidate.operands)

    def _bind(self, statement: _Statement) -> Insn:
        tokens = [token for token in statement.tokens if token.shape in _OPERAND_SHAPES]
        candidate = self._choose(statement, tokens)
        form = candidate.form
        fields: dict[str, int] = {}
        for operand, token in zip(candidate.operands, tokens, strict=True):
            for name, value in self._operand(operand, token, form, statement):
                if fields.setdefault(name, value) != value:
                    self._fail_at(f"{token.text} must be the same register as the first", token, statement)
        if "dst_space" in fields:
            fields["imm"] = signed(32, fields.pop("dst_space") << 16 | fields.pop("src_space"))
        fixed = {"dst": form.dst, "src": form.src, "off": form.off, "imm": form.imm}
        fields.update({name: rule for name, rule in fixed.items() if isinstance(rule, int)})
        insn = Insn(form.opcode, **fields)
        fault = fault_of(insn)
        if fault is not None:
            self.fail(fault.removeprefix(f"{form.name}: "), statement.line, statement.column)
        return insn

    def _fail_at(self, message: str, token: Token, statement: _Statement) -> NoReturn:
        self.fail(message, statement.line, statement.column + token.column)

    def _operand(self, operand: Operand, token: Token, form: Form, statement: _Statement) -> Iterator[tuple[str, int]]:
        """The fields that one operand sets."""
        match operand:
            case "dst" | "dst32":
                if isinstance(form.dst, str) and "w" in form.dst and token.value == FRAME_POINTER:
                    self._fail_at("r10 is read-only", token, statement)
                yield "dst", token.value
            case "src" | "src32":
                yield "src", token.value
            case "immreg":
                yield "imm", token.value
            case "r0" | "w0":
                if token.value != 0:
                    self._fail_at(f"{token.text} must be {operand}", token, statement)
            case "imm64":
                value = self._ranged(token, -(1 << 63), (1 << 64) - 1, statement)
                yield "imm", signed(32, value)
                yield "imm2", signed(32, value >> 32)
            case "off":
                yield "off", self._ranged(token, -0x8000, 0x7FFF, statement)
            case "imm2":
                yield "imm2", self._ranged(token, -0x8000_0000, 0x7FFF_FFFF, statement)
            case "imm" | "disp":
                yield "imm", self._immediate(token, form, statement)
            case "dst_space" | "src_space":
                yield operand, self._ranged(token, 0, 0xFFFF, statement)
            case "jump" | "pc":
                yield self._jump(token, form, statement)
            case "helper":
                yield "imm", self._index(token, self._helpers, "label or helper", statement)
            case "map":
                yield "imm", self._index(token, self._maps, "map", statement)
            case "extern":
                yield "imm", self._index(token, self._externs, "external symbol", statement)
            case _:
                assert_never(operand)

    def _ranged(self, token: Token, low: int, high: int, statement: _Statement) -> int:
        if not low <= token.value <= high:
            self._fail_at(f"{token.value} is outside {low} to {high}", token, statement)
        return token.value

    def _immediate(self, token: Token, form: Form, statement: _Statement) -> int:
        if form.width_bits == 64 and 0x7FFF_FFFF < token.value <= 0xFFFF_FFFF:
            # Taking it for a negative number would set the upper half of the operand.
            self._fail_at(f"{token.text} does not fit into a signed 32-bit immediate; `rN = {token.text} ll` loads it", token, statement)
        return signed(32, self._ranged(token, -0x8000_0000, 0xFFFF_FFFF, statement))

    def _index(self, token: Token, table: Mapping[str, int], what: str, statement: _Statement) -> int:
        if token.shape == NAME:
            if token.text not in table:
                self._fail_at(f"there is no {what} {token.text!r}", token, statement)
            return table[token.text]
        return self._ranged(token, -0x8000_0000, 0x7FFF_FFFF, statement)

    def _jump(self, token: Token, form: Form, statement: _Statement) -> tuple[str, int]:
        distance = token.value
        if token.shape == NAME:
            if token.text not in self._labels:
                self._fail_at(f"there is no label {token.text!r}", token, statement)
            distance = self._labels[token.text][0] - (statement.slot + 1)
        if form.off == "jump":
            if not -0x8000 <= distance <= 0x7FFF:
                self._fail_at(f"a jump over {distance} slots does not fit into 16 bits; `gotol` reaches further", token, statement)
            return "off", distance
        if not -0x8000_0000 <= distance <= 0x7FFF_FFFF:
            self._fail_at(f"a distance of {distance} slots does not fit into 32 bits", token, statement)
        return "imm", distance


def assemble(text: str, *, file: str | None = None, names: Names | None = None) -> bytes:
    """Assemble `text` to little-endian code; raises InputError with line and column.

    `file` is the name to show in messages. `names` gives the numbers of helpers, maps and external symbols.
    """
    return _Assembler(file, names or Names()).assemble(text)
