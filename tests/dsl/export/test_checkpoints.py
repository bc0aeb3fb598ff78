"""The state of the model in an exported PyTorch optimizer, also as files of before kept it."""

import copy

import pytest

from dsl.export.facts import Facts
from dsl.language.kinds import Kind
from tests.support.everyday import each
from tests.support.exporting import RULES

pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.lightly_compiled]

SLOTS = {
    name: [slot for slot, init in Facts.of(rule).program.slots.items() if init.kind is Kind.GLOBAL]
    for name, rule in RULES.items()
}
OF_MODEL = {name: slots for name, slots in SLOTS.items() if slots}
"""The slots that rules have once for the model."""
RENAMED = {"traded": {"step": "step_2", "params": "params_2"}}
"""The keys of slots in the group where those are taken, and in the state of before in one case."""
DAILY = {"nadam", "prodigy", "dog", "traded"}


@pytest.mark.parametrize("name", each(OF_MODEL, DAILY))
@pytest.mark.parametrize("stop", [0, 2])
def test_a_file_that_kept_the_models_state_apart_can_be_read(name, stop):
    from tests.support.pytorch_features import same
    from tests.support.torch_training import STEPS, Training

    first = Training(name).go(stop)
    saved = copy.deepcopy(first.optimizer.state_dict())
    renamed, group = RENAMED.get(name, {}), saved["param_groups"][0]
    kept = {slot: group.pop(renamed.get(slot, slot)) for slot in OF_MODEL[name]}
    if "step" in group and name not in RENAMED:
        kept["step"] = group.pop("step")
    if stop:
        saved["state"]["model"] = {
            "step_2" if slot == "step" and name in RENAMED else slot: value
            for slot, value in kept.items()
        }
    first.optimize(first.model)
    first.optimizer.load_state_dict(saved)
    same(first.go(STEPS - stop))
