"""Where output goes: colour or not, tables, quiet and verbose, progress on work that takes long.

screen = Screen(color="auto", quiet=False, verbose=0)
screen.line("17 packets")                   standard output
screen.note("compiled in 31 ms", level=1)   standard error, with -v
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console
    from rich.progress import Progress

ColorChoice = Literal["auto", "always", "never"]
STYLES: Final = {
    "bold": "1", "dim": "2", "error": "1;31", "warning": "1;35", "note": "1;36", "caret": "1;32", "good": "32", "bad": "31",
    "title": "1;34",
}  # fmt: skip
SLOW_SECONDS: Final = 1.0


def color_wanted(choice: ColorChoice, stream: TextIO) -> bool:
    """Whether to colour: the option, then NO_COLOR and FORCE_COLOR (no-color.org), then whether it is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Screen:
    """Standard output and error of one command."""

    # The last one made: errors are printed the way the command that met them would.
    current: ClassVar[Screen | None] = None

    def __init__(self, color: ColorChoice = "auto", *, quiet: bool = False, verbose: int = 0) -> None:
        self.color: ColorChoice = color
        self.quiet = quiet
        self.verbose = verbose
        Screen.current = self

    @classmethod
    def for_errors(cls) -> Screen:
        """The screen of the running command, or one with defaults."""
        return cls.current or cls()

    def line(self, text: str = "") -> None:
        """One line on standard output."""
        sys.stdout.write(text + "\n")

    def error_line(self, text: str) -> None:
        """One line on standard error, whatever the options."""
        sys.stderr.write(text + "\n")

    def note(self, text: str, *, level: int = 0) -> None:
        """One line on standard error: always but with -q (level 0), with -v (1), with -vv (2)."""
        if not self.quiet and self.verbose >= level:
            self.error_line(f"bpfcc: {text}")

    def style(self, text: str, style: str, *, error: bool = False) -> str:
        """`text` in a style, where there is colour."""
        if not color_wanted(self.color, sys.stderr if error else sys.stdout):
            return text
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m"

    def console(self) -> Console:
        """A rich console on standard output."""
        from rich.console import Console

        colored = color_wanted(self.color, sys.stdout)
        width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "0")) or 110
        return Console(file=sys.stdout, force_terminal=colored, no_color=not colored, width=width, highlight=False, soft_wrap=False)

    def table(
        self, columns: Sequence[tuple[str, Literal["left", "right"]]], rows: Sequence[Sequence[Any]], *, title: str | None = None
    ) -> None:
        """A table on standard output. Cells may be rich renderables; strings are plain text, not markup."""
        from rich.box import ROUNDED, SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        encoding = (sys.stdout.encoding or "ascii").lower()
        table = Table(box=SIMPLE_HEAD if "utf" not in encoding else ROUNDED, title=title, title_justify="left", safe_box=True)
        for name, justify in columns:
            table.add_column(Text(name), justify=justify, overflow="fold")
        for row in rows:
            table.add_row(*[Text(cell) if isinstance(cell, str) else cell for cell in row])
        console = self.console()
        if table.__rich_measure__(console, console.options.update(max_width=1000)).maximum > console.width:
            # Without frames more fits into a narrow terminal.
            table.box, table.pad_edge, table.padding = None, False, (0, 2, 0, 0)
            table.header_style = "underline"
        console.print(table)

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar on a terminal, once the work has taken a second; call what it yields with how much is done."""
        if self.quiet or not sys.stderr.isatty() or not total:
            yield lambda _done: None
            return
        bar = _Bar(what, total)
        try:
            yield bar.advance
        finally:
            bar.close()

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Say on a terminal what is going on, once it has taken a second. No thread is left behind: the reader forks."""
        if self.quiet or not sys.stderr.isatty():
            yield
            return
        shown = threading.Event()

        def show() -> None:
            shown.set()
            sys.stderr.write(f"bpfcc: {what} …")
            sys.stderr.flush()

        timer = threading.Timer(SLOW_SECONDS, show)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            if shown.is_set():
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


class _Bar:
    """A rich progress bar that starts late."""

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self.begun = time.monotonic()
        self.bar: Progress | None = None

    def advance(self, count: int) -> None:
        """So much more is done."""
        self.done += count
        if self.bar is None and time.monotonic() - self.begun > SLOW_SECONDS:
            from rich.console import Console
            from rich.progress import Progress

            self.bar = Progress(console=Console(stderr=True), transient=True)
            self.bar.start()
            self.task = self.bar.add_task(self.what, total=self.total)
        if self.bar is not None:
            self.bar.update(self.task, completed=self.done)

    def close(self) -> None:
        """Take it off the screen."""
        if self.bar is not None:
            self.bar.stop()
