"""The methods that keep state: `_ready` for the parameters, `_model_state` for the model."""

from dsl.export.layout import layout
from dsl.export.torch.templates import first_value
from dsl.export.torch.values import Values
from dsl.language.kinds import Kind


def ready(values: Values, title: str) -> list[str]:
    """`_ready`, which starts the state of each parameter and counts its steps."""
    starts = [
        f'                    state["{slot}"] = {first_value(rule, "p")}'
        for slot, rule in values.program.slots.items()
        if rule.kind is not Kind.GLOBAL
    ]
    if values.facts.noisy:
        starts.append('                    state["index"] = len(self.state)')
    return [
        "    def _ready(self) -> list[tuple[dict[str, Any], torch.Tensor, torch.Tensor]]:",
        '        """Group, parameter and gradient where there is one; counts the step."""',
        "        ready = []",
        "        for group in self.param_groups:",
        '            for p in group["params"]:',
        "                if p.grad is None:",
        "                    continue",
        "                if p.grad.is_sparse:",
        *_refusal(f"{title} does not support sparse gradients"),
        "                if torch.is_complex(p):",
        *_refusal(f"{title} does not support complex parameters"),
        "                state = self.state[p]",
        "                if not state:",
        '                    state["step"] = torch.tensor(0.0, dtype=torch.float32)',
        *starts,
        '                state["step"] += 1',
        '                g = -p.grad if group["maximize"] else p.grad',
        "                ready.append((group, p, g))",
        "        return ready",
    ]


def _refusal(message: str) -> list[str]:
    return layout(20, "raise RuntimeError(", [f'"{message}"'], ")")


def model_state(values: Values, *, counts: bool) -> list[str]:
    """`_model_state`, which starts the state of the model and, if it `counts`, counts steps."""
    starts, count = [], []
    if counts:
        starts.append('            model["step"] = torch.tensor(0.0, dtype=torch.float32)')
        count.append('        model["step"] += 1')
    for slot in values.model_slots:
        start = first_value(values.program.slots[slot], "")
        starts.append(f'            model["{slot}"] = {start}')
    return [
        "    def _model_state(self) -> dict[str, torch.Tensor]:",
        '        """State that exists once for the model; a part of `state_dict`."""',
        "        states: Any = self.state",
        '        model = states.setdefault("model", {})',
        "        if not model:",
        *starts,
        *count,
        "        return model",
    ]
