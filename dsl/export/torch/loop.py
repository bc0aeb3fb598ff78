"""The loop of `step` that moves every parameter and renews its state."""

import ast
import re

from dsl.export.expressions import call, name, show
from dsl.export.layout import branches, layout, suite
from dsl.export.names import safe
from dsl.export.torch.front import Front
from dsl.export.torch.values import Values
from dsl.language.kinds import Kind
from dsl.program import Arg, Local, Name
from dsl.program.walk import needed, within_step

_RESULT = 80
"""The longest result that is written in the call that moves the parameter."""


class Loop:
    """Writes the loop, after the lines of `front`."""

    def __init__(self, values: Values, front: Front):
        self.values = values
        self.front = front
        self.program = values.program
        self.reads: set[str] = set()

    def text(self, roots: list[Arg], slots: list[str]) -> list[str]:
        """The loop; `roots` are the result and the next values of `slots`."""
        ready = self.front.ready()
        zipped = self._zipped(roots, ready)
        moved = self._moved(ready)
        if moved is not None:
            assert isinstance(self.program.result, Local)
            roots = [*self.program.statements[self.program.result.index].args, *roots[1:]]
        lines: list[str] = []
        self._lines(roots, ready, lines, 12)
        ends = self._slot_lines(slots, lines)
        moved = moved or show(self.values.value(self.program.result, self.leaf))
        lines += [f"            p.sub_({moved})", *ends]
        heads = self._heads("\n".join(lines))
        return [*self._opening(zipped, heads), *heads, *lines]

    def _zipped(self, roots: list[Arg], ready: set[int]) -> list[Local]:
        """The lists made before the loop that its lines read."""

        made: list[Local] = [Local(index) for index in sorted(ready)]
        inside = within_step(self.program)
        read = needed(self.program, roots, lambda arg: () if arg in made else inside(arg))
        return [a for a in made if a in read and self.values.kind(a) is not Kind.GLOBAL]

    def _moved(self, ready: set[int]) -> str | None:
        """The result, if it is short and has neither a name nor another reader."""
        result = self.program.result
        if not isinstance(result, Local) or result.index in ready:
            return None
        statements = self.program.statements
        read = [*self.program.next_values.values(), *(a for s in statements for a in s.args)]
        named = statements[result.index].name is not None
        if named or result in read or self.values.own_line(result.index):
            return None
        text = show(self.values.expression(result.index, self.leaf))
        return text if len(text) <= _RESULT else None

    def leaf(self, arg: Arg) -> ast.expr:
        """A value inside the loop."""
        match arg:
            case Name("w"):
                return name("p")
            case Name("loss"):
                return name("value")
            case Name(id) if id in self.values.model_slots:
                return name(f'model["{id}"]')
            case Name(id) if id in self.program.slots:
                return name(f'state["{id}"]')
            case Name(id):
                self.reads.add(id)
                return name(self.values.called.get(id, id))
            case Local(index):
                return name(self.values.line_names[index])
        raise AssertionError

    def _lines(self, roots: list[Arg], done: set[int], lines: list[str], indent: int) -> None:
        """Lines for what `roots` need beyond `done`."""
        done = set(done)
        for index in self.values.demanded(roots, done):
            label = self.values.line_names[index]
            if self.values.primitive(index).lazy:
                flag, *choices = self.program.statements[index].args
                kind = self.values.kind(Local(index))
                bodies = []
                for arg in choices:
                    body: list[str] = []
                    self._lines([arg], done, body, indent + 4)
                    text = show(self._chosen(arg, kind))
                    bodies.append([*body, *suite(indent + 4, f"{label} = ", text)])
                lines += branches(indent, label, self.values.condition(flag, self.leaf), *bodies)
            else:
                text = show(self.values.expression(index, self.leaf))
                lines += suite(indent, f"{label} = ", text)
            done.add(index)

    def _chosen(self, arg: Arg, kind: Kind) -> ast.expr:
        """What a branch of `when` gives, as a tensor of its own."""
        value = self.values.value(arg, self.leaf)
        if self.values.kind(arg) is not kind or self.values.is_number(arg):
            lift = self.values.use("_spread" if kind is Kind.TENSOR else "_number")
            return call(lift, value, *([] if kind is Kind.GLOBAL else [name("p")]))
        if isinstance(arg, Name) and kind is not Kind.GLOBAL:
            return name(f"{show(value)}.clone()")
        return value

    def _slot_lines(self, slots: list[str], lines: list[str]) -> list[str]:
        """Lines that renew the slots; in `lines`, copies of what those would overwrite."""
        nexts = self.program.next_values
        ends: list[str] = []
        for slot in slots:
            update = nexts[slot]
            if update == Name(slot):
                continue
            text = show(self.values.value(update, self.leaf))
            if isinstance(update, Name) and (update.id == "w" or update.id in slots):
                label = self.values.names.take(f"{safe(slot)}_next")
                lines.append(f"            {label} = {text}.clone()")
                text = label
            ends.append(f'            state["{slot}"]{self.values.next_value(update, text)}')
        return ends

    def _heads(self, text: str) -> list[str]:
        """The first lines: what `text` reads of the state and the group."""
        heads = self.values.groups.lines(self.reads, 12)
        uses_state = re.search(r"\bstate\[", text) is not None
        if "t" in self.reads:
            state = "state" if uses_state else "self.state[p]"
            heads.insert(0, f'            t = {state}["step"].double()')
        return ["            state = self.state[p]", *heads] if uses_state else heads

    def _opening(self, zipped: list[Local], heads: list[str]) -> list[str]:
        group = "group" if any("group[" in line for line in heads) else "_"
        gradient = "g" if "g" in self.reads else "_"
        target = f"{group}, p, {gradient}"
        if not zipped:
            return [f"        for {target} in ready:"]
        labels = ", ".join(self.values.line_names[a.index] for a in zipped)
        lists = [self.front.lists.name(a) for a in zipped]
        before = f"for ({target}), {labels} in zip("
        return layout(8, before, ["ready", *lists, "strict=True"], "):")
