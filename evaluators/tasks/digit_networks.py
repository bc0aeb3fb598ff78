"""Digits by other models than a plain MLP, and from training sets with something wrong."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data import digits
from evaluators.data.examples import Examples
from evaluators.data.labels import long_tail, mislabelled
from evaluators.registry import register
from evaluators.task import Best, Params, Task
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import cross_entropy
from evaluators.tasks._supervised import supervised

PIXELS, CLASSES = 64, 10
TAIL, WRONG = 0.6, 0.3
"""How much rarer each class is than the one before; the share of wrong labels."""


def _load() -> tuple[Examples, Examples]:
    train, validation = digits.load()
    return Examples(*train), Examples(*validation)


def _load_long_tail() -> tuple[Examples, Examples]:
    train, validation = _load()
    return long_tail(train, TAIL), validation


def _load_mislabelled() -> tuple[Examples, Examples]:
    train, validation = _load()
    return mislabelled(train, WRONG), validation


def digits_mlp(sizes: tuple[int, ...], activation, gain: float, **stated) -> Task:
    """An MLP of any depth, or softmax regression if there are but two sizes."""
    return supervised(
        init=lambda rng: layers.mlp(rng, sizes, gain, last=0.3),
        predict=lambda params, x: layers.apply_mlp(params, x, activation),
        criterion=cross_entropy,
        untrained=float(np.log(CLASSES)),
        **stated,
    )


def _init_convolutions(rng: np.random.Generator) -> Params:
    return {
        "near": layers.convolution(rng, 3, 3, 1, 8, gain=1.4),
        "far": layers.convolution(rng, 3, 3, 8, 16, gain=1.4),
        "output": layers.dense(rng, 4 * 16, CLASSES, gain=0.5),
    }


def _convolve(params: Params, pixels: Array) -> Array:
    """Pixels [examples, 64] -> logits [examples, 10]; a mean over blocks after either layer."""
    x = pixels.reshape(-1, 8, 8, 1)
    for name in ("near", "far"):
        x = layers.pool(jax.nn.silu(layers.apply_convolution(params[name], x)), 2)
    return layers.apply_dense(params["output"], x.reshape(len(x), -1))


SOFTMAX = register(
    digits_mlp(
        (PIXELS, CLASSES),
        None,
        1.0,
        name="digits_softmax",
        summary="Softmax regression (650 parameters) on scikit-learn's digits",
        dataset="digits",
        model="softmax_regression",
        horizon=200,
        load=_load,
        batch=32,
        floor=0.05,
        best=Best(
            0.1328, "nadamw", {"lr": 0.1581, "b1": 0.9, "b2": 0.996, "eps": 2.5e-09, "wd": 0.0001}
        ),
        flops=88_315,
        digest="8f5fe47a90754a253424a5ced4227579",
    )
)
DEEP = register(
    digits_mlp(
        (PIXELS, 24, 24, 24, 24, CLASSES),
        jnp.tanh,
        1.0,
        name="digits_deep",
        summary="MLP 64-24-24-24-24-10 with tanh (3,610 parameters) on scikit-learn's digits",
        dataset="digits",
        model="deep_tanh_mlp",
        horizon=300,
        load=_load,
        batch=32,
        floor=0.02,
        best=Best(0.1754, "heavy_ball", {"lr": 0.04518, "b1": 0.9, "wd": 0.0}),
        flops=608_291,
        digest="8f5fe47a90754a253424a5ced4227579",
    )
)
WIDE = register(
    digits_mlp(
        (PIXELS, 320, 192, CLASSES),
        jax.nn.silu,
        1.4,
        name="digits_wide",
        summary="MLP 64-320-192-10 with SiLU (84,362 parameters) on scikit-learn's digits",
        dataset="digits",
        model="wide_silu_mlp",
        horizon=200,
        load=_load,
        batch=16,
        floor=0.01,
        best=Best(
            0.1378, "adamw", {"lr": 0.003162, "b1": 0.6, "b2": 0.999, "eps": 1e-08, "wd": 0.01}
        ),
        flops=7_646_479,
        digest="8f5fe47a90754a253424a5ced4227579",
    )
)
LONG_TAIL = register(
    digits_mlp(
        (PIXELS, 32, CLASSES),
        jax.nn.relu,
        1.4,
        name="digits_long_tail",
        summary="MLP 64-32-10 (2,410 parameters) on digits, each class rarer than the one before",
        dataset="digits_long_tail",
        model="relu_mlp",
        horizon=200,
        load=_load_long_tail,
        batch=32,
        floor=0.1,
        best=Best(0.8835, "heavy_ball", {"lr": 0.2, "b1": 0.9, "wd": 0.004}),
        flops=337_597,
        digest="e4703b036c4ba15836a3b34071aac489",
    )
)
MISLABELLED = register(
    digits_mlp(
        (PIXELS, 48, CLASSES),
        jax.nn.gelu,
        1.4,
        name="digits_mislabelled",
        summary="MLP 64-48-10 with GELU (3,610 parameters) on digits, three labels of ten wrong",
        dataset="digits_mislabelled",
        model="gelu_mlp",
        horizon=200,
        load=_load_mislabelled,
        batch=32,
        floor=0.1,
        best=Best(0.5216, "lion", {"lr": 0.005, "b1": 0.9, "b2": 0.99, "wd": 0.0}),
        flops=534_557,
        digest="a2a6d3b2b6f4225dfb9077284f1e6194",
    )
)
CONVOLUTIONS = register(
    supervised(
        init=_init_convolutions,
        predict=_convolve,
        criterion=cross_entropy,
        name="digits_conv",
        summary="Two convolutions and a dense layer (1,898 parameters) on scikit-learn's digits",
        dataset="digits",
        model="conv_2d",
        horizon=200,
        load=_load,
        batch=16,
        untrained=float(np.log(CLASSES)),
        floor=0.02,
        best=Best(
            0.2022, "adamw", {"lr": 0.06325, "b1": 0.6, "b2": 0.999, "eps": 1e-08, "wd": 0.01}
        ),
        flops=2_328_783,
        digest="8f5fe47a90754a253424a5ced4227579",
    )
)
