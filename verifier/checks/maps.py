"""Maps that a program names: that such programs may use them.

v1 = map 0        V039 where map 0 has a spin lock in its values and the program is one of tracing
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.verifier.checks.problem import Problem, Problems

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import MapAddr, MapValueAddr
    from bpfcc.verifier.view import View


def check_map(view: View, op: MapAddr | MapValueAddr, problems: Problems) -> None:
    """A map's address, or that of global data (`check_map_prog_compatibility` and `map_check_btf` of the kernel)."""
    around = view.unit.around
    spec = view.unit.module.maps[op.map]
    kind = around.platform.map_types.get(spec.type)
    if kind is None:
        problems.append(Problem("V039", f"the platform has no map type {spec.type!r}", cause="environment"))
        return
    limit = around.platform.limits.name_chars
    if limit is not None and len(spec.name) > limit:
        what = f"the name of map {spec.name[:limit]}… has {len(spec.name)} characters"
        problems.append(Problem("V039", what, required=f"at most {limit}", cause="environment"))
    if kind.types is not None and around.type.name not in kind.types:
        problems.append(Problem("V039", f"map {spec.name} is of type {spec.type}, which programs of type {around.type.name} may not use"))
    if around.request.sleepable and not kind.sleepable:
        problems.append(Problem("V039", f"map {spec.name} is of type {spec.type}, which programs that may sleep cannot use"))
    fields = around.map_fields(spec)
    members = {name for name, _ in fields.fields.values()} if fields is not None else set()
    if members - kind.fields:
        problems.append(
            Problem("V039", f"values of a map of type {spec.type} may not have a {min(members - kind.fields)} (map {spec.name})")
        )
    elif members & around.type.without_fields:
        what = f"programs of type {around.type.name} may not use maps with a {min(members & around.type.without_fields)} (map {spec.name})"
        problems.append(Problem("V039", what))
