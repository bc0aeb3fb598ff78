import jax.numpy as jnp
import numpy as np

from evaluators.tasks import _layers as layers

RNG = np.random.default_rng(0)


def test_dense_layers_are_affine_maps_with_outputs_first_however_they_are_applied():
    layer = layers.dense(RNG, 5, 3)
    assert layer["w"].shape == (3, 5)
    layer["b"] = RNG.normal(size=3).astype(np.float32)
    x = RNG.normal(size=(4, 2, 5)).astype(np.float32)
    wanted = np.einsum("oi,abi->abo", layer["w"], x) + layer["b"]
    for apply in (layers.apply_dense, layers.read_out):
        np.testing.assert_allclose(apply(layer, x), wanted, rtol=1e-5, atol=1e-6)


def test_a_network_applies_its_layers_in_turn():
    network = layers.mlp(RNG, (5, 4, 3), gain=1.0, last=0.5)
    for layer in network:
        layer["b"] = RNG.normal(size=len(layer["b"])).astype(np.float32)
    x = RNG.normal(size=(6, 5)).astype(np.float32)
    first, last = network
    hidden = np.tanh(x @ first["w"].T + first["b"])
    wanted = hidden @ last["w"].T + last["b"]
    found = layers.apply_mlp(network, x, jnp.tanh)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
