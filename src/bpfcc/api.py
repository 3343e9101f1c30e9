"""Ways in: C source, object files, assembly text.

compile("filter.bpf.c").programs["filter"]
load("filter.o").programs["filter"]
Program.from_bytes(assemble("r0 = 2\\nexit"), type="xdp")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bpfcc.pipeline import MAX_OBJECT_BYTES, PLATFORM, Source, open_object, read_bytes, read_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bpfcc.program import Object


def compile(  # noqa: A001 - the contract's name
    source: str | Path, *, include_dirs: Sequence[str | Path] = (), defines: Sequence[str] = (), opt: str = "2", mcpu: str = "v3",
    clang: str | None = None, system_headers: bool = False, types: Mapping[str, str] | None = None,
    target_btf: str | Path | None = None, isolated: bool = False, platform: str = PLATFORM,
) -> Object:  # fmt: skip
    """Compile a C file and load the object.

    `types`: "SECTION", "SECTION:FUNCTION" or "" -> program type, where section names do not tell. `target_btf`: a file with the
    kernel types that CO-RE relocations are applied against. CompileError has clang's diagnostics as `diagnostics`.
    `platform`: whose numbers and section names its headers have (`linux`, `windows`, or a file with tables).
    """
    found = read_source(
        Path(source),
        clang=clang,
        include_dirs=tuple(include_dirs),
        defines=tuple(defines),
        opt=opt,
        mcpu=mcpu,
        system_headers=system_headers,
    )
    return open_object(found, isolated=isolated, types=types, target_btf=_path(target_btf), platform=platform)


def load(
    source: str | Path | bytes, *, types: Mapping[str, str] | None = None, target_btf: str | Path | None = None, isolated: bool = False,
    name: str | None = None, platform: str = PLATFORM,
) -> Object:  # fmt: skip
    """Load a BPF object from a file or from its bytes.

    With `isolated` a confined child reads it first: for objects from strangers. InputError says what is wrong and where.
    `platform`: whose object it is.
    """
    if isinstance(source, bytes):
        found = Source(name or "<bytes>", source)
    else:
        found = Source(name or str(source), read_bytes(Path(source), MAX_OBJECT_BYTES))
    return open_object(found, isolated=isolated, types=types, target_btf=_path(target_btf), platform=platform)


def assemble(text: str) -> bytes:
    """Instructions in the kernel's syntax (`r0 = 2`, `if r1 > 3 goto L`) as code. InputError with line and column."""
    from bpfcc.bpfir.assembler import assemble as assemble_text

    return assemble_text(text)


def _path(path: str | Path | None) -> Path | None:
    return Path(path) if path is not None else None
