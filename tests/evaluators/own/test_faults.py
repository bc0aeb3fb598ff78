"""Every fault of a user's own task is a sentence: what was met, at which line, what to do."""

import numpy as np
import pytest

from dsl.errors import PluginError
from evaluators.errors import TaskFault
from evaluators.measuring.fresh import check_fresh
from evaluators.measuring.soundness import sound
from tests.support.own_tasks import FIRST, declared
from tests.support.plugins import forgotten

DECLARING = {
    "a loss of three": (
        'task("t", params=w, loss=lambda p, x, y: 1.0, examples=x)',
        1,
        "(p, x, y)",
    ),
    "no examples": ('task("t", params=w, loss=square)', 0, "no examples to give it"),
    "a key of no step": ('task("t", params=w,\n  loss=lambda p, *, key: 1.0)', 2, "takes a key"),
    "a name of ours": (
        'task("digits", params=w, loss=square, examples=x)',
        1,
        "one of Stepsmith's",
    ),
    "no name": ('task("My Task", params=w, loss=square, examples=x)', 1, "'My Task'"),
    "a batch of none": (
        'task("t", params=w, loss=square, examples=x,\n  batch=0)',
        2,
        "`batch` is 0",
    ),
    "an unknown loss": (
        'supervised("t", params=w, model=lambda p, x: x, x=x, y=x, loss="logistics")',
        1,
        "did you mean 'logistic'?",
    ),
    "two of a name": (
        'task("t", params=w, loss=square, examples=x)\n'
        'task("t", params=w, loss=square, examples=x)',
        2,
        "'t' is declared already",
    ),
    "both": ('task("t", params=w, loss=square, examples=x, sampler=square)', 1, "give one of them"),
}
CHECKING = {
    "integers": (
        'task("t", params=w | {"n": jnp.arange(3)}, loss=square, examples=x)',
        1,
        "parameter ['n'] of type int32: only floats can be trained",
    ),
    "no arrays": ('task("t", params={}, loss=square, examples=x)', 1, "there is no array among"),
    "NaN to begin with": (
        'task("t", params={"w": jnp.full(4, jnp.nan)}, loss=square, examples=x)',
        1,
        "is NaN or infinite",
    ),
    "NaN examples": (
        'x[3, 1] = np.nan\ntask("t", params=w, loss=square, examples=x)',
        2,
        "1 of 1600",
    ),
    "integers of 8 bytes": (
        'task("t", params=w, loss=square, examples=np.arange(10) + 2**31)',
        1,
        "`examples` holds 2147483648",
    ),
    "lengths": (
        'task("t", params=w, loss=lambda p, b: 1.0, examples=(x, x[:50]))',
        1,
        "every array, which differ here: examples[0] [400], examples[1] [50]",
    ),
    "none of them": (
        'task("t", params=w, loss=square, examples=x[:0])',
        1,
        "every array, which is empty here: examples [0]",
    ),
    "one number": (
        'task("t", params=w, loss=square, examples=np.float32(1))',
        1,
        "every array, which is missing here: examples []",
    ),
    "parameters that change": (
        'task("t", params=lambda key: {"w": np.random.default_rng().normal(size=4)}, loss=square, '
        "examples=x)",
        1,
        "the parameters of one key differ from call to call",
    ),
    "examples that change": (
        "def load():\n    return np.random.default_rng().normal(size=(100, 4))\n"
        'task("t", params=w, loss=square, examples=load)',
        1,
        "the examples differ from call to call",
    ),
    "a missing file": (
        'def load():\n    return np.load("nowhere.npy")\n'
        'task("t", params=w, loss=square, examples=load)',
        2,
        "FileNotFoundError",
    ),
    "a global sampler": (
        "def sample(key):\n    n = 32\n    return np.random.normal(size=(n, 4))\n"
        'task("t", params=w, loss=square, sampler=sample)',
        3,
        "draws from the global generator",
    ),
    "a sampler that counts": (
        "seen = []\ndef sample(key):\n    seen.append(1)\n    return x[:8] * len(seen)\n"
        'task("t", params=w, loss=square, sampler=sample)',
        2,
        "the batch of one key differs from call to call",
    ),
    "a sampler without a draw": (
        'task("t", params=w, loss=square, sampler=lambda key: x[:8])',
        1,
        "the batches of two keys are equal",
    ),
    "a global loss": (
        "def loss(p, b):\n    return square(p, b) + np.random.normal()\n"
        'task("t", params=w, loss=loss, examples=x)',
        2,
        "draws from the global generator",
    ),
    "a loss that counts": (
        "n = [0]\ndef loss(p, b):\n    n[0] += 1\n    return square(p, b) * n[0]\n"
        'task("t", params=w, loss=loss, examples=x)',
        2,
        "the loss is another one whenever it is traced",
    ),
    "a loss that keeps": (
        "kept = [0.0]\ndef loss(p, b):\n    kept.append(square(p, b))\n"
        "    return kept[-1] + kept[-2]\n"
        'task("t", params=w, loss=loss, examples=x)',
        2,
        "the loss reads a value of an earlier call",
    ),
    "a loss of many": (
        'def loss(p, b):\n    return (b @ p["w"]) ** 2\ntask("t", params=w, loss=loss, examples=x)',
        1,
        "gives an array of shape [32], not one number",
    ),
    "a loss and more": (
        'def loss(p, b):\n    return 1.0, {}\ntask("t", params=w, loss=loss, examples=x)',
        1,
        "gives a tuple of 2",
    ),
    "a loss that branches": (
        'def loss(p, b):\n    if p["w"][0] > 0:\n        return 1.0\n    return square(p, b)\n'
        'task("t", params=w, loss=loss, examples=x)',
        2,
        "jnp.where",
    ),
    "numpy in a loss": (
        'def loss(p, b):\n    return np.mean(np.asarray(b @ p["w"]))\n'
        'task("t", params=w, loss=loss, examples=x)',
        2,
        "call jax.numpy",
    ),
    "a wrong key": (
        'def loss(p, b):\n    return square(p, b) + p["v"]\n'
        'task("t", params=w, loss=loss, examples=x)',
        2,
        "KeyError: 'v'",
    ),
    "a NaN loss": (
        "def loss(p, b):\n    return jnp.log(-square(p, b))\n"
        'task("t", params=w, loss=loss, examples=x)',
        1,
        "the loss of fresh parameters is NaN",
    ),
    "a NaN gradient": (
        'def loss(p, b):\n    return jnp.sqrt(jnp.sum(p["w"] ** 2))\n'
        'task("t", params={"w": jnp.zeros(4)}, loss=loss, examples=x)',
        1,
        "the gradient of fresh parameters is NaN or infinite",
    ),
    "a flat loss": (
        'task("t", params=w, loss=lambda p, b: jnp.mean(b) + 0 * jnp.sum(p["w"]), examples=x)',
        1,
        "the gradient of fresh parameters is 0 everywhere",
    ),
    "broadcast targets": (
        'supervised("t", params=w, model=lambda p, x: x @ p["w"], x=x, y=x[:, :1], '
        'loss="squared_error")',
        1,
        "outputs [32] and targets [32, 1]",
    ),
    "labels as floats": (
        'supervised("t", params=w, model=lambda p, x: x * p["w"][None], x=x, y=x[:, 0], '
        'loss="cross_entropy")',
        1,
        "of type float32",
    ),
    **{
        f"labels {first}..{last} of {logits}": (
            f'supervised("t", params={{"w": jnp.ones((4, {logits}))}}, x=x, '
            f'model=lambda p, x: x @ p["w"],\n  y=np.arange(400) % {last + 1 - first} + {first}, '
            'loss="cross_entropy")',
            2,
            f"labels go from {first} to {last}, the model has {words}",
        )
        for first, last, logits, words in (
            (0, 4, 3, "3 classes"),
            (-1, 1, 3, "3 classes"),
            (0, 9, 3, "3 classes"),
            (0, 1, 1, "1 class\nhelp: labels count"),
        )
    },
    "held-out labels of no class": (
        'supervised("t", params={"w": jnp.ones((4, 3))}, model=lambda p, x: x @ p["w"], x=x,\n'
        '  y=np.arange(400) % 3, loss="cross_entropy",\n  validation=(x[:9], np.arange(9)))',
        3,
        "labels go from 0 to 8, the model has 3 classes",
    ),
    "labels of -1 and 1": (
        'supervised("t", params={"w": jnp.ones((4, 1))}, model=lambda p, x: x @ p["w"], x=x,\n'
        '  y=np.sign(x[:, 0]), loss="logistic")',
        2,
        "labels go from -1 to 1, the loss 'logistic' takes 0 and 1",
    ),
    "40 GB of parameters": (
        'def init(key):\n    return {"w": jax.random.normal(key, (100_000, 100_000))}\n'
        'task("t", params=init, loss=lambda p, b: jnp.mean(p["w"] ** 2), examples=x)',
        1,
        "needs about 1440 GB for its parameters",
    ),
    "40 GB of a gradient": (
        'def loss(p, b):\n    big = jnp.outer(jnp.tile(p["w"], 25_000), jnp.tile(p["w"], 25_000))\n'
        "    return jnp.mean(jnp.sin(jnp.tanh(big) @ big))\n"
        'task("t", params=w, loss=loss, examples=x)',
        1,
        "GB for a gradient of the loss",
    ),
}


@pytest.fixture(autouse=True)
def _forgotten():
    with forgotten():
        yield


def at(line: int) -> str:
    return f"mine.py:{FIRST + line - 1}: "


@pytest.mark.parametrize("case", DECLARING)
def test_a_declaration_that_cannot_be_meant(case, tmp_path):
    text, line, words = DECLARING[case]
    with pytest.raises(PluginError) as met:
        declared(tmp_path, text)
    assert at(line) in str(met.value) and words in str(met.value)


@pytest.mark.parametrize("case", CHECKING)
def test_a_task_that_cannot_be_trained(case, tmp_path, monkeypatch):
    if "GB" in case:  # whatever the memory of this machine
        monkeypatch.setattr("evaluators.measuring.soundness.available", lambda: 8 * 10**9)
    text, line, words = CHECKING[case]
    own = declared(tmp_path, text)
    before = np.random.get_state()[1].tolist()
    with pytest.raises(TaskFault) as met:
        sound(own.task, own.source)
    assert at(line) in str(met.value) and words in str(met.value), met.value
    assert "global" in case or np.random.get_state()[1].tolist() == before


def test_what_does_not_fit_is_not_made_for_its_digest_either(tmp_path, monkeypatch):
    monkeypatch.setattr("evaluators.own.parameters.available", lambda: 8 * 10**9)
    text, line, _ = CHECKING["40 GB of parameters"]
    own = declared(tmp_path, text)
    for made in (own.task.checksum, lambda: own.task.init(np.random.default_rng(0))):
        with pytest.raises(TaskFault) as met:
            made()
        words = "a run needs about 240 GB for its parameters of 40 GB, and 8.0 GB of memory are"
        assert at(line) in str(met.value) and words in str(met.value)


def test_a_kept_value_is_a_fault_of_its_digest_too(tmp_path):
    text, line, words = CHECKING["a loss that keeps"]
    with pytest.raises(TaskFault) as met:
        declared(tmp_path, text).task.checksum()
    assert at(line) in str(met.value) and words in str(met.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('task("t", params=w, loss=square, examples=x)', True),
        ('import os\nx = x / os.getpid()\ntask("t", params=w, loss=square, examples=x)', False),
    ],
)
def test_a_task_that_depends_on_its_process_is_a_fault(text, same, tmp_path):
    own = declared(tmp_path, text)
    if same:
        check_fresh(own)
        return
    with pytest.raises(TaskFault, match="another one in a process of its own") as met:
        check_fresh(own)
    assert at(3) in str(met.value)
