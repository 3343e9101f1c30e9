"""The shapes of a table's rows: texts, numbers, lists, and keys that need one another, before anything is looked up.

list(faults({"helpers": {"loop": {"class": "same", "to": 7}}, …}))        [("helpers.loop.to", "must be text")]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEXTS: Final = frozenset((
    "type", "attach_type", "section", "to_type", "to_attach_type", "class", "to", "spelling", "reason", "recipe", "errors", "array_errors",
    "transform", "elsewhere", "other_family", "field", "name", "text", "when",
))  # fmt: skip
NUMBERS: Final = frozenset(("constant", "otherwise", "family", "family_there", "argument", "absent", "by", "bytes", "linux", "windows"))
TRUTHS: Final = frozenset(("depends", "store_ignored", "there_alone", "futile"))
TEXT_LISTS: Final = frozenset(("types", "store", "attach", "maps"))
NUMBER_LISTS: Final = frozenset(("allowed", "values"))
PARTS: Final = {"flags": ("argument", "allowed"), "only": ("field", "values", "otherwise")}
NEEDS: Final = {"family": ("family_there", "other_family"), "attach": ("elsewhere",), "there_alone": ("section", "attach_type")}


def faults(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every one of them."""
    for name, context in table["contexts"].items():
        if not isinstance(context, dict) or not isinstance(context.get("to"), str) or not isinstance(context.get("fields"), dict):
            yield f"contexts.{name}", "must have to and fields"
    for where, row in rows(table):
        if isinstance(row, dict):
            yield from _faults(where, row)


def rows(table: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """All rows, with their names."""
    for at, row in enumerate(table["sections"]):
        yield f"sections[{at}]", row
    for part in ("helpers", "map_types"):
        for name, row in table[part].items():
            yield f"{part}.{name}", row
    for part, inner in (("returns", "cases"), ("contexts", "fields")):
        for name, each in table[part].items():
            found = each.get(inner) if isinstance(each, dict) else None
            if isinstance(found, dict):
                yield from ((f"{part}.{name}.{inner}.{key}", row) for key, row in found.items())
            elif isinstance(found, list):
                yield from ((f"{part}.{name}.{inner}[{at}]", row) for at, row in enumerate(found))


def _faults(where: str, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in row.items():
        place = f"{where}.{key}"
        if key in TEXTS and not isinstance(value, str):
            yield place, "must be text"
        elif key in NUMBERS and not is_number(value):
            yield place, "must be a number"
        elif key in TRUTHS and value is not None and not isinstance(value, bool):
            yield place, "must be true or false"
        elif key in TEXT_LISTS and not _list_of(value, str):
            yield place, "must be a list of texts"
        elif key in NUMBER_LISTS and not _numbers(value):
            yield place, "must be a list of numbers, or of pairs of them"
        elif key in PARTS:
            yield from _part(place, value, PARTS[key])
        elif key == "differences" and not isinstance(value, list):
            yield place, "must be a list"
        for needed in NEEDS.get(key, ()):
            if needed not in row:
                yield f"{where}.{needed}", f"is needed beside {key}"


def _part(place: str, value: object, needed: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """One object, or several of them."""
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, dict) or not set(needed) <= each.keys():
            yield place, f"must have {', '.join(needed)}"
        else:
            yield from _faults(place, each)
    if isinstance(value, dict) and value.get("absent") and "reason" not in value:
        yield f"{place}.reason", "is needed beside absent"


def is_number(value: object) -> bool:
    """Whether it is an integer, which true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)


def _numbers(value: object) -> bool:
    if not isinstance(value, list):
        return False
    return all(is_number(each) or (isinstance(each, list) and len(each) == 2 and all(map(is_number, each))) for each in value)
