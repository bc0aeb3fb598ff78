"""A finalist loses what does not matter and nothing else, whatever the noise says."""

from types import SimpleNamespace

import pytest

from dsl import parse
from dsl.program import Const
from dsl.rewrite.canonical import canonical_hash
from dsl.run.fingerprint import fingerprint
from evaluators.evaluation import Evaluation, Outcome
from evaluators.score import WORST
from evaluators.seeds import final_seeds, reduction_seeds, search_seeds, validation_seeds
from search.candidates.screen import Bars
from search.config import ReductionConfig
from search.reduction.finalist import FinalistReduction
from search.reduction.rounding import one_digit
from search.reduction.trials import Conditions
from tests.support.fakes import PartsEvaluator

RAW = parse("""
def c7(w, g, t, m=zeros, v=const(1.3e-8), old=zeros, *, lr=1.7e-3, b1=0.9137, b2=0.999, c=0.02):
    x = abs(g) * sign(g) + c * old
    m = interp(x, m, b1)
    v = maximum(interp(square(x), v, b2), tanh(v))
    u = minimum(1, t) * m / sqrt(v)
    old = u
    return lr * (u + exp(w))
""")
NEEDED = parse("""
def needed(w, g, m=zeros, *, lr=2e-3, b1=0.9):
    m = interp(g, m, b1)
    return lr * m / sqrt(abs(g))
""")
SETUP = SimpleNamespace(tasks=[SimpleNamespace(name="digits")])


def reduction(evaluator=None, program=RAW, parts_first=False, **config):
    """The reduction of a program, and all that was asked for on the way."""
    judge, asked = evaluator or PartsEvaluator(SETUP), []
    conditions = Conditions(0, 2, (0.5, 1.0, 2.0), 1, ReductionConfig(**config))
    reducing = FinalistReduction(
        7, program, {"digits": 1.7e-3}, Bars({"digits": 0.9}, {}), conditions, parts_first
    )
    steps = reducing.run()
    answers = None
    while True:
        try:
            requests = steps.send(answers)
        except StopIteration as end:
            return end.value, asked
        asked.append(requests)
        answers = [judge.evaluate(r.program, s, r.rates, r.early) for r, s in requests]


class Worth(PartsEvaluator):
    """Some primitives are worth something; others fail, or mislead where one looks."""

    looking = False

    def __init__(self, worth, failing=(), misleading=(), slots=0.0):
        super().__init__(SETUP)
        self.worth, self.failing, self.misleading = worth, failing, misleading
        self.slots = slots

    def evaluate(self, program, seeds, rates, early):
        ops = {statement.op for statement in program.statements}
        if not ops & {*self.failing} and self.failing:
            return Evaluation(Outcome.NON_FINITE, WORST)
        self.looking = bool(early)
        return super().evaluate(program, seeds, rates, early)

    def value(self, program):
        ops = {statement.op for statement in program.statements}
        lured = self.looking and not ops & {*self.misleading} and bool(self.misleading)
        return super().value(program) + self.slots * len(program.slots) + 0.5 * lured


def ops(program):
    return {statement.op for statement in program.statements}


def test_what_matters_stays_and_all_else_goes():
    found, _ = reduction(evaluations=2000)
    assert {"sqrt", "interp"} <= ops(found.program)
    assert len(found.program.statements) <= 5 < len(RAW.statements)
    assert len(found.program.slots) <= 1
    assert 0.9137 not in found.program.hyperparameters.values()
    assert found.program.hyperparameters["lr"] == one_digit(found.rates["digits"])
    for step in found.steps:
        assert step.edits and step.test.difference.low > -0.01
    assert canonical_hash(parse(found.steps[-1].program)) == canonical_hash(
        found.program.with_hyperparameters(lr=RAW.hyperparameters["lr"])
    )


def test_parts_of_the_step_may_go_before_what_they_are_tuned_to():
    program = parse("""
def tuned(w, g, m=zeros, *, lr=1.7e-3, b1=0.9137, c=0.0213):
    m = interp(clip(g, -lr, lr), m, b1)
    scale = lr * 2.1717e-4
    return scale * (m / sqrt(abs(g)) + c * exp(w))
""")
    found, asked = reduction(program=program, parts_first=True, evaluations=2000, tests=20)
    first, *later = found.steps
    assert ops(parse(first.program)) & {"exp", "clip"} < {"exp", "clip"}
    numbers = {0.0, 1.0, 2.1717e-4, *program.hyperparameters.values()}
    looked_at = {request.program for request, _ in asked[0]}
    for made in looked_at:
        constants = {a.value for s in made.statements for a in s.args if isinstance(a, Const)}
        assert constants | {*made.hyperparameters.values()} <= numbers
    assert 0.9137 not in found.program.hyperparameters.values(), "their numbers come later"
    assert later and {"sqrt", "interp"} <= ops(found.program)


def test_a_program_without_anything_to_spare_stays_as_it_is():
    judge = Worth({op: 0.2 for op in ops(NEEDED)}, slots=0.2)
    found, _ = reduction(judge, NEEDED)
    assert found.steps == () and found.program == NEEDED


def test_what_a_fingerprint_does_not_see_may_matter():
    judge = Worth({"minimum": 0.3, "interp": 0.3})
    alike = parse(str(RAW).replace("minimum(1, t) * m", "m"))
    assert fingerprint(alike) == fingerprint(RAW)
    found, _ = reduction(judge, evaluations=3000, tests=20)
    assert "minimum" in ops(found.program) and "exp" not in ops(found.program)


def test_small_losses_do_not_add_up():
    each = {op: 0.006 for op in ("tanh", "exp", "maximum", "square", "sqrt", "div")}
    judge = Worth({"interp": 0.1, **each})
    judge.noise = 0.0005
    found, _ = reduction(judge, evaluations=3000, tests=20)
    assert judge.value(RAW) - judge.value(found.program) <= 0.01
    assert found.steps


def test_a_look_that_errs_is_corrected_by_the_test():
    judge = Worth({"exp": 0.3, "interp": 0.3}, misleading=("exp",))
    found, _ = reduction(judge, evaluations=3000)
    assert {"exp", "interp"} <= ops(found.program)


def test_what_fails_is_never_accepted():
    judge = Worth({"interp": 0.1}, failing=("exp",))
    found, _ = reduction(judge, evaluations=2000)
    assert "exp" in ops(found.program)


def test_noise_alone_takes_nothing_away():
    judge = Worth({})
    judge.noise = 1.0
    found, _ = reduction(judge, evaluations=2000)
    assert found.steps == ()


@pytest.mark.parametrize("evaluations", [0, 30, 60, 100, 250])
def test_the_budget_holds(evaluations):
    found, asked = reduction(evaluations=evaluations)
    made = sum(map(len, asked))
    assert found.evaluations == made <= evaluations
    assert found.training == (10 * made, 20 * made)
    assert found.steps or evaluations < 250


def test_tests_are_on_new_seeds_with_the_finalist_beside():
    found, asked = reduction(evaluations=2000, seeds=8)
    batches = [{seed for _, seeds in requests for seed in seeds} for requests in asked]
    assert sum(map(len, batches)) == len(set().union(*batches))
    halves = [r for r in asked if len(r) == 4 and len({request.program for request, _ in r}) == 2]
    assert found.steps and len(halves) >= 2 * len(found.steps)
    for requests in halves:
        assert sum(request.program == RAW for request, _ in requests) == 2
        assert not any(request.early or request.hurdles for request, _ in requests)


def test_seeds_of_reductions_are_used_nowhere_else():
    mine = {seed for batch in range(200) for seed in reduction_seeds(0, batch, 16)}
    assert len(mine) == 200 * 16
    assert reduction_seeds(0, 3, 2) == reduction_seeds(0, 3, 16)[:2]
    others = {*final_seeds(0, 100), *(s for g in range(500) for s in search_seeds(0, g, 4))}
    assert not mine & {*others, *sum(validation_seeds(0, 0, 40, 40), ())}


def test_equal_reductions_ask_for_the_same():
    first, second = (reduction(evaluations=400) for _ in range(2))
    assert first == second
