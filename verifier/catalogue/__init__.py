"""The catalogue of findings: for every code why it matters, a program that gets it, and how that program becomes right.

>>> ENTRIES["V021"].why[:30]
'Dividing by zero does not trap'

`bpfcc explain`, `docs/findings.md` and the rules of SARIF are made from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bpfcc.verifier.catalogue.control import ENTRIES as CONTROL
from bpfcc.verifier.catalogue.entry import Entry
from bpfcc.verifier.catalogue.functions import ENTRIES as FUNCTIONS
from bpfcc.verifier.catalogue.memory import ENTRIES as MEMORY
from bpfcc.verifier.catalogue.pointers import ENTRIES as POINTERS
from bpfcc.verifier.catalogue.resources import ENTRIES as RESOURCES
from bpfcc.verifier.codes import CODES

__all__ = ["ENTRIES", "Entry", "collect"]


def collect(areas: Iterable[Mapping[str, Entry]], codes: Iterable[str]) -> dict[str, Entry]:
    """All entries in the order of the codes. ValueError where one is missing, unknown or given twice."""
    found: dict[str, Entry] = {}
    for area in areas:
        for code, entry in area.items():
            if code in found:
                raise ValueError(f"catalogue: two entries for {code}")
            found[code] = entry
    wanted = list(codes)
    if missing := [code for code in wanted if code not in found]:
        raise ValueError(f"catalogue: no entry for {', '.join(missing)}")
    if unknown := sorted(set(found) - set(wanted)):
        raise ValueError(f"catalogue: entries for codes that do not exist: {', '.join(unknown)}")
    return {code: found[code] for code in wanted}


ENTRIES: Final[Mapping[str, Entry]] = collect((MEMORY, POINTERS, FUNCTIONS, RESOURCES, CONTROL), CODES)
