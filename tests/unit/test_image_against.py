"""`bpfcc image check --against`: an image is what the verifier accepted, or it is said where not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from bpfcc.cli import app
from bpfcc.cli.options import Reading
from bpfcc.cli.recorded import reading_of
from bpfcc.compat.image.pe import read_image
from bpfcc.compat.image.record import Record, read_record, record_c, record_json
from bpfcc.compat.native.info_hash import program_info_hash
from bpfcc.runtime.specs import load_platform
from tests.image_harness import PROGRAM, RECORD, Pen, linked, patched

BASE: dict[str, Any] = {"opt": "2", "mcpu": "v3", "defines": ("A=1",), "include_dirs": (), "system_headers": False}
SCHEMA = json.loads((files("bpfcc") / "schemas" / "image-1.json").read_text(encoding="utf-8"))
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int first_byte(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 1 > end)
		return XDP_PASS;
	return *data == LIMIT ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source, its object, and the driver and library that are made of it."""
    place = tmp_path_factory.mktemp("built")
    (place / "first.bpf.c").write_text(SOURCE.replace("LIMIT", "7"), encoding="utf-8")
    source = str(place / "first.bpf.c")
    assert app.run(["build", "-q", source, "-o", str(place / "first.o")]) == 0
    assert app.run(["build", "-q", source, "--target", "windows", "--emit", "sys", "-o", str(place / "first.sys")]) == 0
    assert app.run(["build", "-q", source, "--target", "windows", "--emit", "dll", "--arch", "arm64", "-o", str(place / "first.dll")]) == 0
    return place


def against(image: Path, source: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    status = app.run(["image", "check", str(image), "--against", str(source), "--json", *options])
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    found: dict[str, Any] = document["against"]
    assert (document["verdict"] == "accepted") == (status == 0)
    return status, found


@pytest.mark.parametrize("image", ["first.sys", "first.dll"])
@pytest.mark.parametrize("source", ["first.bpf.c", "first.o"])
def test_the_same_bytes(image: str, source: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert against(folder / image, folder / source, capsys) == (0, {"source": str(folder / source), "status": "same", "differences": []})


def test_our_images_keep_every_rule(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, warnings in (("first.sys", ["signed"]), ("first.dll", [])):
        assert app.run(["image", "check", str(folder / name), "--json"]) == 0
        rules = json.loads(capsys.readouterr().out)["rules"]
        assert [each["id"] for each in rules if each["status"] == "failed"] == warnings


def test_a_signature_does_not_count(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("osslsigncode") is None or shutil.which("openssl") is None:
        pytest.skip("needs osslsigncode and openssl (.ci/run installs them)")
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "cache"))
    signed = tmp_path / "signed.sys"
    assert app.run(["image", "sign", "-q", str(folder / "first.sys"), "--self-made", "-o", str(signed)]) == 0
    status, found = against(signed, folder / "first.bpf.c", capsys, "--signed")
    assert (status, found["status"]) == (0, "same")


def test_a_source_in_another_place(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "first.bpf.c"
    shutil.copy(folder / "first.bpf.c", copy)
    status, found = against(folder / "first.sys", copy, capsys)
    assert (status, found["status"]) == (0, "same-code")
    assert all(
        each.startswith(("the object", "the record", "section .rdata", "section .bpfcc", "section hash")) for each in found["differences"]
    )
    assert app.run(["image", "check", "-q", str(folder / "first.sys"), "--against", str(copy)]) == 0
    assert "the same code is made of" in capsys.readouterr().out


def test_another_source(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "first.bpf.c"
    other.write_text(SOURCE.replace("LIMIT", "8"), encoding="utf-8")
    status, found = against(folder / "first.sys", other, capsys)
    assert (status, found["status"]) == (1, "differs")
    assert found["differences"][0].startswith("the object is another one")
    assert any(each.startswith("section xdp: 1 byte differs") for each in found["differences"])
    assert app.run(["image", "check", str(folder / "first.sys"), "--against", str(other)]) == 1
    assert "not what" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["xdp", ".data", ".rdata", ".bpfcc", "programs"])
def test_a_changed_byte(place: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(pen: Pen) -> None:
        found = pen.image.section(place)
        assert found is not None
        # The last byte that counts; in the record it is a digit of `max_insns`.
        at = found.offset + min(found.size, found.raw_size) - 1
        while not pen.data[at] or chr(pen.data[at]) in '}],"':
            at -= 1
        pen.data[at] ^= 1

    image = tmp_path / "first.sys"
    image.write_bytes(patched((folder / "first.sys").read_bytes(), change))
    status = app.run(["image", "check", str(image), "--against", str(folder / "first.o")])
    assert status in (1, 2)
    capsys.readouterr()


def test_code_that_was_changed_with_digests_of_another_object(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Digests alone may differ between places; one byte of code more, and it is another image."""
    copy, image = tmp_path / "first.bpf.c", tmp_path / "first.sys"
    shutil.copy(folder / "first.bpf.c", copy)
    data = (folder / "first.sys").read_bytes()
    image.write_bytes(patched(data, lambda pen: pen.put(pen.at("xdp"), pen.get(pen.at("xdp"), 1) ^ 1, 1)))
    status, found = against(image, copy, capsys)
    assert (status, found["status"]) == (1, "differs")


def test_a_source_that_is_not_accepted(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "first.bpf.c"
    bad.write_text(SOURCE.replace("LIMIT", "7").replace("data + 1 > end", "data > end"), encoding="utf-8")
    assert app.run(["image", "check", "-q", str(folder / "first.sys"), "--against", str(bad)]) == 1
    said = capsys.readouterr()
    assert "V011" in said.err
    assert "not accepted by the verifier" in said.out
    status, found = against(folder / "first.sys", bad, capsys)
    assert (status, found["status"], found["differences"]) == (1, "rejected", ["first_byte is not accepted"])


def fake(tmp_path: Path, record: Record | None) -> Path:
    path = tmp_path / "fake.sys"
    path.write_bytes(linked("sys", record=record_c(record) if record is not None else ""))
    return path


def test_an_image_without_a_record(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = against(fake(tmp_path, None), folder / "first.o", capsys)
    assert (status, found["differences"]) == (1, ["it carries no record: nothing says how it was built"])


BUILT = replace(RECORD, options={"emit": "sys", "arch": "x86_64", "from": "linux"})


@pytest.mark.parametrize(
    ("record", "status", "words"),
    [
        (replace(BUILT, options={"emit": "c", "arch": None, "from": "linux"}), 3, "by another compiler"),
        (replace(BUILT, options={"emit": "exe"}), 2, "its record asks for emit 'exe'"),
        (replace(BUILT, options={**BUILT.options, "arch": "mips; rm"}), 2, "arch 'mips; rm'"),
        (replace(BUILT, platform="mine.json"), 2, "give that file with --platform"),
        (replace(BUILT, options={**BUILT.options, "opt": "-o/x", "mcpu": "v3"}), 2, "no optimisation level"),
        (replace(BUILT, options={**BUILT.options, "mcpu": "v9"}), 2, "no BPF processor"),
    ],
)
def test_records_that_ask_for_what_there_is_not(
    record: Record, status: int, words: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fake(tmp_path, record)
    assert app.run(["image", "check", str(path), "--against", str(folder / "first.bpf.c")]) == status
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("source", ["first.bpf.c", "first.o"])
def test_a_source_without_a_program_of_the_image(source: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = fake(tmp_path, BUILT)
    status, found = against(path, folder / source, capsys)
    assert (status, found["status"]) == (1, "differs")
    assert found["differences"] == ["no program 'drop'; there are: first_byte"]
    assert app.run(["image", "check", str(path), "--against", str(folder / source)]) == 1
    said = capsys.readouterr().out
    assert "no program 'drop'" in said
    assert "not what" in said


def test_what_is_no_source_is_still_an_error(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "bad.o"
    source.write_bytes((folder / "first.o").read_bytes()[:200])
    assert app.run(["image", "check", "-q", str(fake(tmp_path, BUILT)), "--against", str(source)]) == 2
    assert "no program" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x*/\n#error injected\n/*", 'x"\n#error injected', "x\\", "", "..", "\0", "??/", "x" * 4000])
def test_a_hostile_name_in_the_record_gets_nowhere(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "drop.bpf.c"
    source.write_text(SOURCE.replace("LIMIT", "7").replace("first_byte", "drop"), encoding="utf-8")
    status, found = against(fake(tmp_path, replace(BUILT, source=name)), source, capsys)
    assert (status, found["status"]) == (1, "differs")


TWO = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int one(struct xdp_md *ctx) { return XDP_PASS; }
SEC("xdp") int two(struct xdp_md *ctx) { return XDP_DROP; }
char LICENSE[] SEC("license") = "GPL";
"""


def test_programs_of_one_section(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They share a section of the image, too. One of them alone is another image of the same source."""
    source, both, second = tmp_path / "two.bpf.c", tmp_path / "both.sys", tmp_path / "second.sys"
    source.write_text(TWO, encoding="utf-8")
    command = ["build", "-q", str(source), "--target", "windows", "--emit", "sys", "-o"]
    assert app.run([*command, str(both)]) == 0
    assert app.run([*command, str(second), "--program", "two"]) == 0
    for image, names in ((both, ["one", "two"]), (second, ["two"])):
        assert app.run(["image", "check", str(image), "--against", str(source), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert [each["name"] for each in document["programs"]] == names
        assert document["against"]["status"] == "same"

    def one_for_two(pen: Pen) -> None:
        pen.put(pen.at("programs", 160 + 32), pen.get(pen.at("programs", 32), 8), 8)

    both.write_bytes(patched(both.read_bytes(), one_for_two))
    assert errors_of(both, capsys)["program-code"] == ["two: its function is that of one, too"]


# ---- options


@pytest.fixture(scope="module")
def optioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A driver that was built with definitions, a level and a type of its own."""
    place = tmp_path_factory.mktemp("optioned")
    (place / "first.bpf.c").write_text(SOURCE.replace('SEC("xdp")', 'SEC("mine")'), encoding="utf-8")
    command = ["build", "-q", str(place / "first.bpf.c"), "--target", "windows", "--emit", "sys", "-o", str(place / "first.sys")]
    assert app.run([*command, "-D", "LIMIT=7", "-D", "UNUSED(x)=x", "-O", "1", "--mcpu", "v2", "--type", "mine=xdp"]) == 0
    return place


def test_options_need_not_be_given_again(optioned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, source = optioned / "first.sys", optioned / "first.bpf.c"
    assert against(image, source, capsys) == (0, {"source": str(source), "status": "same", "differences": []})
    # Who reads the answer knows what the source was taken for.
    assert app.run(["image", "check", str(image), "--against", str(source)]) == 0
    assert "as the image's record says: -D LIMIT=7 -D UNUSED(x)=x --type mine=xdp" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["-D", "LIMIT=7"], "same"),
        (["-D", "LIMIT=8"], "differs"),
        (["-O", "1"], "same"),
        (["-O", "0"], "other"),
        (["--mcpu", "v2"], "same"),
        (["--type", "mine=xdp"], "same"),
    ],
)
def test_given_options_count(options: list[str], status: str, optioned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = against(optioned / "first.sys", optioned / "first.bpf.c", capsys, *options)[1]
    assert found["status"] in ({"same"} if status == "same" else {"differs", "rejected"})
    if options == ["-D", "LIMIT=8"]:
        assert found["status"] == "differs"


def test_no_path_is_recorded(optioned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x.sys"
    include = ["-I", str(tmp_path), "-D", "LIMIT=7", "--type", "mine=xdp"]
    assert app.run(["build", "-q", str(optioned / "first.bpf.c"), *include, "--target", "windows", "--emit", "sys", "-o", str(out)]) == 0
    section = read_image(out.read_bytes()).section(".bpfcc")
    assert section is not None
    record = read_record(read_image(out.read_bytes()).content(section))
    assert set(record.options) == {"emit", "arch", "from", "hash", "opt", "mcpu", "define", "type"}
    assert str(tmp_path) not in record_json(record).decode()


def test_records_without_options_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As images of older releases have them: what is not in the record has to be given."""
    assert reading_of(RECORD, Reading(BASE, types={"": "xdp"}), frozenset()).compile_options == BASE | {"defines": ("A=1",)}
    told = reading_of(
        replace(RECORD, options={"opt": "1", "define": ("A=2", "B"), "type": ("tc=xdp",)}), Reading(BASE), frozenset({"mcpu"})
    )
    assert told.compile_options == BASE | {"opt": "1", "defines": ("B", "A=1")}
    assert told.types == {"tc": "xdp"}
    assert reading_of(replace(RECORD, options={"opt": "1"}), Reading(BASE), frozenset({"opt"})).compile_options["opt"] == "2"


@pytest.mark.parametrize(
    "options",
    [
        {"define": ("A\0B",)},
        {"define": ("LIMIT=7\n#error injected",)},
        {"define": ("X=1", "-include/etc/passwd")},
        {"define": "LIMIT=7"},
        {"type": ("=",)},
        {"type": ("../../x",)},
        {"type": ("xdp=--help",)},
        {"system_headers": "yes"},
        {"define": ("bpf_map_lookup_elem(m,k)=0",) * 256},
    ],
)
def test_hostile_options_give_one_message(
    options: dict[str, Any], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fake(tmp_path, replace(BUILT, options={**BUILT.options, **options}))
    status = app.run(["image", "check", "-q", str(path), "--against", str(folder / "first.bpf.c")])
    said = capsys.readouterr()
    assert (status, "no program 'drop'" in said.out) == (1, True) or (status, "error" in said.err) == (2, True)
    assert "Traceback" not in said.err


# ---- records of something else


def errors_of(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    app.run(["image", "check", str(path), "--json"])
    rules = json.loads(capsys.readouterr().out)["rules"]
    return {each["id"]: each["details"] for each in rules if each["status"] == "failed" and each["level"] == "error"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"options": {"emit": "dll"}}, "it is about a .dll"),
        ({"options": {"emit": "sys", "arch": "arm64"}}, "for arm64"),
        ({"options": {"emit": "sys", "hash": True}}, "section `hash` none"),
        ({"programs": (replace(PROGRAM, section="xdp_drop"),)}, "in section 'xdp_drop' by it"),
        ({"programs": (replace(PROGRAM, type="bind", attach_type="bind"),)}, "is of type bind"),
        ({"programs": (PROGRAM, PROGRAM)}, "it is about drop, drop"),
        ({"programs": ()}, "it is about nothing"),
    ],
)
def test_a_record_of_another_image(change: dict[str, Any], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = errors_of(fake(tmp_path, replace(BUILT, **change)), capsys)
    assert set(found) == {"record-valid"}
    assert words in found["record-valid"][0]


def test_a_record_that_names_another_object(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "first.sys"
    image.write_bytes(patched((folder / "first.sys").read_bytes(), lambda pen: pen.put(pen.at("hash"), 0x1234_5678)))
    found = errors_of(image, capsys)
    assert set(found) == {"record-valid"}
    assert "it names the object" in found["record-valid"][0]


def test_a_digest_of_another_interface(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """eBPF for Windows would not load it: a warning, since newer extensions have digests of their own."""
    data = (folder / "first.sys").read_bytes()
    digest = program_info_hash(load_platform("windows"), "xdp", ())
    image = tmp_path / "first.sys"
    image.write_bytes(patched(data, lambda pen: pen.replace(digest, digest[:-1] + b"!")))
    assert app.run(["image", "check", "--json", str(image)]) == 0
    rules = json.loads(capsys.readouterr().out)["rules"]
    found = {each["id"]: each["details"] for each in rules if each["status"] == "failed"}
    assert set(found) == {"interface", "signed"}
    assert "type xdp with helpers none" in found["interface"][0]


def test_an_interface_of_no_known_type(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = (folder / "first.sys").read_bytes()
    guid = UUID(load_platform("windows").program_type("xdp").guid or "").bytes_le
    image = tmp_path / "first.sys"
    image.write_bytes(patched(data, lambda pen: pen.replace(guid, guid[:-1] + b"!")))
    app.run(["image", "check", "--json", str(image)])
    rules = json.loads(capsys.readouterr().out)["rules"]
    assert "no type of program has the GUID" in next(each["details"] for each in rules if each["id"] == "interface")[0]
    # No GUID is another matter.
    image.write_bytes(patched(data, lambda pen: pen.rename(".data", ".dat")))
    app.run(["image", "check", "--json", str(image)])
    rules = json.loads(capsys.readouterr().out)["rules"]
    assert next(each["status"] for each in rules if each["id"] == "interface") == "passed"


def test_another_source_of_the_same_code_is_not_called_the_same_place(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "first.bpf.c"
    other.write_text(SOURCE.replace("LIMIT", "7") + "/* a word more */\nstatic const int unused = 3;\n", encoding="utf-8")
    assert app.run(["image", "check", "-q", str(folder / "first.sys"), "--against", str(other)]) == 0
    said = capsys.readouterr().out
    assert "the same code is made of" in said
    assert "or of a source that differs in nothing that runs" in said
