"""`bpfcc image check` as a command: text, JSON, exit statuses, hostile files."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bpfcc.cli import app
from tests.image_harness import RECORD, linked, patched

SCHEMA = json.loads((files("bpfcc") / "schemas" / "image-1.json").read_text(encoding="utf-8"))


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    path = tmp_path / "drop.sys"
    path.write_bytes(linked("sys"))
    return path


def checked(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    status = app.run(["image", "check", str(path), "--json", *options])
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    return status, document


def test_an_image_that_is_fine(driver: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["image", "check", str(driver)]) == 0
    out = capsys.readouterr().out
    assert "warning[signed]: expected: it is signed" in out
    assert "accepted: 0 errors, 3 warnings" in out.splitlines()[-1]
    assert out.splitlines()[-1].endswith("drop; not signed")
    assert app.run(["image", "check", str(driver), "-q"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert app.run(["image", "check", str(driver), "-v"]) == 0
    assert "high-entropy-va" in capsys.readouterr().out


def test_an_image_that_is_not(driver: Path, capsys: pytest.CaptureFixture[str]) -> None:
    driver.write_bytes(linked("sys", "-shared"))
    assert app.run(["image", "check", str(driver)]) == 1
    out = capsys.readouterr().out
    for words in (
        "error[exports]: expected:",
        "  = found: a driver that exports",
        "  = why: ",
        "  = help: link a driver",
        "rejected: 1 error,",
    ):
        assert words in out
    assert app.run(["image", "check", str(driver), "--warn", "exports"]) == 0


def test_json(driver: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = checked(driver, capsys)
    assert (status, found["verdict"], found["kind"], found["machine"]) == (0, "accepted", "sys", "x86_64")
    assert found["programs"][0]["name"] == "drop"
    assert found["maps"][0]["name"] == "counts"
    assert found["record"]["object"] == RECORD.object
    assert found["signature"] is None
    assert found["against"] is None
    driver.write_bytes(linked("sys", "-DFOREIGN", "-luser32"))
    status, found = checked(driver, capsys)
    assert (status, found["verdict"]) == (1, "rejected")
    rule = next(each for each in found["rules"] if each["id"] == "imports")
    assert (rule["status"], rule["level"], rule["details"]) == ("failed", "error", ["USER32.dll: MessageBoxA"])


def test_json_of_an_image_that_cannot_be_trusted(driver: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # GUIDs and names that are not there, a record that is none.
    driver.write_bytes(patched(linked("sys", "-DGUIDS=const", "-DSTRINGS"), lambda pen: pen.put(pen.at(".bpfcc"), 0)))
    status, found = checked(driver, capsys)
    assert status == 1
    assert found["record"] is None
    assert found["programs"][0]["type_guid"] is None


def test_names_cannot_move_the_cursor(driver: Path, capsys: pytest.CaptureFixture[str]) -> None:
    driver.write_bytes(linked("sys", '-DNAME="\\x1b[2Jx\\xff"'))
    app.run(["image", "check", str(driver)])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "?[2Jx" in out
    checked(driver, capsys)


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "begin with MZ"), (b"MZ" + bytes(300), "no PE header"), (b"int main() {}", "begin with MZ")]
)
def test_what_is_no_image(content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.sys"
    path.write_bytes(content)
    for command in (["check"], ["check", "--json"], ["sign", "--self-made"], ["install-script"]):
        assert app.run(["image", *command, str(path)]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert len(said.splitlines()) == 1


def test_a_library_is_not_explained_as_a_driver(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drop.dll"
    path.write_bytes(linked("dll"))
    assert app.run(["image", "check", str(path)]) == 0
    assert "[signed]" not in capsys.readouterr().out
    assert app.run(["image", "check", str(path), "--signed"]) == 1
    said = capsys.readouterr().out
    assert "error[signed]: expected: it is signed" in said
    assert "Whoever loads a library" in said
    assert "driver" not in said.partition("error[signed]")[2]
    checked(path, capsys, "--signed")


def test_a_signature_cannot_be_both(driver: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in (["--signed", "--warn", "signed"], ["--warn", "signed", "--signed"]):
        assert app.run(["image", "check", str(driver), *options]) == 2
        said = capsys.readouterr()
        assert "give one of them" in said.err
        assert said.out == ""
    assert app.run(["image", "check", str(driver), "--signed", "--warn", "signer"]) == 1
    assert app.run(["image", "check", str(driver), "--warn", "signed"]) == 0


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Windows' tables and one type of map more."""
    path = tmp_path / "more.json"
    more = {"schema": "bpfcc.platform/1", "name": "more", "extends": "windows", "map_types": {"mine": {"number": 20, "helpers": []}}}
    path.write_text(json.dumps(more), encoding="utf-8")
    return path


def test_types_of_maps_of_an_extension(driver: Path, tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def of_type(number: int) -> None:
        driver.write_bytes(patched(linked("sys"), lambda pen: pen.put(pen.at("maps", 40), number)))

    of_type(20)
    assert app.run(["image", "check", str(driver)]) == 1
    said = capsys.readouterr().out
    assert "map 0 is of type 20, which there is not" in said
    assert "--platform FILE" in said
    assert app.run(["image", "check", str(driver), "--platform", str(tables)]) == 0
    of_type(16)
    assert app.run(["image", "check", str(driver), "--platform", str(tables)]) == 0
    of_type(21)
    assert app.run(["image", "check", str(driver), "--platform", str(tables)]) == 1
    # The other commands look at the same rules.
    of_type(20)
    capsys.readouterr()
    script = ["image", "install-script", str(driver), "-o", str(tmp_path / "x.ps1")]
    assert app.run(script) == 0
    assert "rejects it (maps-section)" in capsys.readouterr().err
    assert app.run([*script, "--platform", str(tables)]) == 0
    assert "rejects it" not in capsys.readouterr().err
    sign = ["image", "sign", str(driver), "--cert", str(tmp_path / "none.pem"), "--key", str(tmp_path / "none.key")]
    assert app.run(sign) == 1
    assert app.run([*sign, "--platform", str(tables)]) == 2


def test_tables_of_something_else(driver: Path, tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables.write_text(tables.read_text(encoding="utf-8").replace('"extends": "windows"', '"extends": "linux"'), encoding="utf-8")
    for name in (str(tables), str(tmp_path / "none.json")):
        assert app.run(["image", "check", str(driver), "--platform", name]) == 2
        assert name in capsys.readouterr().err
    assert app.run(["image", "install-script", str(driver), "--platform", "linux"]) == 2
    assert app.run(["image", "check", str(driver), "--platform", "windows"]) == 0


def test_mistakes_of_the_caller(driver: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["image", "check", str(tmp_path / "none.sys")]) == 2
    assert app.run(["image", "check", str(driver), "--warn", "nx"]) == 2
    assert "no rule 'nx'; the rules are machine, headers" in capsys.readouterr().err
    assert app.run(["image"]) == 2
    assert app.run(["image", "--help"]) == 0
    for name in ("check", "sign", "install-script"):
        assert app.run(["image", name, "--help"]) == 0
