"""Platforms as data: helpers, contexts, program types and map types, one file a platform.

>>> load_platform("linux").program_types["xdp"].return_names[1]
'XDP_DROP'
"""

from bpfcc.runtime.specs.access import ContextAccess
from bpfcc.runtime.specs.model import (
    Argument,
    AttachType,
    Callback,
    ContextSpec,
    Field,
    Helper,
    Level,
    Limits,
    MapType,
    ProgramType,
    SectionType,
)
from bpfcc.runtime.specs.platform import Platform, load_platform

__all__ = [
    "Argument", "AttachType", "Callback", "ContextAccess", "ContextSpec", "Field", "Helper", "Level", "Limits", "MapType", "Platform",
    "ProgramType", "SectionType", "load_platform",
]  # fmt: skip
