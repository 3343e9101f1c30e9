"""Who signed, and whether that counts: certificates that are not for code, not of today, or vouched for by nobody but the image."""

from __future__ import annotations

import shutil
import struct
import subprocess
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from bpfcc.cli import app
from bpfcc.compat.image import authenticode
from bpfcc.compat.image.authenticode import read_signature
from bpfcc.compat.image.pe import read_image
from bpfcc.compat.image.rules import apply
from bpfcc.compat.image.signing import Identity, self_made, sign
from bpfcc.compat.image.subject import examine
from tests.image_harness import Pen, linked, patched

pytestmark = pytest.mark.skipif(
    shutil.which("osslsigncode") is None or shutil.which("openssl") is None, reason="needs osslsigncode and openssl (.ci/run installs them)"
)
OPENSSL = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-sha256"]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return sign(linked("sys"), self_made(tmp_path_factory.mktemp("cache")), name="drop.sys")


def failed(data: bytes, trust: Path | None = None) -> dict[str, tuple[str, ...]]:
    found = apply(examine(data, name="drop.sys", trust=trust))
    return {each.rule.id: each.details for each in found if each.status == "failed" and each.rule.id not in ("cfg", "cet")}


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


# ---- what nothing covers


def grown(signed: bytes, extra: bytes, *, entry: bool) -> bytes:
    """With bytes behind the signature, in its entry of the table or in one more."""

    def change(pen: Pen) -> None:
        table = read_image(signed).directory("security")
        pen.data += extra
        pen.put(pen.directory(4) + 4, table.size + len(extra))
        if entry:
            pen.put(table.address, pen.get(table.address) + len(extra))

    return patched(signed, change)


def test_bytes_behind_the_signature(signed: bytes) -> None:
    # The first digests still fit: the table is no part of them.
    assert "lie behind the signature" in failed(grown(signed, b"payload!" * 4, entry=True))["signature"][0]
    assert "lie behind the signature" in failed(grown(signed, bytes(64), entry=True))["signature"][0]


@pytest.mark.parametrize("kind", [1, 2, 4])
def test_a_second_certificate(kind: int, signed: bytes) -> None:
    extra = struct.pack("<IHH", 24, 0x200, kind) + b"something else!!"
    assert "2 entries" in failed(grown(signed, extra, entry=False))["signature"][0]


def test_a_certificate_of_another_revision(signed: bytes) -> None:
    at = read_image(signed).directory("security").address + 4
    assert "revision" in failed(patched(signed, lambda pen: pen.put(at, 0x100, 2)))["signature"][0]


def test_a_place_without_a_size() -> None:
    found = failed(patched(linked("sys"), lambda pen: pen.put(pen.directory(4), 0x1800)))
    assert "no size" in found["signature"][0]


# ---- whose certificate


def clock(text: str) -> type[datetime]:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Clock:
            return cls.fromisoformat(text).replace(tzinfo=tz)

    return Clock


@pytest.mark.parametrize(("now", "words"), [("2099-01-01", "has ended on"), ("2001-01-01", "does not count before")])
def test_certificates_that_do_not_count_today(now: str, words: str, signed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "signature" not in failed(signed)
    monkeypatch.setattr(authenticode, "datetime", clock(now))
    assert words in failed(signed)["signature"][0]


def test_years_of_two_and_four_digits(tmp_path: Path) -> None:
    key, certificate = tmp_path / "k", tmp_path / "c"
    run(*OPENSSL, "-x509", "-days", "20000", "-subj", "/CN=for long", "-addext", "extendedKeyUsage=codeSigning", "-keyout", str(key),
        "-out", str(certificate))  # fmt: skip
    found = read_signature(read_image(sign(linked("sys"), Identity(certificate, key), name="drop.sys")))
    assert found is not None
    assert found.problems == ()
    begin, end = found.certificates[0].begin, found.certificates[0].end
    assert begin[:2] == "20" < end[:2] or (begin[:2], len(end)) == ("20", 15)
    assert int(end[:4]) - int(begin[:4]) in (54, 55)


def test_a_certificate_that_is_not_for_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, certificate, path = tmp_path / "k", tmp_path / "c", tmp_path / "drop.sys"
    run(*OPENSSL, "-x509", "-subj", "/CN=a server", "-addext", "extendedKeyUsage=serverAuth", "-keyout", str(key), "-out", str(certificate))
    data = sign(linked("sys"), Identity(certificate, key), name="drop.sys")
    assert failed(data)["signature"] == ("the certificate of a server is not for code",)
    path.write_bytes(linked("sys"))
    assert app.run(["image", "sign", str(path), "--cert", str(certificate), "--key", str(key)]) == 2
    assert "is not for code" in capsys.readouterr().err
    assert path.read_bytes() == linked("sys")


def test_a_root_that_comes_with_the_image_vouches_for_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A chain of one's own, with any names, all of it in the signature."""
    root, leaf, chain = tmp_path / "root", tmp_path / "leaf", tmp_path / "chain.pem"
    extensions = tmp_path / "ext"
    extensions.write_text("extendedKeyUsage=codeSigning\nkeyUsage=digitalSignature\n", encoding="ascii")
    run(*OPENSSL, "-x509", "-subj", "/CN=Microsoft Root", "-keyout", f"{root}.key", "-out", f"{root}.pem")
    run(*OPENSSL, "-subj", "/CN=Microsoft Windows", "-keyout", f"{leaf}.key", "-out", f"{leaf}.csr")
    run("openssl", "x509", "-req", "-in", f"{leaf}.csr", "-CA", f"{root}.pem", "-CAkey", f"{root}.key", "-CAcreateserial", "-sha256",
        "-extfile", str(extensions), "-out", f"{leaf}.pem")  # fmt: skip
    chain.write_text(Path(f"{leaf}.pem").read_text(encoding="ascii") + Path(f"{root}.pem").read_text(encoding="ascii"), encoding="ascii")
    data = sign(linked("sys"), Identity(chain, Path(f"{leaf}.key")), name="drop.sys")
    assert "nobody else vouches" in failed(data)["signer"][0]
    assert "signature" not in failed(data)
    # Said by somebody else, it counts.
    assert failed(data, trust=Path(f"{root}.pem")) == {}
    path = tmp_path / "drop.sys"
    path.write_bytes(data)
    assert app.run(["image", "check", str(path)]) == 0
    assert "warning[signer]" in capsys.readouterr().out
