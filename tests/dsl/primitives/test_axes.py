"""Kinds with fewer entries than the parameters: rows, columns and covers."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import PRIMITIVES, parse, to_optax
from dsl.errors import KindError
from dsl.export import to_latex
from dsl.language.kinds import KINDS, Kind, join, lifts
from dsl.run.interpret import run_step
from dsl.run.machine import DoesNotFit, Layout, Machine
from dsl.zoo import ZOO
from tests.dsl.primitives.test_reductions import value
from tests.support.everyday import each

pytestmark = pytest.mark.lightly_compiled

SHAPES = ((), (3,), (3, 4), (2, 3, 4), (2, 3, 2, 2))
ROW, COL, COVER = KINDS["Row"], KINDS["Col"], KINDS["Cover"]
RNG = np.random.default_rng(8)
LEAVES = [np.asarray(RNG.normal(size=shape)) for shape in SHAPES]


def shapes_of(kind: Kind) -> list[tuple[int, ...]]:
    assert kind.shape is not None
    return [kind.shape(shape) for shape in SHAPES]


def test_rows_and_columns_are_those_of_the_last_two_axes():
    assert shapes_of(ROW) == [(), (1,), (3, 1), (2, 3, 1), (2, 3, 2, 1)]
    assert shapes_of(COL) == [(), (3,), (1, 4), (2, 1, 4), (2, 3, 1, 2)]
    assert shapes_of(COVER) == [(1,), (3,), (7,), (9,), (9,)]


def test_kinds_stand_between_the_numbers_and_the_tensors():
    for kind in (ROW, COL, COVER):
        assert lifts(Kind.GLOBAL, kind) and lifts(Kind.SCALAR, kind)
        assert not lifts(Kind.TENSOR, kind)
        assert join(kind, Kind.SCALAR) is kind
    assert join(ROW, COL) is Kind.TENSOR
    assert join(COVER, ROW) is None and join(COVER, Kind.TENSOR) is None


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("axis", "rank"), [("row", 1), ("col", 2)])
def test_a_reduction_reduces_one_axis_where_there_is_one(axis, rank, reduction):
    text = f"{axis}_{reduction}(w)"
    for met, shape in zip(value(text, shapes=SHAPES), SHAPES, strict=True):
        leaf = np.arange(1.0, 1 + math.prod(shape)).reshape(shape)
        if len(shape) >= rank:
            leaf = getattr(np, reduction)(leaf, axis=-rank, keepdims=True)
        np.testing.assert_allclose(met, np.broadcast_to(leaf, shape), rtol=1e-14)


def test_a_norm_is_that_of_each_row_or_column():
    for axis in ("row", "col"):
        met = value(f"{axis}_norm(w)", shapes=SHAPES)
        wanted = value(f"sqrt({axis}_sum(square(w)))", shapes=SHAPES)
        for found, leaf in zip(met, wanted, strict=True):
            np.testing.assert_allclose(found, leaf, rtol=1e-14)
    rows, columns = value("row_norm(w)", shapes=((2, 2),)), value("col_norm(w)", shapes=((2, 2),))
    np.testing.assert_allclose(rows[0][:, 0], [math.sqrt(5), 5])
    np.testing.assert_allclose(columns[0][0], [math.sqrt(10), math.sqrt(20)])


def test_orthogonalising_brings_singular_values_close_to_one():
    spread = np.linalg.svd(RNG.normal(size=(6, 4)), full_matrices=False)
    x = spread[0] * np.array([9.0, 3.0, 1.0, 0.5]) @ spread[2]
    made = PRIMITIVES["orthogonalised"].meaning(np, x)
    left, values, right = np.linalg.svd(made, full_matrices=False)
    assert values.min() > 0.6 and values.max() < 1.3
    np.testing.assert_allclose(left @ right, spread[0] @ spread[2], atol=1e-12)
    turned = PRIMITIVES["orthogonalised"].meaning(np, x.T)
    np.testing.assert_allclose(turned.T, made, rtol=1e-10)


def test_rows_and_columns_can_be_counted():
    counts = value("column_count(w) + 100 * row_count(w)", shapes=SHAPES)
    for met, shape in zip(counts, SHAPES, strict=True):
        rows, columns = (1, 1, *shape)[-2:]
        np.testing.assert_array_equal(met, np.full(shape, columns + 100 * rows))


def test_the_number_of_axes():
    for met, shape in zip(value("ndim(w)", shapes=SHAPES), SHAPES, strict=True):
        np.testing.assert_array_equal(met, np.full(shape, len(shape)))


def test_the_product_of_marginals_is_the_second_moment_itself_below_rank_two():
    text = (
        "def rule(w, g):\n    s = w * w\n    r = row_mean(s)\n"
        "    return r * col_mean(s) / col_mean(r)"
    )
    met, _ = run_step(parse(text), {"w": LEAVES, "g": LEAVES}, {}, None, np)
    for found, leaf in zip(met[:2], LEAVES[:2], strict=True):
        np.testing.assert_allclose(found, leaf**2, rtol=1e-15)
    outer = np.outer((LEAVES[2] ** 2).mean(1), (LEAVES[2] ** 2).mean(0)) / (LEAVES[2] ** 2).mean()
    np.testing.assert_allclose(met[2], outer, rtol=1e-14)


def slices_of(shape: tuple[int, ...]) -> list[np.ndarray]:
    """A mask for every slice of a tensor, axis after axis."""
    if not shape:
        return [np.ones((), bool)]
    places = [(axis, at) for axis, size in enumerate(shape) for at in range(size)]
    return [np.indices(shape)[axis] == at for axis, at in places]


def test_a_cover_has_a_number_per_slice_and_an_entry_takes_the_least_of_its_slices():
    for leaf in LEAVES:
        slices = slices_of(leaf.shape)
        found = PRIMITIVES["cover_max"].meaning(np, leaf)
        np.testing.assert_array_equal(found, [leaf[mask].max() for mask in slices])
        numbers = RNG.normal(size=len(slices))
        least = PRIMITIVES["cover_min"].meaning(np, numbers, leaf)
        for index in itertools.product(*map(range, leaf.shape)):
            inside = [x for x, mask in zip(numbers, slices, strict=True) if mask[index]]
            assert least[index] == min(inside)


def test_ranks_go_down_from_the_largest_and_ties_keep_their_order():
    w = [np.array([[1.0, 3.0, 1.0], [-2.0, 3.0, 0.0]]), np.array(5.0)]
    program = parse("def rule(w, g):\n    return descending_rank(w)")
    met, _ = run_step(program, {"w": w, "g": w}, {}, None, np)
    np.testing.assert_array_equal(met[0], [[2, 0, 3], [5, 1, 4]])
    np.testing.assert_array_equal(met[1], 0)


def test_tensors_without_entries_do_not_raise():
    text = (
        "def rule(w, g):\n    c = cover_min(cover_max(w), w)\n"
        "    return c + row_sum(w) + col_sum(w) + descending_rank(w)"
    )
    w = [np.zeros((0,)), np.zeros((0, 2)), np.zeros((3, 0, 2))]
    met, _ = run_step(parse(text), {"w": w, "g": w}, {}, None, np)
    assert [leaf.shape for leaf in met] == [leaf.shape for leaf in w]


@pytest.mark.parametrize("name", ["adafactor", "came", "sm3", "subset_norm_adam"])
def test_the_state_of_a_factored_rule_is_small(name):
    state = to_optax(ZOO[name]).init({"a": jnp.zeros((30, 50)), "b": jnp.zeros(7)})
    small = {slot for slot, init in ZOO[name].slots.items() if init.kind in (ROW, COL, COVER)}
    assert small
    for slot in small:
        assert state.slots[slot]["a"].size <= 80
        assert state.slots[slot]["b"].size <= 7


@pytest.mark.parametrize(
    "name", each(["adafactor", "came", "sm3", "subset_norm_adam"], {"adafactor", "sm3"})
)
def test_a_factored_rule_compiles_to_what_numpy_makes_of_it(name):
    with jax.enable_x64(True):
        optimizer = to_optax(ZOO[name])
        leaves = [jnp.asarray(leaf) for leaf in LEAVES]
        update, state = jax.jit(optimizer.update), optimizer.init(leaves)
        called = optimizer.init(leaves)
        for _ in range(3):
            compiled, state = update(leaves, state, leaves)
            plain, called = optimizer.update(leaves, called, leaves)
            for x, y in zip(jax.tree.leaves(compiled), jax.tree.leaves(plain), strict=True):
                np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-15)


def test_kinds_without_a_common_one_do_not_stand_side_by_side():
    with pytest.raises(KindError, match="'add' wants a Cover for 'y', met a Tensor") as error:
        parse("def rule(w, g, c=cover(0)):\n    return c + g")
    assert "'cover_max' makes a Cover of a Tensor" in str(error.value)
    with pytest.raises(KindError, match="the result is a Cover"):
        parse("def rule(w, g, c=cover(0)):\n    return c")
    with pytest.raises(KindError, match=r"holds a Scalar and is assigned a Row(.|\n)*m=rows\(0\)"):
        parse("def rule(w, g, m=scalar(0)):\n    m = row_mean(g)\n    return m")


def test_a_machine_without_a_kind_says_so():
    with pytest.raises(DoesNotFit, match="no register holds a Cover"):
        Machine(Layout.of(LEAVES)).encode(ZOO["sm3"])


def test_the_equations_of_a_factored_rule():
    equations = to_latex(ZOO["adafactor"])
    assert r"\operatorname{rowmean}\left(s_t\right) + \beta_t\,r_{t-1}" in equations
    assert r"v_t &= \min_{\mathrm{slice} \ni i}\left(c_{t-1}; g_t\right)" in to_latex(ZOO["sm3"])


OURS = ("row_mean", "row_sum", "row_norm", "col_mean", "col_sum", "col_norm", "ndim")
OURS += ("cover_max", "descending_rank")


@pytest.mark.torch
def test_the_torch_spelling_means_the_same():
    torch = pytest.importorskip("torch")

    def spelled(name: str, *args: np.ndarray) -> np.ndarray:
        primitive = PRIMITIVES[name]
        words = dict(zip(primitive.params, map(torch.tensor, args), strict=True))
        if not primitive.torch.startswith("\n"):
            called = primitive.torch.format(**{word: word for word in words})
            return eval(called, {"torch": torch}, words).numpy()
        space = {"torch": torch}
        exec(primitive.torch, space)
        return space[f"_{name}"](*words.values()).numpy()

    for leaf in (*LEAVES, np.zeros((2, 0))):
        if leaf.size:
            cover = PRIMITIVES["cover_max"].meaning(np, leaf)
            wanted = PRIMITIVES["cover_min"].meaning(np, cover, leaf)
            np.testing.assert_array_equal(spelled("cover_min", cover, leaf), wanted)
        for name in OURS if leaf.size else ("cover_max", "row_sum", "descending_rank"):
            wanted = PRIMITIVES[name].meaning(np, leaf)
            np.testing.assert_allclose(spelled(name, leaf), wanted, rtol=1e-14)
