"""Certificates and keys that callers name: what counts, what is refused, and in how few words."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.cli import app
from bpfcc.compat.image import certificates
from bpfcc.compat.image.certificates import key_form, read_certificates
from bpfcc.compat.image.rules import apply
from bpfcc.compat.image.signing import Identity, sign
from bpfcc.compat.image.subject import examine
from bpfcc.errors import InputError
from tests.image_harness import linked, patched

pytestmark = pytest.mark.skipif(
    shutil.which("osslsigncode") is None or shutil.which("openssl") is None, reason="needs osslsigncode and openssl (.ci/run installs them)"
)
REQUEST = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-sha256", "-addext", "extendedKeyUsage=codeSigning"]


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """one.pem and one.key, two.pem and two.key, and the first key in other forms; passwords."""
    place = tmp_path_factory.mktemp("keys")
    for name in ("one", "two"):
        run(*REQUEST, "-x509", "-subj", f"/CN={name}", "-keyout", f"{place}/{name}.key", "-out", f"{place}/{name}.pem")
    run("openssl", "pkcs8", "-topk8", "-in", f"{place}/one.key", "-out", f"{place}/secret.key", "-passout", "pass:right")
    run("openssl", "rsa", "-in", f"{place}/one.key", "-aes128", "-traditional", "-out", f"{place}/old.key", "-passout", "pass:right")
    run("openssl", "x509", "-in", f"{place}/one.pem", "-outform", "DER", "-out", f"{place}/one.der")
    run("openssl", "pkcs12", "-export", "-in", f"{place}/one.pem", "-inkey", f"{place}/one.key", "-out", f"{place}/one.pfx", "-passout",
        "pass:right")  # fmt: skip
    for name in ("right", "wrong"):
        (place / name).write_text(name, encoding="ascii")
    (place / "text.pfx").write_text("int main;", encoding="ascii")
    (place / "text").write_text("int main;", encoding="ascii")
    return place


@pytest.fixture(scope="module")
def signed(keys: Path) -> bytes:
    return sign(linked("sys"), Identity(keys / "one.pem", keys / "one.key"), name="drop.sys")


def failed(data: bytes, trust: Path | None = None) -> dict[str, tuple[str, ...]]:
    found = apply(examine(data, name="drop.sys", trust=trust))
    return {each.rule.id: each.details for each in found if each.status == "failed" and each.rule.id not in ("cfg", "cet")}


# ---- --trust


def test_a_named_certificate_makes_its_holder_known(keys: Path, signed: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drop.sys"
    path.write_bytes(signed)
    assert app.run(["image", "check", str(path)]) == 0
    assert "warning[signer]" in capsys.readouterr().out
    assert app.run(["image", "check", str(path), "--trust", str(keys / "one.pem")]) == 0
    said = capsys.readouterr().out
    assert "signer" not in said
    assert "signed by one (verified)" in said
    # Another one of the same kind does not.
    assert "is not trusted here" in failed(signed, keys / "two.pem")["signer"][0]


@pytest.fixture(scope="module")
def chain(keys: Path) -> Path:
    """A leaf below a root, and another leaf of the same number and of nearly the same issuer."""
    extensions = keys / "ext"
    extensions.write_text("extendedKeyUsage=codeSigning\n", encoding="ascii")
    # Certificates of a signature are in the order of their lengths: the shorter name comes first.
    for root, name, leaf, called in (("root", "A Root", "leaf", "a leaf"), ("fake", "a root", "other", "x")):
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-sha256", "-x509", "-subj", f"/CN={name}", "-keyout", f"{keys}/{root}.key",
            "-out", f"{keys}/{root}.pem")  # fmt: skip
        run(*REQUEST, "-subj", f"/CN={called}", "-keyout", f"{keys}/{leaf}.key", "-out", f"{keys}/{leaf}.csr")
        run("openssl", "x509", "-req", "-in", f"{keys}/{leaf}.csr", "-CA", f"{keys}/{root}.pem", "-CAkey", f"{keys}/{root}.key",
            "-set_serial", "77", "-sha256", "-extfile", str(extensions), "-out", f"{keys}/{leaf}.pem")  # fmt: skip
    return keys


def joined(folder: Path, *names: str) -> Path:
    path = folder / ("-".join(names) + ".chain")
    path.write_text("".join((folder / f"{name}.pem").read_text(encoding="ascii") for name in names), encoding="ascii")
    return path


def test_a_named_leaf_makes_its_holder_known(chain: Path) -> None:
    data = sign(linked("sys"), Identity(joined(chain, "leaf", "root"), chain / "leaf.key"), name="drop.sys")
    assert "nobody else vouches" in failed(data)["signer"][0]
    assert failed(data, chain / "leaf.pem") == {}
    assert failed(data, chain / "root.pem") == {}
    assert "is not trusted here" in failed(data, chain / "other.pem")["signer"][0]
    # What is above the leaf has to be there.
    alone = sign(linked("sys"), Identity(chain / "leaf.pem", chain / "leaf.key"), name="drop.sys")
    assert "is not trusted here" in failed(alone, chain / "leaf.pem")["signer"][0]


def test_a_certificate_that_looks_like_a_named_one_does_not_count(chain: Path) -> None:
    """Tools compare names loosely: with the named certificate next to it, the other signer might be taken for it."""
    for order in (("other", "fake", "leaf", "root"), ("other", "leaf", "fake", "root")):
        data = sign(linked("sys"), Identity(joined(chain, *order), chain / "other.key"), name="drop.sys")
        assert "is not trusted here" in failed(data, chain / "leaf.pem")["signer"][0]
        # Nobody signs which certificate is the signer's: here it is the named one by its exact bytes, and either by loose comparison.
        claimed = bytearray(data)
        at = claimed.rindex(b"a root")
        claimed[at : at + 6] = b"A Root"
        found = failed(patched(bytes(claimed), lambda _: None), chain / "leaf.pem")
        assert {"signer", "signature"} & found.keys(), order


@pytest.mark.parametrize("content", [b"", b"int main;", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", None])
def test_what_is_no_certificate_is_the_callers_mistake(
    content: bytes | None, signed: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, trust = tmp_path / "drop.sys", tmp_path / "trust.pem"
    if content is not None:
        trust.write_bytes(content)
    for data in (signed, linked("sys")):
        path.write_bytes(data)
        assert app.run(["image", "check", str(path), "--trust", str(trust)]) == 2
        said = capsys.readouterr()
        assert str(trust) in said.err
        assert said.out == ""
        assert len(said.err.splitlines()) == 1


def test_files_that_are_too_long_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: Path) -> None:
    monkeypatch.setattr(certificates, "MAX_BYTES", 100)
    for read in (read_certificates, key_form):
        with pytest.raises(InputError, match="more than 0 MiB"):
            read(keys / "one.pem")
        with pytest.raises(InputError, match="cannot be read: No such file"):
            read(tmp_path / "none")


def test_every_certificate_of_a_file_counts(keys: Path, signed: bytes, tmp_path: Path) -> None:
    trust = joined(keys, "two", "one")
    assert [each.common_name for each in read_certificates(trust)] == ["two", "one"]
    assert failed(signed, trust) == {}
    text = trust.read_text(encoding="ascii")
    bad = tmp_path / "bad.pem"
    for spoilt in (text.replace("MII", "!!!", 1), text.replace("MII", "AAA", 1), text.replace("MII", "MI", 1)):
        bad.write_text(spoilt, encoding="ascii")
        with pytest.raises(InputError, match="certificate 1 in it cannot be read"):
            read_certificates(bad)


@given(st.binary(max_size=200))
def test_any_bytes_are_certificates_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.pem"
    path.write_bytes(b"-----BEGIN CERTIFICATE-----\n" + content + b"\n-----END CERTIFICATE-----\n")
    with pytest.raises(InputError):
        read_certificates(path)


# ---- --cert and --key


def test_forms_of_keys(keys: Path) -> None:
    forms = [key_form(keys / name) for name in ("one.key", "secret.key", "old.key", "one.pem", "text")]
    assert forms == ["plain", "encrypted", "encrypted", None, None]


@pytest.mark.parametrize(
    ("who", "file", "words"),
    [
        ("--cert one.pem --key two.key", "two.key", "not the key of the certificate in"),
        ("--cert one.pem --key secret.key", "secret.key", "the key is encrypted; name the file"),
        ("--cert one.pem --key old.key", "old.key", "the key is encrypted; name the file"),
        ("--cert one.pem --key secret.key --password-file wrong", "secret.key", "does not hold the password of this key"),
        ("--cert one.pem --key old.key --password-file wrong", "old.key", "does not hold the password of this key"),
        ("--cert text --key one.key", "text", "no certificate in PEM form"),
        ("--cert one.der --key one.key", "one.der", "no certificate in PEM form"),
        ("--cert one.pem --key text", "text", "no private key in PEM form"),
        ("--cert one.pfx", "one.pfx", "it has a password"),
        ("--cert one.pfx --password-file wrong", "one.pfx", "does not hold its password"),
        ("--cert text.pfx", "text.pfx", "no PKCS #12 file"),
    ],
)
def test_a_mistake_is_one_sentence(who: str, file: str, words: str, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drop.sys"
    path.write_bytes(linked("sys"))
    command = ["image", "sign", str(path), *[each if each.startswith("--") else str(keys / each) for each in who.split()]]
    assert app.run(command) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"bpfcc: error: {keys / file}: ")
    assert words in said
    assert len(said.splitlines()) == 1
    assert "routines" not in said
    assert path.read_bytes() == linked("sys")


def test_what_openssl_says_is_there_on_request(keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drop.sys"
    path.write_bytes(linked("sys"))
    assert app.run(["image", "sign", "-v", str(path), "--cert", str(keys / "one.pem"), "--key", str(keys / "two.key")]) == 2
    said = capsys.readouterr().err
    assert "key values mismatch" in said
    assert "not the key of the certificate" in said.splitlines()[-1]


def test_passwords_that_are_right(keys: Path, tmp_path: Path) -> None:
    path = tmp_path / "drop.sys"
    for who in (["one.pem", "--key", "secret.key"], ["one.pem", "--key", "old.key"], ["one.pfx"]):
        path.write_bytes(linked("sys"))
        rest = [each if each.startswith("--") else str(keys / each) for each in (*who, "--password-file", "right")]
        assert app.run(["image", "sign", "-q", str(path), "--cert", *rest]) == 0


# ---- what is signed


def one_byte(data: bytes) -> bytes:
    return patched(data, lambda pen: pen.put(pen.at("xdp", 3), pen.get(pen.at("xdp", 3), 1) ^ 1, 1), checksum=False)


def test_a_corrupt_image_is_not_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "bad.sys"
    path.write_bytes(one_byte(linked("sys")))
    assert app.run(["image", "sign", str(path), "--self-made"]) == 1
    said = capsys.readouterr()
    assert "error[checksum]" in said.out
    assert "nothing is signed; --unchecked" in said.err
    assert path.read_bytes() == one_byte(linked("sys"))
    assert app.run(["image", "sign", "-q", str(path), "--self-made", "--unchecked"]) == 0


def test_an_image_that_was_changed_after_signing_is_not_signed_again(
    signed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "bad.sys"
    changed = patched(one_byte(signed), lambda _: None)
    path.write_bytes(changed)
    assert app.run(["image", "sign", str(path), "--self-made"]) == 1
    assert "error[signature]" in capsys.readouterr().out
    assert path.read_bytes() == changed


def test_a_certificate_that_does_not_count_is_replaced(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The image is the one that was signed: another signature mends it."""
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "cache"))
    key, server, path = tmp_path / "k", tmp_path / "c", tmp_path / "drop.sys"
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-x509", "-subj", "/CN=a server", "-addext", "extendedKeyUsage=serverAuth",
        "-keyout", str(key), "-out", str(server))  # fmt: skip
    path.write_bytes(sign(linked("sys"), Identity(server, key), name="drop.sys"))
    assert app.run(["image", "check", "-q", str(path)]) == 1
    assert app.run(["image", "sign", "-q", str(path), "--cert", str(keys / "one.pem"), "--key", str(keys / "one.key")]) == 0
    assert app.run(["image", "check", "-q", str(path), "--signed"]) == 0
    capsys.readouterr()


@pytest.mark.parametrize("kind", ["file", "below a file", "file in it", "denied"])
def test_a_cache_directory_that_cannot_be_used(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, cache = tmp_path / "drop.sys", tmp_path / "cache"
    path.write_bytes(linked("sys"))
    if kind == "file in it":
        cache.mkdir()
        (cache / "signing").write_text("x", encoding="ascii")
    elif kind == "denied":
        monkeypatch.setattr(Path, "mkdir", denied)
    else:
        cache.write_text("x", encoding="ascii")
        cache = cache / "deep" if kind == "below a file" else cache
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(cache))
    assert app.run(["image", "sign", str(path), "--self-made"]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert str(cache / "signing") in said
    assert path.read_bytes() == linked("sys")


def denied(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")
