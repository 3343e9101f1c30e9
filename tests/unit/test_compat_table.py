"""The table of what of Linux is what on Windows: clean, by its schema, each row tried on a program; and that faults are refused."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.ops import Call, Exit
from bpfcc.compat.report_calls import is_skeleton, judge_name, of_libbpf
from bpfcc.compat.report_calls import table as libbpf_table
from bpfcc.compat.rewrite import Ported
from bpfcc.compat.rewrite.entries import KINDS
from bpfcc.compat.rewrite.recipes import RECIPES
from bpfcc.compat.rewrite.table import HELPER_RECIPES, SHIPPED, check, correspondence, load
from bpfcc.errors import InputError
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.specs.model import Argument
from tests.compat_harness import entry, ported

TABLE: dict[str, Any] = json.loads(SHIPPED.read_bytes())
SCHEMA: dict[str, Any] = json.loads((SHIPPED.parent / "correspondence.schema.json").read_bytes())
LINUX, WINDOWS = load_platform("linux"), load_platform("windows")
MAPS = {
    "hash": MapSpec("m", "hash", 8, 8, 4), "array": MapSpec("m", "array", 4, 8, 4), "queue": MapSpec("m", "queue", 0, 8, 4),
    "ringbuf": MapSpec("m", "ringbuf", 0, 0, 4096), "perf_event_array": MapSpec("m", "perf_event_array", 4, 4, 1),
    "prog_array": MapSpec("m", "prog_array", 4, 4, 1),
}  # fmt: skip
SIZES = {"ringbuf": (0, 0, 4096), "queue": (0, 8, 4), "stack": (0, 8, 4), "prog_array": (4, 4, 4)}
NEVER = {"when": "never", "text": "", "depends": True}


def context_type(context: str) -> tuple[str, str]:
    """Program and attach type with that context."""
    for row in TABLE["sections"]:
        spec = LINUX.context_of(row["type"])
        if spec is not None and spec.name == context:
            return row["type"], row["attach_type"]
    raise AssertionError(context)


# ---- the table itself


def test_table_is_clean_and_by_its_schema() -> None:
    assert list(check(TABLE)) == []
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(TABLE, SCHEMA)
    assert set(RECIPES) == HELPER_RECIPES == {row["recipe"] for row in TABLE["helpers"].values() if "recipe" in row}


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("schema",), "bpfcc.correspondence/2", "schema"),
        (("helpers",), [], "helpers"),
        (("other_error",), "22", "other_error"),
        (("helper_absent",), None, "helper_absent"),
        (("helpers", "ktime_get_ns", "class"), "alike", "helpers.ktime_get_ns.class"),
        (("helpers", "ktime_get_ns", "to"), "no_such", "helpers.ktime_get_ns.to"),
        (("helpers", "no_such"), {"class": "same", "to": "ktime_get_ns"}, "helpers.no_such"),
        (("helpers", "ktime_get_ns"), {"class": "same"}, "helpers.ktime_get_ns"),
        (("helpers", "ktime_get_ns"), 7, "helpers.ktime_get_ns"),
        (("helpers", "jiffies64", "recipe"), "no_such", "helpers.jiffies64.recipe"),
        (("helpers", "jiffies64", "depends"), None, "helpers.jiffies64.depends"),
        (("helpers", "jiffies64", "reason"), "", "helpers.jiffies64.reason"),
        (("helpers", "map_update_elem", "errors"), "no_such", "helpers.map_update_elem.errors"),
        (("helpers", "map_update_elem", "differences"), [NEVER], "helpers.map_update_elem.differences[0].when"),
        (("helpers", "map_update_elem", "differences"), [NEVER | {"when": "updated"}], "helpers.map_update_elem.differences[0].when"),
        (("map_types", "hash", "differences"), [NEVER | {"when": "result"}], "map_types.hash.differences[0].when"),
        (("map_types", "hash", "differences"), [NEVER | {"when": "updated later"}], "map_types.hash.differences[0].when"),
        (("sections", 0, "differences"), [NEVER | {"when": "used"}], "sections[0].differences[0].when"),
        (("returns", "xdp", "cases", 0, "differences"), [NEVER | {"when": "always"}], "returns.xdp.cases[0].differences[0].when"),
        (("helpers", "map_update_elem", "differences"), [7], "helpers.map_update_elem.differences[0]"),
        (("errors", "perf"), {"x": 1}, "errors.perf"),
        (("absent_helpers", "no_such"), "", "absent_helpers.no_such"),
        (("absent_helpers", "snprintf"), 7, "absent_helpers.snprintf"),
        (("absent_section_names", "bind"), 7, "absent_section_names.bind"),
        (("absent_externs", "bpf_iter_"), 7, "absent_externs.bpf_iter_"),
        (("helpers", "xdp_adjust_head", "futile"), "yes", "helpers.xdp_adjust_head.futile"),
        (("sections", 0, "type"), "no_such", "sections[0].type"),
        (("sections", 0, "to_attach_type"), "no_such", "sections[0].to_attach_type"),
        (("returns", "xdp", "cases"), None, "returns.xdp"),
        (("returns", "xdp", "width"), 16, "returns.xdp.width"),
        (("returns", "xdp", "cases", 0, "windows"), "1", "returns.xdp.cases[0].windows"),
        (("contexts", "xdp_md", "to"), "no_such", "contexts.xdp_md"),
        (("contexts", "xdp_md", "fields", "data", "to"), "no_such", "contexts.xdp_md.fields.data.to"),
        (("contexts", "xdp_md", "fields", "no_such"), {"class": "absent"}, "contexts.xdp_md.fields.no_such"),
        (("contexts", "xdp_md", "fields", "data"), {"class": "same"}, "contexts.xdp_md.fields.data"),
        (("contexts", "xdp_md", "fields", "data", "transform"), "no_such", "contexts.xdp_md.fields.data.transform"),
        (("map_types", "hash", "to"), "no_such", "map_types.hash.to"),
        (("map_types", "no_such"), {"class": "same", "to": "hash"}, "map_types.no_such"),
        (("absent_map_types", "no_such"), "", "absent_map_types.no_such"),
        (("map_flags", "x"), {}, "map_flags.x"),
        (("helpers", "ktime_get_ns", "to"), [], "helpers.ktime_get_ns.to"),
        (("helpers", "map_update_elem", "recipe"), {}, "helpers.map_update_elem.recipe"),
        (("helpers", "map_update_elem", "array_errors"), "no_such", "helpers.map_update_elem.array_errors"),
        (("helpers", "map_update_elem", "flags"), {"argument": 3}, "helpers.map_update_elem.flags"),
        (("helpers", "map_update_elem", "flags"), {"argument": 3, "allowed": ["0"]}, "helpers.map_update_elem.flags.allowed"),
        (("helpers", "map_update_elem", "flags"), {"argument": 3, "allowed": [0], "absent": 4}, "helpers.map_update_elem.flags.reason"),
        (("helpers", "map_update_elem", "differences"), 7, "helpers.map_update_elem.differences"),
        (("helpers", "xdp_adjust_head", "types"), "xdp", "helpers.xdp_adjust_head.types"),
        (("sections", 0, "type"), [], "sections[0].type"),
        (("sections", 5, "only"), [{"field": "no_such", "values": [1], "otherwise": 0}], "sections[5].only"),
        (("sections", 5, "only"), [7], "sections[5].only"),
        (("sections", 6, "there_alone"), 1, "sections[6].there_alone"),
        (("contexts", "bpf_sock_ops", "fields", "local_ip4", "family_there"), "2", "contexts.bpf_sock_ops.fields.local_ip4.family_there"),
        (("contexts", "bpf_sock_ops", "fields", "op", "values"), [[1]], "contexts.bpf_sock_ops.fields.op.values"),
        (("contexts", "bpf_sock_ops", "fields", "op", "family"), 2, "contexts.bpf_sock_ops.fields.op.other_family"),
        (("contexts", "xdp_md", "fields", "data", "attach"), [], "contexts.xdp_md.fields.data.elsewhere"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else None,
)  # fmt: skip
def test_faults_are_found(path: tuple[str | int, ...], value: object, place: str) -> None:
    table = copy.deepcopy(TABLE)
    inner: Any = table
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert place in [where for where, _ in check(table)]


def test_any_damage_is_told() -> None:
    """A value anywhere is replaced or gone: there are faults, or there are none, and never an exception."""
    source = random.Random(3)
    for _ in range(600):
        table = copy.deepcopy(TABLE)
        inner: Any = table
        while True:
            key = source.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
            if not inner[key] or not isinstance(inner[key], (dict, list)) or source.random() < 0.2:
                break
            inner = inner[key]
        if isinstance(inner, dict) and source.random() < 0.3:
            del inner[key]
        else:
            inner[key] = source.choice([None, 7, "x", [], {}, [7], ["x"], {"x": 7}, True, -1])
        assert all(isinstance(what, str) for _, what in check(table))


def test_a_user_s_table(tmp_path: Path) -> None:
    file = tmp_path / "more.json"
    file.write_text(json.dumps(TABLE), encoding="utf-8")
    assert load(file).helper("ktime_get_ns") is not None
    file.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not a table"):
        load(file)
    file.write_text(json.dumps(TABLE | {"schema": "x"}), encoding="utf-8")
    with pytest.raises(InputError, match=r"schema: must be 'bpfcc.correspondence/1'"):
        load(file)
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.json")
    assert list(check([])) == [("", "a table is an object")]


# ---- rows of helpers

RESERVE = "r1 = map[0] ll\nr2 = 16\nr3 = 0\ncall 131\nif r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall {}\nout:"
# Helpers that a recipe rewrites, and those whose arguments a generator does not guess: a call that goes well.
PROGRAMS: dict[str, tuple[str, tuple[MapSpec, ...]]] = {
    "trace_printk": ("r3 = 0x00642520\n*(u32 *)(r10 - 8) = r3\nr1 = r10\nr1 += -8\nr2 = 4\nr3 = 5\nr4 = 0\nr5 = 0\ncall 6", ()),
    "trace_vprintk": (
        "*(u32 *)(r10 - 8) = 0x00642520\n*(u64 *)(r10 - 16) = 7\nr1 = r10\nr1 += -8\nr2 = 4\nr3 = r10\nr3 += -16\nr4 = 8\ncall 177",
        (),
    ),
    "tail_call": ("r2 = map[0] ll\nr3 = 0\ncall 12", (MAPS["prog_array"],)),
    "ringbuf_reserve": (RESERVE.format(133), (MAPS["ringbuf"],)),
    "ringbuf_submit": (RESERVE.format(132), (MAPS["ringbuf"],)),
    "ringbuf_discard": (RESERVE.format(133), (MAPS["ringbuf"],)),
    "xdp_load_bytes": ("r2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\ncall 189", ()),
    "xdp_store_bytes": ("r3 = 0\n*(u64 *)(r10 - 8) = r3\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\ncall 190", ()),
    "xdp_adjust_head": ("r2 = 0\ncall 44", ()),
}  # fmt: skip


def call_of(name: str) -> tuple[str, tuple[MapSpec, ...]]:
    """A call of a helper, arguments by their kinds."""
    helper = LINUX.helper(name)
    kinds = [kind for kind, spec in MAPS.items() if name in LINUX.map_types[kind].helpers]
    lines = ["r6 = r1", "r0 = 0", "*(u64 *)(r10 - 8) = r0"]
    for number, argument in enumerate(helper.arguments, 1):
        lines += argument_lines(number, argument)
    return "\n".join([*lines, f"call {helper.id}"]), (MAPS[kinds[0]],) if kinds else ()


def argument_lines(number: int, argument: Argument) -> list[str]:
    match argument.kind:
        case "ctx":
            return [f"r{number} = r6"]
        case "const_map_ptr":
            return [f"r{number} = map[0] ll"]
        case "size" | "size_or_zero":
            return [f"r{number} = 8"]
        case kind if kind.startswith(("mem", "map_")):
            return [f"r{number} = r10", f"r{number} += -8"]
        case _:
            return [f"r{number} = 0"]


def program_with(name: str, program_type: str = "xdp") -> Ported:
    body, maps = PROGRAMS[name] if name in PROGRAMS else call_of(name)
    text = f"{body}\nr0 = 1\nexit\n"
    return ported(text, maps, type=program_type, attach_type=first_attach_type(program_type))


def first_attach_type(program_type: str) -> str:
    """Somewhere that programs of a type go."""
    return next(str(row["attach_type"]) for row in TABLE["sections"] if row["type"] == program_type)


@pytest.mark.parametrize("name", sorted(set(TABLE["helpers"]) - {"loop"}))
def test_helper_row(name: str) -> None:
    row = TABLE["helpers"][name]
    program_type = row.get("types", ["xdp"])[0]
    found = program_with(name, program_type)
    described = entry(found, f"bpf_{name}")
    assert described.kind in KINDS
    assert described.kind == row["class"] or any(each["text"] in described.reason for each in row.get("differences", ()))
    assert found.module is not None, found.absent
    called = {op.helper for op in found.module.entry.ops() if isinstance(op, Call)}
    if "to" in row and row.get("recipe") not in ("printk", "vprintk", "csum_diff") and name != "ringbuf_reserve":
        assert called == {WINDOWS.helper(row["to"], found.type).id}
    if name != "xdp_adjust_head":
        assert found.verdict is not None
        assert found.verdict.status == "accepted", found.verdict.findings


@pytest.mark.parametrize("name", [name for name, row in TABLE["helpers"].items() if "types" in row])
def test_helpers_of_some_types_are_absent_in_others(name: str) -> None:
    wrong = next(each for each in ("xdp", "sock_ops", "cgroup_sock_addr") if each not in TABLE["helpers"][name]["types"])
    found = program_with(name, wrong)
    assert found.module is None
    assert f"not for programs of type {wrong}" in entry(found, f"bpf_{name}").reason


@pytest.mark.parametrize("name", sorted(TABLE["absent_helpers"]))
def test_absent_helper_row(name: str) -> None:
    found = ported(f"r1 = 0\nr2 = 0\nr3 = 0\nr4 = 0\nr5 = 0\ncall {LINUX.helper(name).id}\nr0 = 1\nexit")
    described = entry(found, f"bpf_{name}")
    assert (described.kind, described.windows, described.reason) == ("absent", None, TABLE["absent_helpers"][name])
    assert found.module is None


def test_every_other_helper_is_absent() -> None:
    left = [each for each in LINUX.helpers_by_id.values() if each.name not in TABLE["helpers"] and each.name not in TABLE["absent_helpers"]]
    for helper in left:
        found = ported(f"r1 = 0\nr2 = 0\nr3 = 0\nr4 = 0\nr5 = 0\ncall {helper.id}\nr0 = 1\nexit")
        assert entry(found, f"bpf_{helper.name}").reason == TABLE["helper_absent"]
        assert found.module is None


# ---- other rows


@pytest.mark.parametrize("row", TABLE["sections"], ids=lambda row: row["attach_type"])
def test_section_row(row: dict[str, Any]) -> None:
    options = (
        {"type": None, "section": row["section"]} if row.get("there_alone") else {"type": row["type"], "attach_type": row["attach_type"]}
    )
    found = ported("r0 = 1\nexit", **options)
    assert (found.section, found.type, found.attach_type) == (row["section"], row["to_type"], row["to_attach_type"])
    assert WINDOWS.program_type(row["to_type"]).attach_types[row["to_attach_type"]].guid is not None
    assert found.module is not None
    always = [each for each in row.get("differences", ()) if each["when"] == "always"]
    assert bool(always) == any(each.what == "section" and each.kind == "differs" for each in found.entries)


@pytest.mark.parametrize("name", sorted(TABLE["absent_sections"]))
def test_absent_section_row(name: str) -> None:
    found = ported("r0 = 0\nexit", type=name)
    (described,) = found.absent
    assert (described.what, described.reason, found.module) == ("section", TABLE["absent_sections"][name], None)


@pytest.mark.parametrize("name", sorted(TABLE["absent_attach_types"]))
def test_absent_attach_type_row(name: str) -> None:
    (described,) = ported("r0 = 1\nexit", type="xdp", attach_type=name).absent
    assert described.reason == TABLE["absent_attach_types"][name]


@pytest.mark.parametrize("name", sorted(TABLE["absent_section_names"]))
def test_absent_section_name_row(name: str) -> None:
    (described,) = ported("r0 = 0\nexit", type=None, section=name).absent
    assert (described.what, described.name, described.reason) == ("section", name, TABLE["absent_section_names"][name])
    assert "does not tell the type" in ported("r0 = 0\nexit", type=None, section=f"{name}ings").absent[0].reason


def test_the_older_hook_has_a_remedy() -> None:
    assert "use cgroup/bind4 and cgroup/bind6" in ported("r0 = 0\nexit", type=None, section="bind").absent[0].reason


@pytest.mark.parametrize(
    ("context", "name"), [(context, name) for context, row in TABLE["contexts"].items() for name in row["fields"]], ids="-".join
)
def test_field_row(context: str, name: str) -> None:
    row = TABLE["contexts"][context]["fields"][name]
    program_type, attach_type = context_type(context)
    options: dict[str, Any] = {"type": program_type, "attach_type": row.get("attach", [attach_type])[0]}
    if options["attach_type"] not in LINUX.program_type(program_type).attach_types:
        (there,) = (each for each in TABLE["sections"] if each["attach_type"] == options["attach_type"])
        options = {"type": None, "section": there["section"]}
    field = LINUX.contexts[context].field(name)
    assert field is not None
    if "store_ignored" in row:
        found = ported(f"r2 = 1\n*(u32 *)(r1 + {field.offset}) = r2\nr0 = 1\nexit", **options)
    else:
        test = f"r2 = *(u32 *)(r1 + 20)\nif r2 != {row['family']} goto out\n" if "family" in row else ""
        found = ported(f"{test}r2 = *(u{8 * field.element_size} *)(r1 + {field.offset})\nout:\nr0 = 1\nexit", **options)
    described = entry(found, f"{context}.{name}")
    assert described.kind == row["class"]
    assert (found.module is None) == (row["class"] == "absent")
    if found.module is not None:
        assert found.verdict is not None
        assert found.verdict.status == "accepted"


@pytest.mark.parametrize("name", sorted(TABLE["map_types"]))
def test_map_row(name: str) -> None:
    key, value, entries = SIZES.get(name, (4, 8, 4))
    inner = MapSpec("inner", "array", 4, 8, 1) if name.endswith("_of_maps") else None
    spec = MapSpec("m", name, key, 4 if inner else value, entries, inner=inner)
    found = ported("r6 = map[0] ll\nr0 = 1\nexit", (spec,))
    kinds = {each.kind for each in found.entries if each.what == "map" and each.name == f"m ({name})"}
    row = TABLE["map_types"][name]
    assert kinds == {"differs" if row.get("differences") else row["class"]}
    assert found.module is not None
    assert found.module.maps[0].type == row["to"]


@pytest.mark.parametrize("name", sorted(set(LINUX.map_types) - set(TABLE["map_types"])))
def test_other_maps_are_absent(name: str) -> None:
    found = ported("r6 = map[0] ll\nr0 = 1\nexit", (MapSpec("m", name, 4, 4, 1),))
    assert entry(found, f"m ({name})").reason == TABLE["absent_map_types"].get(name, TABLE["map_type_absent"])
    assert found.module is None


@pytest.mark.parametrize("name", sorted(TABLE["map_types"]))
def test_maps_whose_size_the_application_sets_are_absent(name: str) -> None:
    key, value, _ = SIZES.get(name, (4, 8, 4))
    inner = MapSpec("inner", "array", 4, 8, 1) if name.endswith("_of_maps") else None
    found = ported("r6 = map[0] ll\nr0 = 1\nexit", (MapSpec("m", name, key, 4 if inner else value, 0, inner=inner),))
    described = entry(found, f"m ({name})")
    if name == "perf_event_array":
        # Its size there is another one anyhow.
        assert (described.kind, found.module is None) == ("emulated", False)
    else:
        assert (described.kind, found.module) == ("absent", None)
        assert "give it its max_entries" in described.reason


@pytest.mark.parametrize(("size", "there"), [(64, 4096), (4096, 4096), (4097, 8192), (12288, 16384)])
def test_ring_buffers_have_the_size_that_libbpf_gives_them(size: int, there: int) -> None:
    text = "r1 = map[0] ll\nr2 = 100\nr3 = 0\ncall 131\nif r0 == 0 goto out\nr1 = r0\nr2 = 0\ncall 132\nout:\nr0 = 1\nexit"
    found = ported(text, (MapSpec("m", "ringbuf", 0, 0, size),))
    assert found.module is not None
    assert found.module.maps[0].max_entries == there
    assert "never fits" not in entry(found, "bpf_ringbuf_reserve").reason


@pytest.mark.parametrize("bit", sorted(TABLE["map_flags"]))
def test_map_flag_row(bit: str) -> None:
    row = TABLE["map_flags"][bit]
    found = ported("r6 = map[0] ll\nr0 = 1\nexit", (MapSpec("m", "hash", 4, 8, 4, flags=int(bit)),))
    described = entry(found, f"m (hash): {row['name']}")
    assert (described.kind, described.depends) == ("differs", row["depends"])


@pytest.mark.parametrize(("kind", "case"), [(kind, case) for kind, row in TABLE["returns"].items() for case in row["cases"]])
def test_return_row(kind: str, case: dict[str, Any]) -> None:
    found = ported(f"r0 = {case['linux']}\nexit", type=kind, attach_type=first_attach_type(kind))
    described = entry(found, case["name"], "return")
    assert described.kind == case["class"]
    if found.module is not None:
        exits = [op for op in found.module.entry.ops() if isinstance(op, Exit)]
        assert {op.value for op in exits} == {case["windows"]}


@pytest.mark.parametrize("kind", sorted(TABLE["externs"]))
def test_extern_row(kind: str) -> None:
    assert correspondence().why_no_extern(kind) == TABLE["externs"][kind]
    assert correspondence().why_no_extern(kind, "some_function") == TABLE["externs"][kind]


@pytest.mark.parametrize("start", sorted(TABLE["absent_externs"]))
def test_absent_extern_row(start: str) -> None:
    longer = [each for each in TABLE["absent_externs"] if f"{start}xyz".startswith(each)]
    assert correspondence().why_no_extern("kfunc", f"{start}xyz") == TABLE["absent_externs"][longer[0]]
    assert longer[0] == start


# ---- libbpf


def test_libbpf_table() -> None:
    table = libbpf_table()
    assert table["schema"] == "bpfcc.libbpf/1"
    names = [*table["same"], *table["differs"], *table["absent"]]
    assert all(of_libbpf(name) for name in names)
    assert set(table["differs"]) <= set(table["same"])
    assert not set(table["absent"]) & set(table["same"])
    assert len(set(table["same"])) == len(table["same"])
    for name in names:
        kind, windows, reason, depends = judge_name(name)
        assert kind in KINDS
        assert (kind == "absent") == (windows is None)
        assert reason or kind == "same"
        assert (kind == "differs") == (depends is not None)
    assert judge_name("bpf_tc_hook_create")[2] == table["absent_prefixes"]["bpf_tc_"]
    assert judge_name("bpf_something_new")[0] == "absent"
    for macro, over in table["macros"].items():
        assert judge_name(macro)[:2] == (judge_name(over)[0], macro)
        assert over in judge_name(macro)[2]
    for what, reason in table["skeletons"].items():
        assert judge_name(f"lb__{what}") == ("absent", None, reason, None)
    assert not any(is_skeleton(name) for name in names)
    assert not any(is_skeleton(name) for name in ("bpf_object__open_later", "bpf_object__detach", "lb__start", "__open", "open"))


def test_what_is_not_the_same_has_a_reason() -> None:
    for name, row in TABLE["helpers"].items():
        assert row["class"] == "same" or row.get("reason"), name
    for kind in TABLE["returns"].values():
        assert all(case["class"] == "same" or case.get("reason") for case in kind["cases"])
