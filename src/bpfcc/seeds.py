"""What a seed file puts into maps before a run: one JSON document, map names to contents.

    {"blocklist": [{"key": "203.0.113.0/24", "value": {"number": 1}}],
     "limits": {"0": 100},
     ".rodata": {"closed_port": 8080}}

Contents are as `bpfcc.runtime.maps.seed` has them. Three things are added here: a section of global data takes its variables by
name, before the program sees it; a program array takes names of programs, which are prepared with the one that jumps to them; and a trie
with IPv6 keys takes IPv4 prefixes in the mapped form (::ffff:203.0.113.0/120).
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bpfcc.errors import InputError
from bpfcc.pipeline import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.maps import Map

MAX_SEED_BYTES: Final = 64 << 20
TRIE_V6_KEY_BYTES: Final = 20
PROGRAMS: Final = "prog_array"

Seeds = dict[str, Any]


def read_seeds(path: Path) -> Seeds:
    """The document; InputError where it is none."""
    try:
        document = json.loads(read_bytes(path, MAX_SEED_BYTES))
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", file=str(path)) from None
    if not isinstance(document, dict):
        raise InputError("a seed file is an object: map names to contents", file=str(path))
    return document


def check_names(seeds: Seeds, known: Mapping[str, MapSpec], file: str) -> None:
    """InputError for a seed of a map that the object does not have."""
    for name in seeds:
        if name not in known:
            raise InputError(f"no map {name!r} to seed; there are {', '.join(known) or 'none'}", file=file)


def seeded_spec(spec: MapSpec, seeds: Seeds) -> MapSpec:
    """Global data with the variables that the seed names, program arrays with its programs; every other map as it is."""
    seed = seeds.get(spec.name)
    if seed is not None and spec.type == PROGRAMS:
        return replace(spec, values=dict(spec.values) | programs_of(spec, seed))
    if spec.initial is None or seed is None:
        return spec
    if not isinstance(seed, dict) or spec.btf is None or not spec.btf_value_type_id:
        raise InputError(f"seed of {spec.name!r}: its variables by name are wanted, and the object's types")
    from bpfcc.frontend.btf_values import encode_value

    content = bytearray(spec.initial.ljust(spec.value_size, b"\0"))
    section = spec.btf.type(spec.btf_value_type_id)
    places = {spec.btf.name(v.type_id): v for v in section.variables}
    for name, value in seed.items():
        if name not in places:
            raise InputError(f"seed of {spec.name!r}: no variable {name!r}; there are {', '.join(places)}")
        place = places[name]
        data = encode_value(spec.btf, spec.btf.type(place.type_id).type_id, value)
        content[place.offset : place.offset + len(data)] = data
    return replace(spec, initial=bytes(content))


def programs_of(spec: MapSpec, seed: Any) -> dict[int, str]:
    """Names of programs by index. InputError where they are none, or have no place."""
    try:
        found = {int(str(index), 0): name for index, name in (seed.items() if isinstance(seed, dict) else enumerate(seed))}
    except (TypeError, ValueError):
        found = {-1: ""}
    for index, name in found.items():
        if not isinstance(name, str) or not 0 <= index < spec.max_entries:
            message = f"seed of {spec.name!r}: names of programs by index are wanted, below {spec.max_entries}"
            raise InputError(message)
    return found


def jumps_of(maps: Iterable[MapSpec], seeds: Seeds) -> dict[str, dict[int, str]]:
    """Programs that seeds put into program arrays, by array and index."""
    return {spec.name: programs_of(spec, seeds[spec.name]) for spec in maps if spec.type == PROGRAMS and spec.name in seeds}


def fill(made: Map, seeds: Seeds) -> None:
    """Put a map's seed into it. InputError names the map and what does not fit."""
    seed = seeds.get(made.name)
    if seed is None or made.spec.initial is not None or made.type == PROGRAMS:
        return
    from bpfcc.runtime.maps import load_seed

    try:
        if made.type == "lpm_trie" and made.key_size == TRIE_V6_KEY_BYTES:
            seed = with_mapped_keys(seed)
        load_seed(made, seed)
    except InputError as error:
        if made.name in error.message:
            raise
        raise InputError(f"seed of map {made.name!r}: {error.message}") from None


def with_mapped_keys(seed: Any) -> Any:
    """A seed whose IPv4 prefixes are in IPv6's mapped form."""
    if isinstance(seed, dict):
        return {mapped(key): value for key, value in seed.items()}
    if isinstance(seed, list):
        return [entry | {"key": mapped(entry["key"])} if isinstance(entry, dict) and "key" in entry else entry for entry in seed]
    return seed


def mapped(key: Any) -> Any:
    """The mapped form of an IPv4 prefix; anything else as it is."""
    if not isinstance(key, str):
        return key
    try:
        network = ipaddress.IPv4Network(key)
    except ValueError:
        return key
    return f"::ffff:{network.network_address}/{network.prefixlen + 96}"
