"""`program_info_hash`: the digests of two real drivers, and those that follow from the tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from bpfcc.compat.native.info_hash import context_descriptor, program_info_hash, prototype
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.specs.check import check_table
from bpfcc.runtime.specs.tables import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

WINDOWS: Final = load_platform("windows")
DIGESTS: Final = (
    # From drivers that Microsoft's tool made.
    ("cgroup_sock_addr", (1, 2, 26), "448044b02fbf5cba01f0537675fbb8192399e8f80a85f49a115ce721f772ebf0"),
    ("bind", (12, 13, 14, 15, 19), "b4b2eb49ffb7c1cc1dc3f8264540ee2278084c4b35f505a86fa070dc3aa4827f"),
    # Computed another way.
    ("bind", (), "9fbf26553a538157c22a832da9a285137f2148a7a54bf61531782ac9793a1763"),
    ("bind", (1, 2), "31714f44caec44f009d0e71ab3f1608a6641b12bc152e883a4f25e2044ed35a4"),
    ("bind", (5,), "f221fbf0b472c8bb2149896b9b2e6909eb9107ccdd3aad57f46f0a89e48cfb01"),
    ("xdp", (), "f0b9768659f982744c365cf02df99b578440ac34301c2340361d6818c54c57f8"),
    ("xdp", (1,), "e99cd483b7e566d1af47b9a8f7a28fed6317018add8a0baf733bba300fc86bc6"),
    ("xdp", (65536,), "dda5dac9618977936a93f9b376f4ac2b53bc7ef7a8beace2d263e04be30faa23"),
    ("cgroup_sock_addr", (), "f52e557f0f3cb5e1a8f5d901f49b410f70e5e72dc1d45437d8608bd9ffeee76a"),
    ("cgroup_sock_addr", (1, 22), "3680b03bd2b652fdf80baa5794c09aea87b3429a488c5a0418842e510832150e"),
    ("sock_ops", (2, 11), "2f16c73df37a60cf4775b7b8e9e8749a4acfce75abe8edff108e47a313c31d48"),
)  # fmt: skip


@pytest.mark.parametrize(("program_type", "helpers", "digest"), DIGESTS, ids=lambda value: str(value)[:20])
def test_digests(program_type: str, helpers: tuple[int, ...], digest: str) -> None:
    assert program_info_hash(WINDOWS, program_type, helpers).hex() == digest
    # Helpers are sorted, and each counts once.
    assert program_info_hash(WINDOWS, program_type, [*reversed(helpers), *helpers]).hex() == digest


@pytest.mark.parametrize(
    ("program_type", "found"),
    [("xdp", (32, 0, 8, 16)), ("bind", (56, 0, 8, -1)), ("cgroup_sock_addr", (64, -1, -1, -1)), ("sock_ops", (64, -1, -1, -1))],
)
def test_context_descriptors(program_type: str, found: tuple[int, ...]) -> None:
    assert context_descriptor(WINDOWS, program_type) == found


def test_what_tables_do_not_say_is_refused() -> None:
    with pytest.raises(InputError, match="no helper 99999"):
        program_info_hash(WINDOWS, "xdp", [99999])
    with pytest.raises(UnsupportedError, match="no GUID"):
        program_info_hash(WINDOWS, "raw", [])
    linux = load_platform("linux")
    helper = next(each for each in linux.helpers_by_id.values() if any(a.kind == "sock_common" for a in each.arguments))
    with pytest.raises(UnsupportedError, match="no arguments of kind 'sock_common'"):
        prototype(linux, helper)
    with pytest.raises(UnsupportedError, match="no results of kind 'void'"):
        prototype(WINDOWS, WINDOWS.helper(1)._replace(returns="void"))


def test_every_helper_and_type_has_a_digest() -> None:
    digests = {
        program_info_hash(WINDOWS, name, [helper])
        for name, spec in WINDOWS.program_types.items()
        if spec.guid is not None
        for helper in [*WINDOWS.helpers_by_id, *spec.own_helpers]
    }
    assert len(digests) == sum(
        len(WINDOWS.helpers_by_id.keys() | spec.own_helpers.keys()) for spec in WINDOWS.program_types.values() if spec.guid is not None
    )


def test_another_prototype_is_another_digest(tmp_path: Path) -> None:
    table = json.loads((FOLDER / "windows.json").read_bytes())
    own = table["program_types"]["xdp"]["own_helpers"][0]
    del own["published_flags"]
    table["name"] = "newer"
    path = tmp_path / "newer.json"
    path.write_text(json.dumps(table))
    assert program_info_hash(load_platform(str(path)), "xdp", [65536]) != program_info_hash(WINDOWS, "xdp", [65536])


def test_sections() -> None:
    found = WINDOWS.section("cgroup/connect_authorization4")
    assert found is not None and (found.type, found.attach_type) == ("cgroup_sock_addr", "cgroup_inet4_connect_authorization")
    assert WINDOWS.section("xdp_filter") is not None
    assert WINDOWS.section("kprobe/x") is None
    assert load_platform("linux").section("xdp") is None


def test_faulty_entries_are_found() -> None:
    table = json.loads((FOLDER / "windows.json").read_bytes())
    table["sections"]["tc"] = {"type": "sched_cls"}
    table["sections"]["xdp"]["attach_type"] = "ingress"
    table["program_types"]["xdp"]["descriptor"] = 1
    table["helpers"][21]["prototype"] = 2
    table["helpers"][0]["published_flags"] = -1
    assert [place for place, _ in check_table(table)] == [
        "helpers[0].published_flags", "helpers[21].prototype", "program_types.xdp.descriptor", "sections.xdp.attach_type",
        "sections.tc.type",
    ]  # fmt: skip
