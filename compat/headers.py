"""Headers made on demand: the types of a kernel as C.

    vmlinux_header(None)              vmlinux.h of the running kernel
    vmlinux_header("vmlinux.btf")     of the kernel whose BTF (raw, or in an ELF file) is in that file

bpfcc brings a compact vmlinux.h of its own, which serves portable programs; this one is exact and complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.errors import InputError
from bpfcc.frontend.btf import Btf
from bpfcc.frontend.btf_c import to_c

if TYPE_CHECKING:
    from pathlib import Path

GUARD: Final = "__VMLINUX_H__"


def vmlinux_header(btf_path: str | Path | None = None) -> str:
    """C source of every type in a kernel's BTF; the running kernel's if no file is named."""
    if btf_path is not None:
        return to_c(Btf.from_file(btf_path), guard=GUARD)
    btf = Btf.kernel()
    if btf is None:
        raise InputError("this machine has no kernel BTF that can be read; name a file with --btf FILE")
    return to_c(btf, guard=GUARD)
