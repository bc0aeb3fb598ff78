"""Values that hold one matrix per axis: what their primitives mean, and where they may stand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import PRIMITIVES, Program, canonical, parse, simplify, to_optax
from dsl.errors import KindError
from dsl.export import to_latex
from dsl.run.fingerprint import fingerprint
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ZOO
from tests.support.everyday import SAMPLE, each

pytestmark = pytest.mark.lightly_compiled

SHAPES = ((), (3,), (3, 5), (4, 3), (2, 4, 3))
RNG = np.random.default_rng(8)
G = [np.asarray(RNG.normal(size=shape)) for shape in SHAPES]


def run(program: Program, g=G, xp=np):
    """Result and slots after the first step."""
    slots = {name: initial(init, g, xp) for name, init in program.slots.items()}
    inputs = {"w": g, "g": g, "t": np.float64(1)}
    return run_step(program, {**inputs, **program.hyperparameters}, slots, None, xp)


def made(text: str, g=G):
    """The value of an expression over `g` that is a Gram."""
    return run(parse(f"def rule(w, g, h=identity(0)):\n    h = {text}\n    return w"), g)[1]["h"]


def matrix(text: str, m: np.ndarray) -> np.ndarray:
    """The value of a primitive at a matrix `h`, kept for the only axis of a tensor."""
    program = parse(f"def rule(w, g, h=identity(0), k=identity(0)):\n    k = {text}\n    return w")
    w = [np.zeros(len(m))]
    slots = {"h": [(m,)], "k": initial(program.slots["k"], w, np)}
    return run_step(program, {"w": w, "g": w}, slots, None, np)[1]["k"][0][0]


SYMMETRIC = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 1.0]])


def test_a_tensor_has_one_matrix_per_axis():
    for of_tensor, leaf in zip(made("gram(g)"), G, strict=True):
        assert [m.shape for m in of_tensor] == [(n, n) for n in leaf.shape]


def test_gram_sums_products_over_the_other_axes():
    found = made("gram(g)")
    np.testing.assert_allclose(found[1][0], np.outer(G[1], G[1]))
    np.testing.assert_allclose(found[2][0], G[2] @ G[2].T)
    np.testing.assert_allclose(found[2][1], G[2].T @ G[2])
    np.testing.assert_allclose(found[4][1], np.einsum("iaj,ibj->ab", G[4], G[4]))


def test_a_mode_product_multiplies_along_every_axis():
    program = parse("def rule(w, g):\n    return mode_product(gram(g), g)")
    number, vector, wide, _, stack = run(program)[0]
    np.testing.assert_array_equal(number, G[0])
    np.testing.assert_allclose(vector, G[1] * np.sum(G[1] ** 2))
    np.testing.assert_allclose(wide, G[2] @ G[2].T @ G[2] @ G[2].T @ G[2])
    matrices = made("gram(g)")[4]
    np.testing.assert_allclose(stack, np.einsum("ia,jb,kc,abc->ijk", *matrices, G[4]))


def test_numbers_stand_for_matrices_of_them_and_arithmetic_is_entry_by_entry():
    found, plain = made("2 * gram(g) + norm(g)"), made("gram(g)")
    for of_tensor, parts, leaf in zip(found, plain, G, strict=True):
        for m, part in zip(of_tensor, parts, strict=True):
            np.testing.assert_allclose(m, 2 * part + np.linalg.norm(leaf))


def test_powers_of_matrices():
    root = matrix("matrix_power(h, -0.5, 0)", SYMMETRIC)
    np.testing.assert_allclose(root @ SYMMETRIC @ root, np.eye(3), atol=1e-14)
    inverse = matrix("matrix_power(h, -1, 0.5)", SYMMETRIC)
    np.testing.assert_allclose(inverse @ (SYMMETRIC + 0.5 * np.eye(3)), np.eye(3), atol=1e-14)
    singular = np.outer([1.0, 2.0, 2.0], [1.0, 2.0, 2.0]) / 9
    np.testing.assert_allclose(matrix("matrix_power(h, 0.5, 0)", singular), singular, atol=1e-7)


def test_eigenvectors_fall_and_have_a_sign():
    q = matrix("eigenvectors(h)", SYMMETRIC)
    d = q.T @ SYMMETRIC @ q
    np.testing.assert_allclose(d, np.diag(np.diag(d)), atol=1e-14)
    assert np.all(np.diff(np.diag(d)) < 0)
    assert np.all(q[np.argmax(np.abs(q), axis=0), range(3)] > 0)


def test_a_basis_is_made_orthonormal_column_by_column():
    m = np.array([[2.0, 1.0, 5.0], [0.0, -3.0, 1.0], [1.0, 4.0, -2.0]])
    q = matrix("orthonormal(h)", m)
    np.testing.assert_allclose(q.T @ q, np.eye(3), atol=1e-14)
    triangle = q.T @ m
    np.testing.assert_allclose(np.tril(triangle, -1), 0, atol=1e-14)
    assert np.all(np.diag(triangle) > 0)


def test_a_permutation_sorts_a_diagonal_and_leaves_ties_in_order():
    m = np.diag([1.0, 3.0, 1.0, 2.0])
    e = matrix("descending(h)", m)
    np.testing.assert_array_equal(np.argmax(e, axis=0), [1, 3, 0, 2])
    np.testing.assert_array_equal(np.diag(e.T @ m @ e), [3, 2, 1, 1])


def test_one_side_of_a_matrix_is_the_shorter_and_of_two_equal_ones_the_last():
    sides = [[len(m) for m in of if not np.array_equal(m, np.eye(len(m)))] for of in
             made("shortest(gram(g))")]  # fmt: skip
    assert sides == [[], [3], [3], [3], [2]]
    square = made("shortest(gram(g))", [np.array([[1.0, 2.0], [3.0, 5.0]])])[0]
    np.testing.assert_array_equal(square[0], np.eye(2))


def test_leading_columns_are_kept():
    np.testing.assert_array_equal(
        matrix("leading(h, 2)", SYMMETRIC), SYMMETRIC * np.array([1.0, 1.0, 0.0])
    )


BASES = ("matrix_power(h, -0.5, 0)", "eigenvectors(h)", "orthonormal(h)")


@pytest.mark.parametrize("text", BASES)
@pytest.mark.parametrize("entry", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_is_a_result_and_no_exception(text, entry):
    m = SYMMETRIC.copy()
    m[1, 0] = entry
    assert np.all(np.isnan(matrix(text, m)))


def test_axes_without_entries_do_not_raise():
    g = [np.zeros((0,)), np.zeros((2, 0))]
    for name in ("shampoo", "soap", "galore"):
        assert [m.shape for m in run(ZOO[name], g)[0]] == [(0,), (2, 0)]


HOLDING = sorted(
    name for name, rule in ZOO.items() if any(i.kind.name == "Gram" for i in rule.slots.values())
)


DRAWING = [n for n in HOLDING if any(PRIMITIVES[s.op].draws for s in ZOO[n].statements)]
"""Their noise in NumPy is another than in JAX; `tests/dsl/zoo` compares them."""


@pytest.mark.parametrize("name", each(sorted({*HOLDING} - {*DRAWING}), SAMPLE))
def test_a_compiled_rule_does_what_the_interpreter_does(name):
    program = ZOO[name]
    slots, w = {n: initial(i, G, np) for n, i in program.slots.items()}, G
    with jax.enable_x64(True):
        optimizer = to_optax(program)
        update = jax.jit(optimizer.update)
        leaves = [jnp.asarray(leaf) for leaf in G]
        state = optimizer.init(leaves)
        for t in range(12):
            g = [np.asarray(RNG.normal(size=shape)) for shape in SHAPES]
            inputs = {"w": w, "g": g, "t": np.float64(t + 1), **program.hyperparameters}
            move, slots = run_step(program, inputs, slots, None, np)
            w = [leaf - part for leaf, part in zip(w, move, strict=True)]
            moves, state = update([jnp.asarray(leaf) for leaf in g], state, leaves)
            leaves = [leaf + part for leaf, part in zip(leaves, moves, strict=True)]
    # Bases of rank-deficient matrices are not unique, so only what they do is compared.
    compared = slice(None) if name == "shampoo" else slice(3, None)
    for met, wanted in zip(leaves[compared], w[compared], strict=True):
        np.testing.assert_allclose(met, wanted, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
@pytest.mark.parametrize("name", each(HOLDING, SAMPLE))
def test_a_rule_keeps_the_precision_of_the_parameters(name, dtype):
    params = {"a": jnp.ones((2, 3), dtype), "b": jnp.ones((), dtype)}
    optimizer = to_optax(ZOO[name])
    state = optimizer.init(params)
    moves, after = jax.jit(optimizer.update)(params, state, params)
    assert jax.tree.leaves(jax.tree.map(lambda x: x.dtype == dtype, moves)) == [True, True]
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert jax.tree.map(lambda x: x.dtype, after) == jax.tree.map(lambda x: x.dtype, state)


@pytest.mark.parametrize(
    ("text", "message", "help"),
    [
        (
            "w + gram(g)",
            "'add' wants a Tensor for 'y', met a Gram",
            "'mode_product' or 'solve_lower' or 'solve_upper' makes a Tensor",
        ),
        (
            "gram(g) * w",
            "'mul' wants a Gram for 'y', met a Tensor",
            "'gram' or 'unfold' makes a Gram",
        ),
        (
            "transpose(w)",
            "'transpose' wants a Gram for 'h', met a Tensor",
            "'gram' or 'unfold' makes a Gram",
        ),
        (
            "norm(gram(g))",
            "'norm' wants a Tensor for 'x', met a Gram",
            "'matrix_max_abs' or 'matrix_norm' or 'matrix_trace' or 'norm_bound' makes a PerAxis",
        ),
        ("gram(g)", "the result is a Gram", "'solve_upper' makes a Tensor of a Gram"),
        (
            "g + gram(g)",
            "met a Gram",
            "nothing of it alone: mode_product(h, x): Gram, Tensor",
        ),
    ],
)
def test_a_kind_that_does_not_fit_is_named_with_what_would(text, message, help):
    with pytest.raises(KindError) as met:
        parse(f"def rule(w, g):\n    return {text}")
    assert message in str(met.value)
    assert help in str(met.value)


def test_a_slot_of_another_kind_is_told_its_initialiser():
    with pytest.raises(KindError, match=r"e\.g\. m=identity\(0\)"):
        parse("def rule(w, g, m=zeros):\n    m = gram(g)\n    return m")


def test_the_equations_of_such_a_rule():
    assert r"\operatorname{gram}" in to_latex(ZOO["shampoo"])


def test_dead_and_repeated_matrices_are_found():
    program = parse(
        "def rule(w, g, h=identity(1), k=identity(1), dead=identity(2)):\n"
        "    h = h + gram(g)\n"
        "    k = gram(g) + k\n"
        "    dead = transpose(dead)\n"
        "    return mode_product(matrix_power(h, -1, 0), g) + mode_product(k, w)"
    )
    form = canonical(program)
    assert len(form.slots) == 1
    assert len(simplify(program).statements) < len(program.statements)
    assert fingerprint(simplify(program)) == fingerprint(program)
