"""All rewritings of a rule, and those of two kinds at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from dsl.errors import DslError
from dsl.program import Program
from stepsmith.verifying.traps.averages import average_traps
from stepsmith.verifying.traps.bias import bias_traps
from stepsmith.verifying.traps.decay import decay_traps
from stepsmith.verifying.traps.eps import eps_traps
from stepsmith.verifying.traps.noise import noise_traps
from stepsmith.verifying.traps.order import order_traps
from stepsmith.verifying.traps.phase import phase_traps
from stepsmith.verifying.traps.result import result_traps
from stepsmith.verifying.traps.variant import Trap

Maker = Callable[[Program, float | None], Iterator[Trap]]


def _of_rule(maker: Callable[[Program], Iterator[Trap]]) -> Maker:
    return lambda program, decay: maker(program)


_MAKERS: Mapping[str, Maker] = {
    "eps": _of_rule(eps_traps),
    "bias": _of_rule(bias_traps),
    "decay": decay_traps,
    "phase": _of_rule(phase_traps),
    "averages": _of_rule(average_traps),
    "order": _of_rule(order_traps),
    "result": _of_rule(result_traps),
    "noise": _of_rule(noise_traps),
}
"""The rewritings of a rule by their kind, in the order in which they are tried."""


def traps(program: Program, decay: float | None = None) -> Iterator[Trap]:
    """Every rewriting that changes a rule; `decay` is the weight decay of the other optimizer."""
    for _, trap in _of_kinds(program, decay, _MAKERS):
        yield trap


def pairs(program: Program, decay: float | None = None) -> Iterator[Trap]:
    """Every rewriting of a rule with another one, of the same or a later kind, on top."""
    kinds = list(_MAKERS)
    for kind, one in _of_kinds(program, decay, kinds):
        for _, other in _of_kinds(one.variant, decay, kinds[kinds.index(kind) :]):
            yield Trap(f"{one.reason}, and {other.reason}", other.variant)


def _of_kinds(
    program: Program, decay: float | None, kinds: Iterable[str]
) -> Iterator[tuple[str, Trap]]:
    for kind in kinds:
        for trap in _legal(_MAKERS[kind](program, decay)):
            if trap.variant != program:
                yield kind, trap


def _legal(found: Iterator[Trap]) -> Iterator[Trap]:
    """The rewritings that kinds allow; one that they do not allow ends those of its kind."""
    try:
        yield from found
    except DslError:
        return
