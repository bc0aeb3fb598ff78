"""The method `step`: the closure, the values of the model, the loop over parameters."""

from dataclasses import dataclass

from dsl.export.expressions import show
from dsl.export.facts import Facts
from dsl.export.layout import layout
from dsl.export.torch.front import Front
from dsl.export.torch.loop import Loop
from dsl.export.torch.values import Values
from dsl.language.oracle import Source
from dsl.language.sources import LOSS


@dataclass(frozen=True)
class Step:
    """The lines of `step`, and whether they count the steps of the model."""

    lines: list[str]
    counts: bool


def needs_closure(facts: Facts) -> bool:
    """Whether a step reads the loss or asks for it elsewhere."""
    return LOSS in facts.sources or "loss" in facts.reads


def functions(facts: Facts) -> list[Source]:
    """What a step takes besides the closure, which gives the loss."""
    return [source for source in facts.sources if source is not LOSS]


def write_step(values: Values, title: str) -> Step:
    """The method `step` of the class `title`."""
    reads_loss = "loss" in values.facts.reads
    front, loop, counts = _body(values)
    taken = [f"{s.argument}: Callable[..., Any] | None = None" for s in functions(values.facts)]
    params = ["self", "closure: Callable[[], Any] | None = None", *(["*", *taken] if taken else [])]
    lines = [
        "    @torch.no_grad()",
        *layout(4, "def step(", params, ") -> Any:"),
        '        """One step; returns what `closure` returns."""',
        *_closure(values.facts, title),
        *_functions(values.facts, title),
        "        ready = self._ready()",
    ]
    if front or values.model_slots or reads_loss:
        lines += ["        if not ready:", "            return loss"]
    if values.model_slots or counts:
        lines.append("        model = self._model_state()")
    if reads_loss:
        lines.append("        value = torch.as_tensor(loss).detach()")
        lines.append('        value = -value if ready[0][0]["maximize"] else value')
    return Step([*lines, *front, *loop, "        return loss"], counts)


def _closure(facts: Facts, title: str) -> list[str]:
    evaluate = ["with torch.enable_grad():", "    loss = closure()"]
    if not needs_closure(facts):
        lines = ["        loss = None", "        if closure is not None:"]
        return [*lines, *(f"            {line}" for line in evaluate)]
    message = f'"{title}.step needs a closure that returns the loss"'
    lines = ["        if closure is None:", *layout(12, "raise RuntimeError(", [message], ")")]
    return [*lines, *(f"        {line}" for line in evaluate)]


def _functions(facts: Facts, title: str) -> list[str]:
    lines = []
    for source in functions(facts):
        lines.append(f"        if {source.argument} is None:")
        message = f'"{title}.step needs {source.argument}"'
        lines += layout(12, "raise RuntimeError(", [message], ")")
    return lines


def _body(values: Values) -> tuple[list[str], list[str], bool]:
    """The lines before the loop, those from the loop on, and whether they read the model's time."""
    nexts = values.program.next_values
    front = Front(values)
    for slot in values.model_slots:
        front.make(nexts[slot])
    slots = [slot for slot in values.program.slots if slot not in values.model_slots]
    roots = [values.program.result, *(nexts[slot] for slot in slots)]
    front.make_for(roots)
    loop = Loop(values, front).text(roots, slots)
    for slot in values.model_slots:
        text = show(values.value(nexts[slot], front.number))
        loop.append(f'        model["{slot}"]{values.next_value(nexts[slot], text)}')
    heads = values.groups.lines(front.reads, 8)
    if heads:
        heads.insert(0, "        group = ready[0][0]")
    counts = "t" in front.reads
    if counts:
        heads.append('        t = model["step"].double()')
    return [*front.lists.lines(8), *heads, *front.lines], loop, counts
