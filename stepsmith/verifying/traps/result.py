"""The wrong thing returned: a rule returns what is subtracted from the parameters, rate and all."""

from collections.abc import Iterator

from dsl.program import Program
from stepsmith.verifying.traps.variant import LR, Trap, Variant, W, unchanged


def result_traps(program: Program) -> Iterator[Trap]:
    """The new parameters in place of the step, its opposite, or a step without its rate, or with
    it twice."""

    def returning(op: str, *before: object) -> Program:
        build = Variant(program).run(unchanged)
        result = build.moved(program.result)
        return build.program_with(build.put(op, *before, result))  # type: ignore[arg-type]

    def divided() -> Program:
        build = Variant(program).run(unchanged)
        return build.program_with(build.put("div", build.moved(program.result), LR))

    yield Trap(
        "the rule returns the new parameters, where the step is meant, which is subtracted from w",
        returning("sub", W),
    )
    yield Trap(
        "the rule returns its step with the wrong sign: what it returns is subtracted from w",
        returning("neg"),
    )
    if LR.id in program.hyperparameters:
        yield Trap("the rule does not multiply its step by lr", returning("mul", LR))
        yield Trap("the rule multiplies its step by lr twice", divided())
