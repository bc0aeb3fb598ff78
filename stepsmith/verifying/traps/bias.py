"""The correction of averages that begin at 0."""

from collections.abc import Iterator

from dsl.program import Arg, Const, Local, Name, Program, Statement
from stepsmith.verifying.traps.variant import Change, T, Trap, Variant, changed, correction


def bias_traps(program: Program) -> Iterator[Trap]:
    """Corrections left out, all or one; or added."""

    def without(chosen: str | None) -> Change:
        def change(build: Variant, statement: Statement) -> Arg | None:
            base = correction(build, statement)
            return Const(1) if base is not None and chosen in (None, base.id) else None

        return change

    yield Trap("it has no bias corrections", changed(program, without(None)))
    for hyper in program.hyperparameters:
        yield Trap(f"it does not correct the bias of {hyper}", changed(program, without(hyper)))
    yield Trap("it corrects the bias of its averages", _corrected(program, None))
    for slot in program.slots:
        yield Trap(f"it corrects the bias of {slot}", _corrected(program, slot))


def _corrected(program: Program, chosen: str | None) -> Program:
    """A rule that reads averages, or that of one slot, divided by `1 - b ** t`."""
    averages = {
        arg for slot, arg in program.next_values.items() if chosen is None or slot == chosen
    }
    build = Variant(program)
    for index, old in enumerate(program.statements):
        own = build.put(old.op, *map(build.moved, old.args), name=old.name)
        build.kept[Local(index)] = build.place[Local(index)] = own
        decay = _decay_of_average(build, build.statements[own.index], program)
        if decay is not None and Local(index) in averages:
            fade = build.put("sub", Const(1), build.put("power", decay, T))
            build.place[Local(index)] = build.put("div", own, fade)
    return build.program_with()


def _decay_of_average(build: Variant, statement: Statement, program: Program) -> Arg | None:
    """`b` of `interp(x, m, b)`, or of `b * m + (1 - b) * x`, for a slot `m`."""
    if statement.op == "interp":
        return statement.args[2]
    if statement.op != "add":
        return None
    for arg in statement.args:
        product = build.met(arg)
        if product is not None and product.op == "mul":
            for slot, decay in (product.args, product.args[::-1]):
                if isinstance(slot, Name) and slot.id in program.slots and isinstance(decay, Name):
                    return decay
    return None
