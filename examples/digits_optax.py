"""A small network trained on handwritten digits in plain JAX and Optax, with a discovered rule.

    python examples/digits_optax.py

The optimizer is one file, `discovered/quickstart/winner_optax.py`; copy it beside your code. Needs
JAX, Optax and scikit-learn, whose 1,797 digits come with it. AdamW runs beside it, both with the
best of a few rates by validation loss, and both are then tested on images that no rate was chosen
by.
"""

import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "discovered" / "quickstart"))
from winner_optax import quickstart  # noqa: E402

RATES = (3e-3, 1e-2, 3e-2)
SEEDS = (0, 1)
WIDTHS = (64, 128, 64, 10)
STEPS, BATCH = 300, 64


def images() -> dict[str, tuple[jax.Array, jax.Array]]:
    """Images [count, 64] from 0 to 1 and their labels, in three parts."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    x, y = jnp.array(digits.data[order] / 16, jnp.float32), jnp.array(digits.target[order])
    parts = {"train": slice(0, 1000), "validate": slice(1000, 1400), "test": slice(1400, None)}
    return {name: (x[part], y[part]) for name, part in parts.items()}


def start(key: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
    """Weights and biases of every layer."""
    sizes = list(zip(WIDTHS, WIDTHS[1:], strict=False))
    keys = jax.random.split(key, len(sizes))
    return [
        (jax.random.normal(k, (a, b)) * (2 / a) ** 0.5, jnp.zeros(b))
        for k, (a, b) in zip(keys, sizes, strict=True)
    ]


def network(params: Any, x: jax.Array) -> jax.Array:
    """Logits [count, 10]."""
    for w, b in params[:-1]:
        x = jax.nn.silu(x @ w + b)
    w, b = params[-1]
    return x @ w + b


def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    """Mean cross-entropy."""
    return optax.softmax_cross_entropy_with_integer_labels(network(params, x), y).mean()


def trained(optimizer: Any, data: dict[str, Any]) -> Any:
    """Parameters after `STEPS` steps, for every rate and seed side by side."""
    x, y = data["train"]

    def run(rate: jax.Array, key: jax.Array) -> Any:
        step_by = optimizer(optax.cosine_decay_schedule(rate, STEPS))
        begin, key = jax.random.split(key)
        params = start(begin)

        def step(carry: Any, key: jax.Array) -> Any:
            params, state = carry
            batch = jax.random.randint(key, (BATCH,), 0, len(y))
            grads = jax.grad(loss)(params, x[batch], y[batch])
            updates, state = step_by.update(grads, state, params)
            return (optax.apply_updates(params, updates), state), None

        ends, _ = jax.lax.scan(step, (params, step_by.init(params)), jax.random.split(key, STEPS))
        return ends[0]

    keys = jnp.stack([jax.random.key(seed) for seed in SEEDS])
    over_seeds = jax.vmap(run, in_axes=(None, 0))
    return jax.jit(jax.vmap(over_seeds, in_axes=(0, None)))(jnp.array(RATES), keys)


def measured(params: Any, part: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """Loss and accuracy for every rate, a mean over seeds."""
    x, y = part

    def one(params: Any) -> tuple[jax.Array, jax.Array]:
        return loss(params, x, y), (network(params, x).argmax(1) == y).mean()

    losses, right = jax.vmap(jax.vmap(one))(params)
    return losses.mean(1), right.mean(1)


def main() -> None:
    data = images()
    print(f"{'optimizer':12} {'rate':>6} {'test loss':>10} {'accuracy':>9}")
    for optimizer in (quickstart, optax.adamw):
        params = trained(optimizer, data)
        best = int(measured(params, data["validate"])[0].argmin())
        losses, right = measured(params, data["test"])
        print(f"{optimizer.__name__:12} {RATES[best]:6g} {losses[best]:10.4f} {right[best]:9.1%}")


if __name__ == "__main__":
    main()
