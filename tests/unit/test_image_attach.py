"""Which programs the install script attaches: targets of tail calls and second programs of a hook wait to be chosen."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.cli import app
from bpfcc.compat.image.attach import VALUES, VALUES_HEADER, attachments, named_programs
from bpfcc.compat.image.install import install_script
from bpfcc.compat.image.metadata import Metadata, ProgramEntry
from bpfcc.compat.image.pe import read_image
from bpfcc.compat.image.subject import Subject, examine
from tests.image_harness import Pen, linked, patched
from tests.unit.test_image_install import check_structure, parse_with_powershell

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
int left(struct xdp_md *ctx);
int right(struct xdp_md *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__array(values, int (void *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&left, [2] = (void *)&right } };
SEC("xdp") int left(struct xdp_md *ctx) { return XDP_PASS; }
SEC("xdp") int entry(struct xdp_md *ctx) { bpf_tail_call(ctx, &jumps, 2); return XDP_DROP; }
SEC("xdp") int right(struct xdp_md *ctx) { return XDP_TX; }
SEC("xdp") int spare(struct xdp_md *ctx) { return XDP_TX; }
SEC("cgroup/connect4") int connect(struct bpf_sock_addr *ctx) { return 1; }
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("balancer")
    (place / "lb.bpf.c").write_text(SOURCE, encoding="utf-8")
    for arch in ("x86_64", "arm64"):
        command = ["build", "-q", str(place / "lb.bpf.c"), "--target", "windows", "--emit", "sys", "--arch", arch]
        assert app.run([*command, "-o", str(place / f"{arch}.sys")]) == 0
    return place


def chosen(subject: Subject) -> dict[str, str]:
    """Name: why it is not attached, "" where it is."""
    assert all(each.attach == (each.reason == "") for each in attachments(subject))
    return {each.program.name: each.reason for each in attachments(subject)}


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_targets_and_second_programs_are_not_attached(arch: str, folder: Path) -> None:
    named = "it is named in program array jumps"
    assert chosen(examine((folder / f"{arch}.sys").read_bytes(), name="lb.sys")) == {
        "left": named, "right": named, "entry": "", "spare": "entry has the same hook", "connect": "",
    }  # fmt: skip


def entries(text: str) -> dict[str, tuple[str, str]]:
    """Name: ($true or $false, reason) of a script's table."""
    found = re.findall(
        r"^ *\[pscustomobject\]@\{ Name = '(\w+)'; Section = '\S+'; Attach = (\S+); Reason = '(.*)' \}\r$", text, re.MULTILINE
    )
    return {name: (attach, reason) for name, attach, reason in found}


def test_the_script_says_which(folder: Path, tmp_path: Path) -> None:
    text = install_script(examine((folder / "x86_64.sys").read_bytes(), name="lb.sys"))
    assert {name for name, (attach, _) in entries(text).items() if attach == "$true"} == {"entry", "connect"}
    assert entries(text)["spare"] == ("$false", "entry has the same hook")
    assert text.count("# Not attached by default.") == 3
    check_structure(text.replace("\r\n", "\n"))
    parse_with_powershell(text, tmp_path)
    assert "[string[]] $Program = @()," in text
    assert "is not attached: $reason" in text


def body(text: str, function: str) -> str:
    """Of a function of the script."""
    start = text.index(f"function {function} {{")
    return text[start : text.index("\r\n}\r\n", start)]


def test_load_attaches_the_chosen_ones_and_no_others(folder: Path) -> None:
    text = install_script(examine((folder / "x86_64.sys").read_bytes(), name="lb.sys"))
    code = body(text, "Start-Programs")
    # netsh attaches the first program: others are detached before anything takes their hook.
    add, detach, attach = code.index("'add', 'program'"), code.index("'attached='"), code.index('"attached=$($entry.Section)"')
    assert add < code.index("foreach ($entry in $rest)", add) < detach < code.index("foreach ($entry in $chosen)") < attach
    assert "foreach ($entry in $Programs)" not in code
    # A loop over `$program` would write to the parameter of that name.
    assert not re.search(r"\$program\s+in", text, re.IGNORECASE)
    choose = body(text, "Get-Chosen")
    assert "There is no program '$name' in the image" in choose
    assert "Every program is named in a program array" in choose


def test_the_command_says_which(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["image", "install-script", str(folder / "x86_64.sys"), "-o", str(folder / "lb.ps1")]) == 0
    said = capsys.readouterr().err
    assert "Load does not attach spare: entry has the same hook" in said
    assert "Load does not attach left: it is named in program array jumps" in said
    assert "attach entry" not in said
    assert rb".\lb.ps1 Load -WhatIf" in (folder / "lb.ps1").read_bytes()


def entry(name: str, hook: str | None, section: str = "xdp") -> ProgramEntry:
    return ProgramEntry(name, section, "xdp", "type", hook, 3)


def test_hooks_are_those_of_the_guids() -> None:
    found = examine(linked("sys"), name="drop.sys")
    programs = [entry("a", "x", "xdp"), entry("b", "y", "xdp"), entry("c", "x", "xdp/other"), entry("d", None), entry("e", None)]
    assert chosen(replace(found, metadata=Metadata(programs))) == {
        "a": "", "b": "", "c": "a has the same hook", "d": "", "e": "d has the same hook",
    }  # fmt: skip


# ---- what is in the data


def array_of(pen: Pen, name: int, count: int, values: int) -> None:
    """A record of values into the padding of `.data`; `name` and `values` are RVAs."""
    at = pen.at(".data", 0x100)
    pen.put(pen.row(".data") + 8, 0x1F8)
    base = pen.image.base
    pen.data[at : at + VALUES.size] = VALUES_HEADER + struct.pack("<QQQ", base + name, count, base + values)
    pen.data[at + 0x40 : at + 0x50] = struct.pack("<QQ", 0, base + pen.address(".data") + 0x1A0)
    pen.data[at + 0xA0 : at + 0xA5] = b"drop\0"


@pytest.mark.parametrize(
    ("count", "values", "found"),
    [(2, 0x140, ["drop"]), (1, 0x140, []), (0, 0x140, []), (1 << 60, 0x140, []), (2, 0x7FFF_0000, []), (1 << 15, 0x140, [])],
)
def test_values_are_read_and_lead_nowhere(count: int, values: int, found: list[str]) -> None:
    def change(pen: Pen) -> None:
        (name,) = struct.unpack_from("<Q", pen.data, pen.at("maps", 72))
        array_of(pen, name - pen.image.base, count, pen.address(".data") + values)

    image = read_image(patched(linked("sys"), change), name="drop.sys")
    assert [name for _, name in named_programs(image, {"counts"})] == found
    assert list(named_programs(image, {"other"})) == []


@given(st.binary(min_size=VALUES.size, max_size=0x80), st.integers(0, 40))
def test_any_data_is_survived(content: bytes, header: int) -> None:
    def change(pen: Pen) -> None:
        at = pen.at(".data", 0x100)
        pen.put(pen.row(".data") + 8, 0x1F8)
        pen.data[at : at + len(content)] = content
        pen.data[at + header : at + header + len(VALUES_HEADER)] = VALUES_HEADER

    image = read_image(patched(linked("sys"), change), name="drop.sys")
    assert list(named_programs(image, {"no map"})) == []


# ---- quoting


@pytest.mark.parametrize("name", ["it's", "$(calc)", "\u2019; calc; \u2018", "#>", "a`b", "a\nb"])
def test_names_of_maps_are_strings(name: str, folder: Path) -> None:
    found = examine((folder / "x86_64.sys").read_bytes(), name="lb.sys")
    plain = install_script(found)

    def renamed(pen: Pen) -> None:
        at = pen.data.index(b"jumps\0")
        while at >= 0:
            pen.data[at : at + 5] = name.encode()[:5].ljust(5, b"x")
            at = pen.data.find(b"jumps\0", at + 1)

    text = install_script(examine(patched((folder / "x86_64.sys").read_bytes(), renamed), name="lb.sys"))
    assert text != plain
    kinds = [check_structure(each.replace("\r\n", "\n")) for each in (plain, text)]
    doubles = [[word for kind, word in each if kind == "double"] for each in kinds]
    assert doubles[0] == doubles[1]
    assert text.isascii()


@pytest.mark.parametrize(("name", "script"), [("fire wall.sys", "install.ps1"), ("a#b.sys", "install.ps1"), ("a-b.c.sys", "a-b.c.ps1")])
def test_the_help_names_the_script(name: str, script: str) -> None:
    text = install_script(examine(linked("sys"), name=name))
    assert f".\\{script} Load -WhatIf" in text
    assert text.index("#>") > text.index("Load -WhatIf")


def test_the_name_of_another_file() -> None:
    found = examine(linked("sys"), name="drop.sys")
    assert r".\mine.ps1 Load -WhatIf" in install_script(found, called="mine.ps1")
    assert install_script(found, called="#>;calc;<#.ps1") == install_script(found, called="install.ps1")
