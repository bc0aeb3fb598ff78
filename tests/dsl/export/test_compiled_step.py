"""The step of an exported PyTorch optimizer under `torch.compile`."""

import importlib

import pytest

from dsl.export.names import camel_case
from tests.support.exporting import RULES

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.slow]

WHOLE = {"lion": True, "adamw": True, "adafactor_torch": True, "soap": False}
"""Rules, and whether PyTorch compiles their step in one piece: not where the rule chooses."""


@pytest.mark.parametrize("name", WHOLE)
def test_the_compiled_step_is_the_step(name, tmp_path, monkeypatch):
    from tests.support.torch_training import Training, file_of

    (tmp_path / f"{name}_torch.py").write_text(file_of(name))
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module(f"{name}_torch")
    training = Training(name, make=getattr(module, camel_case(RULES[name])))
    pieces = []

    def backend(graph, _):
        pieces.append(graph)
        return graph.forward

    torch._dynamo.reset()
    step = torch.compile(training.optimizer.step, backend=backend, fullgraph=WHOLE[name])
    for _ in range(4):
        training.gradients()
        step()
        training.at += 1
    torch.testing.assert_close(training.values(), Training(name).go(4).values(), rtol=0, atol=1e-12)
    assert len(pieces) == 2 or not WHOLE[name]  # the step that starts the state, and all others
