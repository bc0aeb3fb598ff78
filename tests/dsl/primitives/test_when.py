"""`when`: a choice computes what it takes, and nothing else."""

import jax.numpy as jnp
import numpy as np
import pytest

from dsl.program.parse import parse
from dsl.run.interpret import run_step
from dsl.run.jax_step import jax_choose
from tests.support.running import PolynomialStep


class Costly(PolynomialStep):
    """Counts what it is asked."""

    asked = 0

    def grad_at(self, point):
        self.asked += 1
        return super().grad_at(point)


@pytest.mark.parametrize("t", range(1, 8))
def test_when_computes_only_the_branch_that_it_takes(t):
    program = parse(
        "def rule(w, g, t):\n"
        "    new = grad_at(w)\n"
        "    new = sin(new) + 1\n"
        "    return when(every(t, 3, 1), new, when(every(t, 3, 2), sin(g), g))"
    )
    w, g = [np.array([0.5, -1.0])], [np.array([2.0, 3.0])]
    step = Costly(0, w)
    inputs = {"w": w, "g": g, "t": np.float64(t)}
    ((met,), _) = run_step(program, inputs, {}, step, np)
    wanted = [np.sin(0.7 * w[0] + w[0] ** 3) + 1, np.sin(g[0]), g[0]][(t - 1) % 3]
    np.testing.assert_array_equal(met, wanted)
    assert step.asked == (t % 3 == 1)


def test_a_value_read_outside_of_when_is_computed_once():
    program = parse(
        "def rule(w, g, t, m=zeros):\n"
        "    h = grad_at(w)\n"
        "    m = when(every(t, 2, 1), h, m)\n"
        "    return h + m"
    )
    w = [np.ones(3)]
    step = Costly(0, w)
    run_step(program, {"w": w, "g": w, "t": np.float64(1)}, {"m": [np.zeros(3)]}, step, np)
    assert step.asked == 1


def test_a_long_chain_inside_of_when_does_not_run_out_of_stack():
    text = "def rule(w, g, t):\n" + "    g = g + 1\n" * 3000 + "    return when(t > 1, g, w)"
    w = [np.zeros(2)]
    ((met,), _) = run_step(parse(text), {"w": w, "g": w, "t": np.float64(2)}, {}, None, np)
    np.testing.assert_array_equal(met, 3000.0)


def test_when_keeps_numbers_of_the_model_precise_in_bfloat16():
    program = parse("def rule(w, g, t):\n    return when(t > 0, t, 0) - 1000")
    w = [jnp.zeros(2, jnp.bfloat16)]
    inputs = {"w": w, "g": w, "t": jnp.float32(1001)}
    ((met,), _) = run_step(program, inputs, {}, None, jnp, jax_choose)
    np.testing.assert_array_equal(np.asarray(met, float), 1.0)
