"""Sign images and verify signatures, with osslsigncode; make a test certificate, with openssl.

    signed = sign(data, self_made(cache), name="firewall.sys")          the image with a signature, SHA-256
    verify(signed, signature)                                           Verification("verified", …)
    verify(signed, signature, trust=read_certificates(path))            with these as the ones that are trusted

Both tools run with a time limit, without a terminal to ask on, and without going to the network for revocation lists. A certificate that is
self-made says that nobody but its maker vouches for the image: it is good for test machines that were told to trust it.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from bpfcc.compat.image.certificates import key_form, read_certificates
from bpfcc.errors import InputError, InternalError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.compat.image.authenticode import Certificate, Signature

SIGN_TOOL: Final = "osslsigncode"
KEY_TOOL: Final = "openssl"
SECONDS: Final = 60.0
MAX_LINES: Final = 2
MAX_SAID: Final = 160
INSTALL: Final = {
    SIGN_TOOL: "osslsigncode is not installed: `apt-get install osslsigncode`, `brew install osslsigncode`",
    KEY_TOOL: "openssl is not installed, which makes the test certificate; install it, or give a certificate with --cert and --key",
}
CERTIFICATE: Final = "test-signing.pem"
KEY: Final = "test-signing.key"
TEST_NAME: Final = "bpfcc test signing"
DAYS: Final = 1825
OTHERS: Final = 0o077
REQUEST: Final = f"""[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = {TEST_NAME}
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
"""
# What OpenSSL says where the chain of the signer's certificate is at fault; it looks at the chain before the signature.
CHAIN: Final = "certificate verify error"
NO_NETWORK: Final = ("-ignore-cdp", "-ignore-crl")
# What OpenSSL says where key and certificate are not a pair, and what it prints before and behind its reasons.
NO_PAIR: Final = ("key values mismatch", "key type mismatch")
WRONG_PASSWORD: Final = ("mac verify failure", "Wrong password")
OPENSSL_ERROR: Final = re.compile(r"^[0-9A-F]+:error:[0-9A-F]*:")


class SigningError(InputError):
    """The tool does not sign. `raw`: all that it said."""

    def __init__(self, message: str, *, file: str, raw: str) -> None:
        super().__init__(message, file=file)
        self.raw = raw


class Identity(NamedTuple):
    """Who signs: PEM files of certificate and key, or one PKCS #12 file (`key` None). `password`: a file that holds it."""

    certificate: Path
    key: Path | None = None
    password: Path | None = None


class Verification(NamedTuple):
    """`untrusted`: its signer's certificate is not known here, so the key was not checked. `unchecked`: there is no tool."""

    status: Literal["verified", "untrusted", "invalid", "unchecked"]
    text: str
    # Verified by a certificate that came with the image, which anybody can make and call anything.
    by_itself: bool = False


def tool(name: str) -> str | None:
    """Where a tool is."""
    return shutil.which(name)


def run_tool(name: str, arguments: Sequence[str], *, folder: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run it. UnsupportedError where it is not installed, InputError where it does not end."""
    path = tool(name)
    if path is None:
        raise UnsupportedError(name, INSTALL[name])
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            [path, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder, env=environment,
            timeout=SECONDS, check=False, encoding="utf-8", errors="replace",
            # Without a terminal nobody is asked for a password.
            start_new_session=sys.platform != "win32",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InputError(f"{name} did not end within {SECONDS:.0f} s") from None
    except OSError as error:
        raise UnsupportedError(name, f"{path} cannot be run: {error.strerror}") from None


def sign(data: bytes, identity: Identity, *, name: str) -> bytes:
    """The image, signed with SHA-256; a signature that it has is replaced. InputError where the tool refuses."""
    from bpfcc.compat.image.checksum import unsigned, with_checksum

    if tool(SIGN_TOOL) is None:
        raise UnsupportedError(SIGN_TOOL, INSTALL[SIGN_TOOL])
    check_identity(identity)
    if identity.key is None:
        who = ["-pkcs12", str(identity.certificate.resolve())]
    else:
        who = ["-certs", str(identity.certificate.resolve()), "-key", str(identity.key.resolve())]
    if identity.password is not None:
        who += ["-readpass", str(identity.password.resolve())]
    with tempfile.TemporaryDirectory(prefix="bpfcc-sign-") as folder:
        # Names of ours: one that begins with a dash would be an option.
        Path(folder, "in.bin").write_bytes(with_checksum(unsigned(data)))
        done = run_tool(SIGN_TOOL, ["sign", *who, "-h", "sha256", "-in", "in.bin", "-out", "out.bin"], folder=folder)
        made = Path(folder, "out.bin")
        if done.returncode or not made.is_file():
            raise refusal(identity, done.stdout, name)
        return made.read_bytes()


def check_identity(identity: Identity) -> None:
    """InputError for files that cannot be what they are given for."""
    if identity.key is None:
        return
    read_certificates(identity.certificate)
    if identity.password is None and key_form(identity.key) == "encrypted":
        raise InputError("the key is encrypted; name the file that holds its password with --password-file", file=str(identity.key))


def refusal(identity: Identity, output: str, name: str) -> SigningError:
    """What to say of a tool that did not sign."""
    where, told = str(identity.key or identity.certificate), identity.password is not None
    if identity.key is None:
        if any(each in output for each in WRONG_PASSWORD):
            message = f"{identity.password} does not hold its password" if told else "it has a password: name its file with --password-file"
            return SigningError(message, file=where, raw=output)
        if "PKCS#12" in output:
            return SigningError("it is no PKCS #12 file with a certificate and its key", file=where, raw=output)
    elif any(each in output for each in NO_PAIR):
        return SigningError(f"it is not the key of the certificate in {identity.certificate}", file=where, raw=output)
    elif key_form(identity.key) is None:
        return SigningError("it holds no private key in PEM form", file=where, raw=output)
    elif key_form(identity.key) == "encrypted":
        return SigningError(f"{identity.password} does not hold the password of this key", file=where, raw=output)
    return SigningError(f"{SIGN_TOOL} does not sign it: {said(output)}", file=name, raw=output)


def said(output: str) -> str:
    """The first reasons of a tool, short and on one line."""
    lines = [OPENSSL_ERROR.sub("", line.strip()) for line in output.splitlines()]
    reasons = dict.fromkeys(line for line in lines if line and line != "Failed")
    return "; ".join(list(reasons)[:MAX_LINES])[:MAX_SAID] or "it does not say why"


def verify(data: bytes, signature: Signature, *, trust: Sequence[Certificate] | None = None) -> Verification:
    """Ask osslsigncode. Without `trust`, a certificate in the image that is self-signed is taken as its own root:
    what is verified then is that its key made the signature, not that anybody trusts it. With the signer's own certificate among those
    that are trusted, the ones above it only have to be there.
    """
    if tool(SIGN_TOOL) is None:
        return Verification("unchecked", "osslsigncode is not installed: only the digests were compared")
    with tempfile.TemporaryDirectory(prefix="bpfcc-sign-") as folder:
        Path(folder, "in.bin").write_bytes(data)
        carried = [each for each in signature.certificates if each.issuer == each.subject]
        roots = [*(trust or ()), *(carried if trust is None or is_named(signature, trust) else ())]
        arguments = ["verify", *_no_network(), "-in", "in.bin"]
        if roots:
            Path(folder, "roots.pem").write_text("".join(each.pem for each in roots), encoding="ascii")
            arguments += ["-CAfile", "roots.pem"]
        done = run_tool(SIGN_TOOL, arguments, folder=folder)
    if done.returncode == 0:
        return Verification("verified", f"the key of {signature.signer} made it", trust is None and bool(carried))
    if "MISMATCH" in done.stdout or CHAIN not in done.stdout:
        return Verification("invalid", f"{SIGN_TOOL} refuses it: {said(done.stdout)}")
    reason = next((line.partition("Error:")[2].strip() for line in done.stdout.splitlines() if "Error:" in line), "its chain is incomplete")
    return Verification("untrusted", f"the certificate of {signature.signer} is not trusted here: {reason}")


def is_named(signature: Signature, trust: Sequence[Certificate]) -> bool:
    """Whether the signer's own certificate is among those. The tool compares names loosely: no other one may have its number."""
    holder = signature.holder
    if holder is None or holder.der not in {each.der for each in trust}:
        return False
    return {each.der for each in signature.certificates if each.number == holder.number} == {holder.der}


def _no_network() -> list[str]:
    """Options that keep it from fetching what a certificate names; older releases have other ones, or none."""
    known = run_tool(SIGN_TOOL, ["verify", "--help"]).stdout
    return [option for option in NO_NETWORK if option in known]


def self_made(cache: Path) -> Identity:
    """The test certificate of this user, made the first time, in a directory that nobody else can read."""
    folder = cache / "signing"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _private(folder)
        if not (folder / CERTIFICATE).is_file() or not (folder / KEY).is_file():
            _make(folder)
        for path in (folder / CERTIFICATE, folder / KEY):
            _private(path)
    except OSError as error:
        reason = f"the test certificate cannot be kept there ({error.strerror}); name another cache directory with BPFCC_CACHE_DIR"
        raise InputError(reason, file=str(folder)) from error
    return Identity(folder / CERTIFICATE, folder / KEY)


def _private(path: Path) -> None:
    """InputError where somebody else could have made it, or can read it."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or (sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & OTHERS)):
        raise InputError("others can read or replace it, so it is not used to sign; remove it, and it is made again", file=str(path))


def _make(folder: Path) -> None:
    """Key and certificate, written where only the user can read, and moved into place when both are there."""
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as made:
        Path(made, "request.cnf").write_text(REQUEST, encoding="ascii")
        done = run_tool(
            KEY_TOOL,
            ["req", "-x509", "-newkey", "rsa:3072", "-sha256", "-nodes", "-days", str(DAYS), "-config", "request.cnf", "-keyout", KEY,
             "-out", CERTIFICATE],
            folder=made,
        )  # fmt: skip
        if done.returncode:
            raise InternalError(f"openssl makes no test certificate: {said(done.stdout)}")
        for name in (KEY, CERTIFICATE):
            Path(made, name).chmod(0o600)
            Path(made, name).replace(folder / name)
