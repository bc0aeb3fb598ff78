"""All rewritings of a rule, and those of two kinds at once."""

from collections.abc import Callable, Iterable, Iterator

from dsl.errors import DslError
from dsl.program import Program
from stepsmith.verifying.traps.averages import average_traps
from stepsmith.verifying.traps.bias import bias_traps
from stepsmith.verifying.traps.decay import decay_traps
from stepsmith.verifying.traps.eps import eps_traps
from stepsmith.verifying.traps.order import order_traps
from stepsmith.verifying.traps.phase import phase_traps
from stepsmith.verifying.traps.result import result_traps
from stepsmith.verifying.traps.variant import Trap

_KINDS = ("eps", "bias", "decay", "phase", "averages", "order", "result")


def traps(program: Program, decay: float | None = None) -> Iterator[Trap]:
    """Every rewriting that changes a rule; `decay` is the weight decay of the other optimizer."""
    for _, trap in _of_kinds(program, decay, _KINDS):
        yield trap


def pairs(program: Program, decay: float | None = None) -> Iterator[Trap]:
    """Every rewriting of a rule with another one, of the same or a later kind, on top."""
    for kind, one in _of_kinds(program, decay, _KINDS):
        for _, other in _of_kinds(one.variant, decay, _KINDS[_KINDS.index(kind) :]):
            yield Trap(f"{one.reason}, and {other.reason}", other.variant)


def _of_kinds(
    program: Program, decay: float | None, kinds: Iterable[str]
) -> Iterator[tuple[str, Trap]]:
    makers: dict[str, Callable[[Program], Iterator[Trap]]] = {
        **{"eps": eps_traps, "bias": bias_traps, "phase": phase_traps, "order": order_traps},
        **{"averages": average_traps, "result": result_traps},
        "decay": lambda each: decay_traps(each, decay),
    }
    for kind in kinds:
        for trap in _legal(makers[kind](program)):
            if trap.variant != program:
                yield kind, trap


def _legal(found: Iterator[Trap]) -> Iterator[Trap]:
    """The rewritings that kinds allow; one that they do not allow ends those of its kind."""
    try:
        yield from found
    except DslError:
        return
