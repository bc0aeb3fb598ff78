"""Both engines train alike, whatever runs beside a program and however it is asked for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dsl
from dsl.language.registry import PRIMITIVES
from dsl.run.machine import Capacity, DoesNotFit
from dsl.zoo import ZOO
from evaluators.cost import steps_at_price
from evaluators.registry import get
from evaluators.task import prepare
from evaluators.training.answers import Answers
from evaluators.training.batches import TrainingRequest
from evaluators.training.choice import Engine, choose
from evaluators.training.trainer import Trained, Trainer
from tests.support.running import calm

pytestmark = pytest.mark.lightly_compiled

CARRIED = ("add", "sub", "mul", "div", "square", "sqrt", "interp", "power", "exp", "sign", "norm")
CARRIED += ("every", "when", "where", "less", "greater", "equal", "rademacher", "hvp", "abs")
STEPS, SEEDS, RATES = 24, (3, 4), (1e-3, 1e-2, 0.1)
TASK = get("quadratic")
PLAIN = Trainer(TASK, STEPS, CARRIED)
WIDE = Trainer(TASK, STEPS, CARRIED, rates=3, programs=2)

BY_RATE = dsl.parse("""
def by_rate(w, g, t, h=zeros, *, lr=0.1):
    h = when(every(t, 3, 1), h + rademacher(0) * g, h)
    q = when(lr > 0.005, g, sign(g))
    s = where(lr * t > 0.05, 0.5, 1)
    return lr * (q + 0.1 * h) * s
""")
CURVED = dsl.parse("""
def curved(w, g, t, loss, h=ones, n=number(0.5), *, lr=0.01):
    z = rademacher(0)
    h = when(every(t, 5, 1), abs(z * hvp(z)), h)
    n = interp(loss, n, 0.9)
    return lr * g / (1 + h) / (1 + n)
""")
POINTED = dsl.parse("""
def pointed(w, g, t, average=copy_w, *, lr=0.1):
    average = interp(average, w - lr * g, 2 / (t + 1))
    return lr * g, average
""")
AT_THE_POINT = dsl.parse("""
def at_the_point(w, g, t, fast=copy_w, *, lr=0.1):
    fast = fast - lr * grad_at(fast)
    return w - interp(w, fast, 2 / (t + 1))
""")
"""Its parameters are the average at which the other one is to be evaluated."""
PROGRAMS = {"adamw": ZOO["adamw"], "lion": ZOO["lion"], "by_rate": BY_RATE, "curved": CURVED}
PROGRAMS["pointed"] = POINTED


def assert_alike(one: Trained, other: Trained, rel: float = 2e-4) -> None:
    assert (one.stopped, one.finite, one.pruned) == (other.stopped, other.finite, other.pruned)
    np.testing.assert_allclose((*one.losses, one.after), (*other.losses, other.after), rtol=rel)


def assert_all_alike(some, others) -> None:
    for one, other in zip(some, others, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            assert_alike(mine, theirs)


@pytest.mark.parametrize("name", PROGRAMS)
def test_rates_side_by_side_train_as_they_do_alone(name):
    together = WIDE.run(PROGRAMS[name], SEEDS, RATES)
    assert_all_alike(together, PLAIN.run(PROGRAMS[name], SEEDS, RATES))
    assert len({run.loss for row in together for run in row}) == len(RATES) * len(SEEDS)


def test_a_batch_gives_each_program_what_it_gets_alone_and_compiles_once():
    thresholds = [get("quadratic").untrained, 0.0]
    jobs = [
        TrainingRequest(ZOO["adamw"], SEEDS, RATES),
        TrainingRequest(CURVED, (4,), (1e-3, 1e-2, 0.1, 0.2)),
        TrainingRequest(ZOO["lion"], SEEDS),
        TrainingRequest(dsl.parse("def wild(w, g, *, lr=1):\n    return -1e3 * g"), SEEDS, RATES),
        TrainingRequest(ZOO["sgd"], (3, 4, 5), RATES, thresholds),
    ]
    batch = WIDE.run_batch(jobs)
    for job, runs in zip(jobs, batch, strict=True):
        np.testing.assert_equal(runs, WIDE.run(*job))
        assert (len(runs), len(runs[0])) == (len(job.rates or (0,)), len(job.seeds))
    assert all(run.stopped == STEPS // 3 for row in batch[3] for run in row)
    assert all(run.pruned or run.stopped for row in batch[4] for run in row)
    assert WIDE.compilations == 1 and WIDE.programs_compiled == 0


ASK_NOTHING = ("lr * sign(g)", "lr * g / (norm(g) + 1)", "lr * g / 3, w - lr * g", "lr * sqrt(g)")
ONE_ASKS = ("lr * sign(g)", "lr * g / (norm(g) + 1)", "lr * (g + 0.01 * hvp(g))", "lr * sqrt(g)")


@pytest.mark.parametrize(
    ("texts", "compilations"),
    [
        pytest.param(ASK_NOTHING, 1, id="without an oracle"),
        pytest.param(ONE_ASKS, 2, id="one with an oracle", marks=pytest.mark.slow),
    ],
)
def test_programs_as_an_axis_train_as_they_do_in_turn(texts, compilations):
    few = ("add", "sub", "mul", "div", "sqrt", "abs", "sign", "norm", "hvp")
    in_turn = Trainer(TASK, 8, few, rates=2, programs=3)
    as_axis = Trainer(TASK, 8, few, rates=2, programs=3, batched=True)
    jobs = [
        TrainingRequest(dsl.parse(f"def p(w, g, *, lr=1):\n    return {t}"), (1, 2), (0.1, 0.01))
        for t in texts
    ]
    for one, other in zip(in_turn.run_batch(jobs), as_axis.run_batch(jobs), strict=True):
        assert_all_alike(one, other)
    assert as_axis.compilations == compilations, "one with the oracle, one without"


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_compiled_engine_trains_as_the_machine_does(name):
    compiled = Trainer(TASK, STEPS, CARRIED, rates=3, engine=Engine.COMPILED)
    program = PROGRAMS[name]
    assert_all_alike(WIDE.run(program, SEEDS, RATES), compiled.run(program, SEEDS, RATES))
    numbers = {name: value * 0.9 for name, value in program.hyperparameters.items()}
    changed = program.with_hyperparameters(**numbers)
    assert_all_alike(WIDE.run(changed, SEEDS, RATES), compiled.run(changed, SEEDS, RATES))
    assert (compiled.programs_compiled, compiled.compilations) == (1, 0)


@pytest.mark.parametrize("engine", [Engine.MACHINE, Engine.COMPILED])
def test_a_rule_is_judged_at_its_point(engine):
    trainer = Trainer(TASK, STEPS, (*CARRIED, "grad_at"), rates=3, engine=engine)
    judged = trainer.run(POINTED, SEEDS, RATES)
    assert_all_alike(judged, trainer.run(AT_THE_POINT, SEEDS, RATES))
    plain = trainer.run(dsl.parse("def plain(w, g, *, lr=0.1):\n    return lr * g"), SEEDS, RATES)
    pairs = zip(sum(judged, []), sum(plain, []), strict=True)
    assert all(one.loss != other.loss for one, other in pairs)


@pytest.mark.parametrize("engine", [Engine.MACHINE, Engine.COMPILED])
@pytest.mark.parametrize(("point", "finite"), [("w / 0", False), ("w * 1e9", True)])
def test_a_point_that_is_not_sane_ends_a_run(engine, point, finite):
    trainer = Trainer(TASK, STEPS, CARRIED, rates=3, engine=engine)
    text = f"def rule(w, g, *, lr=0.01):\n    return lr * g, {point}"
    ((run,),) = trainer.run(dsl.parse(text), (3,))
    assert run.stopped is not None and run.finite is finite and not np.isfinite(run.loss)


COSTLY = dsl.parse("def costly(w, g, *, lr=0.01):\n    return lr * clipped_grad(0.5)")
COVERED = dsl.parse("""
def covered(w, g, *, lr=0.01):
    return lr * g / (1e-8 + sqrt(cover_min(cover_max(g * g), w)))
""")


@pytest.mark.parametrize("program", [COSTLY, COVERED, ZOO["shampoo"]], ids=lambda p: p.name)
def test_what_the_machine_does_not_carry_is_compiled_by_itself(program):
    before = PLAIN.programs_compiled
    ((first, second),) = PLAIN.run(program, SEEDS)
    assert PLAIN.programs_compiled == before + 1
    assert first.stopped is None and first.finite and first.loss != second.loss
    assert first.loss < TASK.untrained


def test_a_clipped_gradient_is_that_of_the_examples():
    huge = dsl.parse("def rule(w, g, *, lr=0.01):\n    return lr * clipped_grad(1e9)")
    assert_all_alike(
        PLAIN.run(huge, SEEDS), PLAIN.run(ZOO["sgd"].with_hyperparameters(lr=0.01), SEEDS)
    )


@pytest.mark.parametrize(
    ("oracle", "why"),
    [
        ("sampled_grad(0)", "the model of task 'quadratic' draws no labels"),
        ("gauss_newton_solve(g, 1)", "task 'quadratic' shows its loss, not the outputs"),
    ],
)
def test_what_the_task_cannot_answer_is_said(oracle, why):
    program = dsl.parse(f"def rule(w, g, *, lr=0.01):\n    return lr * {oracle}")
    with pytest.raises(DoesNotFit, match=why):
        PLAIN.run(program, SEEDS)


@pytest.mark.parametrize("name", ["quadratic", "digits", "chars"])
def test_the_loss_over_all_data_is_that_of_every_example_once(name):
    task = get(name)
    ready = prepare(task, [0], 1)
    leaves, tree = jax.tree.flatten(jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), ready.params))
    answers = Answers(task, tree, ready.data)
    count = task.examples()
    assert int(task.order(np.random.default_rng(0), 3 * count).max()) == count - 1
    index = jnp.asarray(ready.order[0, 0])
    loss, full = jax.jit(answers.loss), jax.jit(answers.by_argument(index)["full_fn"])
    parts = np.array_split(np.arange(count), 3)
    mean = sum(len(part) * loss(leaves, part) for part in parts) / count
    found = full(leaves)
    assert float(found) == pytest.approx(float(mean), rel=1e-5)


def test_outputs_have_the_loss_of_the_batch_and_its_curvature_is_solved_with():
    task = get("wine")
    ready = prepare(task, [0], 1)
    leaves, tree = jax.tree.flatten(jax.tree.map(lambda leaf: leaf[0], ready.params))
    answers, index = Answers(task, tree, ready.data), jnp.asarray(ready.order[0, 0])

    @jax.jit
    def of_outputs(leaves):
        made, loss_of = answers.by_argument(index)["outputs_fn"](leaves)
        return loss_of(made)

    loss = jax.jit(answers.loss)(leaves, index)
    assert float(of_outputs(leaves)) == pytest.approx(float(loss), rel=1e-6)
    ((found,),) = Trainer(task, 6, (), 1).run(ZOO["egn"], [0])
    assert found.stopped is None and found.loss < task.untrained


ON_THE_MACHINE = ("sam", "adahessian", "sophia_h", "sophia_g", "smb")


def test_oracles_on_the_machine_compile_no_program_and_are_paid_in_steps():
    """Curvature by products, gradients and losses elsewhere, labels that the model draws."""
    task, rules = get("breast_cancer"), [ZOO[name] for name in ON_THE_MACHINE]
    words = sorted({statement.op for rule in rules for statement in rule.statements})
    trainer = Trainer(task, 60, words, engine=Engine.MACHINE)
    steps = [steps_at_price(rule, task, 60) for rule in rules]
    assert steps == [30, 20, 50, 55, 26]
    jobs = [
        TrainingRequest(rule, (1,), (0.01,), steps=count)
        for rule, count in zip(rules, steps, strict=True)
    ]
    found = trainer.run_batch(jobs)
    assert trainer.compilations == 1 and trainer.programs_compiled == 0
    for ((run,),) in found:
        assert run.stopped is None and run.finite and run.loss < task.untrained


@pytest.mark.parametrize("name", ["adamw", "curved"])
def test_a_shorter_run_is_the_beginning_of_a_longer_one(name):
    program, (first, _) = PROGRAMS[name], PLAIN.checkpoints
    begun = PLAIN.compilations
    ((whole,),) = PLAIN.run(program, (3,), (0.01,))
    assert PLAIN.compilations <= begun + 1
    before = PLAIN.compilations, PLAIN.programs_compiled
    (((short,),),) = PLAIN.run_batch([TrainingRequest(program, (3,), (0.01,), steps=first)])
    assert short.loss == whole.losses[0] and short.after != whole.after
    assert before == (PLAIN.compilations, PLAIN.programs_compiled)


@pytest.mark.parametrize("engine", Engine)
def test_the_horizon_of_a_shorter_run_is_its_own(engine):
    trainer = PLAIN if engine is Engine.MACHINE else Trainer(TASK, STEPS, (), 1, engine=engine)
    reads = dsl.parse("def p(w, g, T, *, lr=0.1):\n    return lr * g * T")
    knows = dsl.parse("def p(w, g, *, lr=0.1):\n    return lr * g * 8")
    jobs = [TrainingRequest(each, (3,), (0.01,), steps=8) for each in (reads, knows)]
    one, other = trainer.run_batch(jobs)
    assert one[0][0] == other[0][0]
    assert len(set(one[0][0].losses)) == 2
    with pytest.raises(ValueError, match="1 to 24 steps here, asked for 25"):
        trainer.run_batch([TrainingRequest(reads, (3,), steps=25)])


def test_variance_reduction_asks_all_of_the_data():
    ((found, _),) = PLAIN.run(ZOO["ai_sarah"], SEEDS)
    assert found.stopped is None and found.finite and found.loss < TASK.untrained


def test_large_models_and_long_runs_are_compiled():
    encoded = PLAIN.machine.encode(ZOO["adamw"])
    capacity = PLAIN.machine.capacity

    def engine(size: int, steps: int) -> Engine:
        return choose(encoded, size, steps, 8, 8, capacity)

    assert engine(2_400, 300) is Engine.MACHINE
    assert engine(20_000, 1_000) is Engine.MACHINE
    assert engine(1_000_000, 1_000) is Engine.COMPILED
    assert engine(10_000_000, 1) is Engine.COMPILED, "the registers would not fit in memory"
    sizes = [engine(10**k, 1_000) for k in range(2, 8)]
    assert sizes == sorted(sizes, reverse=True), "one crossover"


def test_what_is_kept_is_bounded_over_many_programs(monkeypatch):
    """The machine of a worker sees every program once; nothing on the device is kept for it."""
    counts = []
    for at in range(0, 300, 2):
        jobs = []
        for number in (at, at + 1):
            body = "g" + "".join(f" * {1 + number % k / 1e3}" for k in range(3, 3 + number % 7))
            program = dsl.parse(
                f"def p(w, g, m=zeros, *, lr=0.01):\n    m = {body}\n    return lr * m"
            )
            jobs.append(TrainingRequest(program, (at % 12, at % 12 + 1), RATES))
        WIDE.run_batch(jobs)
        counts.append(len(jax.live_arrays()))
    assert max(counts[100:]) <= max(counts[:100])
    monkeypatch.setattr(PLAIN._compiled, "kept", 1)
    for op in ("sign", "tanh"):
        text = f"def p(w, g, *, lr=0.01):\n    return lr * {op}(clipped_grad(0.5))"
        PLAIN.run(dsl.parse(text), SEEDS)
    assert len(PLAIN._compiled._loops) == 1


@pytest.mark.slow
def test_both_engines_agree_on_the_zoo():
    room = Capacity(registers=40, instructions=160)
    machine = Trainer(TASK, 6, tuple(PRIMITIVES), 1, room, engine=Engine.MACHINE)
    compiled = Trainer(TASK, 6, (), 1, engine=Engine.COMPILED)
    carried = 0
    for rule in ZOO.values():
        try:
            (mine,) = machine.run(calm(rule), [1])
        except DoesNotFit:
            continue
        carried += 1
        assert_alike(mine[0], compiled.run(calm(rule), [1])[0][0], rel=1e-4)
    assert carried > len(ZOO) * 2 // 3
