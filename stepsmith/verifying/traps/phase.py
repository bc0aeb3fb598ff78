"""The steps on which work is done that is not done on every one."""

from collections.abc import Iterator

from dsl.program import Arg, Const, Program, Statement
from stepsmith.verifying.traps.variant import Change, Trap, Variant, changed


def phase_traps(program: Program) -> Iterator[Trap]:
    """A refresh one step later, or earlier."""

    def by(steps: int) -> Change:
        def change(build: Variant, statement: Statement) -> Arg | None:
            if statement.op != "every":
                return None
            phase = build.put("add", statement.args[2], Const(steps))
            return build.put("every", *statement.args[:2], phase)

        return change

    yield Trap("it refreshes one step later", changed(program, by(1)))
    yield Trap("it refreshes one step earlier", changed(program, by(-1)))
