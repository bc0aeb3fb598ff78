"""The machine runs any program of the language as the interpreter does, and compiles once for all.

Compared in float64, where a difference in meaning cannot hide behind rounding. Random programs may
be chaotic; where the interpreter itself, started one part in 1e13 away, ends elsewhere, nothing is
said.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, example, given, settings

import dsl
from dsl.language.kinds import KINDS
from dsl.language.registry import PRIMITIVES, primitive
from dsl.language.sources import LOSS
from dsl.program.walk import constants
from dsl.run.machine import Capacity, Layout, Machine
from dsl.run.machine.idioms import IDIOMS
from dsl.run.machine.opcodes import in_register
from dsl.zoo import ZOO
from tests.support.everyday import each
from tests.support.machines import (
    BEYOND_THE_LOSS,
    LEAVES,
    ROOM,
    STEPS,
    TARGETS,
    Runner,
    flat,
    instructions,
    interpreted,
    loss,
    runner,
)
from tests.support.running import calm
from tests.support.strategies import programs

pytestmark = pytest.mark.lightly_compiled

CARRIED = [name for name, p in PRIMITIVES.items() if p.asks in (None, LOSS)]
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


@pytest.fixture(scope="module")
def machine(double_precision) -> Runner:
    return runner(Machine(Layout.of(LEAVES), capacity=ROOM, dtype=np.float64))


@pytest.mark.parametrize("name", each(name for name in FITTING if name not in BEYOND_THE_LOSS))
def test_a_rule_of_the_zoo_runs_as_the_interpreter_runs_it(machine, name):
    rule = calm(ZOO[name])
    np.testing.assert_allclose(machine.path(rule), interpreted(rule), rtol=1e-10, atol=1e-12)


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


POINTED = dsl.parse("""
def pointed(w, g, t, m=zeros, z=copy_w, *, lr=0.1, b1=0.9):
    m = interp(g, m, b1)
    z = when(every(t, 2, 1), z - lr * g, z)
    return lr * m, (w - lr * m - (1 - b1) * z) / b1 + norm(m)
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


def shrunk(program):
    """The program with huge numbers a little smaller, where rounding may decide what overflows."""
    numbers = {site: arg.value for site, arg in constants(program.statements)}
    huge, defaults = (
        {place: value * (1 - 1e-13) for place, value in found.items() if abs(value) > 1e100}
        for found in (numbers, program.hyperparameters)
    )
    return program.with_numbers(huge, defaults)


@settings(max_examples=25)
@given(programs(max_statements=10, kinds=HELD, primitives=CARRIED))
@example(PERIODIC)
@example(SWAP)
@example(FACTORED)
@example(POINTED)
def test_any_program_runs_as_the_interpreter_runs_it(machine, program):
    with np.errstate(all="ignore"):
        wanted = interpreted(program)
        finite = np.isfinite(wanted)
        scale = np.maximum(np.abs(wanted[finite]), 1.0)
        for nearly in (interpreted(program, nudge=1e-13), interpreted(shrunk(program))):
            assume(np.array_equal(finite, np.isfinite(nearly)))
            assume(np.all(np.abs(wanted[finite] - nearly[finite]) < 1e-9 * scale))
        path = machine.path(program)
    np.testing.assert_array_equal(np.isfinite(path), finite)
    np.testing.assert_allclose(path[finite], wanted[finite], rtol=1e-7, atol=1e-7)


def test_one_compilation_serves_every_program(machine):
    for program in (
        ZOO["adamw"],
        ZOO["adamw"].with_hyperparameters(b1=0.5),
        PERIODIC,
        SWAP,
        POINTED,
    ):
        machine.path(program)
    assert machine.compilations() == 1


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


def test_a_value_that_is_read_elsewhere_is_not_swallowed(machine):
    program = dsl.parse("""
def f(w, g, m=zeros, *, k=0.9):
    s = square(g)
    m = interp(s, m, k)
    return 0.1 * sign(g) * (m + s)
""")
    assert {"square", "interp"} <= set(instructions(program))
    np.testing.assert_allclose(machine.path(program), interpreted(program), rtol=1e-10)


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
