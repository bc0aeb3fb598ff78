"""Entrywise instructions run tile by tile; however registers are cut, a lane goes its own way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dsl
from dsl.language.sources import LOSS
from dsl.run.machine import Layout, Machine, elementwise
from dsl.run.machine.elementwise import Tiling

pytestmark = pytest.mark.lightly_compiled

STEPS = 3
SHAPES = ((), (3,), (2, 5), (4, 1, 2))
SIZE = 22
NO_LOSS = {LOSS.argument: lambda _: jnp.float32(0)}
RATES = np.asarray([0.1, 0.2, 0.3, 0.01, 0.02, 0.03])
MIXED = dsl.parse("""
def mixed(w, g, t, m=zeros, s=scalar(1), n=number(2), *, lr=0.1):
    m = interp(g, m, 0.9 - 0.1 / t)
    x = sin(m) * cosine_sim(m, w) + square(g)
    s = maximum(norm(x), 0.5 * s)
    n = when(every(t, 2, 0), global_norm(x) + n, n)
    return lr * (sign(x) + x / s - tanh(m * n))
""")
"""Instructions of both sorts, in stretches, some of them under a guard."""


def values(lanes: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(lanes, *shape)).astype(np.float32) for shape in SHAPES]


def runner(lanes: int):
    """(rates [lanes]) -> parameters after STEPS steps, [lanes, SIZE]; each lane from its own."""
    machine = Machine(Layout(SHAPES), sorted({s.op for s in MIXED.statements}))

    def run(tape, params, gradient):
        registers = machine.registers(tape, params)

        def body(at, carry):
            params, registers = carry
            moved = [g * (1 + at) for g in gradient]
            return machine.step(tape, at, registers, params, moved, lambda _: NO_LOSS)

        params, _ = jax.lax.fori_loop(0, STEPS, body, (params, registers))
        return jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in params], axis=1)

    def arguments(rates, of=slice(None)):
        tape = machine.tape(machine.encode(MIXED), np.tile(rates, (STEPS, 1)))
        params, gradient = (
            [jnp.asarray(leaf[of]) for leaf in values(lanes, seed)] for seed in (0, 1)
        )
        return tape, params, gradient

    return jax.jit(run), arguments


@pytest.fixture(scope="module")
def alone():
    """Parameters of each lane of `RATES` on a machine of one lane, whose registers are not cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elementwise, "VECTOR", 4)
        patch.setattr(elementwise, "TILE", 10**6)
        run, arguments = runner(len(RATES))
        lanes = [slice(lane, lane + 1) for lane in range(len(RATES))]
        return [np.asarray(run(*arguments(RATES[lane], lane)))[0] for lane in lanes]


def test_the_tests_model_has_the_size_it_says():
    assert Layout(SHAPES).size == SIZE


@pytest.mark.parametrize(
    ("tile", "wanted"),
    [
        (6 * SIZE, (6, SIZE, 1)),
        pytest.param(4 * SIZE, (3, SIZE, 1), marks=pytest.mark.slow),
        (SIZE, (1, SIZE, 1)),
        (SIZE - 1, (1, 12, 2)),
        pytest.param(8, (1, 8, 3), marks=pytest.mark.slow),
    ],
)
def test_a_lane_does_as_it_would_alone_however_registers_are_cut(monkeypatch, alone, tile, wanted):
    monkeypatch.setattr(elementwise, "VECTOR", 4)
    monkeypatch.setattr(elementwise, "TILE", tile)
    assert Tiling.of(len(RATES), SIZE) == wanted
    run, arguments = runner(len(RATES))
    met = np.asarray(run(*arguments(RATES)))
    for lane, rate in enumerate(RATES):
        # other vectors, other order of a sum: a few roundings
        np.testing.assert_allclose(met[lane], alone[lane], rtol=2e-5, atol=1e-6)
        assert not np.allclose(met[lane], met[lane - 1], rtol=1e-2), rate


@pytest.mark.parametrize("size", [1, 15, elementwise.TILE, elementwise.TILE + 1, 100_003])
@pytest.mark.parametrize("lanes", [1, 8, 9])
def test_tiles_cover_every_entry_of_every_lane(lanes, size):
    tiling = Tiling.of(lanes, size)
    assert lanes % tiling.lanes == 0
    assert tiling.pieces == 1 or tiling.lanes == 1
    assert tiling.lanes * tiling.entries <= elementwise.TILE + elementwise.VECTOR
    assert size <= tiling.width < size + tiling.pieces * elementwise.VECTOR


def test_on_an_accelerator_registers_are_not_cut(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert Tiling.of(8, 10**6) == (8, 10**6, 1)


def test_the_loop_over_tiles_is_one_function_in_the_environment_of_workers():
    run, arguments = runner(2)
    compiled = run.lower(*arguments(np.asarray([0.1, 0.2]))).compile()
    assert "xla_cpu_small_call" in compiled.as_text()
