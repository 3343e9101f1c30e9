"""What a C programmer calls the operands of an instruction, and where the instruction is in the source.

    "{base} + 12 may lie behind the packet's end"   becomes   "eth + 12 may lie behind the packet's end"

Asked in this order: the expression on the source line at the compiler's column, if its name is one of a variable in scope; the
variable that debug information puts into the register; where the value came from (`ctx->data`, the result of a helper, `&key`);
at last the register itself.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast, final

from bpfcc.bpfir import isa
from bpfcc.errors import BpfccError, InputError
from bpfcc.explain.expressions import Expression, expression_at, leading_name, short
from bpfcc.explain.operands import Code, Immediate, Register
from bpfcc.explain.quote import read_lines
from bpfcc.explain.suggest import suggest, with_end
from bpfcc.frontend import dwarf_locations as where
from bpfcc.frontend.variables import span_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.bpfir.function import Module
    from bpfcc.diagnostics import SourcePosition
    from bpfcc.explain.operands import Origin
    from bpfcc.frontend.dwarf import Variable
    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Finding, Role

PLACEHOLDER: Final = re.compile(r"\{(base|value|lhs|rhs|result|arg[1-5])\}")
# Operators whose text names the operands of these instructions.
OPERATORS: Final = {"div": "/", "sdiv": "/", "mod": "%", "smod": "%"}
# An element of a member, and a pointer to a structure.
ELEMENT: Final = re.compile(r"(?P<name>\w+)(?:->(?P<member>\w+(?:\.\w+)*))?\[(?P<index>[^\[\]]+)\]")
LOCAL_ARRAY: Final = re.compile(r"[^*]\[(\d+)\]$")
STRUCT: Final = re.compile(r"(?:const )?struct (\w+) \*")
MAX_CALL_LINES: Final = 8
MAX_DEPTH: Final = 4


def name_findings(findings: Iterable[Finding], program: Program, module: Module) -> tuple[Finding, ...]:
    """Findings with names in their text, places in the source, and a suggestion where the engine had none."""
    namer = Namer(program, module)
    return tuple(namer.finding(finding) for finding in findings)


@final
class Namer:
    """Names and places of one program."""

    def __init__(self, program: Program, module: Module) -> None:
        from bpfcc.pipeline import helper_names

        self.program, self.module = program, module
        self.bytecode = program.bytecode
        self.code = Code(program.instructions, [span.start for span in self.bytecode.functions])
        self.helpers = helper_names(program)
        self._info = program.object.debug_info if program.object is not None else None
        self._variables: dict[int, list[Variable]] = {}
        self._files: dict[str, list[str]] = {}
        self._lines: set[str] | None = None

    # ---- findings

    def finding(self, finding: Finding) -> Finding:
        """One finding, named and placed."""

        def filled(text: str | None) -> str | None:
            return None if text is None else PLACEHOLDER.sub(lambda m: self.name(finding.insn, cast("Role", m.group(1))), text)

        named = replace(
            finding,
            message=filled(finding.message) or "",
            required=filled(finding.required),
            known=filled(finding.known),
            suggestion=filled(finding.suggestion),
            source=finding.source or self.position(finding.insn, finding.function),
            related=tuple(
                replace(r, message=filled(r.message) or "", source=r.source or self.position(r.insn, finding.function))
                for r in finding.related
            ),
        )  # fmt: skip
        required = None if named.required is None else with_end(named.required, named.insn, self)
        return replace(named, required=required, suggestion=suggest(named, self))

    def position(self, insn: int, function: str) -> SourcePosition | None:
        """Where an instruction comes from, with the extent of its expression; for -1 the line where the function begins."""
        if insn < 0:
            start = next((fn.start for fn in self.module.functions if fn.name == function), -1)
            found = self.module.position(start)
            return None if found is None else replace(found, column=0)
        found = self.module.position(insn)
        if found is None or found.text is None or not found.column:
            return found
        text = found.text
        found = replace(found, column=_characters(text, found.column))
        expression = expression_at(text, found.column)
        if expression is None:
            return found
        return replace(found, column=expression.start, end_line=found.line, end_column=expression.end)

    # ---- names

    def name(self, insn: int, role: Role) -> str:
        """What the operand is called; in the end the register, or the role where the instruction has no such operand."""
        if role == "result":
            return self._result(insn)
        operand = self.code.operand(insn, role)
        if isinstance(operand, Immediate):
            return str(operand.value)
        written = self._written(insn, role)
        if operand is None:
            return written or ("the value" if role == "value" else role)
        exiting = self.code.at(insn)
        if role == "value" and exiting is not None and exiting.opcode == isa.OP_EXIT:
            return "the return value"
        return self.register_name(insn, operand, pointer=role == "base", written=written)

    def _result(self, insn: int) -> str:
        """What an instruction makes: named after a call, or by the variable that holds it afterwards."""
        made, register = self.code.at(insn), self.code.operand(insn, "result")
        if made is None or not isinstance(register, Register):
            return "the result"
        if called := self.called(insn):
            return f"the result of {called}()"
        held = self.held(insn + made.slots, register)
        return held[0] if held else f"r{register.number}"

    def register_name(self, insn: int, register: Register, *, pointer: bool = False, written: str | None = None) -> str:
        """What a register is called before an instruction."""
        if register.number == isa.FRAME_POINTER:
            return "the stack"
        held = self.held(insn, register, pointer=pointer)
        known = self.in_scope(insn)
        if written is not None and (not known or leading_name(written) in known):
            return written
        if held:
            return held[0]
        return self._from_origin(insn, register, 0) or f"r{register.number}"

    def held(self, insn: int, register: Register, *, pointer: bool = False) -> list[str]:
        """Variables that debug information puts into the register, the likeliest first."""
        found: list[tuple[int, int, int, str]] = []
        for rank, variable in enumerate(self.variables(insn)):
            match variable.location:
                case where.Register(number) if number == register.number:
                    added = 0
                case where.Computed(number, addend, False) if number == register.number and 0 <= addend <= register.offset:
                    added = addend
                case _:
                    continue
            is_pointer = variable.type_name.endswith("*")
            found.append((0 if is_pointer == pointer else 1, -added, rank, variable.name))
        return list(dict.fromkeys(name for _, _, _, name in sorted(found)))

    def in_scope(self, insn: int) -> set[str]:
        """Names of variables in scope."""
        return {variable.name for variable in self.variables(insn)}

    def variables(self, insn: int) -> list[Variable]:
        """Variables in scope at an instruction, innermost first; none where there is no debug information that can be read."""
        if insn not in self._variables:
            found: list[Variable] = []
            span = span_of(self.bytecode, insn)
            if self._info is not None and span is not None and span.section:
                try:
                    found = self._info.variables_at(span.section, insn - span.start + span.section_start)
                except InputError:
                    self._info = None
            self._variables[insn] = found
        return self._variables[insn]

    # ---- what the source line says

    def _written(self, insn: int, role: Role) -> str | None:
        """The operand as the source line has it, if the line is plainly about this instruction."""
        found = self.module.position(insn)
        if found is None or found.text is None or not found.column:
            return None
        expression = expression_at(self._joined(found), _characters(found.text, found.column))
        text = None if expression is None else self._operand_text(expression, insn, role, exact=insn in self.bytecode.lines)
        if text is None:
            return None
        known = self.in_scope(insn)
        # Without debug information the text is all there is.
        return short(text) if not known or leading_name(text) in known or role.startswith("arg") else None

    def _operand_text(self, expression: Expression, insn: int, role: Role, *, exact: bool) -> str | None:
        if role.startswith("arg"):
            index = int(role.removeprefix("arg")) - 1
            called = expression.callee is not None and expression.callee == self.called(insn)
            return expression.args[index] if called and index < len(expression.args) else None
        if role == "base":
            # A line that an instruction before this one began may be about something else.
            if leading_name(expression.base or "") in self._held_at(insn):
                return expression.base
            if not exact or (expression.doubtful and self._element(expression.whole, insn) is None):
                return None
            # The register is no variable: it has the address of the element.
            operand, element = self.code.operand(insn, "base"), ELEMENT.fullmatch(expression.whole)
            computed = element is not None and isinstance(operand, Register) and operand.offset == 0 and not element["index"].isdigit()
            return f"&{expression.whole}" if computed else expression.base
        instruction = self.code.at(insn)
        symbol = OPERATORS.get(_meaning(instruction)) if instruction is not None else None
        if role in {"lhs", "rhs"} and symbol is not None and symbol in expression.whole:
            return expression.lhs if role == "lhs" else expression.rhs
        return None

    def lines(self) -> set[str]:
        """The source lines that the program is made from, as far as the object has them."""
        if self._lines is None:
            self._lines = {position.text for position in self.bytecode.lines.values() if position.text}
        return self._lines

    def element(self, insn: int) -> tuple[str, int] | None:
        """The index that the line uses, and how many elements the array has: of `p->m[i]` by BTF, of a local `a[i]` by its type."""
        found = self.module.position(insn)
        if found is None or found.text is None or insn not in self.bytecode.lines:
            return None
        expression = expression_at(found.text, _characters(found.text, found.column))
        return None if expression is None else self._element(expression.whole, insn)

    def _element(self, text: str, insn: int) -> tuple[str, int] | None:
        match = ELEMENT.fullmatch(text)
        kind = None if match is None else next((v.type_name for v in self.variables(insn) if v.name == match["name"]), None)
        if match is None or kind is None:
            return None
        if match["member"] is None:
            array = LOCAL_ARRAY.search(kind)
            return (match["index"], int(array[1])) if array is not None else None
        struct, btf = STRUCT.fullmatch(kind), self.program.btf
        if struct is None or btf is None:
            return None
        try:
            type_id = btf.find(struct[1], "struct")
            place = btf.field(type_id, match["member"]) if type_id is not None else None
            array_type = btf.type(btf.skip_modifiers(place.type_id)) if place is not None else None
        except InputError:
            return None
        return (match["index"], array_type.length) if array_type is not None and array_type.kind == "array" else None

    def _held_at(self, insn: int) -> list[str]:
        operand = self.code.operand(insn, "base")
        return self.held(insn, operand, pointer=True) if isinstance(operand, Register) else []

    def _joined(self, position: SourcePosition) -> str:
        """The line; a call that goes on is followed into the file, where the file still has this line."""
        text = position.text or ""
        if text.count("(") <= text.count(")"):
            return text
        if position.file not in self._files:
            self._files[position.file] = read_lines(position.file)
        lines = self._files[position.file]
        if not 0 < position.line <= len(lines) or lines[position.line - 1].strip() != text.strip():
            return text
        for line in lines[position.line : position.line + MAX_CALL_LINES]:
            text += " " + line.strip()
            if text.count("(") <= text.count(")"):
                break
        return text

    def called(self, insn: int) -> str | None:
        """The name of the function that an instruction calls, as C has it."""
        made = self.code.at(insn)
        if made is None or made.opcode != isa.OP_CALL:
            return None
        if made.src == isa.CALL_HELPER:
            return f"bpf_{self.helpers[made.imm]}" if made.imm in self.helpers else None
        if made.src == isa.CALL_KFUNC:
            return self.bytecode.externs[made.imm].name if 0 <= made.imm < len(self.bytecode.externs) else None
        return next((span.name for span in self.bytecode.functions if span.start == insn + 1 + made.imm), None)

    # ---- where values come from

    def _from_origin(self, insn: int, register: Register, depth: int) -> str | None:
        origin = self.code.origin(insn, register.number)
        if origin is None or depth > MAX_DEPTH:
            return None
        name = self._made_by(origin, depth)
        of_frame = origin.form.kind == "mov" and origin.made.src == isa.FRAME_POINTER
        if name is None or not origin.added or of_frame:
            return name
        return f"{name} {'+' if origin.added > 0 else '-'} {abs(origin.added)}"

    def _made_by(self, origin: Origin, depth: int) -> str | None:
        made, form = origin.made, origin.form
        if form.kind in {"call", "callx"}:
            called = self.called(origin.insn)
            return f"the result of {called}()" if called else None
        if form.kind == "mov":
            if form.second_operand == "imm":
                return str(made.imm + origin.added) if not origin.added else None
            return self.frame_name(origin.insn, origin.added) if made.src == isa.FRAME_POINTER else None
        if form.kind == "lddw":
            return self._loaded(made.src, made.imm)
        if form.kind == "load" and depth < MAX_DEPTH:
            return self._field(origin, depth) or self._read_there(origin.insn)
        return None

    def _read_there(self, insn: int) -> str | None:
        """The expression that a load is: `p->len`."""
        found = self.module.position(insn)
        if found is None or found.text is None or insn not in self.bytecode.lines:
            return None
        expression = expression_at(found.text, _characters(found.text, found.column))
        if expression is None or expression.base is None or leading_name(expression.base) not in self.in_scope(insn):
            return None
        return short(expression.whole)

    def _loaded(self, source: int, index: int) -> str | None:
        if source in {isa.LDDW_MAP, isa.LDDW_MAP_VALUE} and 0 <= index < len(self.bytecode.maps):
            return f"&{self.bytecode.maps[index].name}"
        return None

    def frame_name(self, insn: int, offset: int) -> str:
        """The variable at an offset of the frame: `&key`, or the stack with the offset."""
        for variable in self.variables(insn):
            if isinstance(variable.location, where.FrameOffset) and variable.location.offset_bytes == offset:
                return f"&{variable.name}"
        return f"the stack at {offset}" if offset else "the stack"

    def _field(self, origin: Origin, depth: int) -> str | None:
        """`ctx->data`: a load through a pointer whose name and layout are known."""
        base = Register(origin.made.src, origin.made.off)
        held = self.held(origin.insn, base, pointer=True)
        name = held[0] if held else self._from_origin(origin.insn, base, depth + 1)
        if name is None or " " in name:
            return None
        kind = next((v.type_name for v in self.variables(origin.insn) if v.name == name), "")
        member = self._context_field(kind, origin.made.off)
        return f"{name}->{member}" if member else None

    def _context_field(self, kind: str, offset: int) -> str | None:
        from bpfcc.runtime.specs import load_platform

        try:
            context = load_platform("linux").context_of(self.program.type or "")
        except BpfccError:
            return None
        if context is None or kind != f"struct {context.name} *":
            return None
        return next((field.name for field in context.fields if field.offset == offset and field.count == 1), None)


def _meaning(insn: object) -> str:
    from bpfcc.bpfir.insn import Insn
    from bpfcc.bpfir.isa_table import form_of

    form = form_of(insn) if isinstance(insn, Insn) else None
    return form.meaning if form is not None else ""


def _characters(text: str, column: int) -> int:
    """The column in characters: the compiler counts bytes."""
    return column if text.isascii() else len(text.encode()[: column - 1].decode(errors="ignore")) + 1
