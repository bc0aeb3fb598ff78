"""The exported PyTorch optimizer does what the interpreter does."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsl import PRIMITIVES, parse
from dsl.checks.single import one_primitive
from dsl.export import to_torch_source
from dsl.language.kinds import KINDS
from dsl.language.registry import Scope
from dsl.zoo import ZOO
from evaluators.seeds import candidate_rng
from search.config import MutationConfig
from search.mutation import Mutator, PrimitiveSampler, SearchSpace
from search.mutation.prior import Prior
from tests.dsl.zoo.references import model
from tests.support import exporting, exporting_torch
from tests.support.everyday import PRIMITIVE_SAMPLE, TO_READ, each
from tests.support.exporting import RULES
from tests.support.strategies import programs

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.lightly_compiled]

TOLERANCE = {"float32": 1e-4, "float64": 1e-10}
SHRUNK_FIRST = {("lion", "float32"): 4e-4}
"""A rule of the smallest steps, 1e-4 a step: its file shrinks parameters before it moves them, as
PyTorch's AdamW does, and rounds them once more a step than the interpreter. In float64 it is held
to the bound of the others."""
SHAPES = list(model.SHAPES.values())
SIZE = sum(math.prod(shape) for shape in SHAPES)


@pytest.mark.parametrize(("name", "dtype"), exporting.walks())
def test_the_file_follows_the_interpreter_and_goes_on_after_a_load(name, dtype):
    program = RULES[name]
    make = exporting_torch.torch_class(program)
    given_ = exporting.extra(program)
    path = exporting_torch.torch_walk(program, lambda params: make(params, **given_), dtype)
    bound = SHRUNK_FIRST.get((name, dtype), exporting.STEEP.get(name, TOLERANCE[dtype]))
    assert exporting.apart(path, exporting.interpreted(program, dtype)) < bound
    resumed = exporting_torch.torch_walk(
        program, lambda params: make(params, **given_), dtype, stop=20
    )
    np.testing.assert_array_equal(resumed, path)


def streams(shapes, special: bool) -> list[list[np.ndarray]]:
    """Three gradients; with `special` zeros, huge numbers, NaN and infinities among the entries."""
    rng = np.random.default_rng(5)
    odd = [0.0, 1.0, -1.0, 1e-9, 1e9, np.nan, np.inf, -np.inf]

    def tensor(shape):
        plain = rng.normal(size=shape)
        drawn = np.where(rng.random(shape) < 0.5, rng.choice(odd, shape), plain)
        return np.asarray(drawn if special else plain)

    return [[tensor(shape) for shape in shapes] for _ in range(3)]


def same(found, wanted, rtol=1e-9, atol=1e-12):
    for one, other in zip(found, wanted, strict=True):
        for x, y in zip(one, other, strict=True):
            np.testing.assert_allclose(x, y, rtol=rtol, atol=atol)


@pytest.mark.parametrize("op", each(PRIMITIVES, PRIMITIVE_SAMPLE))
def test_a_primitive_means_the_same(op):
    primitive = PRIMITIVES[op]
    program = one_primitive(primitive)
    shapes = [(SIZE,)] if primitive.signature.elementwise else SHAPES
    if op == "eigenvectors":  # those of a vector's matrix are some basis: three numbers instead
        shapes = [*SHAPES[:1], (), (), (), *SHAPES[2:]]
    w = [np.zeros(shape) for shape in shapes]
    for special in (False, True):
        if special and primitive.scope is Scope.STEP:
            continue
        stream = streams(shapes, special)
        with np.errstate(all="ignore"):
            wanted = exporting.moves_of_interpreter(program, stream, w)
        same(exporting.moves_of_optax(program, stream, w), wanted)
        if op == "sign":  # torch.sign(nan) is 0
            wanted = [[np.nan_to_num(x, posinf=np.inf) for x in leaves] for leaves in wanted]
        same(exporting_torch.moves_of_torch(program, stream, w), wanted)


OF_NUMBERS = {
    op: program
    for op, primitive in PRIMITIVES.items()
    if (program := one_primitive(primitive, numbers=True)) is not None
}
"""Rules of one primitive, of each that takes numbers, applied to numbers."""


@pytest.mark.parametrize("op", OF_NUMBERS)
def test_a_primitive_means_the_same_on_numbers(op):
    program = OF_NUMBERS[op]
    w, ones = [np.zeros(SIZE)], [[np.ones(SIZE)]]
    for numbers in ((0.5, 2.0, 3.0), (0.0, 0.0, -1.0), (-2.0, 0.5, 0.0), (1.0, -1.0, 0.25)):
        chosen = program.with_hyperparameters(
            **{
                name: value
                for name, value in zip("abc", numbers, strict=True)
                if name in program.hyperparameters
            }
        )
        wanted = exporting.moves_of_interpreter(chosen, ones, w)
        same(exporting_torch.moves_of_torch(chosen, ones, w), wanted)
        same(exporting.moves_of_optax(chosen, ones, w), wanted)


EVERY_KIND = programs(max_statements=8, kinds=tuple(KINDS.values()))


MANY_TRIALS = parse("def rule(w, g):\n    return line_search(g, 0, 0, 0, 3.4028236426631878e38)")
ALONG_THE_PARAMETERS = parse("def rule(w, g):\n    return hvp(w) + third_derivative(w, -1)")
VIEWS = parse("""
def rule(w, g, a=zeros, b=rows(0), c=cols(0), h=identity(1), k=identity(2), m=zeros, n=zeros):
    b = row_sum(a)
    c = col_mean(w)
    k = transpose(h)
    h = shortest(matmul(h, k) + gram(g))
    m = mode_product(h, w)
    n = block_mean(a)
    a = a + g + col_sum(g)
    return mode_product(k, g) + b + c + m + n
""")
"""Slots that become what may be a view of another, or of the parameters."""

SIDE_BY_SIDE = parse("""
def rule(w, g, h=history(3), p=population(3), c=cover(1), s=scalar(2), k=identity(0)):
    c = where(cover_max(g) > 1, s, c)
    r = row_mean(g) * place(h)
    h = push(h, g * s)
    p = p + g * 0.5
    k = k * s + gram(g) * norm(g)
    s = when(global_norm(g) > 0, mean(g), s)
    u = weighted_sum(p + r, 1) + weighted_mean(h, place(h)) + cover_min(c, g)
    return u + mode_product(where(ndim(g) > 1, k, s), g) + weighted_sum(p, member_dot(h, w + g))
""")
"""Kinds side by side whose arrays do not broadcast to each other as they are."""

MINUS_ONE = parse("def rule(w, g):\n    return -1 * (-1 * g) - 1")
"""Numbers that a sum in place writes without a factor."""

ONE_UP = parse("def rule(w, g):\n    return -1")
"""A step that is a number."""

WITHOUT_DAMPING = parse("def rule(w, g):\n    return abs_hessian_solve(abs(g), 0)")
"""A step that is rounding alone, for the Hessian is singular."""

NUMBER_CALLED_G = parse("def rule(w, g):\n    g = global_norm(g - w)\n    return g")


@settings(max_examples=8)
@given(programs(max_statements=8), st.integers(0, 2**16))
@example(NUMBER_CALLED_G, 0)
@example(MINUS_ONE, 0)
@example(ONE_UP, 0)
@example(ALONG_THE_PARAMETERS, 0)
@example(MANY_TRIALS, 0)
def test_any_program_means_the_same(program, seed):
    check_that_hosts_agree(program, seed)


@pytest.mark.slow
@settings(max_examples=60)
@given(programs(max_statements=8), st.integers(0, 2**16))
@example(WITHOUT_DAMPING, 0)
def test_many_programs_mean_the_same(program, seed):
    check_that_hosts_agree(program, seed)


@settings(max_examples=8)
@given(EVERY_KIND, st.integers(0, 2**16))
@example(VIEWS, 0)
@example(SIDE_BY_SIDE, 0)
def test_any_program_of_rows_matrices_and_histories_means_the_same(program, seed):
    check_that_hosts_agree(program, seed)


@pytest.mark.slow
@settings(max_examples=100)
@given(EVERY_KIND, st.integers(0, 2**16))
def test_many_programs_of_rows_matrices_and_histories_mean_the_same(program, seed):
    check_that_hosts_agree(program, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adafactor", "came", "sm3", "shampoo", "soap", "opt_amsgrad"])
def test_what_a_search_makes_of_such_a_rule_means_the_same(name):
    """Mutants of mutants, six of each rule."""
    sampler = PrimitiveSampler({name: p.weight for name, p in PRIMITIVES.items()})
    space = SearchSpace(sampler, 40, 8, Prior([ZOO["adamw"], ZOO["lion"]], sampler.weights))
    mutator = Mutator(space, MutationConfig.of_declared()().kinds())
    for index in range(6):
        rng, program = candidate_rng(5, index), ZOO[name]
        for _ in range(3):
            program, _ = mutator.mutate(program, rng, "child")
        check_that_hosts_agree(program, index)


def check_that_hosts_agree(program, seed):
    """Both exports take the steps of the interpreter, where it is steady itself.

    It is steady where gradients and data that differ in rounding give the same step: a Hessian
    that has a direction without curvature, taken apart or inverted without damping, does not.
    """
    rng = np.random.default_rng(seed)
    shapes = SHAPES
    stream = [[np.asarray(rng.normal(size=shape)) for shape in shapes] for _ in range(2)]

    def almost(array):
        return np.asarray(array * (1 + 1e-13 * rng.uniform(1, 2, np.shape(array))))

    nudged = [[almost(leaf) for leaf in grads] for grads in stream]
    features, targets = model.batches("float64")[0]
    w = [np.zeros(shape) for shape in shapes]
    wanted = exporting.moves_of_interpreter(program, stream, w)
    close = exporting.moves_of_interpreter(program, nudged, w, (almost(features), almost(targets)))
    for found in (
        exporting.moves_of_optax(program, stream, w),
        exporting_torch.moves_of_torch(program, stream, w),
    ):
        for one, two, three in zip(found, wanted, close, strict=True):
            for x, y, z in zip(one, two, three, strict=True):
                with np.errstate(all="ignore"):
                    slack = 1e-8 * np.abs(y) + 1e4 * np.abs(y - z) + 1e-9
                    fine = np.abs(x - y) <= slack
                steady = np.isfinite(y) & np.isfinite(z) & (np.abs(y) < 1e100)
                assert np.all(fine | ~steady), (str(program), x, y)


def test_the_file_needs_nothing_of_ours(tmp_path):
    path = tmp_path / "lion_torch.py"
    path.write_text(to_torch_source(ZOO["lion"]))
    script = (
        "import sys, torch\n"
        f"exec(compile(open({str(path)!r}).read(), 'lion', 'exec'))\n"
        "p = torch.nn.Parameter(torch.ones(2)); p.grad = torch.ones(2)\n"
        "Lion([p], lr=0.5).step()\n"
        "assert p.tolist() == [0.5, 0.5], p\n"
        "assert not {'dsl', 'jax', 'search', 'evaluators'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-I", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_files_pass_pyright(tmp_path):
    made = {name: to_torch_source(rule) for name, rule in RULES.items()}
    exporting.check_with_pyright(tmp_path, made)


@pytest.mark.parametrize("names", exporting.TO_LINT)
def test_the_files_pass_ruff(names, tmp_path):
    rules = {name: rule for name, rule in RULES.items() if name in names}
    made = {name: to_torch_source(rule, evidence="Score 0.1") for name, rule in rules.items()}
    exporting.check_with_ruff(tmp_path, made)


@pytest.mark.parametrize("name", TO_READ)
def test_the_file_reads_well(name, snapshot):
    assert to_torch_source(ZOO[name], evidence="Campaign: none, a test.") == snapshot
