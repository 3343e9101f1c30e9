"""Source lines as messages quote them, and text from objects made fit for a terminal.

    14 |     if (eth->h_proto == 8)
       |         ^~~~~~~~~~~~ 2 bytes are read here

`paint(text, style)` colours; the styles are those of `bpfcc.cli.screen`.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bpfcc.diagnostics import SourcePosition

MAX_LINE: Final = 300
MAX_SOURCE_BYTES: Final = 8 << 20


def printable(text: str) -> str:
    """The text without what would move the cursor, colour the terminal or reorder what is read."""
    return "".join(c if c == "\t" or c.isprintable() else "?" for c in text)


def columns(text: str) -> int:
    """Columns that a terminal gives the text: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def line_text(position: SourcePosition) -> str | None:
    """The line that was compiled, where the object has it, else the file's line as it is now; None where neither is known."""
    text = position.text if position.text is not None else read_line(position)
    return None if text is None or len(text) > MAX_LINE else printable(text.rstrip("\r\n"))


def quoted(position: SourcePosition, paint: Callable[[str, str], str], label: str = "") -> Iterator[str]:
    """The source line and a caret under the place, with `label` behind it; nothing where the line is not known."""
    shown = line_text(position)
    if shown is None:
        return
    yield f"{position.line:5} | {shown}"
    if not position.column:
        return
    # Tabs stay tabs in the margin, so that the caret stands where the terminal puts the character.
    margin = "".join("\t" if c == "\t" else " " * columns(c) for c in shown[: position.column - 1])
    length = 1
    if position.end_column is not None and position.end_line in {None, position.line}:
        length = max(1, columns(shown[position.column - 1 : position.end_column - 1]))
    yield f"      | {margin}{paint('^' + '~' * (length - 1), 'caret')}{' ' + label if label else ''}"


def short_path(file: str) -> str:
    """A path below the current directory as people type it; objects carry absolute ones."""
    here = f"{Path.cwd()}{os.sep}"
    return file.removeprefix(here)


def read_line(position: SourcePosition) -> str | None:
    """The line from the file itself, where it is there."""
    lines = read_lines(position.file)
    return lines[position.line - 1] if 0 < position.line <= len(lines) else None


def read_lines(file: str) -> list[str]:
    """Lines of a source file; none where it is not there. Names may come from an object: only small regular files are opened."""
    path = Path(file)
    try:
        if not path.is_file() or path.stat().st_size > MAX_SOURCE_BYTES:
            return []
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return []
