"""The machine runs any program of the language as the interpreter does, and compiles once for all.

Compared in float64, where a difference in meaning cannot hide behind rounding. Random programs may
be chaotic; where the interpreter itself, started one part in 1e13 away, ends elsewhere, nothing is
said.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, example, given, settings

import dsl
from dsl.language.kinds import KINDS
from dsl.language.registry import PRIMITIVES, primitive
from dsl.language.sources import LOSS
from dsl.rewrite.liveness import live, sources
from dsl.rewrite.lower import spelled_out, without_cancellation
from dsl.run.interpret import run_step
from dsl.run.jax_step import JaxStep
from dsl.run.machine import Capacity, DoesNotFit, Layout, Machine, Tape
from dsl.run.machine.idioms import IDIOMS
from dsl.run.machine.opcodes import in_register
from dsl.run.values import initial
from dsl.zoo import ZOO
from tests.support.everyday import each
from tests.support.running import calm
from tests.support.strategies import programs

pytestmark = pytest.mark.lightly_compiled

CARRIED = [name for name, p in PRIMITIVES.items() if p.asks in (None, LOSS)]
STEPS = 4
SHAPES = ((), (3,), (2, 3), (2, 1, 2, 2))
SEED = 11
ROOM = Capacity(registers=40, instructions=160)
"""For the widest rule of the zoo, which a machine of a search need not hold."""

RNG = np.random.Generator(np.random.PCG64(3))
LEAVES = [np.asarray(RNG.normal(size=shape)) for shape in SHAPES]
TARGETS = [np.asarray(RNG.normal(size=(STEPS, *shape))) for shape in SHAPES]
HELD = [kind for kind in KINDS.values() if in_register(kind)]
FITTING = [
    name
    for name, rule in ZOO.items()
    if {*rule.kinds, *(init.kind for init in rule.slots.values())} <= set(HELD)
]


@pytest.fixture(scope="module", autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def loss(leaves, targets):
    """Smooth, and mixes the tensors, so that its Hessian is not diagonal."""
    own = sum(
        jnp.sum((leaf - t) ** 2 + 0.1 * leaf**4) for leaf, t in zip(leaves, targets, strict=True)
    )
    return own + 0.05 * sum(jnp.sum(leaf) for leaf in leaves) ** 2


def flat(leaves):
    return jnp.concatenate([jnp.reshape(leaf, -1) for leaf in leaves])


class Runner(NamedTuple):
    """The path of a program [STEPS, entries], through one compiled machine."""

    path: Callable[[dsl.Program], np.ndarray]
    compilations: Callable[[], int]


@pytest.fixture(scope="module")
def machine(double_precision) -> Runner:
    return runner(Machine(Layout.of(LEAVES), capacity=ROOM, dtype=np.float64))


def runner(built: Machine) -> Runner:
    """Paths through one compiled loop around a machine."""

    def functions(batch):
        return {LOSS.argument: lambda leaves: loss(leaves, batch)}

    @jax.jit
    def run(tape, params, targets):
        registers = built.registers(tape, params)

        def body(i, carry):
            params, registers, path = carry
            batch = [t[:, i] for t in targets]
            gradient = jax.vmap(jax.grad(loss))(params, batch)
            keys = jax.vmap(jax.random.key)(jnp.asarray([SEED]))
            params, registers = built.step(
                tape, i, registers, params, gradient, functions, batch, keys
            )
            return params, registers, path.at[i].set(flat(params))

        path = jnp.zeros((STEPS, built.layout.size))
        return jax.lax.fori_loop(0, STEPS, body, (params, registers, path))[2]

    def path(program):
        encoded = built.encode(program)
        tape = built.tape(encoded, np.full(STEPS, program.hyperparameters.get("lr", 0.0)))
        params = [leaf[None] for leaf in LEAVES]
        return np.asarray(run(tape, params, [t[None] for t in TARGETS]))

    return Runner(path, run._cache_size)


value_and_gradient = jax.jit(jax.value_and_grad(loss))
TREE = jax.tree.structure(LEAVES)


@partial(jax.jit, static_argnums=0)
def drawn(draw, like, count, stream):
    return JaxStep(TREE, like, jax.random.key(SEED), count, {}).noise(draw, stream)


@partial(jax.jit, static_argnums=0)
def answer(name, leaves, targets, count, args):
    asked = {LOSS.argument: lambda at: loss(at, targets)}
    step = JaxStep(TREE, leaves, jax.random.key(SEED), count, asked)
    return step.ask(PRIMITIVES[name], *args)


class NumpyStep(NamedTuple):
    """Noise and oracles for the interpreter in NumPy; each is compiled once for all programs."""

    leaves: list
    targets: list
    count: int

    def noise(self, draw, stream, like=None):
        leaves = self.leaves if like is None else like
        return jax.tree.map(np.array, drawn(draw, leaves, self.count, float(stream)))

    def ask(self, oracle, *args):
        made = answer(oracle.name, self.leaves, self.targets, self.count, args)
        return jax.tree.map(np.array, made)


def interpreted(program, nudge=0.0):
    """The path of the interpreter in NumPy, on the program as Optax is given it."""
    program = without_cancellation(spelled_out(program), program.hyperparameters)
    params = [np.asarray(leaf * (1 + nudge)) for leaf in LEAVES]
    slots, path = {name: initial(init, params, np) for name, init in program.slots.items()}, []
    for step in range(STEPS):
        targets = [t[step] for t in TARGETS]
        value, gradient = jax.tree.map(np.array, value_and_gradient(params, targets))
        inputs = {"w": params, "g": gradient, "t": np.float64(step + 1), "T": float(STEPS)}
        inputs |= {"loss": value, **program.hyperparameters}
        move, slots = run_step(program, inputs, slots, NumpyStep(params, targets, step), np)
        with np.errstate(all="ignore"):
            params = [leaf - part for leaf, part in zip(params, move, strict=True)]
        path.append(np.concatenate([np.ravel(leaf) for leaf in params]))
    return np.stack(path)


BEYOND_THE_LOSS = [name for name, rule in ZOO.items() if set(sources(rule)) - {LOSS}]
"""Rules that ask the caller for more than a machine is given."""


@pytest.mark.parametrize("name", each(name for name in FITTING if name not in BEYOND_THE_LOSS))
def test_a_rule_of_the_zoo_runs_as_the_interpreter_runs_it(machine, name):
    rule = calm(ZOO[name])
    np.testing.assert_allclose(machine.path(rule), interpreted(rule), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", BEYOND_THE_LOSS)
def test_a_rule_that_asks_for_more_than_the_loss_does_not_fit(name):
    built = Machine(Layout.of(LEAVES))
    with pytest.raises(DoesNotFit, match="does not carry"):
        built.encode(ZOO[name])


PERIODIC = dsl.parse("""
def periodic(w, g, t, loss, m=zeros, h=ones, n=number(0.5), s=scalar(2), p=copy_w, *, lr=0.1):
    z = rademacher(0) + 0.5 * normal(1)
    h = when(every(t, 2, 1), interp(abs(z * hvp(z)), h, 0.5), h)
    q = when(loss > 3, grad_at(w - 0.1 * g), g)
    n = interp(global_norm(q), n, 0.9)
    s = maximum(norm(q), s * 0.9)
    m = p
    p = interp(w, p, loss_at(w) / (1 + loss))
    return lr * (q / (s + n) + m - p) / (1 + h)
""")

SWAP = dsl.parse("""
def swap(w, g, a=ones, b=zeros, c=copy_w, *, lr=0.1):
    d = a
    a = b
    b = d
    c = c - lr * g
    return lr * (a + 2 * b + d) * g + lr * (w - c)
""")


FACTORED = dsl.parse("""
def factored(w, g, t, r=rows(0), c=cols(0.5), n=number(0.5), *, lr=0.1):
    s = square(g) + 1e-3
    r = interp(row_mean(s), r, 1 - 1 / (t + 1))
    c = interp(col_sum(s), c, 0.9)
    n = interp(global_norm(g), n, 0.9)
    u = g / sqrt(r * c / col_mean(r))
    x = newton_schulz(u / norm(u), 1.5, -0.5 / t, 0.1 / (1 + n))
    y = orthogonalised(g) * row_norm(r) + clip_by_global_norm(g, n) / col_norm(u + w)
    return lr * (x + y * ndim(w)) / sqrt(row_count(w) + column_count(r))
""")
"""Rows and columns, as slots and where a Tensor is wanted, and Globals of both sorts."""


@settings(max_examples=25)
@given(programs(max_statements=10, kinds=HELD, primitives=CARRIED))
@example(PERIODIC)
@example(SWAP)
@example(FACTORED)
def test_any_program_runs_as_the_interpreter_runs_it(machine, program):
    with np.errstate(all="ignore"):
        wanted = interpreted(program)
        nudged = interpreted(program, nudge=1e-13)
        assume(np.array_equal(np.isfinite(wanted), np.isfinite(nudged)))
        finite = np.isfinite(wanted)
        scale = np.maximum(np.abs(wanted[finite]), 1.0)
        assume(np.all(np.abs(wanted[finite] - nudged[finite]) < 1e-9 * scale))
        path = machine.path(program)
    np.testing.assert_array_equal(np.isfinite(path), finite)
    np.testing.assert_allclose(path[finite], wanted[finite], rtol=1e-7, atol=1e-7)


def test_one_compilation_serves_every_program(machine):
    for program in (ZOO["adamw"], ZOO["adamw"].with_hyperparameters(b1=0.5), PERIODIC, SWAP):
        machine.path(program)
    assert machine.compilations() == 1


def test_an_oracle_under_when_is_paid_on_its_steps_only():
    program = dsl.parse("""
def lazy(w, g, t, h=zeros):
    z = rademacher(0)
    h = when(every(t, 10, 1), z * hvp(z), h)
    return 0.1 * g / (1 + abs(h))
""")
    machine = Machine(Layout.of(LEAVES), dtype=np.float64)
    tape = machine.tape(machine.encode(program), np.zeros(20))
    for step in range(20):
        asked = {"hvp", "rademacher"} & set(run_by(machine, tape, step))
        assert asked == (set() if step % 10 else {"hvp", "rademacher"})


ONE_INSTRUCTION = {
    **{idiom.text: idiom.text for idiom in IDIOMS},
    "(y * l + x) * k": "k * (x + l * y)",
    "y * k + x": "x + k * y",
    "j + sqrt(x / k)": "sqrt(x / k) + j",
    "x / (0.5 + sqrt(y))": "x / (sqrt(y) + j)",
}


@pytest.mark.parametrize("text", ONE_INSTRUCTION)
def test_an_idiom_is_one_instruction_and_means_what_it_says(machine, text):
    program = dsl.parse(f"""
def f(w, g, *, j=0.3, k=1.7, l=0.6):
    x = exp(w)
    y = cosh(g)
    return {text}
""")
    names = instructions(program)
    assert names[-1] == ONE_INSTRUCTION[text]
    assert set(names[:-1]) <= {"exp", "cosh"}
    np.testing.assert_allclose(machine.path(program), interpreted(program), rtol=1e-10)


@pytest.mark.parametrize(
    ("name", "count"), [("sgd", 1), ("lion", 3), ("adamw", 4), ("adam", 5), ("nesterov", 3)]
)
def test_known_rules_are_short(name: str, count: int):
    assert len(instructions(ZOO[name])) == count


def test_a_value_that_is_read_elsewhere_is_not_swallowed(machine):
    program = dsl.parse("""
def f(w, g, m=zeros, *, k=0.9):
    s = square(g)
    m = interp(s, m, k)
    return 0.1 * sign(g) * (m + s)
""")
    assert {"square", "interp"} <= set(instructions(program))
    np.testing.assert_allclose(machine.path(program), interpreted(program), rtol=1e-10)


def instructions(program: dsl.Program) -> list[str]:
    """One step of a machine with every primitive."""
    machine = Machine(Layout.of(LEAVES), dtype=np.float64)
    return run_by(machine, machine.tape(machine.encode(program), np.ones(1)), 0)


def test_spans_that_do_not_fit_give_way_to_all_instructions():
    """Every step then runs every instruction, and `when` takes the right value all the same."""
    carried = ("abs", "add", "div", "every", "mul", "tanh", "when")
    small = Machine(Layout.of(LEAVES), carried, Capacity(instructions=12), np.float64)
    program = dsl.parse("""
def lazy(w, g, t, h=zeros):
    h = when(every(t, 2, 1), h + tanh(g), h)
    return 0.1 * tanh(tanh(tanh(g))) / (1 + abs(h))
""")
    tape = small.tape(small.encode(program), np.zeros(4))
    assert {tuple(span) for span in tape.spans.tolist()} == {(0, small.encode(program).op.size)}
    np.testing.assert_allclose(runner(small).path(program), interpreted(program), rtol=1e-12)


def run_by(machine: Machine, tape: Tape, step: int) -> list[str]:
    """One step of the machine."""
    return [machine._opcodes[op].name for op in tape.op[slice(*tape.spans[step])]]


def test_a_program_that_is_too_large_says_so():
    slots = ", ".join(f"s{i}=zeros" for i in range(30))
    body = "".join(f"    s{i} = s{i} + {i + 1} * g\n" for i in range(30))
    total = " + ".join(f"s{i}" for i in range(30))
    program = dsl.parse(f"def wide(w, g, {slots}):\n{body}    return {total}")
    with pytest.raises(DoesNotFit, match="20 tensors are alive"):
        Machine(Layout.of(LEAVES)).encode(program)
    small = Machine(Layout.of(LEAVES), capacity=Capacity(instructions=3))
    with pytest.raises(DoesNotFit, match="instructions"):
        small.encode(ZOO["adamw"])
    with pytest.raises(DoesNotFit, match="does not carry 'sqrt'"):
        Machine(Layout.of(LEAVES), primitives=["add"]).encode(
            dsl.parse("def f(w, g):\n    return sqrt(g)")
        )


def test_what_is_kept_per_row_is_read_per_row(declared_for_rows):
    built = Machine(Layout.of(LEAVES), ["spread", "row_mean", "mul"], ROOM, np.float64)
    program = dsl.parse("def f(w, g):\n    return g * spread(row_mean(w))")
    np.testing.assert_allclose(runner(built).path(program), interpreted(program), rtol=1e-10)


@pytest.fixture
def declared_for_rows():
    @primitive("Row -> Scalar", torch="{x}.sum()", latex="{x}", weight=0.0)
    def spread(xp, x):
        """The sum of the numbers of a Row."""
        return xp.sum(x)

    yield
    del PRIMITIVES["spread"]


REFUSED = {
    *("asgo", "galore", "lion_k_nuclear", "shampoo", "soap", "subspace_momentum"),
    *("subset_norm_subspace_momentum", "natural_galore", "natural_galore_tucker"),
    *("m_fac", "opt_amsgrad", "sm3"),
    *("consensus_based_optimization", "consensus_based_optimization_anisotropic"),
}
"""Rules with matrices of an axis, members of a population or slices along every axis."""


def test_only_kinds_that_no_register_holds_keep_a_rule_from_a_machine_with_every_primitive():
    built = Machine(Layout.of(LEAVES), capacity=ROOM)
    met = set()
    for name, rule in ZOO.items():
        try:
            built.encode(rule)
        except DoesNotFit as error:
            if "no register holds" in str(error):
                met.add(name)
    assert met == REFUSED


def test_dead_code_costs_no_instruction():
    machine = Machine(Layout.of(LEAVES))
    program = dsl.parse("def f(w, g, m=zeros):\n    m = m + g\n    return 0.1 * g")
    assert machine.encode(program).op.size == 1
    assert live(program).slots == ()


def test_programs_in_a_batch_run_as_they_do_alone():
    """The mode for accelerators: the population is an axis, every branch runs for every member."""
    carried = ("add", "mul", "div", "sub", "square", "sqrt", "power", "interp", "sign", "norm")
    built = Machine(Layout.of(LEAVES), carried, Capacity(registers=10, instructions=16), np.float64)

    targets = [jnp.asarray(t) for t in TARGETS]

    def run(tape, params):
        registers = built.registers(tape, params)

        def body(i, carry):
            params, registers = carry

            def value_fn(leaves):
                return loss(leaves, [t[i] for t in targets])

            gradient = jax.vmap(jax.grad(value_fn))(params)
            given = {LOSS.argument: value_fn}
            return built.step(tape, i, registers, params, gradient, lambda _: given)

        return flat(jax.lax.fori_loop(0, STEPS, body, (params, registers))[0])

    members = [ZOO["lion"], ZOO["adamw"], dsl.parse("def f(w, g):\n    return g / (norm(g) + 1)")]
    encoded = [built.encode(member) for member in members]
    tapes = [
        built.tape(one, np.full(STEPS, member.hyperparameters.get("lr", 0.0)))
        for one, member in zip(encoded, members, strict=True)
    ]
    leaves = [leaf[None] for leaf in LEAVES]
    batch = jax.tree.map(lambda *parts: np.stack(parts), *tapes)
    together = jax.jit(jax.vmap(run, in_axes=(0, None)))(batch, leaves)
    alone = jax.jit(run)
    for i in range(len(members)):
        wanted = alone(tapes[i], leaves)
        np.testing.assert_allclose(together[i], wanted, rtol=1e-12, atol=1e-14)
