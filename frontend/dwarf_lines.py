"""The line table: `.debug_line`, DWARF 2 to 5.

rows = read_line_program(unit)
rows[0]    -> Row(address=0x3_0000_0000_0010, file=1, line=14, column=9)
table.file_name(1)  -> "/src/drop.c"
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.frontend.dwarf_units import AT_COMP_DIR, AT_NAME, AT_STMT_LIST

if TYPE_CHECKING:
    from bpfcc.frontend.dwarf_reader import Cursor
    from bpfcc.frontend.dwarf_units import Unit

CONTENT_PATH: Final = 1
CONTENT_DIRECTORY: Final = 2
OP_EXTENDED: Final = 0


class Row(NamedTuple):
    """The instructions from `address` on come from this place; `end` marks the first address after a sequence."""

    address: int
    file: int
    line: int
    column: int
    end: bool = False


@final
class LineTable:
    """A unit's line program: its rows and the names of its files."""

    def __init__(self, unit: Unit) -> None:
        self.rows: list[Row] = []
        self.files: dict[int, str] = {}
        self._unit = unit
        self._comp_dir = unit.root.text(AT_COMP_DIR) or ""
        offset = unit.root.number(AT_STMT_LIST)
        if offset is not None:
            self._read(unit.sections.cursor(".debug_line", offset))

    def file_name(self, index: int) -> str:
        """The path of a file, made absolute with the unit's directory."""
        found = self.files.get(index)
        if found is None:
            found = self._unit.root.text(AT_NAME) or "<unknown>"
        return posixpath.normpath(posixpath.join(self._comp_dir, found))

    def _read(self, at: Cursor) -> None:
        length, offset_size = at.length()
        at.limit(length)
        version = at.u16()
        if not 2 <= version <= 5:
            raise at.error(f"a line table of version {version}; 2 to 5 are known")
        if version == 5:
            at.take(2)
        header_length = at.sized(offset_size)
        program = at.position + header_length
        minimum_length = at.u8()
        if version >= 4:
            at.u8()
        at.u8()
        line_base, line_range, opcode_base = at.s8(), at.u8(), at.u8()
        if not line_range or not opcode_base:
            raise at.error("a line table whose opcodes have no range")
        operand_counts = list(at.take(opcode_base - 1))
        if version == 5:
            directories = self._entries_v5(at)
            self.files = {i: posixpath.join(*self._directory(directories, d), name) for i, (name, d) in enumerate(self._entries_v5(at))}
        else:
            self._files_v4(at)
        if not at.position <= program <= at.end:
            raise at.error("a line table whose program starts outside it")
        at.position = program
        _Machine(at, self, (minimum_length, line_base, line_range, opcode_base), operand_counts).run()

    @staticmethod
    def _directory(directories: list[tuple[str, int]], index: int) -> tuple[str, ...]:
        if index >= len(directories):
            return ()
        # Directory 0 is the unit's own; the others are relative to it.
        return (directories[0][0], directories[index][0])

    def _entries_v5(self, at: Cursor) -> list[tuple[str, int]]:
        formats = [(at.uleb(), at.uleb()) for _ in range(at.u8())]
        count = at.uleb()
        if count > at.end - at.position or (count and not formats):
            raise at.error(f"a line table of {count} files in {at.end - at.position} bytes")
        entries: list[tuple[str, int]] = []
        for _ in range(count):
            self._unit.sections.budget.spend(1 + len(formats), at)
            name, directory = "", 0
            for content, form in formats:
                value = self._unit.read_form(at, form)
                if content == CONTENT_PATH:
                    name = self._unit.string(value) or ""
                elif content == CONTENT_DIRECTORY and isinstance(value.value, int):
                    directory = value.value
            entries.append((name, directory))
        return entries

    def _files_v4(self, at: Cursor) -> None:
        directories = [""]
        while name := at.string():
            directories.append(name)
        while name := at.string():
            self.add_file(at, name, directories)

    def add_file(self, at: Cursor, name: str, directories: list[str]) -> None:
        directory = at.uleb()
        at.uleb()
        at.uleb()
        self.files[len(self.files) + 1] = posixpath.join(directories[directory] if directory < len(directories) else "", name)


@final
class _Machine:
    """The state machine that a line program drives."""

    def __init__(self, at: Cursor, table: LineTable, shape: tuple[int, int, int, int], operand_counts: list[int]) -> None:
        self.at = at
        self.table = table
        self.minimum_length, self.line_base, self.line_range, self.opcode_base = shape
        self.operand_counts = operand_counts
        self.reset()

    def reset(self) -> None:
        self.address = 0
        self.file = 1
        self.line = 1
        self.column = 0

    def emit(self, *, end: bool = False) -> None:
        self.table.rows.append(Row(self.address, self.file, self.line, self.column, end))

    def run(self) -> None:
        at, base = self.at, self.opcode_base
        while at.position < at.end:
            opcode = at.u8()
            if opcode >= base:
                step, line = divmod(opcode - base, self.line_range)
                self.address += step * self.minimum_length
                self.line += self.line_base + line
                self.emit()
            elif opcode == OP_EXTENDED:
                self._extended()
            else:
                self._standard(opcode)

    def _standard(self, opcode: int) -> None:
        at = self.at
        match opcode:
            case 1:
                self.emit()
            case 2:
                self.address += at.uleb() * self.minimum_length
            case 3:
                self.line += at.sleb()
            case 4:
                self.file = at.uleb()
            case 5:
                self.column = at.uleb()
            case 8:
                self.address += (255 - self.opcode_base) // self.line_range * self.minimum_length
            case 9:
                self.address += at.u16()
            case _:
                # The header says how many operands an unknown opcode has, so that it can be passed over.
                for _ in range(self.operand_counts[opcode - 1]):
                    at.uleb()

    def _extended(self) -> None:
        at = self.at
        length = at.uleb()
        if not length:
            return
        if length > at.end - at.position:
            raise at.error("a line program is cut off")
        following = at.position + length
        match at.u8():
            case 1:
                self.emit(end=True)
                self.reset()
            case 2:
                self.address = at.sized(min(length - 1, 8))
            case 3:
                self.table.add_file(at, at.string(), [])
            case _:
                pass
        at.position = following
