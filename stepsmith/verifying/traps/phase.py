"""The number of a step, and the steps on which work is done that is not done on every one."""

from collections.abc import Iterator

from dsl.program import Arg, Const, Program, Statement
from stepsmith.verifying.traps.variant import Change, T, Trap, Variant, changed, unchanged


def phase_traps(program: Program) -> Iterator[Trap]:
    """A refresh one step later, or earlier; steps that are counted from another number."""

    def by(steps: int) -> Change:
        def change(build: Variant, statement: Statement) -> Arg | None:
            if statement.op != "every":
                return None
            phase = build.put("add", statement.args[2], Const(steps))
            return build.put("every", *statement.args[:2], phase)

        return change

    def counted(op: str) -> Program:
        build = Variant(program)
        build.place[T] = build.put(op, T, Const(1))
        return build.run(unchanged).program_with()

    yield Trap("it refreshes one step later", changed(program, by(1)))
    yield Trap("it refreshes one step earlier", changed(program, by(-1)))
    if T.id in program.inputs:
        yield Trap("it counts steps from 0, where t counts from 1", counted("sub"))
        yield Trap("it is a step ahead: it has t + 1 where the rule has t", counted("add"))
