"""A driver that Microsoft's tools made: what ours say of it, and that both lie alike.

It is no part of this repository: BPFCC_DRIVER is the path of one, `cgroup_sock_addr.sys` of 2025 as the tests of other projects have it.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

from bpfcc.cli import app
from bpfcc.compat.image.subject import examine
from tests.windows.building import driver, made
from tests.windows.scanner import ScanError, layout, scan

PATH: Final = os.environ.get("BPFCC_DRIVER", "")
SHA256: Final = "09db71f3c605aad3c6605fa434a259f972d98f7b6fae3db221e9dac63215151f"
needs_driver = pytest.mark.skipif(not PATH, reason="BPFCC_DRIVER names no driver that Microsoft's tools made")
# The digest that such drivers have for sock_addr with helpers 1, 2 and 26.
DIGEST: Final = "448044b02fbf5cba01f0537675fbb8192399e8f80a85f49a115ce721f772ebf0"
PROGRAMS: Final = {
    "authorize_connect4": ("cgroup/connect4", "cgroup~4"),
    "authorize_connect6": ("cgroup/connect6", "cgroup~3"),
    "authorize_recv_accept4": ("cgroup/recv_accept4", "cgroup~2"),
    "authorize_recv_accept6": ("cgroup/recv_accept6", "cgroup~1"),
}
# `mov dword [rax], 0`, `mov rax, [rsp + 8]`, `mov dword [rax + 4], 21`: the body of a function that says version 0.21.
VERSION: Final = bytes.fromhex("c70000000000 488b442408 c7400415000000")


@pytest.fixture(scope="module")
def foreign() -> bytes:
    data = Path(PATH).read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        pytest.fail("BPFCC_DRIVER is another driver than the one whose facts stand here")
    return data


@needs_driver
@pytest.mark.soak
def test_what_check_says_of_it(foreign: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["image", "check", "--json", PATH]) == 1
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    failing = {each["id"]: each["level"] for each in document["rules"] if each["status"] == "failed"}
    assert failing == {"deterministic": "error", "record": "warning", "signer": "warning"}
    assert {each["name"]: (each["section"], each["code_section"]) for each in document["programs"]} == PROGRAMS
    for each in document["programs"]:
        assert (each["helpers"], each["functions"], each["digest"]) == ([26, 2, 1], 0, DIGEST)
    # The policy of the direction, and the cookies.
    assert [each["maps"] for each in document["programs"]] == [[0, 2], [0, 2], [1, 2], [1, 2]]
    assert [each["instructions"] for each in document["programs"]] == [34, 40, 34, 40]
    assert [(each["name"], each["type"], each["key_size"], each["value_size"], each["max_entries"]) for each in document["maps"]] == [
        ("egress_connection_policy_map", 1, 56, 4, 1),
        ("ingress_connection_policy_map", 1, 56, 4, 1),
        ("socket_cookie_map", 1, 56, 8, 1000),
    ]
    assert document["record"] is None
    assert document["signature"]["self_signed"]
    # What is right in a warning is right in an error, and the only one.
    assert app.run(["image", "check", "-q", "--warn", "deterministic", PATH]) == 0


@needs_driver
@pytest.mark.soak
def test_the_scanner_and_the_rules_see_the_same(foreign: bytes) -> None:
    seen, found = scan(foreign), examine(foreign, name=PATH).metadata
    assert [(p.name, p.section, p.pe_section, str(p.type), str(p.attach_type)) for p in seen.programs] == [
        (p.name, p.section, p.code_section, p.type_guid, p.attach_guid) for p in found.programs
    ]
    assert [(p.helpers, p.maps, p.hash.hex(), p.instructions) for p in seen.programs] == [
        (p.helpers, p.maps, p.digest, p.instructions) for p in found.programs
    ]
    assert [each.name for each in seen.maps] == [each.name for each in found.maps]
    assert VERSION in foreign


@needs_driver
@pytest.mark.soak
def test_ours_lie_alike(foreign: bytes) -> None:
    theirs, ours = layout(foreign), layout(driver("sock_addr.c"))
    assert (theirs.programs, ours.programs) == ((144, 144), (154, 160))
    assert theirs.maps == ours.maps == (80, 80)
    assert theirs.helpers == ours.helpers == (40, 40)
    for name in ("code", ".text", ".rdata", ".data", ".pdata", "programs", "maps", ".reloc"):
        assert theirs.rights[name] == ours.rights[name], name
    for one in (theirs, ours):
        assert one.order.index(".rdata") < one.order.index("maps")


# ---- without it


def test_records_of_other_lengths_are_read() -> None:
    """The first 144 bytes of each record, as older tools write them: the same programs."""
    data, found = driver("sock_addr.c"), made("sock_addr.c")
    shorter = shortened(data, 144)
    assert len(found.programs) > 1
    assert scan(shorter) == scan(data)
    assert layout(shorter).programs == (144, 144)
    seen = examine(shorter, name="x.sys")
    assert [each.name for each in seen.metadata.programs] == [each.name for each in found.programs]
    assert seen.metadata.programs == examine(data, name="x.sys").metadata.programs
    assert not seen.metadata.problems


def test_records_of_no_known_length_are_refused() -> None:
    with pytest.raises(ScanError, match="records of 136 bytes"):
        scan(shortened(driver("sock_addr.c"), 136))


def shortened(data: bytes, size: int) -> bytes:
    """With records of so many bytes, one behind the other."""
    image = examine(data, name="x.sys").image
    section = image.section("programs")
    assert section is not None
    content = image.content(section)
    records = [bytearray(content[at : at + size]) for at in range(0, len(content), 160)]
    for each in records:
        each[16:32] = size.to_bytes(8, "little") * 2
    packed = b"".join(records)
    changed = bytearray(data)
    changed[section.offset : section.offset + len(content)] = packed.ljust(len(content), b"\0")
    row = bytes(data).index(b"programs", 0x100)
    changed[row + 8 : row + 12] = len(packed).to_bytes(4, "little")
    return bytes(changed)
