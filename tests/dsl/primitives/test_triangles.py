"""Triangles of one matrix per axis, solves with them, and numbers out of such matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import PRIMITIVES, parse, to_optax
from dsl.errors import KindError
from dsl.language.kinds import KINDS, Kind, join, lifts
from tests.dsl.primitives.test_gram import SHAPES, matrix, run

RNG = np.random.default_rng(3)
G = [np.asarray(RNG.normal(size=shape)) for shape in SHAPES]
H = [tuple(np.eye(n) * n + RNG.normal(size=(n, n)) for n in shape) for shape in SHAPES]
M = np.array([[4.0, 1.0, 0.5], [-2.0, -3.0, 0.25], [1.0, 5.0, 1.0]])


def call(name: str, *args, xp=np):
    return PRIMITIVES[name].meaning(xp, *args)


def test_an_upper_triangle_keeps_the_diagonal():
    np.testing.assert_array_equal(matrix("upper_triangle(h)", M), np.triu(M))
    np.testing.assert_array_equal(matrix("transpose(upper_triangle(transpose(h)))", M), np.tril(M))


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_a_solve_undoes_a_product_with_a_triangle_along_every_axis(xp):
    with jax.enable_x64(True):
        for h, g in zip(H, G, strict=True):
            for name, part in (("solve_upper", np.triu), ("solve_lower", np.tril)):
                met = call(name, tuple(map(xp.asarray, h)), xp.asarray(g), xp=xp)
                back = call("mode_product", tuple(map(part, h)), np.asarray(met))
                np.testing.assert_allclose(back, g, rtol=1e-12, atol=1e-13)


def test_solves_read_their_triangle_alone_and_a_transpose_solves_from_the_right():
    h, g = H[2], G[2]
    np.testing.assert_array_equal(
        call("solve_upper", h, g), call("solve_upper", tuple(map(np.triu, h)), g)
    )
    met = call("solve_lower", call("transpose", h), g)
    left, right = (np.linalg.inv(np.triu(m)) for m in h)
    np.testing.assert_allclose(met, left.T @ g @ right, rtol=1e-12)


@pytest.mark.parametrize("entry", [0.0, np.nan, np.inf])
def test_a_triangle_that_cannot_be_solved_with_is_a_result_and_no_exception(entry):
    m = M.copy()
    m[1, 1] = entry
    for name in ("solve_upper", "solve_lower"):
        assert np.all(np.isnan(call(name, (m,), np.ones(3))))
    m = M.copy()
    m[2, 0] = entry
    assert np.all(np.isfinite(call("solve_upper", (m,), np.ones(3))))


def test_a_tensor_is_unfolded_to_as_many_columns_as_there_are():
    x = np.arange(12.0).reshape(2, 2, 3)
    first, second, third = call("unfold", x)
    np.testing.assert_array_equal(first, [[0, 1], [6, 7]])
    np.testing.assert_array_equal(second, [[0, 1], [3, 4]])
    np.testing.assert_array_equal(third, [[0, 3, 6], [1, 4, 7], [2, 5, 8]])
    (column,) = call("unfold", np.array([1.0, 2.0]))
    np.testing.assert_array_equal(column, [[1, 0], [2, 0]])
    assert call("unfold", np.array(1.0)) == ()


def test_norms_traces_and_largest_entries_are_those_of_each_matrix():
    numpy = {
        "matrix_norm": np.linalg.norm,
        "matrix_trace": np.trace,
        "matrix_max_abs": lambda m: np.max(np.abs(m)),
    }
    for name, of in numpy.items():
        for h in H:
            np.testing.assert_allclose(call(name, h), [of(m) for m in h], rtol=1e-14)


def test_the_bound_of_a_norm_is_below_it_and_close_and_exact_for_one_direction():
    for h in H:
        for met, m in zip(call("norm_bound", h), h, strict=True):
            largest = np.linalg.norm(m, 2)
            assert 0.7 * largest <= met <= largest * (1 + 1e-12)
    one = np.outer([3.0, 0, 4.0], [1.0, 2.0, 2.0])
    np.testing.assert_allclose(call("norm_bound", (one, -one.T)), 15, rtol=1e-14)
    assert call("norm_bound", (np.zeros((2, 2)),)) == (0,)
    huge = call("norm_bound", (np.float32(1e30) * one.astype(np.float32),))
    np.testing.assert_allclose(huge, 1.5e31, rtol=1e-6)


def test_numbers_of_axes_scale_matrices_and_add_up():
    axis = KINDS["PerAxis"]
    assert lifts(Kind.SCALAR, axis) and join(axis, KINDS["Gram"]) is None
    met = call("axis_scaled", (M, M), (2.0, 0.5))
    np.testing.assert_array_equal(met, [2 * M, M / 2])
    program = parse(
        "def rule(w, g, a=axes(1)):\n    a = 2 * a + matrix_trace(gram(g))\n"
        "    return axis_sum(a, 5)"
    )
    moves, slots = run(program, G)
    for move, a, g in zip(moves, slots["a"], G, strict=True):
        assert len(a) == g.ndim
        np.testing.assert_allclose(move, 5 + g.ndim * (2 + np.sum(g**2)), rtol=1e-14)
    optimizer = to_optax(program)
    leaves = [jnp.asarray(g) for g in G]
    compiled, _ = jax.jit(optimizer.update)(leaves, optimizer.init(leaves), leaves)
    for move, wanted in zip(compiled, moves, strict=True):
        np.testing.assert_allclose(-move, wanted, rtol=1e-5)
    with pytest.raises(KindError, match="wants a Gram for 'y', met a PerAxis"):
        parse("def rule(w, g):\n    return mode_product(gram(g) * matrix_trace(gram(g)), g)")
    with pytest.raises(KindError, match="'axis_sum' makes a Scalar of a PerAxis"):
        parse("def rule(w, g):\n    return g / matrix_trace(gram(g))")


def test_axes_without_entries_do_not_raise():
    g = [np.zeros((0,)), np.zeros((2, 0))]
    program = parse(
        "def rule(w, g, q=identity(1)):\n"
        "    q = axis_scaled(upper_triangle(q + unfold(g)), norm_bound(q) + matrix_max_abs(q))\n"
        "    return solve_lower(transpose(q), solve_upper(q, g)) + axis_sum(matrix_norm(q), 0)"
    )
    assert [m.shape for m in run(program, g)[0]] == [(0,), (2, 0)]
