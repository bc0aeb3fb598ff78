"""State that is kept once and not for every parameter: numbers of the model, in the first group, or
numbers that every group has of its own, and the count of the steps that these read.
"""

from collections.abc import Mapping

from dsl.export.expressions import show
from dsl.export.layout import layout
from dsl.export.torch.values import TorchDialect


def starts(values: TorchDialect, *, counts: bool) -> dict[str, str]:
    """The keys of what is kept once, each with the expression that it starts at."""
    found = {values.count: "torch.tensor(0.0, dtype=torch.float32)"} if counts else {}
    for slot in values.model_slots:
        found[values.keys[slot]] = show(values.first_value(values.program.slots[slot]))
    return found


def of_model(values: TorchDialect, begun: Mapping[str, str]) -> list[str]:
    """`_start_model`, which puts what exists once for the model into the first group."""
    return [
        "",
        "    def _start_model(self) -> None:",
        '        """Put state that exists once for the model into the first group."""',
        *_of_before(values, begun),
        *(f'        model.setdefault("{key}", {start})' for key, start in begun.items()),
    ]


def of_groups(values: TorchDialect, begun: Mapping[str, str]) -> list[str]:
    """`_start_numbers`, which a group gets when it is added, and `_share_numbers`, by which every
    group goes on with what a file of before kept once."""
    keys = ", ".join(f'"{key}"' for key in begun)
    return [
        "",
        "    def _start_numbers(self, group: dict[str, Any]) -> None:",
        '        """Put into a group the numbers that it has of its own."""',
        *(f'        group.setdefault("{key}", {start})' for key, start in begun.items()),
        "",
        "    def _share_numbers(self) -> None:",
        '        """Go on in every group with the numbers that a file kept once for all."""',
        *_of_before(values, begun),
        "        self._start_numbers(model)",
        "        for group in self.param_groups[1:]:",
        f"            for key in ({keys}{',' if len(begun) == 1 else ''}):",
        "                if key not in group:",
        "                    group[key] = model[key].clone()",
    ]


def _of_before(values: TorchDialect, begun: Mapping[str, str]) -> list[str]:
    """Lines that take what a file of before kept beside the parameters."""
    before = values.kept_once(counts=values.count in begun)
    taken = ["        model.update(of_before)"]
    if any(old != new for old, new in before.items()):
        entries = [f'"{old}": "{new}"' for old, new in before.items()]
        taken = [
            *layout(8, "called = {", entries, "}"),
            "        model.update({called[key]: of_before[key] for key in of_before})",
        ]
    return [
        "        states: Any = self.state",
        "        model = self.param_groups[0]",
        '        of_before = states.pop("model", {})  # of a file that kept it there',
        *taken,
    ]
