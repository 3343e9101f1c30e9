"""Sizes and places of what images and loaders share: all of them are compared by the compiler, and a difference stops it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.backends.aot.build import bundled_binary, run_tool
from bpfcc.compat.native.link import TRIPLES
from bpfcc.compat.native.unit import HEADER, own_text
from bpfcc.errors import CompileError

if TYPE_CHECKING:
    from pathlib import Path

TEXT: Final = own_text(HEADER)
STRUCTURE: Final = re.compile(r"typedef struct \w+ \{(.*?)\} (\w+);", re.DOTALL)


def structures() -> dict[str, list[str]]:
    """Members of each structure that the header declares."""
    found = {}
    for body, name in STRUCTURE.findall(TEXT):
        plain = re.sub(r"/\*.*?\*/|\[.*?\]", "", body, flags=re.DOTALL)
        members: list[str] = []
        for line in filter(None, map(str.strip, plain.split(";"))):
            function = re.match(r"[^(]*\(\*(\w+)\)", line)
            members += [function[1]] if function else [part.split()[-1].lstrip("*") for part in line.split(",")]
        found[name] = members
    return found


def test_every_member_is_compared() -> None:
    places = set(re.findall(r"BPFCC_PLACE\((\w+), (\w+), \d+\)", TEXT))
    sizes = re.findall(r"BPFCC_SIZE\((\w+), \d+\)", TEXT)
    assert len(structures()) == 16
    assert places == {(name, member) for name, members in structures().items() for member in members}
    assert sorted(sizes) == sorted(structures())


def compiles(text: str, folder: Path) -> None:
    """CompileError where it does not."""
    (folder / "header.c").write_text(text)
    run_tool([str(bundled_binary()), "cc", "-target", TRIPLES["x86_64"], "-std=c99", "-c", "header.c", "-o", "header.obj"], str(folder))


def test_the_header_compiles(tmp_path: Path) -> None:
    compiles(TEXT, tmp_path)


@pytest.mark.parametrize("name", sorted(structures()))
def test_another_layout_does_not(name: str, tmp_path: Path) -> None:
    """With one more member, at its end or at its start."""
    body = next(body for body, found in STRUCTURE.findall(TEXT) if found == name)
    for wrong in (f"{body}    uint64_t inserted[2];\n", f"    uint64_t inserted;\n{body}"):
        with pytest.raises(CompileError, match=f"{name}"):
            compiles(TEXT.replace(f"{body}}} {name};", f"{wrong}}} {name};"), tmp_path)


def test_a_size_that_stays_does_not_hide_an_exchange(tmp_path: Path) -> None:
    text = TEXT.replace("uint32_t type, key_size, value_size,", "uint32_t type, value_size, key_size,")
    with pytest.raises(CompileError, match=r"ebpf_map_definition_in_file_t\.key_size"):
        compiles(text, tmp_path)
