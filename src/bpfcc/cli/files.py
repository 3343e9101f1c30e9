"""Files that commands write: what they are called, and how they get there.

renamed(Path("filter.bpf.c"), ".sys")          filter.sys
write(path, content, screen)                   all of it or nothing; None: standard output
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bpfcc.cli.screen import Screen


def renamed(path: Path, suffix: str) -> Path:
    """Next to a source, named as it without `.bpf`."""
    return path.with_name(path.name.removesuffix(path.suffix).removesuffix(".bpf") + suffix)


def write(target: Path | None, content: bytes, screen: Screen) -> None:
    """Write all or nothing."""
    if target is None:
        sys.stdout.buffer.write(content)
        return
    from bpfcc.frontend.clang import write_atomically

    write_atomically(target, content)
    screen.note(f"wrote {target} ({len(content)} bytes)")
