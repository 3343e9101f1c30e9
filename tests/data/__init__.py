"""C sources written for the tests of object reading, and the objects that the bundled clang makes of them.

compiled("programs.bpf.c")                    -> bytes of the object
compiled("programs.bpf.c", endian="big")      -> the same for big-endian BPF
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from bpfcc.frontend.btf import Btf
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.elf import ElfFile

HERE = Path(__file__).parent


@cache
def compiled(
    name: str, *, endian: Literal["little", "big"] = "little", debug: bool = True, opt: str = "-O2", defines: tuple[str, ...] = ()
) -> bytes:
    """The object of a source in this directory."""
    return compile_c(HERE / name, endian=endian, debug=debug, opt=opt, defines=defines).object


def btf_of(data: bytes) -> Btf:
    """The `.BTF` section of an object as it stands, sections not laid out."""
    elf = ElfFile(data)
    section = elf.section(".BTF")
    assert section is not None
    return Btf.from_bytes(elf.contents(section))
