"""What a section name says about the programs in it: a table, and libbpf's rules for reading it.

    match("fentry.s/tcp_connect")  -> SectionRule(type="tracing", attach_type="trace_fentry", sleepable=True), target "tcp_connect"
    match("?xdp")                  -> the same as "xdp", but not loaded unless asked for
    match("my_section")            -> type None: the caller has to say

The table is `runtime/specs/sections_linux.json`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

# Found without importing `bpfcc.runtime.specs`, whose tables nothing here needs: the parts are side by side, installed or not.
TABLE: Final = Path(__file__).resolve().parents[1] / "runtime" / "specs" / "sections_linux.json"


class SectionRule(NamedTuple):
    """A row of the table. `attach_btf`: the target is a function that BTF describes; `frags`: multi-buffer XDP."""

    section: str
    type: str
    attach_type: str | None = None
    sleepable: bool = False
    frags: bool = False
    attach_btf: bool = False
    legacy_prefix: bool = False

    @property
    def takes_target(self) -> bool:
        """Whether `section/target` is meant."""
        return self.section.endswith("+")


class SectionMatch(NamedTuple):
    """What a name tells. `rule` is None where the table does not know the name; `legacy`: only libbpf before 1.0 takes it."""

    name: str
    rule: SectionRule | None
    target: str | None = None
    autoload: bool = True
    legacy: bool = False

    @property
    def type(self) -> str | None:
        """The program type as libbpf names it."""
        return self.rule.type if self.rule else None

    @property
    def attach_type(self) -> str | None:
        """The expected attach type, where the name implies one."""
        return self.rule.attach_type if self.rule else None

    @property
    def sleepable(self) -> bool:
        """Whether the program may sleep."""
        return self.rule is not None and self.rule.sleepable


@cache
def rules() -> tuple[SectionRule, ...]:
    """The table, in its order, which decides."""
    return tuple(SectionRule(**row) for row in json.loads(TABLE.read_bytes())["sections"])


@cache
def match(section: str) -> SectionMatch:
    """Look a section name up."""
    autoload = not section.startswith("?")
    name = section.removeprefix("?")
    for rule in rules():
        if rule.takes_target:
            prefix = rule.section[:-1]
            if name == prefix or name.startswith(prefix + "/"):
                return SectionMatch(section, rule, name[len(prefix) + 1 :] or None, autoload)
        elif name == rule.section:
            return SectionMatch(section, rule, None, autoload)
    for rule in rules():
        # `xdp_drop`, `socket1`, `tc/entry`; but `tcp_drop` says nothing about tc.
        if rule.legacy_prefix and name.startswith(rule.section) and not name[len(rule.section)].isalpha():
            return SectionMatch(section, rule, None, autoload, legacy=True)
    return SectionMatch(section, None, None, autoload)
