"""Types from BTF, in the form that the verifier asks for them.

    object_types(btf, "xdp").prototype(17)        Prototype("parse", (Parameter("ctx"), Parameter("memory", size=8)))
    object_types(btf).map_fields(spec)            MapFields({0: ("spin_lock", 4), 8: ("kptr", 8)})
    kernel_types(Btf.kernel()).member(task, 0x4f8, 8)
                                                  KernelPointer("struct mm_struct", 1408)

The verifier is below the frontend and never sees BTF: this package stands between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.types.kernel import KernelBtf, KernelPointer, LazyKernelTypes
from bpfcc.types.objects import NoObjectTypes, ObjectBtf

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf
    from bpfcc.runtime.specs import Platform
    from bpfcc.verifier.options import ObjectTypes

__all__ = ["KernelBtf", "KernelPointer", "LazyKernelTypes", "NoObjectTypes", "ObjectBtf", "kernel_types", "object_types"]


def object_types(btf: Btf | None, program_type: str | None = None, platform: Platform | None = None) -> ObjectTypes:
    """Types of an object. `program_type` says which struct is the context; without it, that of any type is."""
    if btf is None:
        return NoObjectTypes()
    if platform is None:
        from bpfcc.runtime.specs import load_platform

        platform = load_platform("linux")
    return ObjectBtf(btf, platform.context_types(program_type))


def kernel_types(btf: Btf, *, origin: str = "kernel") -> KernelBtf:
    """Types of a kernel; nothing is decoded before it is asked for. Pointers of different `origin` are never equal."""
    return KernelBtf(btf, origin=origin)
