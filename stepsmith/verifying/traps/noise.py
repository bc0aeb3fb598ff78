"""Random numbers, which no two libraries draw alike."""

from collections.abc import Iterator

from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Program, Statement
from stepsmith.verifying.traps.variant import Trap, Variant, changed


def noise_traps(program: Program) -> Iterator[Trap]:
    """No random numbers at all."""

    def change(build: Variant, statement: Statement) -> Arg | None:
        return Const(0) if PRIMITIVES[statement.op].draws else None

    yield Trap("it draws no random numbers", changed(program, change))
