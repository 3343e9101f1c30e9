"""The PowerShell that installs an image: its structure, and that names of an image cannot become anything but strings."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.cli import app
from bpfcc.compat.image.install import install_script, quote, service_name
from bpfcc.compat.image.metadata import Metadata, ProgramEntry
from bpfcc.compat.image.signing import self_made, sign
from bpfcc.compat.image.subject import Subject, examine
from bpfcc.errors import InputError, UnsupportedError
from tests.image_harness import linked

CLOSES = {"(": ")", "{": "}", "[": "]"}


def subject(*programs: ProgramEntry, name: str = "drop.sys") -> Subject:
    found = examine(linked("sys"), name=name)
    return replace(found, metadata=Metadata(list(programs))) if programs else found


def program(name: str = "drop", section: str = "xdp") -> ProgramEntry:
    return ProgramEntry(name, section, "xdp", None, None, 3)


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of a PowerShell script: comment, single, double, open, close, other. AssertionError where one does not end."""
    pattern = re.compile(
        r"(?P<comment><\#.*?\#>|\#[^\n]*)|(?P<single>'(?:[^'\n]|'')*')|(?P<open>[@$]?[({]|\[)|(?P<close>[)}\]])|(?P<other>`.|[^'\"])",
        re.DOTALL,
    )
    at = 0
    while at < len(text):
        if text[at] == '"':
            end = double_quoted(text, at)
            yield "double", text[at:end]
            at = end
            continue
        found = pattern.match(text, at)
        assert found, f"a quote that does not end: {text[at : at + 60]!r}"
        yield str(found.lastgroup), found[0]
        at = found.end()


def double_quoted(text: str, at: int) -> int:
    """Where a double-quoted string ends; expressions in it, `$(…)`, may hold strings themselves."""
    at += 1
    while text[at] != '"' or text[at : at + 2] == '""':
        if text.startswith("$(", at):
            depth, at = 1, at + 2
            while depth:
                if text[at] == "'":
                    at = text.index("'", at + 1)
                elif text[at] == '"':
                    at = double_quoted(text, at) - 1
                depth += {"(": 1, ")": -1}.get(text[at], 0)
                at += 1
            continue
        at += 2 if text[at] == "`" or text.startswith('""', at) else 1
    return at + 1


def check_structure(text: str) -> list[tuple[str, str]]:
    """Every bracket closes, in its order."""
    found, stack = list(tokens(text)), []
    for kind, word in found:
        if kind == "open":
            stack.append(CLOSES[word[-1]])
        elif kind == "close":
            assert stack, f"{word} closes nothing"
            assert stack.pop() == word
    assert stack == []
    return found


def parse_with_powershell(text: str, folder: Path) -> None:
    """Where there is one."""
    shell = shutil.which("pwsh")
    if shell is not None:
        path = folder / "install.ps1"
        path.write_bytes(text.encode())
        parse = f"$e = $null; [void][Management.Automation.Language.Parser]::ParseFile('{path}', [ref]$null, [ref]$e); exit $e.Count"
        subprocess.run([shell, "-NoProfile", "-Command", parse], check=True, timeout=120)


def test_the_script_is_well_formed(tmp_path: Path) -> None:
    text = install_script(subject())
    parse_with_powershell(text, tmp_path)
    assert text.isascii()
    assert text.count("\r\n") == text.count("\n")
    found = check_structure(text.replace("\r\n", "\n"))
    singles = [word for kind, word in found if kind == "single"]
    digest = hashlib.sha256(linked("sys")).hexdigest().upper()
    for word in ("'drop.sys'", f"'{digest}'", "'bpfcc_drop'", "'drop'", "'xdp'"):
        assert word in singles
    assert "{{" not in text
    assert "{%" not in text


def test_every_change_asks_first() -> None:
    text = install_script(subject()).replace("\r\n", "\n")
    assert "SupportsShouldProcess" in text
    # What changes the machine stands in a block that ShouldProcess guards, or behind an early return.
    guards: list[int] = []
    depth = seen = 0
    changes = re.compile(
        r"'(create|start|stop|delete|add|set)'|New-Item|New-ItemProperty|\$store\.(Add|Remove)\(|Remove-Item|Set-ItemProperty"
    )
    for line in text.split("\n"):
        code = line.split("#")[0]
        if changes.search(code):
            seen += 1
            assert guards, f"not guarded: {line}"
        depth += code.count("{") - code.count("}")
        guards = [each for each in guards if depth >= each]
        if "$PSCmdlet.ShouldProcess(" in code:
            guards.append(depth)
    assert seen >= 9
    assert depth == 0


def test_the_lexer_of_these_tests_can_refuse() -> None:
    for bad in ("if (x { }", "'open", "}", "@( ]"):
        with pytest.raises(AssertionError):
            check_structure(bad)
    with pytest.raises(IndexError):
        check_structure('"open')


@given(st.text(max_size=40))
def test_a_quoted_text_is_one_expression_of_that_value(text: str) -> None:
    found = quote(text)
    assert found.isascii()
    assert "\n" not in found
    check_structure(found)
    if found.startswith("'"):
        assert found[1:-1].replace("''", "'") == text
        assert "'" not in found[1:-1].replace("''", "")
    else:
        inner = re.fullmatch(r"\(\[Text\.Encoding\]::UTF8\.GetString\(\[Convert\]::FromBase64String\('([A-Za-z0-9+/=]*)'\)\)\)", found)
        assert inner is not None
        assert base64.b64decode(inner[1]).decode() == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    "name", ["it's.sys", "a$(calc).sys", "a`b.sys", "\u00e9t\u00e9.sys", "\u2019; calc; \u2018.sys", "#.sys", "a b;c&d.sys"]
)
def test_hostile_file_names_are_strings(name: str) -> None:
    text = install_script(subject(name=f"folder/{name}")).replace("\r\n", "\n")
    kinds = check_structure(text)
    assert text.isascii()
    line = next(line for line in text.split("\n") if line.startswith("$FileName"))
    assert line == f"$FileName = {quote(name)}"
    # The same tokens as for any other name, but for that one expression.
    plain = check_structure(install_script(subject()).replace("\r\n", "\n"))
    assert [word for kind, word in kinds if kind == "double"] == [word for kind, word in plain if kind == "double"]
    assert re.search(r"^\$ServiceName = 'bpfcc_[A-Za-z0-9_-]+'$", text, re.MULTILINE)


@pytest.mark.parametrize("name", ['a".sys', "a|b.sys", "a\nb.sys", "a?.sys", "con\x07.sys", "NUL.sys", "com1.tar.sys"])
def test_file_names_that_windows_has_not_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot be called"):
        install_script(subject(name=name))


@pytest.mark.parametrize("name", ["a b", "a'b", "$x", 'a"', "", "a" * 64, "\u00e9", "a\n", "-x;", "a=b"])
def test_names_that_cannot_be_arguments_are_refused(name: str) -> None:
    for each in (program(name=name), program(section=name)):
        with pytest.raises(InputError, match="cannot be passed to netsh"):
            install_script(subject(each))


def test_every_program_is_in_it() -> None:
    text = install_script(subject(program("one", "cgroup/connect4"), program("two", "cgroup/connect6")))
    for each in ("Name = 'one'; Section = 'cgroup/connect4'", "Name = 'two'; Section = 'cgroup/connect6'"):
        assert each in text


def test_service_names() -> None:
    assert service_name("firewall.sys") == "bpfcc_firewall"
    assert service_name("\u00e9\u00e8.sys") == "bpfcc_image"
    assert len(service_name("x" * 300 + ".sys")) == 60
    assert re.fullmatch(r"[A-Za-z0-9_-]+", service_name("a'b\"; c.sys"))


def test_what_cannot_be_installed() -> None:
    with pytest.raises(UnsupportedError, match="only a driver"):
        install_script(examine(linked("dll"), name="drop.dll"))
    with pytest.raises(InputError, match="no programs"):
        install_script(replace(subject(), metadata=Metadata()))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drop.sys"
    path.write_bytes(linked("sys"))
    assert app.run(["image", "install-script", str(path)]) == 0
    assert (tmp_path / "drop.ps1").read_bytes() == install_script(examine(linked("sys"), name=str(path))).encode()
    assert "(not signed): after signing, write it again" in capsys.readouterr().err
    assert app.run(["image", "install-script", str(path), "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("#Requires -Version 5.1\n")
    library = tmp_path / "drop.dll"
    library.write_bytes(linked("dll"))
    assert app.run(["image", "install-script", str(library)]) == 3


@pytest.mark.skipif(
    shutil.which("osslsigncode") is None or shutil.which("openssl") is None, reason="needs osslsigncode and openssl (.ci/run installs them)"
)
def test_a_signed_image_is_not_to_be_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drop.sys"
    path.write_bytes(sign(linked("sys"), self_made(tmp_path / "cache"), name="drop.sys"))
    assert app.run(["image", "install-script", str(path)]) == 0
    said = capsys.readouterr().err
    assert "signed by bpfcc test signing" in said
    assert "write it again" not in said


def test_the_script_does_not_take_the_place_of_the_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, link = tmp_path / "drop.ps1", tmp_path / "drop.sys"
    path.write_bytes(linked("sys"))
    link.symlink_to(path)
    for image, rest in ((path, []), (link, []), (path, ["-o", str(link)])):
        assert app.run(["image", "install-script", str(image), *rest]) == 2
        assert "would take the place of the image" in capsys.readouterr().err
    assert path.read_bytes() == linked("sys")


def test_an_image_that_breaks_a_rule_is_said_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drop.sys"
    path.write_bytes(linked("sys", "-shared"))
    assert app.run(["image", "install-script", str(path)]) == 0
    assert "`bpfcc image check` rejects it (exports)" in capsys.readouterr().err
