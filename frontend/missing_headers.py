"""Say what to do about a header that was not found.

x.c:3:10: error: 'linux/sched.h' file not found
  note: bpfcc has no header of this name; …
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bpfcc.diagnostics import Diagnostic
from bpfcc.frontend.clang import our_include_dir

if TYPE_CHECKING:
    from pathlib import Path

_NOT_FOUND: Final = re.compile(r"'(?P<name>[^']+)' file not found")


def advise(diagnostic: Diagnostic) -> Diagnostic:
    """The same diagnostic; where it misses a header, with a note that says how to get one."""
    match = _NOT_FOUND.match(diagnostic.message)
    if match is None:
        return diagnostic
    return replace(diagnostic, notes=(*diagnostic.notes, Diagnostic("note", advice(match["name"]))))


# How headers of eBPF for Windows and its extensions are called.
WINDOWS_HEADERS: Final = ("ebpf_", "sample_ext_", "xdp_hooks", "ebpfhook")


def advice(name: str) -> str:
    known = header_names(our_include_dir())
    base = name.rsplit("/", 1)[-1]
    same = [other for other in known if other.rsplit("/", 1)[-1] == base] or difflib.get_close_matches(name, known, n=3, cutoff=0.8)
    hint = f"bpfcc has {', '.join(f'<{other}>' for other in same)}; " if same else "bpfcc has no header of this name; "
    if base == "vmlinux.h":
        return hint + "make one from a kernel's BTF with `bpfcc headers vmlinux --btf FILE > vmlinux.h`"
    if base.startswith(WINDOWS_HEADERS):
        return hint + "it comes with eBPF for Windows: give its directory of headers with -I"
    return hint + "give the directory of your own with -I, or use this machine's with --system-headers"


def header_names(directory: Path) -> list[str]:
    """Every header bpfcc brings, as it is included."""
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*.h"))
