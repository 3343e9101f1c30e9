"""Maps of programs for Windows as this runtime makes them: there maps have no flags, and a buffer of events is said otherwise.

    windows_spec(spec)        a trie that may be one; a buffer for each CPU

A hash table is bounded here, as it is in newer releases there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec

NO_PREALLOC: Final = 1
WORD: Final = 4


def windows_spec(spec: MapSpec, cpus: int = 1) -> MapSpec:
    """The definition by Linux's rules. (`max_entries` of a perf event array are the bytes of a CPU's buffer there.)"""
    if spec.type == "lpm_trie":
        return replace(spec, flags=NO_PREALLOC)
    if spec.type == "perf_event_array":
        return replace(spec, key_size=WORD, value_size=WORD, max_entries=cpus)
    return spec
