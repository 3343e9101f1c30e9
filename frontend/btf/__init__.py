"""BTF, the type information of BPF objects and of kernels, and the tables of `.BTF.ext` that refer to it."""

from __future__ import annotations

from bpfcc.frontend.btf.ext import BtfExt, CoreRelocation, InfoTable
from bpfcc.frontend.btf.model import Btf
from bpfcc.frontend.btf.types import BtfType, Enumerator, KindName, Member, Parameter, Variable

__all__ = ["Btf", "BtfExt", "BtfType", "CoreRelocation", "Enumerator", "InfoTable", "KindName", "Member", "Parameter", "Variable"]
