"""Files of rules with a point of evaluation: where it is, and the way there and back."""

import copy
import io
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dsl import parse
from dsl.errors import ExportError
from dsl.export import to_optax_source, to_torch_source
from dsl.export.names import camel_case, safe
from dsl.rewrite.lower import without_cancellation
from dsl.rewrite.point import keeping_point
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ZOO
from tests.support.exporting import loaded

STEPS = 12
SHAPES = ((), (3,), (3, 3), (2, 2, 3))

OWN = """
def said(w, g, z=copy_w, *, lr=0.1, b1=0.9):
    move = lr * g
    z = z - 2 * move
    return move, (w - move - (1 - b1) * z) / b1

def ahead(w, g, m=zeros, *, lr=0.1, b1=0.9):
    m = interp(g, m, b1)
    return lr * g, w - 3 * lr * m

def of_model(w, g, t, far=number(1), slow=copy_w, *, lr=0.1):
    far = maximum(far, global_norm(g))
    step = lr * g / far
    slow = when(every(t, 3, 0), w - step, slow)
    return step, slow

def coded(w, g, t, m=zeros, *, lr=0.1, block=256):
    m = quantized(interp(g, m, 0.9), 1, block)
    return lr * m, w + m
"""
RULES = {rule.name: rule for rule in map(parse, OWN.strip().split("\n\n"))}
RULES |= {name: rule for name, rule in ZOO.items() if rule.point is not None}


@cache
def stream(dtype: str = "float64"):
    """The first parameters, and gradients that do not depend on them."""
    rng = np.random.default_rng(5)

    def drawn():
        return [np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES]

    return drawn(), [drawn() for _ in range(STEPS)]


@cache
def interpreted(name: str):
    """The parameters and the points after each step."""
    program, slot = keeping_point(without_cancellation(RULES[name]))
    w, gradients = stream()
    slots = {each: initial(init, w, np) for each, init in program.slots.items()}
    path, points = [], []
    for t, g in enumerate(gradients, start=1):
        inputs = {"w": w, "g": g, "t": np.float64(t), **program.hyperparameters}
        moves, slots = run_step(program, inputs, slots, None, np)
        w = [leaf - move for leaf, move in zip(w, moves, strict=True)]
        path.append(flat(w))
        points.append(flat(slots[slot]))
    return np.array(path), np.array(points)


def flat(leaves) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(leaf)) for leaf in leaves])


@cache
def optax_file(name: str):
    return loaded(to_optax_source(RULES[name]))


@pytest.mark.parametrize("name", RULES)
def test_eval_params_finds_the_point_in_the_state(name):
    with jax.enable_x64(True):
        file = optax_file(name)
        optimizer, find = file[safe(name)](), file["eval_params"]
        start, gradients = stream()
        params = [jnp.asarray(leaf) for leaf in start]
        state = optimizer.init(params)
        np.testing.assert_array_equal(flat(find(state, params)), flat(start))
        update, path, points = jax.jit(optimizer.update), *interpreted(name)
        for at, g in enumerate(gradients):
            moves, state = update([jnp.asarray(leaf) for leaf in g], state, params)
            params = optax.apply_updates(params, moves)
            np.testing.assert_allclose(flat(params), path[at], rtol=0, atol=1e-10)
            np.testing.assert_allclose(flat(find(state, params)), points[at], rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda make: optax.chain(optax.clip(1.0), make(), optax.identity()),
        lambda make: optax.MultiSteps(make(), 1).gradient_transformation(),
        lambda make: optax.inject_hyperparams(make)(),
        lambda make: optax.apply_if_finite(make(), 3),
    ],
    ids=["chain", "MultiSteps", "inject_hyperparams", "apply_if_finite"],
)
def test_eval_params_looks_into_what_is_wrapped_around(wrap):
    file = optax_file("lookahead_adam")
    optimizer, find = wrap(file["lookahead_adam"]), file["eval_params"]
    params = {"a": jnp.ones(3), "b": jnp.zeros(())}
    state = optimizer.init(params)
    for _ in range(3):
        moves, state = optimizer.update(jax.tree.map(jnp.ones_like, params), state, params)
        params = optax.apply_updates(params, moves)
    found = find(state, params)
    np.testing.assert_array_equal(flat(jax.tree.leaves(found)), [1, 1, 1, 0])
    assert not np.array_equal(flat(jax.tree.leaves(params)), [1, 1, 1, 0])


def test_eval_params_gives_masked_parameters_as_they_are():
    file = optax_file("lookahead_adam")
    optimizer = optax.masked(file["lookahead_adam"](), {"a": True, "b": False})
    params = {"a": jnp.ones(3), "b": jnp.zeros(2)}
    state = optimizer.init(params)
    moved = {"a": jnp.full(3, 5.0), "b": jnp.full(2, 7.0)}
    found = file["eval_params"](state, moved)
    np.testing.assert_array_equal(found["a"], np.ones(3))
    np.testing.assert_array_equal(found["b"], np.full(2, 7.0))


def test_eval_params_refuses_another_state():
    state = optax.adam(1e-3).init(jnp.ones(3))
    with pytest.raises(ValueError, match="needs a state of lookahead_adam"):
        optax_file("lookahead_adam")["eval_params"](state, jnp.ones(3))


def test_a_rule_that_is_called_as_the_function_is_refused():
    with pytest.raises(ExportError, match="eval_params"):
        to_optax_source(RULES["ahead"], name="eval_params")


def test_files_of_rules_without_a_point_say_nothing_of_one():
    assert "eval_params" not in to_optax_source(ZOO["adamw"])
    assert "train_mode" not in to_torch_source(ZOO["adamw"])


def test_optax_evaluates_schedule_free_rules_at_the_same_point():
    with jax.enable_x64(True):
        file = optax_file("schedule_free_sgd")
        ours, theirs = file["schedule_free_sgd"](0.1), optax.contrib.schedule_free_sgd(0.1, b1=0.9)
        start, gradients = stream()
        paths = []
        for optimizer, find in (
            (ours, file["eval_params"]),
            (theirs, optax.contrib.schedule_free_eval_params),
        ):
            params = [jnp.asarray(leaf) for leaf in start]
            state, path = optimizer.init(params), []
            for g in gradients:
                moves, state = optimizer.update([jnp.asarray(leaf) for leaf in g], state, params)
                params = optax.apply_updates(params, moves)
                path.append(flat([*params, *find(state, params)]))
            paths.append(path)
    np.testing.assert_allclose(*paths, rtol=0, atol=1e-12)


torch = pytest.mark.torch


class Torch:
    """An optimizer of PyTorch on the stream."""

    def __init__(self, make, dtype: str = "float64"):
        import torch

        self.torch = torch
        self.dtype = getattr(torch, dtype)
        self.params = [
            torch.nn.Parameter(torch.tensor(leaf).to(self.dtype)) for leaf in stream()[0]
        ]
        self.optimizer = make(self.params)
        self.at = 0

    def go(self, steps: int) -> "Torch":
        for _ in range(steps):
            for p, g in zip(self.params, stream()[1][self.at], strict=True):
                p.grad = self.torch.tensor(g).to(self.dtype)
            self.optimizer.step()
            self.at += 1
        return self

    def values(self):
        return self.torch.cat([p.detach().reshape(-1) for p in self.params])


def torch_class(name: str):
    return loaded(to_torch_source(RULES[name]))[camel_case(RULES[name])]


@torch
@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("name", RULES)
def test_eval_puts_the_point_into_the_parameters_and_train_takes_it_out(name, foreach):
    make = torch_class(name)
    if foreach and "foreach: take" not in (make.__doc__ or ""):
        pytest.skip("takes one tensor after another")
    options = {"foreach": True} if foreach else {}
    run = Torch(lambda params: make(params, **options))
    equal = run.torch.equal
    run.optimizer.eval()
    np.testing.assert_array_equal(run.values(), flat(stream()[0]))  # nothing was learnt yet
    run.optimizer.train()
    path, points = interpreted(name)
    for at in range(STEPS):
        trained = run.go(1).values()
        np.testing.assert_allclose(trained, path[at], rtol=0, atol=1e-10)
        for _ in range(2):
            run.optimizer.eval()
            np.testing.assert_allclose(run.values(), points[at], rtol=0, atol=1e-10)
        for _ in range(2):
            run.optimizer.train()
            assert equal(run.values(), trained)


@torch
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_a_run_that_was_looked_at_is_the_run_that_was_not(dtype):
    make = torch_class("schedule_free_adamw")
    plain, seen = Torch(make, dtype).go(STEPS), Torch(make, dtype)
    for _ in range(STEPS):
        seen.go(1)
        seen.optimizer.eval()
        seen.optimizer.train()
    assert plain.torch.equal(plain.values(), seen.values())


@torch
def test_a_step_at_the_point_is_refused_and_changes_nothing():
    run = Torch(torch_class("schedule_free_sgd")).go(3)
    run.optimizer.eval()
    before, state = run.values(), copy.deepcopy(run.optimizer.state_dict())
    with pytest.raises(RuntimeError, match=r"ScheduleFreeSGD\.step trains.*call train\(\)"):
        run.go(1)
    assert run.torch.equal(run.values(), before)
    torch_testing(run.torch, run.optimizer.state_dict(), state)


def torch_testing(torch, one, other) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=0)


@torch
@pytest.mark.parametrize("evaluated", [False, True])
@pytest.mark.parametrize("name", RULES)
def test_a_state_that_is_saved_in_either_mode_goes_on_where_it_was(name, evaluated):
    make = torch_class(name)
    whole, first = Torch(make).go(STEPS), Torch(make).go(5)
    if evaluated:
        first.optimizer.eval()
    saved = io.BytesIO()
    first.torch.save((first.optimizer.state_dict(), first.params), saved)
    saved.seek(0)
    state, params = first.torch.load(saved, weights_only=False)
    second = Torch(make)
    second.params = params
    second.optimizer = make(params)
    second.optimizer.load_state_dict(state)
    second.at = first.at
    if evaluated:
        with pytest.raises(RuntimeError, match=r"call train\(\)"):
            second.go(1)
        second.optimizer.train()
    assert whole.torch.equal(second.go(STEPS - 5).values(), whole.values())


@torch
def test_groups_have_points_of_their_own_and_may_come_later():
    make = torch_class("schedule_free_sgd")

    def grouped(params):
        return make([{"params": params[:2], "lr": 0.1}, {"params": params[2:3], "lr": 0.0}])

    run = Torch(grouped).go(3)
    trained = [p.detach().clone() for p in run.params]
    run.optimizer.eval()
    pairs = zip(run.params, trained, strict=True)
    moved = [not run.torch.allclose(p, w, rtol=0, atol=1e-12) for p, w in pairs]
    assert moved == [True, True, False, False]
    run.optimizer.add_param_group({"params": run.params[3:]})
    run.optimizer.eval()
    run.optimizer.train()
    assert all(run.torch.equal(p, w) for p, w in zip(run.params, trained, strict=True))
    run.go(2)
    assert not run.torch.equal(run.params[3].detach(), trained[3])


@torch
@pytest.mark.parametrize("name", ["SGD", "AdamW", "RAdam"])
def test_pytorch_optimizer_evaluates_schedule_free_rules_at_the_same_point(name):
    theirs = getattr(pytest.importorskip("pytorch_optimizer"), f"ScheduleFree{name}")
    runs = [
        Torch(lambda params: torch_class(f"schedule_free_{name.lower()}")(params, lr=0.1)),
        Torch(lambda params: theirs(params, lr=0.1, foreach=False)),
    ]
    for _ in range(STEPS):
        for run in runs:
            run.go(1)
            run.optimizer.eval()
        np.testing.assert_allclose(*(run.values() for run in runs), rtol=0, atol=1e-12)
        for run in runs:
            run.optimizer.train()
