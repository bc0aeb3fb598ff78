"""A task of a user's own computes what its file says, whatever its parameters are kept in."""

import linecache

import jax
import numpy as np
import pytest

from evaluators import registry
from evaluators.catalogue import Best, TaskEntry
from evaluators.errors import TaskFault
from evaluators.own import batches
from evaluators.own.definition import definition
from evaluators.own.origin import Origin
from evaluators.task import prepare
from evaluators.training.answers import answered
from tests.support.own_tasks import declared
from tests.support.plugins import forgotten

MODULE = """
@jax.tree_util.register_pytree_with_keys_class
class Net:
    # As Equinox keeps a model: arrays, settings and functions side by side.
    def __init__(self, w, rate, act):
        self.w, self.rate, self.act = w, rate, act
    def tree_flatten_with_keys(self):
        key = jax.tree_util.GetAttrKey
        return [(key("w"), self.w), (key("rate"), self.rate), (key("act"), self.act)], None
    @classmethod
    def tree_unflatten(cls, aux, parts):
        return cls(*parts)
    def __call__(self, x):
        return self.act(x @ self.w) * self.rate
"""
TREES = {
    "a tree": 'task("t", params={"a": [np.ones((4, 2))]}, '
    'loss=lambda p, b: jnp.mean((b @ p["a"][0]) ** 2), examples=x)',
    "a function of a key": 'task("t", params=lambda key: (jax.random.normal(key, (4, 2)),), '
    "loss=lambda p, b: jnp.mean((b @ p[0]) ** 2), examples=x)",
    "a module": MODULE + 'task("t", params=Net(jnp.ones((4, 2)), 2.0, jnp.tanh), '
    "loss=lambda net, b: jnp.mean(net(b) ** 2), examples=x)",
    "a function that makes a module": MODULE
    + 'task("t", params=lambda key: Net(jax.random.normal(key, (4, 2)), 2.0, jnp.tanh), '
    "loss=lambda net, b: jnp.mean(net(b) ** 2), examples=x)",
}


@pytest.fixture(autouse=True)
def _forgotten():
    with forgotten():
        yield


@pytest.mark.parametrize("tree", TREES)
def test_arrays_are_trained_and_the_rest_is_held(tree, tmp_path):
    own = declared(tmp_path, TREES[tree])
    ready = prepare(own.task, [0, 1], 3)
    (weights,) = ready.params
    assert weights.shape == (2, 4, 2) and weights.dtype == np.float32
    drawn = "function" in tree
    assert np.array_equal(*weights) != drawn and own.task.parameters() == 8
    examples = ready.data.train[ready.order[0, 0]]
    made = examples @ weights[0]
    expected = np.mean((2 * np.tanh(made) if "module" in tree else made) ** 2)
    loss = own.task.loss([weights[0]], ready.data, ready.order[0, 0])
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert jax.tree.structure(own.source.tree.tree([weights[0]])) is not None


def test_every_fifth_example_is_for_validation(tmp_path):
    own = declared(tmp_path, 'task("t", params=w, loss=square, examples={"x": x}["x"], batch=9)')
    train, held_out = own.task.data()
    every = np.random.default_rng(0).normal(size=(400, 4)).astype(np.float32)
    assert len(train) == 320 and np.array_equal(held_out, every[::5])
    expected = np.mean((held_out @ np.ones(4)) ** 2)
    found = own.task.validate([np.ones(4, np.float32)], own.task.data())
    assert float(found) == pytest.approx(expected, rel=1e-5)
    assert prepare(own.task, [0], 4).order.shape == (1, 4, 9)


def test_a_sampler_gives_each_step_a_batch_of_its_own(tmp_path):
    text = (
        "def sample(key):\n    return jax.random.normal(key, (8, 4))\n"
        'task("t", params=w, loss=square, sampler=sample, horizon=40)'
    )
    own = declared(tmp_path, text)
    train, held_out = own.task.data()
    assert train.shape == (42, 8, 4) and held_out.shape == (batches.HELD_OUT, 8, 4)
    assert len({batch.tobytes() for batch in (*train, *held_out)}) == 42 + batches.HELD_OUT
    order = prepare(own.task, [0], 42).order[0, :, 0]
    assert sorted(order) == list(range(42))
    at = np.ones(4, np.float32)
    loss = own.task.loss([at], own.task.data(), order[:1])
    assert float(loss) == pytest.approx(np.mean((train[order[0]] @ at) ** 2), rel=1e-5)
    several = own.task.loss([at], own.task.data(), order[:5])
    assert float(several) == pytest.approx(np.mean((train[order[:5]] @ at) ** 2), rel=1e-5)


def test_a_loss_of_the_parameters_alone(tmp_path):
    text = (
        'task("t", params=w, loss=lambda p: jnp.sum(p["w"] ** 2), '
        'validation_loss=lambda p: jnp.sum(p["w"]) / 2)'
    )
    own = declared(tmp_path, text)
    ready, at = prepare(own.task, [0], 2), [np.full(4, 3, np.float32)]
    assert float(own.task.loss(at, ready.data, ready.order[0, 0])) == 36
    assert float(own.task.validate(at, ready.data)) == 6


def test_what_a_loss_may_be_called_without_is_not_counted(tmp_path):
    text = (
        'task("t", params=w, loss=lambda p, scale=1.0: scale * jnp.sum(p["w"]), validation=x,\n'
        "    validation_loss=square)"
    )
    own = declared(tmp_path, text)
    ready, at = prepare(own.task, [0], 2), [np.full(4, 3, np.float32)]
    assert float(own.task.loss(at, ready.data, ready.order[0, 0])) == 12
    expected = np.mean((own.task.data()[1] @ at[0]) ** 2)
    assert float(own.task.validate(at, ready.data)) == pytest.approx(expected, rel=1e-5)


def test_a_loss_draws_by_a_key_that_its_batch_decides(tmp_path):
    own = declared(
        tmp_path,
        "def loss(p, b, key):\n"
        "    kept = 1.0 if key is None else jax.random.bernoulli(key, 0.5, b.shape)\n"
        '    return jnp.mean(((b * kept) @ p["w"]) ** 2)\n'
        'task("t", params=w, loss=loss, examples=x, batch=8)',
    )
    ready = prepare(own.task, [0], 3)
    params = jax.tree.map(lambda leaf: leaf[0], ready.params)
    one, two, _ = (own.task.loss(params, ready.data, index) for index in ready.order[0])
    assert own.task.loss(params, ready.data, ready.order[0, 0]) == one != two
    turned = own.task.loss(params, ready.data, ready.order[0, 0][::-1])
    assert turned != one, "the same rows in another order"
    held_out = ready.data.validation @ np.ones(4, np.float32)
    np.testing.assert_allclose(own.task.validate(params, ready.data), np.mean(held_out**2), 1e-5)
    keys = [batches.key_of(np.arange(first, first + 8, dtype=np.int32)) for first in range(500)]
    assert len({tuple(np.asarray(key).tolist()) for key in keys}) == 500


def test_a_sampler_s_loss_has_another_key_at_every_step(tmp_path):
    own = declared(
        tmp_path,
        'task("t", params=w, sampler=lambda key: np.ones((2, 4), "float32"), horizon=20,\n'
        '  loss=lambda p, b, key: jnp.sum(p["w"]) * jax.random.normal(key),\n'
        '  validation_loss=lambda p, b: jnp.mean(b @ p["w"]))',
    )
    ready = prepare(own.task, [0], 20)
    params = jax.tree.map(lambda leaf: leaf[0], ready.params)
    found = {float(own.task.loss(params, ready.data, index)) for index in ready.order[0]}
    assert len(found) == 20 and own.task.validate(params, ready.data) == 4


def test_a_batch_may_be_a_key(tmp_path):
    own = declared(
        tmp_path,
        'task("t", params=w, sampler=lambda key: key, horizon=9,\n'
        '  loss=lambda p, key: jnp.sum(p["w"]) * jax.random.normal(key.astype(jnp.uint32)))',
    )
    ready = prepare(own.task, [0], 9)
    params = jax.tree.map(lambda leaf: leaf[0], ready.params)
    assert len({float(own.task.loss(params, ready.data, index)) for index in ready.order[0]}) == 9


def test_an_error_is_at_its_line_in_a_file_that_was_changed(tmp_path):
    file = tmp_path / "changed.py"
    for text, line in (("f(a=1)\n", 1), ("f(\n  a=1)\n", 2)):
        file.write_text(text)
        linecache.checkcache(str(file))
        with pytest.raises(TaskFault) as met:
            Origin(file, 1).fault("a", "wrong")
        assert f"changed.py:{line}:" in str(met.value)


def test_a_supervised_task_answers_what_ours_do(tmp_path):
    text = (
        'supervised("t", params={"a": np.ones((4, 3))}, model=lambda p, x: x @ p["a"], '
        'x=x.astype("float64"), y=np.arange(400) % 3, loss="cross_entropy")'
    )
    task = declared(tmp_path, text).task
    at = [np.zeros((4, 3), np.float32)]
    assert float(task.validate(at, task.data())) == pytest.approx(np.log(3), rel=1e-5)
    assert answered(task) == answered(registry.get("digits"))


def test_a_task_is_another_one_as_soon_as_it_computes_something_else(tmp_path):
    def digest(text: str, name: str = "mine.py") -> str:
        with forgotten():
            return definition(declared(tmp_path, text, name).task)

    first = 'task("t", params=w, loss=square, examples=x)'
    assert digest(first) == digest(first, "other.py") == digest(first + "  # the same")
    inner = "l = jax.jit(lambda p, b: square(p, b) + p['w'] @ a)\n" + first.replace("square", "l")
    others = (
        *(f"a = {times} * jnp.arange(4.0)\n" + inner for times in (1, 2)),
        *(
            f"a = jax.random.key({seed})\n" + inner.replace("a)", "jax.random.normal(a, 4))", 1)
            for seed in (1, 2)
        ),
        first.replace("loss=square", "loss=lambda p, b: 2 * square(p, b)"),
        "a = np.ones(4)\n" + first.replace("square", 'lambda p, b: square(p, b) + p["w"] @ a'),
        "a = 2 * np.ones(4)\n" + first.replace("square", 'lambda p, b: square(p, b) + p["w"] @ a'),
        first.replace("=x", "=x[:399]"),
        first.replace("=x", "=x, horizon=299"),
        first.replace("=x", "=x, batch=31"),
        first.replace("=w", '={"w": 2 * w["w"]}'),
        first.replace("=x", "=x, validation_loss=lambda p, b: 3 * square(p, b)"),
    )
    assert len({digest(first), *map(digest, others)}) == 1 + len(others)


def test_what_is_known_of_a_task_can_be_told_to_another_process(tmp_path):
    own = declared(tmp_path, 'task("t", params=w, loss=square, examples=x, floor=0)')
    known = TaskEntry(
        *("t", "mine", "t", "t", 300, 4, 100, 4.0),
        best=Best(0.5, "adamw", {"lr": 0.1}),
        floor=0.0,
        floor_from="stated",
        checksum=None,
    )
    registry.learn({"t": known, "of another plug-in": known})
    assert registry.found() == {"t": known} and "t" in registry.names()
    task = registry.get("t")
    assert (task.untrained, task.best.rule, task.loss) == (4.0, "adamw", own.task.loss)


def test_the_digest_of_a_task_is_told_without_measuring_it(tmp_path, monkeypatch):
    own = declared(tmp_path, 'task("t", params=w, loss=square, examples=x)')
    monkeypatch.setattr("evaluators.measuring.entry_at_first_use", None)
    assert registry.definitions(["digits", "t"]) == {"t": definition(own.task)}


def test_what_is_told_of_a_task_later_counts(tmp_path):
    declared(tmp_path, 'task("t", params=w, loss=square, examples=x)')
    for untrained in (4.0, 5.0):
        best = Best(0.5, "adamw", {"lr": 0.1})
        known = TaskEntry("t", *("", "t", "t"), 300, 4, 100, untrained, best, 0.0, "stated", None)
        registry.learn({"t": known})
        assert registry.get("t").untrained == untrained


def test_a_floor_that_is_not_given_is_not_called_stated(tmp_path):
    text = 'supervised("t", params=w, model=lambda p, x: x @ p["w"], x=x, y=x[:, 0], '
    text += 'loss="squared_error")'
    floors = {}
    for name, more in (("one.py", ""), ("two.py", ", floor=0")):
        with forgotten():
            task = declared(tmp_path, f"{text[:-1]}{more})", name).task
            floors[name] = (task.floor, task.floor_from)
    assert floors == {
        "one.py": (0.0, "trivial: the loss is not negative"),
        "two.py": (0.0, "stated"),
    }
