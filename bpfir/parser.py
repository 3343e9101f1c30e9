"""Read the textual form of a module; the exact inverse of `printer`.

    parse_module(print_module(module))      the same module
    parse_module("bpfir 2\\n")               InputError: line 1: this is version 2 of the textual form; version 1 is read here

Lines that are empty or begin with `;` are skipped, and `; …` after an operation is a comment.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.bpfir.function import Block, Function, Module
from bpfcc.bpfir.module import Extern, MapSpec
from bpfcc.bpfir.ops import TERMINATORS, Edge, Op, Operand, Value
from bpfcc.bpfir.text import IR_VERSION, MASK64, QUOTED, grammar, kind_of
from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_VERSION: Final = re.compile(r"bpfir (\d+)\Z")
_ENTRY: Final = re.compile(r"(map|extern|line) (\d+) (\{.*\})\Z")
_FUNCTION: Final = re.compile(
    rf"fn @({QUOTED}|[A-Za-z_.$][\w.$]*)\(([^()]*)\) (static|global)(?: btf (\d+))?(?: at (\d+))? \{{\Z", re.ASCII
)
_LABEL: Final = re.compile(r"(b\d+)(?:\(([^()]*)\))?(?: steps (\d+))?:\Z")
_SUFFIX: Final = re.compile(r"\s+#(\d+)\Z")
_COMMENT: Final = re.compile(rf'^((?:[^";]|{QUOTED})*);.*\Z')


@cache
def _grammar() -> dict[str, list[tuple[type[Op], re.Pattern[str]]]]:
    return grammar()


@final
class _Lines:
    """The lines that say something, with their numbers."""

    def __init__(self, text: str, file: str | None) -> None:
        self.file = file
        self.number = 0
        self.source = text.split("\n")
        self.iterator = self._walk()

    def _walk(self) -> Iterator[str]:
        for number, raw in enumerate(self.source, 1):
            self.number = number
            line = raw.strip()
            if ";" in line:
                cut = _COMMENT.match(line)
                line = cut.group(1).rstrip() if cut else line
            if line:
                yield line

    def error(self, message: str) -> InputError:
        """An error at the current line, with its text."""
        text = self.source[self.number - 1] if 0 < self.number <= len(self.source) else None
        place = SourcePosition(self.file or "<ir>", self.number, text=text)
        return InputError(message, position=place)


def parse_module(text: str, *, file: str | None = None) -> Module:
    """The module that `text` describes. InputError with the line where it is malformed; see `bpfcc.bpfir.check` for what it must obey."""
    lines = _Lines(text, file)
    first = next(lines.iterator, "")
    version = _VERSION.match(first)
    if version is None:
        raise lines.error(f"the textual form of a module begins with `bpfir {IR_VERSION}`")
    if int(version.group(1)) != IR_VERSION:
        raise lines.error(f"this is version {version.group(1)} of the textual form; version {IR_VERSION} is read here")
    tables: dict[str, dict[int, Any]] = {"map": {}, "extern": {}, "line": {}}
    module = Module([])
    for line in lines.iterator:
        entry = _ENTRY.match(line)
        if entry:
            tables[entry.group(1)][int(entry.group(2))] = _record(lines, entry.group(1), entry.group(3))
        elif line.startswith("type "):
            module.type = _json(lines, line[5:], str)
        elif line in ("endian big", "endian little"):
            module.endian = "big" if line == "endian big" else "little"
        elif line.startswith("fn "):
            module.functions.append(_FunctionParser(lines, line).run())
        else:
            raise lines.error("expected a function, map, extern, line, type or endian")
    module.maps = tuple(_dense(lines, "map", tables["map"]))
    module.externs = tuple(_dense(lines, "extern", tables["extern"]))
    module.lines = tables["line"]
    if not module.functions:
        raise lines.error("a module has at least one function")
    return module


def _dense(lines: _Lines, what: str, table: dict[int, Any]) -> list[Any]:
    if sorted(table) != list(range(len(table))):
        raise lines.error(f"{what} numbers are not 0 … {len(table) - 1}")
    return [table[at] for at in range(len(table))]


def _json(lines: _Lines, text: str, kind: type) -> Any:
    try:
        value = json.loads(text)
    except ValueError as problem:
        raise lines.error(f"not JSON: {problem}") from None
    if not isinstance(value, kind):
        raise lines.error(f"expected a JSON {kind.__name__}")
    return value


def _record(lines: _Lines, what: str, text: str) -> MapSpec | Extern | SourcePosition:
    content: dict[str, Any] = _json(lines, text, dict)
    makers: dict[str, Callable[..., Any]] = {"map": _map_spec, "extern": Extern, "line": SourcePosition}
    make = makers[what]
    try:
        return make(**content)  # type: ignore[no-any-return]
    except (TypeError, ValueError) as problem:
        raise lines.error(f"bad {what}: {problem}") from None


def _map_spec(**content: Any) -> MapSpec:
    if isinstance(content.get("initial"), str):
        content["initial"] = bytes.fromhex(content["initial"])
    if isinstance(content.get("inner"), dict):
        content["inner"] = _map_spec(**content["inner"])
    if isinstance(content.get("values"), dict):
        content["values"] = {int(k): v for k, v in content["values"].items()}
    return MapSpec(**content)


@final
class _FunctionParser:
    """One function; values and blocks may be used before the line that defines them."""

    def __init__(self, lines: _Lines, head: str) -> None:
        self.lines = lines
        found = _FUNCTION.match(head)
        if found is None:
            raise lines.error("expected `fn @name(v0, …) global {`")
        self.fn = Function(self._name(found.group(1)))
        self.fn.linkage = "static" if found.group(3) == "static" else "global"
        self.fn.btf_type_id = int(found.group(4) or 0)
        self.fn.start = int(found.group(5) or 0)
        self.values: dict[str, Value] = {}
        self.blocks: dict[str, Block] = {}
        self.defined: set[str] = set()
        self.fn.params = [self._define(name, None) for name in self._names(found.group(2))]

    def run(self) -> Function:
        """Read up to the closing brace."""
        fn, lines = self.fn, self.lines
        block: Block | None = None
        ended = True
        for line in lines.iterator:
            if line == "}":
                break
            label = _LABEL.match(line)
            if label is not None:
                if not ended:
                    raise lines.error("the block before this one has no end (jump, if, exit or unresolved)")
                block, ended = self._block(label.group(1), label.group(2)), False
                block.steps = int(label.group(3) or 0)
            elif block is None or ended:
                raise lines.error("an operation outside of a block")
            else:
                ended = self._op(block, line)
        else:
            raise lines.error(f"function {fn.name!r} has no closing brace")
        if not ended or block is None:
            raise lines.error(f"the last block of {fn.name!r} has no end")
        self._finish()
        return fn

    def _finish(self) -> None:
        missing = sorted(self.blocks.keys() - {f"b{b.id}" for b in self.fn.blocks}) or sorted(self.values.keys() - self.defined)
        if missing:
            raise self.lines.error(f"{missing[0]} is used in {self.fn.name!r} but not defined")
        self.fn.next_value = max((v.id for v in self.values.values()), default=-1) + 1

    def _block(self, label: str, params: str | None) -> Block:
        block = self._block_named(label)
        if block in self.fn.blocks:
            raise self.lines.error(f"block {label} is defined twice")
        block.params = [self._define(name, block) for name in self._names(params or "")]
        self.fn.blocks.append(block)
        return block

    def _op(self, block: Block, line: str) -> bool:
        insn = -1
        suffix = _SUFFIX.search(line)
        if suffix is not None:
            insn, line = int(suffix.group(1)), line[: suffix.start()]
        body = line.split(" = ", 1)[-1]
        mnemonic = re.split(r"[.\s(]", body, maxsplit=1)[0]
        for cls, expression in _grammar().get(mnemonic, ()):
            found = expression.match(line)
            if found is not None:
                op = self._make(cls, found.groups(), insn)
                if isinstance(op, TERMINATORS):
                    block.terminator = op
                    return True
                block.ops.append(op)
                return False
        raise self.lines.error(f"no operation is written like this: {line}")

    def _make(self, cls: type[Op], texts: tuple[str | None, ...], insn: int) -> Op:
        names = re.findall(r"\{(\w+)\}", cls.SYNTAX)
        content = {name: self._field(cls, name, text) for name, text in zip(names, texts, strict=True)}
        op = cls(**content, insn=insn)  # type: ignore[call-arg]
        if cls.HAS_RESULT:
            content["result"].definition = op
        return op

    def _field(self, cls: type[Op], name: str, text: str | None) -> Any:
        kind = kind_of(cls, name)
        if kind == "flag":
            return text is not None
        text = text or ""
        match kind:
            case "Value":
                return self._define(text, None)
            case "Operand":
                return self._operand(text)
            case "list[Operand]":
                return self._operands(text)
            case "Edge":
                target, _, steps = text.partition("+")
                label, _, args = target.rstrip(")").partition("(")
                return Edge(self._block_named(label), self._operands(args), int(steps or 0))
            case "Text":
                return _json(self.lines, text, str)
            case "str":
                return self._name(text)
            case _:
                return int(text) if text.lstrip("-").isdigit() else text

    def _name(self, text: str) -> str:
        return str(_json(self.lines, text, str)) if text.startswith('"') else text

    def _names(self, text: str) -> list[str]:
        names = [name.strip() for name in text.split(",")] if text.strip() else []
        for name in names:
            if not re.fullmatch(r"v\d+", name):
                raise self.lines.error(f"expected a value, not {name!r}")
        return names

    def _define(self, name: str, definition: Block | None) -> Value:
        if name in self.defined:
            raise self.lines.error(f"{name} is defined twice")
        self.defined.add(name)
        value = self._value(name)
        value.definition = definition
        return value

    def _value(self, name: str) -> Value:
        value = self.values.get(name)
        if value is None:
            value = self.values[name] = Value(int(name[1:]))
        return value

    def _operand(self, text: str) -> Operand:
        text = text.strip()
        if text.startswith("v"):
            return self._value(text)
        try:
            number = int(text, 0)
        except ValueError:
            raise self.lines.error(f"expected a value or a number, not {text!r}") from None
        if not -(1 << 63) <= number <= MASK64:
            raise self.lines.error(f"{text} does not fit in 64 bits")
        return number & MASK64

    def _operands(self, text: str) -> list[Operand]:
        return [self._operand(part) for part in text.split(",")] if text.strip() else []

    def _block_named(self, label: str) -> Block:
        block = self.blocks.get(label)
        if block is None:
            block = self.blocks[label] = Block(int(label[1:]))
        return block
