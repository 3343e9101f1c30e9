"""Programs for Linux as programs for eBPF for Windows: the IR rewritten, and a note on everything that they use.

from bpfcc.compat.rewrite import to_windows
ported = to_windows(program)
ported.module, ported.entries, ported.verdict
"""

from __future__ import annotations

from bpfcc.compat.rewrite.entries import Entry, Kind, Place, What
from bpfcc.compat.rewrite.port import Ported, to_windows
from bpfcc.compat.rewrite.table import Correspondence, correspondence

__all__ = ["Correspondence", "Entry", "Kind", "Place", "Ported", "What", "correspondence", "to_windows"]
