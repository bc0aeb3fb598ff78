"""Closures of exported PyTorch optimizers, and the noise of parameters that come and go."""

import pytest

from dsl import parse
from dsl.export import to_torch_source
from dsl.export.facts import Facts
from dsl.export.torch.parameters import needs_closure
from dsl.zoo import ZOO
from tests.support import exporting, exporting_torch
from tests.support.everyday import each

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

CLOSED = [name for name, rule in ZOO.items() if needs_closure(Facts.of(rule))]


def walked(name: str, usual: bool, *, to_none: bool = True) -> list[list[float]]:
    """Parameters and gradients after three steps; the `usual` closure calls `backward` itself."""
    rule = ZOO[name]
    params = [torch.nn.Parameter(torch.linspace(0.1, 0.9, size).double()) for size in (1, 3)]
    optimizer = exporting_torch.torch_class(rule)(params, **exporting.extra(rule))
    features = torch.linspace(-1, 1, 8).double().reshape(2, 4).sin()
    targets = torch.tensor([0.3, -0.2]).double()

    def loss():
        return 2 * torch.mean(torch.square(torch.tanh(features @ torch.cat(params)) - targets))

    def closure():
        optimizer.zero_grad(to_none)
        made = loss()
        made.backward()
        return made

    for _ in range(3):
        if not usual:
            closure()
        asked = exporting_torch.asked_by_torch(optimizer, params, features, targets)
        optimizer.step(closure if usual else loss, **asked)
    return [x.tolist() for p in params for x in (p.detach(), p.grad)]


def asks_batches(name: str) -> bool:
    """True if a rule asks for the full loss of the test model, which has other sizes."""
    return any(s.argument == "full_fn" for s in Facts.of(ZOO[name]).sources)


@pytest.mark.parametrize(
    "name", each([n for n in CLOSED if not asks_batches(n)], {"sam", "sophia_h", "momo"})
)
def test_the_usual_closure_takes_the_same_steps(name):
    plain = walked(name, False)
    assert walked(name, True) == plain
    assert walked(name, True, to_none=False) == plain


@pytest.mark.parametrize("returned", [lambda loss: loss, lambda loss: loss.item()])
def test_what_a_closure_does_to_gradients_counts_at_other_points_too(returned):
    w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    sam = exporting.loaded(to_torch_source(ZOO["sam"]))["SAM"]([w], lr=1.0, weight_decay=0.0)
    norms = []

    def closure():
        sam.zero_grad()
        loss = 50 * w.square().sum()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_([w], 1.0)))
        return returned(loss)

    sam.step(closure)
    torch.testing.assert_close(w.detach(), torch.tensor([2.4, 3.2]))
    assert norms == pytest.approx([500, 505])  # at w, and 0.05 away


@pytest.mark.parametrize("name", ["sophia_h", "forward_gradient", "savic_oasis"])
@pytest.mark.parametrize("spoilt", [lambda loss: loss.detach(), lambda loss: loss.item()])
def test_a_loss_without_its_graph_is_refused_where_derivatives_are_taken_of_it(name, spoilt):
    w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    w.grad = torch.ones(2)
    optimizer = exporting_torch.torch_class(ZOO[name])([w])
    with pytest.raises(RuntimeError, match="returns the loss as a tensor with its graph, neither"):
        optimizer.step(lambda: spoilt(w.square().sum()))
    assert w.tolist() == [3, 4]


@pytest.mark.parametrize("spoilt", [torch.Tensor.detach, torch.Tensor.item])
def test_a_loss_at_another_point_without_graph_or_backward_is_refused(spoilt):
    w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    optimizer = exporting_torch.torch_class(ZOO["sam"])([w])
    w.square().sum().backward()
    with pytest.raises(RuntimeError, match=r"with its graph, .* or to call `backward\(\)`"):
        optimizer.step(lambda: spoilt(w.square().sum()))
    assert w.tolist() == [3.0, 4.0]


def test_parameters_that_come_and_go_share_no_noise():
    rule = parse("def rule(w, g, *, lr=1):\n    return lr * (normal(0) + 0 * g)")
    params = [torch.nn.Parameter(torch.zeros(4)) for _ in range(3)]
    optimizer = exporting.loaded(to_torch_source(rule))["Rule"](params)

    def drawn():
        for p in params:
            p.data.zero_()
            p.grad = torch.zeros(4)
        optimizer.step()
        return [tuple(p.tolist()) for p in params]

    drawn()
    for reset in (0, 2, 1):
        del optimizer.state[params[reset]]
        for state in optimizer.state.values():
            state["step"].zero_()
        assert len(set(drawn())) == 3


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_conjugate_gradients_work_in_every_precision(dtype):
    rule = ZOO["sania_pcg"]
    chosen = getattr(torch, dtype)
    params = [torch.nn.Parameter(torch.ones(size, dtype=chosen)) for size in ((), (3,))]
    optimizer = exporting_torch.torch_class(rule)(params)

    def closure():
        optimizer.zero_grad()
        loss = (params[1].square().sum() * params[0] - 1) ** 2
        loss.backward()
        return loss

    losses = [float(optimizer.step(closure).detach()) for _ in range(3)]
    assert losses[-1] < losses[0]
