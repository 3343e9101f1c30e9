"""What every pass is given besides the function: the module it belongs to and what helpers do to memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from bpfcc.bpfir.effects import no_effects
from bpfcc.bpfir.reach import Reach

if TYPE_CHECKING:
    from bpfcc.bpfir.effects import EffectsOf
    from bpfcc.bpfir.function import Module


@final
@dataclass(frozen=True, slots=True)
class Context:
    """`effects` is the platform's; without it every helper may do anything."""

    module: Module
    effects: EffectsOf = no_effects

    @property
    def reach(self) -> Reach:
        """What the module's functions do with addresses, as they are now."""
        return Reach(self.module, self.effects)
