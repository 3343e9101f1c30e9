"""Names in native images: sections of the image, programs, maps.

sections = PeSections()
sections.name("xdp"), sections.name("cgroup/connect4"), sections.name("cgroup/connect6")      "xdp", "cgroup~1", "cgroup~2"
"""

from __future__ import annotations

import re
from typing import Final, final

from bpfcc.errors import UnsupportedError

MOST_BYTES: Final = 8
MOST_NAME: Final = 63
# Sections that images have for themselves.
TAKEN: Final = frozenset((
    ".text", ".rdata", ".data", ".bss", ".pdata", ".xdata", ".reloc", ".edata", ".idata", ".00cfg", ".gfids", ".giats", ".rsrc", ".tls",
    ".bpfcc", ".debug", "programs", "maps", "hash", "INIT", "PAGE",
))  # fmt: skip


@final
class PeSections:
    """The sections of an image that programs are in: one for each section of the object, named after it."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._count = 0

    def name(self, section: str) -> str:
        """A name of at most eight bytes. A dollar sign would mean a group of sections to linkers, other signs anything."""
        if section not in self._of:
            wanted = re.sub(r"[^A-Za-z0-9_./-]", "_", section)
            self._of[section] = wanted if self._is_free(wanted) else self._shortened(wanted)
        return self._of[section]

    def _is_free(self, name: str) -> bool:
        return 0 < len(name) <= MOST_BYTES and name not in TAKEN and name not in self._of.values()

    def _shortened(self, wanted: str) -> str:
        while True:
            self._count += 1
            end = f"~{self._count}"
            found = wanted[: min(6, MOST_BYTES - len(end))] + end
            if self._is_free(found):
                return found


def checked_name(name: str) -> str:
    """A name as the loader takes it. UnsupportedError for one that is too long, or empty."""
    if not 0 < len(name.encode()) <= MOST_NAME:
        raise UnsupportedError(f"the name {name!r}", f"names have 1 to {MOST_NAME} bytes on Windows: {name!r}")
    return name
