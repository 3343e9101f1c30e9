"""Signing and verifying: through the tools where they are installed, by the digests where they are not."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bpfcc.cli import app
from bpfcc.compat.image import signing
from bpfcc.compat.image.authenticode import Signature, read_signature
from bpfcc.compat.image.checksum import unsigned
from bpfcc.compat.image.compare import differences
from bpfcc.compat.image.der import parse
from bpfcc.compat.image.pe import read_image
from bpfcc.compat.image.rules import apply
from bpfcc.compat.image.signing import Identity, SigningError, Verification, self_made, sign, verify
from bpfcc.compat.image.subject import examine
from bpfcc.errors import InputError, UnsupportedError
from tests.image_harness import linked, patched

needs_tools = pytest.mark.skipif(
    shutil.which("osslsigncode") is None or shutil.which("openssl") is None, reason="needs osslsigncode and openssl (.ci/run installs them)"
)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return self_made(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def signed(identity: Identity) -> bytes:
    return sign(linked("sys"), identity, name="drop.sys")


def signature_of(data: bytes) -> Signature:
    found = read_signature(read_image(data, name="drop.sys"))
    assert found is not None
    return found


def failed(data: bytes, trust: Path | None = None) -> dict[str, tuple[str, ...]]:
    return {each.rule.id: each.details for each in apply(examine(data, name="drop.sys", trust=trust)) if each.status == "failed"}


# ---- signing


@needs_tools
def test_a_signed_image_passes(signed: bytes) -> None:
    found = signature_of(signed)
    assert found.problems == ()
    assert (found.signer, found.self_signed, found.algorithm) == ("bpfcc test signing", True, "sha256")
    assert verify(signed, found).status == "verified"
    assert set(failed(signed)) == {"cfg", "cet", "signer"}


@needs_tools
def test_signing_changes_nothing_else(signed: bytes, identity: Identity) -> None:
    assert unsigned(signed) == unsigned(linked("sys"))
    assert differences(signed, linked("sys")) == []
    # A second signature takes the place of the first.
    again = sign(signed, identity, name="drop.sys")
    assert abs(len(again) - len(signed)) < 16
    assert len(list(read_image(again).certificates())) == 1


@needs_tools
def test_trusted_certificates_are_those_given(signed: bytes, identity: Identity, tmp_path: Path) -> None:
    assert "by a certificate that it made itself" in failed(signed)["signer"][0]
    # Naming a certificate makes its holder known.
    assert set(failed(signed, trust=identity.certificate)) == {"cfg", "cet"}
    stranger = self_made(tmp_path).certificate
    found = failed(signed, trust=stranger)
    assert "is not trusted here" in found["signer"][0]
    assert "signature" not in found


@needs_tools
def test_a_chain_is_trusted_by_its_root(tmp_path: Path) -> None:
    root, leaf = tmp_path / "root", tmp_path / "leaf"
    openssl = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-sha256"]
    extensions = tmp_path / "leaf.ext"
    extensions.write_text("extendedKeyUsage=codeSigning\nkeyUsage=digitalSignature\n", encoding="ascii")
    for command in (
        [*openssl, "-x509", "-days", "30", "-subj", "/CN=a root", "-keyout", f"{root}.key", "-out", f"{root}.pem"],
        [*openssl, "-subj", "/CN=a leaf", "-keyout", f"{leaf}.key", "-out", f"{leaf}.csr"],
        ["openssl", "x509", "-req", "-in", f"{leaf}.csr", "-CA", f"{root}.pem", "-CAkey", f"{root}.key", "-CAcreateserial", "-days", "30",
         "-sha256", "-extfile", str(extensions), "-out", f"{leaf}.pem"],
    ):  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    data = sign(linked("sys"), Identity(Path(f"{leaf}.pem"), Path(f"{leaf}.key")), name="drop.sys")
    assert (signature_of(data).signer, signature_of(data).self_signed) == ("a leaf", False)
    assert "is not trusted here" in failed(data)["signer"][0]
    assert not {"signer", "signature"} & set(failed(data, trust=Path(f"{root}.pem")))


@needs_tools
def test_a_pfx_file_with_a_password(identity: Identity, tmp_path: Path) -> None:
    pfx, password = tmp_path / "who.pfx", tmp_path / "password"
    password.write_text("a word", encoding="ascii")
    subprocess.run(
        ["openssl", "pkcs12", "-export", "-in", str(identity.certificate), "-inkey", str(identity.key), "-out", str(pfx), "-passout",
         f"file:{password}"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert signature_of(sign(linked("dll"), Identity(pfx, None, password), name="drop.dll")).problems == ()
    password.write_text("another", encoding="ascii")
    with pytest.raises(SigningError, match="password does not hold its password"):
        sign(linked("dll"), Identity(pfx, None, password), name="drop.dll")


@needs_tools
def test_the_test_certificate_is_kept_where_nobody_else_reads(tmp_path: Path) -> None:
    first = self_made(tmp_path)
    assert self_made(tmp_path) == first
    assert first.key is not None
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.key.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in first.key.parent.iterdir()) == ["test-signing.key", "test-signing.pem"]
    text = subprocess.run(
        ["openssl", "x509", "-in", str(first.certificate), "-noout", "-ext", "extendedKeyUsage,basicConstraints"],
        check=True, capture_output=True, timeout=60, text=True,
    ).stdout  # fmt: skip
    assert "Code Signing" in text
    assert "CA:FALSE" in text


@needs_tools
@pytest.mark.skipif(sys.platform == "win32", reason="file modes of POSIX")
def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    key = self_made(tmp_path).key
    assert key is not None
    key.chmod(0o644)
    with pytest.raises(InputError, match="others can read"):
        self_made(tmp_path)
    key.unlink()
    key.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text("x", encoding="ascii")
    with pytest.raises(InputError, match="others can read or replace it"):
        self_made(tmp_path)


# ---- what is not valid


@needs_tools
@pytest.mark.parametrize("place", ["xdp", "programs", ".data", ".bpfcc"])
def test_a_changed_byte_is_found(signed: bytes, place: str) -> None:
    # The last byte of the section's padding: no other rule looks there.
    def change(pen: object) -> None:
        section = read_image(signed).section(place)
        assert section is not None
        pen.data[section.offset + section.raw_size - 1] ^= 1  # type: ignore[attr-defined]

    found = failed(patched(signed, change))
    assert set(found) - {"cfg", "cet"} == {"signature"}
    assert "was made for an image with sha256" in found["signature"][0]


@needs_tools
def test_a_changed_signature_is_found(signed: bytes) -> None:
    found = signature_of(signed)
    table = read_image(signed).directory("security").address
    seen = set()
    # The digest in the message, the digest among the attributes, and the signer's own bytes at the end.
    for at in (signed.index(bytes.fromhex(found.digest), table), signed.rindex(b"\x04\x20", table) + 5, len(signed) - 100):
        data = bytearray(signed)
        data[at] ^= 1
        errors = failed(patched(bytes(data), lambda _: None))
        assert set(errors) - {"cfg", "cet", "signer"} == {"signature"}, at
        seen.add(errors["signature"][0][:30])
    assert len(seen) >= 2


@needs_tools
def test_a_cut_signature_is_found(signed: bytes) -> None:
    # Shorter by 8 bytes, and the table says so.
    table = read_image(signed).directory("security")
    found = failed(patched(signed[:-64], lambda pen: pen.put(pen.directory(4) + 4, table.size - 64)))
    assert set(found) - {"cfg", "cet"} == {"signature"}


@needs_tools
def test_a_signature_of_another_image_is_found(signed: bytes) -> None:
    table = read_image(signed).directory("security")
    other = unsigned(linked("dll"))

    def change(pen: object) -> None:
        pen.put(pen.directory(4), len(other))  # type: ignore[attr-defined]
        pen.put(pen.directory(4) + 4, table.size)  # type: ignore[attr-defined]

    stolen = patched(other + signed[table.address :], change)
    assert any("was made for an image" in each for each in failed(stolen)["signature"])


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x80", b"\x30\x85\1\1\1\1\1", b"\x30\x05\x02\x09", b"\x1f\x01\x00", b"\x30\x84\xff\xff\xff\xff"]
)
def test_malformed_der_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        [child.children() for child in parse(data).children()]


def test_object_identifiers() -> None:
    assert parse(bytes.fromhex("06092a864886f70d010702")).oid == "1.2.840.113549.1.7.2"
    assert parse(bytes.fromhex("0603550403")).oid == "2.5.4.3"
    assert parse(b"\x06\x00").oid == ""
    assert parse(b"\x02\x01\x05").oid == ""


# ---- without the tools


@needs_tools
def test_without_osslsigncode_the_digests_are_compared(signed: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(signing, "tool", lambda _: None)
    assert "osslsigncode is not installed" in failed(signed)["signer"][0]
    assert "signature" not in failed(signed)
    changed = bytearray(signed)
    changed[0x410] ^= 1
    assert "signature" in failed(bytes(changed))
    with pytest.raises(UnsupportedError, match="osslsigncode is not installed: `apt-get"):
        sign(linked("sys"), Identity(tmp_path, tmp_path), name="x")
    with pytest.raises(UnsupportedError, match="openssl is not installed"):
        self_made(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the tool")
def test_a_tool_that_hangs_or_fails_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "osslsigncode"
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(signing, "SECONDS", 0.2)
    who = Identity(tmp_path / "a.pfx")

    def become(text: str) -> None:
        fake.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
        fake.chmod(0o755)

    become("exec sleep 30")
    with pytest.raises(InputError, match="did not end within"):
        sign(linked("sys"), who, name="drop.sys")
    monkeypatch.setattr(signing, "SECONDS", 20.0)
    become("echo the moon is wrong; exit 1")
    with pytest.raises(InputError, match="the moon is wrong"):
        sign(linked("sys"), who, name="drop.sys")
    become("exit 0")
    with pytest.raises(InputError, match="does not say why"):
        sign(linked("sys"), who, name="drop.sys")
    nobody = Signature("sha256", "", "", "me", False, (), ())
    become("echo Calculated message digest : 00 MISMATCH!!!; exit 1")
    assert verify(b"", nobody).status == "invalid"
    become("echo something new; exit 1")
    assert verify(b"", nobody) == Verification("invalid", "osslsigncode refuses it: something new")


# ---- the command


@needs_tools
def test_the_command_signs_and_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "cache"))
    path, out = tmp_path / "drop.sys", tmp_path / "signed.sys"
    path.write_bytes(linked("sys"))
    assert app.run(["image", "sign", str(path), "--self-made", "-o", str(out)]) == 0
    said = capsys.readouterr().err
    assert "signed by bpfcc test signing (verified)" in said
    assert "good for test machines" in said
    assert path.read_bytes() == linked("sys")
    assert app.run(["image", "check", str(out), "--signed"]) == 0
    assert app.run(["image", "check", str(path), "--signed"]) == 1
    # In place, by name.
    folder = tmp_path / "cache" / "signing"
    assert app.run(["image", "sign", str(path), "--cert", str(folder / "test-signing.pem"), "--key", str(folder / "test-signing.key")]) == 0
    assert app.run(["image", "check", str(path), "--signed"]) == 0


@needs_tools
def test_what_is_rejected_is_not_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "drop.sys"
    path.write_bytes(linked("sys", "-shared"))
    assert app.run(["image", "sign", str(path), "--self-made"]) == 1
    assert "error[exports]" in capsys.readouterr().out
    assert path.read_bytes() == linked("sys", "-shared")
    assert app.run(["image", "sign", str(path), "--self-made", "--unchecked"]) == 0
    assert path.read_bytes() != linked("sys", "-shared")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "say who signs"),
        (["--self-made", "--cert", "x.pem"], 2, "say who signs"),
        (["--cert", "none.pem", "--key", "none.key"], 2, "there is no such file"),
        (["--cert", "FILE"], 2, "has to be a PFX file"),
    ],
)
def test_mistakes_of_the_caller(arguments: list[str], status: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drop.sys"
    path.write_bytes(linked("sys"))
    assert app.run(["image", "sign", str(path), *[str(path) if each == "FILE" else each for each in arguments]]) == status
    assert words in capsys.readouterr().err


def test_without_the_tool_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signing, "tool", lambda _: None)
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "drop.sys"
    path.write_bytes(linked("sys"))
    assert app.run(["image", "sign", str(path), "--cert", str(path), "--key", str(path)]) == 3
    assert "apt-get install osslsigncode" in capsys.readouterr().err
    assert app.run(["image", "sign", str(path), "--self-made"]) == 3
