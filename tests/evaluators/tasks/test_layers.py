import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evaluators.tasks import _layers as layers

RNG = np.random.default_rng(0)


def on_device(tree):
    """The tree with JAX's arrays in place of NumPy's."""
    return jax.tree.map(jnp.asarray, tree)


def test_dense_layers_are_affine_maps_with_outputs_first_however_they_are_applied():
    layer = layers.dense(RNG, 5, 3)
    assert layer["w"].shape == (3, 5)
    layer["b"] = RNG.normal(size=3).astype(np.float32)
    x = RNG.normal(size=(4, 2, 5)).astype(np.float32)
    wanted = np.einsum("oi,abi->abo", layer["w"], x) + layer["b"]
    for apply in (layers.apply_dense, layers.read_out):
        found = apply(on_device(layer), jnp.asarray(x))
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_a_network_applies_its_layers_in_turn():
    network = layers.mlp(RNG, (5, 4, 3), gain=1.0, last=0.5)
    for layer in network:
        layer["b"] = RNG.normal(size=len(layer["b"])).astype(np.float32)
    x = RNG.normal(size=(6, 5)).astype(np.float32)
    first, last = network
    hidden = np.tanh(x @ first["w"].T + first["b"])
    wanted = hidden @ last["w"].T + last["b"]
    found = layers.apply_mlp(on_device(network), jnp.asarray(x), jnp.tanh)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("lengths", "widths"), [((7,), (3,)), ((6, 5), (2, 3)), ((4, 4), (4, 1))])
def test_a_convolution_is_a_product_with_every_window(lengths, widths, stride):
    layer = layers.convolution(RNG, *widths, 3, 4)
    assert layer["kernel"].shape == (4, *widths, 3)
    layer["b"] = RNG.normal(size=4).astype(np.float32)
    x = RNG.normal(size=(3, *lengths, 5)).astype(np.float32)
    axes = tuple(range(1, len(lengths) + 1))
    windows = np.lib.stride_tricks.sliding_window_view(x, widths, axis=axes)
    windows = windows[(slice(None), *[slice(None, None, stride)] * len(axes))]
    windows = windows.reshape(*windows.shape[: len(axes) + 2], -1)
    wanted = np.einsum("owc,c...ew->o...e", layer["kernel"].reshape(4, -1, 3), windows)
    wanted += layer["b"].reshape(-1, *[1] * (len(axes) + 1))
    found = layers.apply_convolution(on_device(layer), jnp.asarray(x), stride)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_images_are_padded_pooled_and_laid_flat_along_their_lengths_alone():
    x = RNG.normal(size=(3, 4, 6, 2)).astype(np.float32)
    padded = np.asarray(layers.pad(jnp.asarray(x), 1))
    assert padded.shape == (3, 6, 8, 2)
    assert padded.sum() == pytest.approx(x.sum(), rel=1e-5)
    np.testing.assert_array_equal(padded[:, 1:-1, 1:-1], x)

    pooled = layers.pool(jnp.asarray(x), 2)
    assert pooled.shape == (3, 2, 3, 2)
    np.testing.assert_allclose(pooled[1, 1, 2, 0], x[1, 2:, 4:, 0].mean(), rtol=1e-5)

    wide = layers.flat(jnp.asarray(x))
    assert wide.shape == (72, 2)
    np.testing.assert_array_equal(wide[:3, 1], x[:, 0, 0, 1])
    np.testing.assert_array_equal(wide[3:6, 1], x[:, 0, 1, 1])
