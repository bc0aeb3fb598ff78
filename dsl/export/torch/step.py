"""The methods that make a step: `step` itself, and those that keep state for it.

`step` evaluates the closure, makes the values of the model (`dsl.export.torch.front`), and loops
over the parameters (`dsl.export.torch.loop`).
"""

import ast
from dataclasses import dataclass

from dsl.export.code import Code, refusal
from dsl.export.emit import Emitter
from dsl.export.facts import Facts
from dsl.export.header import prose
from dsl.export.layout import layout
from dsl.export.names import safe
from dsl.export.torch.front import Front
from dsl.export.torch.loop import Loop
from dsl.export.torch.parameters import Parameters, functions, needs_closure
from dsl.export.torch.point import refusal_of_step
from dsl.export.torch.values import TorchDialect
from dsl.language.kinds import Kind
from dsl.language.sources import LOSS
from dsl.program import Name


@dataclass(frozen=True)
class StepMethod:
    """The lines of `step`, whether they count the steps of the model and read the hyperparameters
    of the first group for it, and the method that takes the step of many parameters at once, if
    there is one."""

    lines: list[str]
    counts: bool
    of_first: bool
    at_once: list[str]


def write_step(
    values: TorchDialect, emitter: Emitter, parameters: Parameters, title: str
) -> StepMethod:
    """The method `step` of the class `title`."""
    facts = values.facts
    reads_loss = "loss" in facts.reads
    front, loop, at_once = _body(values, emitter, parameters)
    counts = "t" in front.code.uses
    before = front.lines()
    counting = [f'        {values.home}["{values.count}"] += 1'] if counts else []
    taken = [f"{s.argument}: Callable[..., Any] | None = None" for s in functions(facts)]
    params = ["self", "closure: Callable[[], Any] | None = None", *(["*", *taken] if taken else [])]
    lines = [
        "    @torch.no_grad()",
        *(["    @_with_shards"] if facts.of_parts else []),
        *layout(4, "def step(", params, ") -> Any:"),
        *_summary(facts),
        *(refusal_of_step(title) if facts.point else []),
        *_closure(values, title),
        *_functions(facts, title),
        f"        ready = {'self._foreach(self._ready())' if at_once else 'self._ready()'}",
    ]
    if values.by_group:
        lines += [*_BY_GROUP.strip("\n").splitlines(), *counting, *before, *loop]
        return StepMethod(lines, counts, False, [])
    if before or values.model_slots or reads_loss:
        lines += ["        if not ready:", "            return loss"]
    if values.model_slots or counts:
        lines.append("        model = self.param_groups[0]")
    lines += counting
    if reads_loss:
        mean = values.declared.function("_over_processes")
        lines.append(f"        value = {mean}(torch.as_tensor(loss).detach(), ready[0][1])")
    lines += [*before, *loop, "        return loss"]
    return StepMethod(lines, counts, front.reads_first, at_once)


_BY_GROUP = '''
        for group in self.param_groups:
            self._step_of_group([each for each in ready if each[0] is group])
        return loss

    def _step_of_group(self, ready: list[Any]) -> None:
        """The step of the parameters of one group, which has numbers of its own."""
        if not ready:
            return
        group = ready[0][0]
'''
"""The rest of `step` where every group has numbers of its own, and the method that reads these."""


def _summary(facts: Facts) -> list[str]:
    """The docstring of `step`."""
    needs = [f"`{source.argument}`, {source.here}" for source in functions(facts)]
    if not needs:
        return ['        """One step; returns what `closure` returns."""']
    lines = prose(f"One step, for which it asks {'; and '.join(needs)}.", 8)
    lines[0] = f'        """{lines[0].strip()}'
    return [*lines, "", "        Returns what `closure` returns.", '        """']


def _closure(values: TorchDialect, title: str) -> list[str]:
    """Lines that evaluate the closure; its `backward()` keeps a graph that an oracle reads."""
    facts, graph = values.facts, ""
    if LOSS in facts.sources:
        graph = f", {values.declared.function('_Backward')}()"
    elif needs_closure(facts) and not facts.of_parts:
        graph = f", {values.declared.function('_Fresh')}(self.param_groups)"
    evaluate = [f"with torch.enable_grad(){graph}:", "    loss = closure()"]
    if not needs_closure(facts):
        lines = ["        loss = None", "        if closure is not None:"]
        return [*lines, *(f"            {line}" for line in evaluate)]
    lines = ["        if closure is None:"]
    lines += refusal(12, "RuntimeError", f"{title}.step needs a closure that returns the loss")
    lines += [f"        {line}" for line in evaluate]
    if _derives(facts):
        lines.append("        if not (isinstance(loss, torch.Tensor) and loss.requires_grad):")
        what = "the loss as a tensor with its graph, neither detached nor as a number"
        message = f"{title}.step needs a closure that returns {what}: it takes derivatives of it"
        lines += refusal(12, "RuntimeError", message)
    return lines


def _derives(facts: Facts) -> bool:
    """True if the rule takes derivatives of the loss that the closure returns."""
    asked = map(facts.primitive, range(len(facts.program.statements)))
    return any(
        primitive.oracle.asks is LOSS
        and ("(loss, " in primitive.torch or "create_graph" in primitive.oracle.methods)
        for primitive in asked
        if primitive.oracle
    )


def _functions(facts: Facts, title: str) -> list[str]:
    lines = []
    for source in functions(facts):
        lines.append(f"        if {source.argument} is None:")
        message = f"{title}.step needs {source.argument}, {source.here}"
        lines += refusal(12, "RuntimeError", message)
    return lines


def _body(
    values: TorchDialect, emitter: Emitter, parameters: Parameters
) -> tuple[Front, list[str], list[str]]:
    """The values made before the loop, the lines from the loop on, and the method for many
    parameters at once."""
    nexts, front = values.program.next_values, Front(values, emitter, parameters)
    for slot in values.model_slots:
        front.make(nexts[slot])
    slots = [slot for slot in values.program.slots if slot not in values.model_slots]
    front.make_for([values.program.result, *(nexts[slot] for slot in slots)])
    looped = Loop(values, emitter, front, slots)
    loop = looped.lines()
    facts = values.facts
    alone = values.model_slots or front.code.lines or facts.noisy or facts.oracles
    at_once = [] if alone or "loss" in facts.reads else looped.at_once
    values.declared.functions_in(at_once)
    return front, [*loop, *_renewals(values, emitter, front)], at_once


def _renewals(values: TorchDialect, emitter: Emitter, front: Front) -> list[str]:
    """Lines that renew the slots of the model; first, copies of what they overwrite."""
    copies, calls = Code(8), Code(8, uses=front.code.uses)
    for slot in values.model_slots:
        update = values.program.next_values[slot]
        value = emitter.value(update, front.number)
        if isinstance(update, Name) and update.id in values.model_slots:
            if update.id == slot:
                continue
            label = emitter.names.take(f"{safe(slot)}_next")
            copies.assign(label, values.copy_of(value, Kind.GLOBAL))
            value = ast.Name(label)
        home = front.number(Name(slot))
        calls.put("", values.next_value(home, update, value, Kind.GLOBAL))
    return [*copies.lines, *calls.lines]


def ready(values: TorchDialect, title: str) -> list[str]:
    """`_ready`, which starts the state of each parameter and counts its steps."""
    code = Code(20)
    if values.counts:
        code.write('state["step"] = torch.tensor(0.0, dtype=torch.float32)')
    coded = values.codecs.slots if values.codecs else ()
    started = [s for s in values.program.slots if s not in {*values.model_slots, *coded}]
    if values.gathers and started:
        code.assign("w", values.whole(ast.Name("p")))
    for slot in started:
        first = values.first_value(values.program.slots[slot])
        code.assign(f'state["{values.keys[slot]}"]', first)
    if values.gathers and started:
        cut = values.declared.function("_cut_along")
        code.write(f"state.update({{key: {cut}(p, value) for key, value in state.items()}})")
    sign, climbs = ['                g = -g if group["maximize"] else g'], []
    if "loss" in values.facts.reads:
        sign = []
        climbs = ['                if group["maximize"]:']
        message = f"{title} reads the loss and lets it fall: negate it instead of maximize"
        climbs += refusal(20, "RuntimeError", message)
    if values.facts.oracles and not values.facts.of_parts:
        climbs.append('                if hasattr(p, "device_mesh"):')
        message = (
            f"{title} solves a system with a row for every example of the batch, of which a "
            "process with sharded parameters has a part: train it with whole parameters"
        )
        climbs += refusal(20, "RuntimeError", message)
    if values.facts.noisy:
        code.write('known = [each["index"] for each in self.state.values() if "index" in each]')
        code.write('state["index"] = max(known, default=-1) + 1')
    counting = "; counts the step" if values.counts else ""
    return [
        "    def _ready(self) -> list[tuple[dict[str, Any], torch.Tensor, torch.Tensor]]:",
        f'        """Group, parameter and gradient where there is one{counting}."""',
        "        ready = []",
        *(["        one = torch.tensor(1.0)"] if values.counts else []),
        "        for group in self.param_groups:",
        '            for p in group["params"]:',
        "                g = p.grad",
        "                if g is None:",
        "                    continue",
        "                if g.is_sparse:",
        *refusal(20, "RuntimeError", f"{title} does not support sparse gradients"),
        "                if p.dtype.is_complex:",
        *refusal(20, "RuntimeError", f"{title} does not support complex parameters"),
        *climbs,
        f"                if g.dtype in {values.declared.function('_HALF')}:",
        "                    g = g.float()",
        *sign,
        *(["                state = self.state[p]"] if code.lines else []),
        *(["                if not state:", *code.lines] if code.lines else []),
        *(['                state["step"] += one'] if values.counts else []),
        "                ready.append((group, p, g))",
        "        return ready",
    ]


def half(values: TorchDialect) -> list[str]:
    """`_open` and `_close`, between which a step computes in float32 at least."""
    for name in ("_HALF", "_wide"):
        values.declared.function(name)
    values.declared.function("_cut_into" if values.gathers else "_round_into")
    return [*(_OF_WHOLE if values.gathers else _OF_PARTS).strip("\n").splitlines()]


_OF_PARTS = '''
    def _open(self, p: torch.Tensor) -> tuple[torch.Tensor, dict[str, Any]]:
        """A parameter and its state for a step: half precision in float32."""
        state = self.state[p]
        if p.dtype not in _HALF:
            return p, state
        return p.float(), {key: _wide(value) for key, value in state.items()}

    def _close(self, p: torch.Tensor, w: torch.Tensor, state: dict[str, Any]) -> None:
        """Round what the step made in float32 to the half precision that is kept."""
        if w is p:
            return
        p.copy_(w)
        for key, kept in self.state[p].items():
            _round_into(kept, state[key])
'''

_OF_WHOLE = '''
    def _open(self, p: torch.Tensor) -> tuple[torch.Tensor, dict[str, Any]]:
        """A parameter and its state for a step: whole, and half precision in float32."""
        state = self.state[p]
        if p.dtype not in _HALF and not hasattr(p, "device_mesh"):
            return p, state
        whole = {key: _wide(_gathered(value)) for key, value in state.items()}
        return _wide(_gathered(p)), whole

    def _close(self, p: torch.Tensor, w: torch.Tensor, state: dict[str, Any]) -> None:
        """Put what the step made where it is kept: rounded to half precision, a part of it."""
        if w is p:
            return
        _cut_into(p, w)
        for key, kept in self.state[p].items():
            _cut_into(kept, state[key])
'''
