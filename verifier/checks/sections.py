"""Where a program is: under a lock, in a section without sleep, with something held.

bpf_rcu_read_lock(); bpf_copy_from_user(…)       V038
bpf_preempt_disable(); return 0;                 V040
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.handles import owed

if TYPE_CHECKING:
    from bpfcc.verifier.view import View

NAMES: Final = {"rcu": "an RCU read lock is held", "preempt": "preemption is disabled", "irq": "interrupts are disabled"}


def words(section: str) -> str:
    """For messages."""
    return next(text for name, text in NAMES.items() if section.startswith(name))


def check_sleep(view: View, name: str, problems: Problems) -> bool:
    """Whether something that may sleep is allowed here."""
    sections = view.state.sections
    if not view.unit.around.request.sleepable:
        problems.append(Problem("V038", f"{name} may sleep, and this program may not (section names ending in .s may)"))
    elif not isinstance(sections, tuple):
        problems.append(
            Problem("V038", f"{name} may sleep, and on some path RCU is read-locked here, or preemption or interrupts are disabled")
        )
    elif sections:
        problems.append(Problem("V038", f"{name} may sleep, and here {words(sections[-1])}"))
    else:
        return True
    return False


def check_held_nothing(view: View, what: str, problems: Problems, code: str = "V040") -> None:
    """Nothing may be held where the program ends: `what` says why it does."""
    state = view.state
    held = len(owed(state))
    if held:
        problems.append(Problem(code, f"{what}: {held} reference{'s are' if held > 1 else ' is'} not released on some path to here"))
    elif not isinstance(state.sections, tuple):
        problems.append(Problem(code, f"{what}: on some path RCU is read-locked, or preemption or interrupts are disabled"))
    elif state.sections:
        problems.append(Problem(code, f"{what} while {words(state.sections[-1])}"))
