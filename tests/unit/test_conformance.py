"""`bpfcc-conformance`: its command line, and programs through it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bpfcc.bpfir.assembler import assemble
from bpfcc.conformance import MAX_HEX_DIGITS, USAGE, Options, bytes_of, count, parse, plugin
from bpfcc.errors import InputError, Trap, UnsupportedError
from tests.conformance.vectors import vectors

if TYPE_CHECKING:
    from pathlib import Path


def spaced(code: bytes) -> str:
    """Bytes as the runner writes them: two digits and two spaces each."""
    return "".join(f"{byte:02x}  " for byte in code)


def answer(text: str, *arguments: str) -> str:
    return plugin(arguments, io.StringIO(f"{spaced(assemble(text))}\n"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], Options()),
        (["aa  bb  "], Options(memory=b"\xaa\xbb")),
        (["", "--backend", "interp"], Options()),
        (["--backend=interp", "0102"], Options(memory=b"\1\2")),
        (["aa", "--stats", "f.json", ""], Options(memory=b"\xaa", stats="f.json")),
        (["--help"], Options(help=True)),
    ],
)
def test_arguments(arguments: list[str], expected: Options) -> None:
    assert parse(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend"], "option --backend needs a value"),
        (["--backend", "jit"], "no back end 'jit'; choose one of interp"),
        (["--frobnicate"], "no such option: --frobnicate"),
        (["xyz"], "memory is not in hexadecimal"),
        (["a"], "memory is not in hexadecimal"),
        (["aa", "bb"], "unexpected argument 'bb'"),
    ],
)
def test_arguments_that_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(arguments)


def test_elf_is_not_supported() -> None:
    with pytest.raises(UnsupportedError, match="without --elf"):
        parse(["--elf"])


def test_input_has_a_limit() -> None:
    with pytest.raises(InputError, match="longer than"):
        bytes_of("0" * (MAX_HEX_DIGITS + 1), "memory")


def test_help() -> None:
    assert plugin(["--help"], io.StringIO()) == USAGE


def test_programs() -> None:
    assert answer("r0 = 42\nexit") == "2a\n"
    assert answer("r0 = -1\nexit") == "ffffffffffffffff\n"
    assert answer("r0 = *(u16 *)(r1 + 1)\nr0 += r2\nexit", "aa  bb  cc  ") == "ccbe\n"
    assert answer("*(u8 *)(r1 + 0) = 7\nr0 = *(u8 *)(r1 + 0)\nexit", "aa") == "7\n"
    assert answer("call 5\nr0 = 2\nexit") == "2\n"


def test_some_vectors() -> None:
    for vector in [v for v in vectors() if v.name in {"sdiv32_reg", "cmpxchg_64_memory", "callx_selects", "stxh"}]:
        found = plugin([vector.memory.hex()], io.StringIO(vector.code.hex()))
        assert int(found, 16) == vector.return_value, vector.name


def test_programs_run_checked() -> None:
    with pytest.raises(Trap) as caught:
        answer("r0 = *(u8 *)(r1 + 1)\nexit", "aa")
    assert caught.value.kind == "access"
    with pytest.raises(Trap):
        answer("r0 = *(u8 *)(r1 + 0)\nexit")


@pytest.mark.parametrize("text", ["", "zz", "b7", "ff 00 00 00 00 00 00 00"])
def test_programs_that_are_none(text: str) -> None:
    with pytest.raises(InputError):
        plugin([], io.StringIO(text))


def test_stats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.judgement.GATE", False)
    path = tmp_path / "stats.json"
    for _ in range(2):
        answer("r0 = 1\nexit", "--stats", str(path))
    count(path, "accepted")
    assert json.loads(path.read_text()) == {"schema": "bpfcc.conformance/1", "accepted": 1, "checked": 2}


@pytest.mark.parametrize("content", ["[]", "{", '{"checked": "x"}', '{"accepted": null}'])
def test_a_file_that_holds_no_counters_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes"
    path.write_text(content)
    with pytest.raises(InputError, match="no file of counters"):
        count(path, "checked")
    assert path.read_text() == content


def test_stats_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        count(tmp_path / "no" / "such" / "folder", "checked")


def run_process(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bpfcc.conformance", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ))


def test_the_process() -> None:
    done = run_process(spaced(assemble("r0 = *(u8 *)(r1 + 0)\nexit")) + "\n", "07  ", "--backend", "interp")
    assert (done.returncode, done.stdout, done.stderr) == (0, "7\n", "")
    done = run_process("ff 00 00 00 00 00 00 00\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "bpfcc-conformance: instruction 0: opcode 0xff is not defined\n"
    done = run_process(spaced(assemble("r0 = *(u8 *)(r1 + 1)\nexit")), "07")
    assert done.returncode == 1
    assert "access of 1 bytes" in done.stderr
