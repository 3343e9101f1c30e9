"""Images that look right and are not: what Windows, or eBPF for Windows, would refuse, or run and regret."""

from __future__ import annotations

import pytest

from bpfcc.compat.image.pe import read_image
from bpfcc.compat.image.rules import apply
from bpfcc.compat.image.subject import examine
from tests.image_attacks import ATTACKS, Change, guarded
from tests.image_harness import Pen, linked, patched


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_an_attack_is_named_by_its_rule(attack: str) -> None:
    rule, flags, change = ATTACKS[attack]
    found = apply(examine(patched(linked("sys", *flags), change), name="drop.sys"))
    errors = {each.rule.id: each.details for each in found if each.status == "failed" and each.level == "error"}
    assert set(errors) == {rule}, errors
    assert all(errors[rule])


def library_errors(change: Change) -> dict[str, tuple[str, ...]]:
    found = apply(examine(patched(linked("dll"), change), name="drop.dll"))
    return {each.rule.id: each.details for each in found if each.status == "failed" and each.level == "error"}


def export_row(pen: Pen) -> int:
    """File offset of the address of the first exported function."""
    image = read_image(bytes(pen.data))

    def offset(address: int) -> int:
        section = image.section_at(address)
        assert section is not None
        return section.offset + address - section.address

    table = offset(image.directory("export").address)
    return offset(int.from_bytes(image.data[table + 28 : table + 32], "little"))


def test_a_library_that_is_not_marked_as_one() -> None:
    assert set(library_errors(lambda pen: pen.put(pen.optional - 2, 0x22, 2))) == {"headers"}


def test_a_function_that_is_forwarded() -> None:
    found = library_errors(lambda pen: pen.put(export_row(pen), pen.image.directory("export").address + 4))
    assert found == {"exports": ("its get_metadata_table is that of another library",)}


def test_a_function_that_is_data() -> None:
    found = library_errors(lambda pen: pen.put(export_row(pen), pen.address(".data")))
    assert set(found) == {"exports"}
    assert "is no code" in found["exports"][0]


@pytest.mark.parametrize("count", [0x7FFF_FFFF, 5000, 0])
def test_exports_without_end(count: int) -> None:
    def change(pen: Pen) -> None:
        image = pen.image
        section = image.section_at(image.directory("export").address)
        assert section is not None
        at = section.offset + image.directory("export").address - section.address
        pen.put(at + 20, count)
        pen.put(at + 24, count)

    assert set(library_errors(change)) == {"exports"}


def test_the_order_is_that_of_the_table() -> None:
    """Names end at a zero, and rows stay where they are: other readers take them so."""
    image = read_image(patched(linked("sys"), ATTACKS["rows out of order"][2]))
    names = [each.name for each in image.sections]
    assert names.index(".rdata") > names.index(".data")
    assert "maps" in {each.name for each in read_image(patched(linked("sys"), lambda pen: pen.rename(".data", "maps\0x"))).sections}


def test_a_mark_without_a_table() -> None:
    """The flag alone guards nothing."""

    def change(pen: Pen) -> None:
        guarded()(pen)
        pen.put(pen.optional + 70, pen.get(pen.optional + 70, 2) | 0x4000, 2)

    found = apply(examine(patched(linked("sys"), change), name="drop.sys"))
    details = {each.rule.id: each.details for each in found if each.status == "failed"}
    assert details["cfg"] == ("the flag is set, but no table says which functions may be called",)
    assert "load-config" not in details
