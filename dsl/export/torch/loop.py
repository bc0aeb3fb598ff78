"""The loop of `step` that moves every parameter and renews its state."""

import ast
from collections.abc import Collection, Iterable, Mapping

from dsl.export.code import Code
from dsl.export.emit import Emitter
from dsl.export.expressions import call, expression, rewritten, show
from dsl.export.layout import WIDTH, layout
from dsl.export.names import safe
from dsl.export.torch.at_once import at_once
from dsl.export.torch.front import Front
from dsl.export.torch.inplace import CodeLine
from dsl.export.torch.lines import LoopWriter, write_lines
from dsl.export.torch.storage import in_dead_storage, under_one_name
from dsl.export.torch.templates import makes_new
from dsl.export.torch.values import TorchDialect, condition
from dsl.language.kinds import Kind
from dsl.program import Arg, Local, Name
from dsl.program.walk import needed, readers, within_step

_RESULT = 80
"""The longest result that is written in the call that moves the parameter."""


class Loop:
    """Writes the loop, after the lines of `front`.

    `roots` are the result and the next values of `slots`; `ready` are the statements whose values
    are there when the loop starts.
    """

    def __init__(self, values: TorchDialect, emitter: Emitter, front: Front, slots: list[str]):
        self.values = values
        self.facts = values.facts
        self.program = values.program
        self.emitter = emitter
        self.front = front
        self.parameters = front.parameters
        self.slots = slots
        self.nexts = [self.program.next_values[slot] for slot in slots]
        self.ready = front.ready()
        self.at_once: list[str] = []
        """The method that takes the step of many parameters at once, if the rule allows it."""

    def lines(self) -> list[str]:
        """The lines of the loop."""
        writer = LoopWriter(self)
        return self._chosen_lines() if not writer.apply else self._written(writer)

    def _written(self, writer: LoopWriter) -> list[str]:
        """The lines of a rule without choices, in place where they can be."""
        code, copies = Code(12), Code(12)
        moves = writer.write()
        calls = self._renewals(copies, writer.renewed)
        homes = {show(self.leaf(Name(slot))): ast.Name(old) for slot, old in writer.olds.items()}
        renewals = [CodeLine(None, with_names(value, homes)) for value in calls]
        lines = [*writer.statements, *moves, *renewals]
        if copies.lines or self.zipped():
            write_lines(code, writer.statements)
            code.lines += copies.lines
            code.uses.update(copies.uses)
            write_lines(code, [*moves, *renewals])
        else:
            tensors = writer.writer.known.tensors
            functions = self.values.stacking
            lines = in_dead_storage(lines, tensors, writer.olds.values(), functions)
            lines = under_one_name(lines, writer.given, tensors, functions)
            if not self.values.codecs:
                self.at_once = at_once(self, writer, lines)
            write_lines(code, lines)
        code.put("", self.values.closing(self.leaf))
        heads = self._heads(code, writer.renewed)
        return [*self._opening(code, heads), *heads.lines, *code.lines]

    def _chosen_lines(self) -> list[str]:
        """The lines of a rule that chooses what to compute."""
        code, result = Code(12), self.program.result
        moved, roots = self._moved(), [result]
        if moved is not None:
            assert isinstance(result, Local)
            roots = list(self.program.statements[result.index].args)
        self._lines([*roots, *self.nexts], self.ready, code)
        renewals = self._renewals(code)
        moved = moved or self.emitter.value(result, self.leaf)
        code.put("", ast.Call(expression("w.sub_"), [moved], []))
        for renewal in renewals:
            code.put("", renewal)
        code.put("", self.values.closing(self.leaf))
        heads = self._heads(code)
        return [*self._opening(code, heads), *heads.lines, *code.lines]

    def _moved(self) -> ast.expr | None:
        """The result, if it is short and has neither a name nor another reader."""
        result = self.program.result
        if not isinstance(result, Local) or result.index in self.ready:
            return None
        statements = self.program.statements
        read = [*self.program.next_values.values(), *(arg for s in statements for arg in s.args)]
        named = statements[result.index].name is not None
        if named or result in read or self.facts.own_line(result.index):
            return None
        made = self.emitter.expression(result.index, self.leaf)
        return made if len(show(made)) <= _RESULT else None

    def leaf(self, arg: Arg) -> ast.expr:
        """A value inside the loop."""
        match arg:
            case Name("w"):
                return ast.Name("w")
            case Name("loss"):
                return ast.Name("value")
            case Name(id) if id in self.program.slots:
                home = self.values.home if id in self.values.model_slots else "state"
                return expression(f'{home}["{self.values.keys[id]}"]')
            case Name(id):
                return ast.Name(self.emitter.called.get(id, id))
            case Local(index):
                return ast.Name(self.emitter.line_names[index])
        raise AssertionError

    def _lines(self, roots: Iterable[Arg], done: Collection[int], code: Code) -> set[int]:
        """Lines for what `roots` need beyond `done`; returns what is done then.

        Choices by the same flag are made together: a branch computes once what several of them
        need. They wait until a line reads one of them.
        """
        done, waiting = set(done), dict[Arg, list[int]]()
        for index in self.emitter.demanded(list(roots), done):
            args, lazy = self.program.statements[index].args, self.facts.primitive(index).lazy
            flag = args[0] if lazy else None
            read = needed(self.program, [Local(index)], within_step(self.program))
            for other in [each for each in waiting if each != flag]:
                if read & {*map(Local, waiting[other])}:
                    done |= self._choose(other, waiting.pop(other), done, code)
            if flag is not None:
                waiting.setdefault(flag, []).append(index)
                continue
            code.assign(
                self.emitter.line_names[index], self.values.line(self.emitter, index, self.leaf)
            )
            done.add(index)
        for flag, choices in waiting.items():
            done |= self._choose(flag, choices, done, code)
        return done

    def _choose(self, flag: Arg, choices: list[int], done: Collection[int], code: Code) -> set[int]:
        """Lines that make choices by one flag; returns the choices."""
        branches: list[list[tuple[Code, str, ast.expr]]] = [[], []]
        for at, branch in enumerate(branches, start=1):
            made = set(done)
            for index in choices:
                block, arg = code.inner(), self.program.statements[index].args[at]
                if self._is_only_for(arg, index) and isinstance(arg, Local):
                    made = self._lines(self.emitter.reads(arg.index), made, block)
                    value = self.values.line(self.emitter, arg.index, self.leaf)
                else:
                    value = self._chosen(arg, self.emitter.kind(Local(index)))
                    made = self._lines([arg], made, block)
                made.add(index)
                branch.append((block, self.emitter.line_names[index], value))
        code.choose(condition(self.emitter, self.values, flag, self.leaf), *branches)
        return {*choices}

    def _is_only_for(self, arg: Arg, choice: int) -> bool:
        """True if a value without a name is an array that nothing but a choice reads."""
        if not isinstance(arg, Local) or self.facts.primitive(arg.index).lazy:
            return False
        same = self.emitter.kind(arg) is self.emitter.kind(Local(choice))
        named = self.program.statements[arg.index].name is not None
        array = same and not named and not self.values.is_number(arg)
        return array and len(readers(self.program)[arg]) == 1

    def _chosen(self, arg: Arg, kind: Kind) -> ast.expr:
        """The value of a branch of `when`, as a tensor of its own."""
        value = self.emitter.value(arg, self.leaf)
        if self.emitter.kind(arg) is not kind or self.values.is_number(arg):
            return self.values.lifted(value, kind)
        if isinstance(arg, Name) and kind is not Kind.GLOBAL:
            return self.values.copy_of(value, kind)
        return value

    def _renewals(self, code: Code, done: Collection[str] = ()) -> list[ast.expr]:
        """Calls that renew the slots but `done`; in `code`, copies of what those overwrite."""
        calls = []
        for slot, update in zip(self.slots, self.nexts, strict=True):
            if update == Name(slot) or slot in done:
                continue
            value, kind = self.emitter.value(update, self.leaf), self.emitter.kind(update)
            if self._may_be(update):
                label = self.emitter.names.take(f"{safe(slot)}_next")
                code.assign(label, self.values.copy_of(value, kind))
                value = ast.Name(label)
            home, held = self.leaf(Name(slot)), self.program.slots[slot].kind
            calls.append(self.values.next_value(home, update, value, held))
        return calls

    def _may_be(self, arg: Arg) -> bool:
        """True if a value may be, or look into, the very tensor of the parameter or of a slot.

        What maps number by number makes a new tensor; a function of the file may return what it
        got, or a view of it.
        """
        match arg:
            case Name(id):
                return id == "w" or id in self.slots
            case Local(index) if not self.is_new(index):
                return any(map(self._may_be, self.program.statements[index].args))
        return False

    def is_new(self, index: int) -> bool:
        """True if a statement makes a tensor of its own."""
        primitive, kind = self.facts.primitive(index), self.emitter.kind(Local(index))
        numbers = kind in (Kind.SCALAR, Kind.GLOBAL)
        return numbers or primitive.signature.elementwise or makes_new(primitive)

    def _heads(self, code: Code, renewed: Mapping[str, str] | None = None) -> Code:
        """The first lines of the body: what the others read of the state and the group."""
        heads = Code(12)
        heads.write("w, state = self._open(p)")
        if "g" in code.uses and self.values.gathers:
            heads.assign("g", self.values.whole(ast.Name("g")))
        if "t" in code.uses:
            count = self.values.declared.function("_count")
            heads.assign("t", call(count, expression('state["step"]')))
        if renewed:
            labels = [*renewed.values()]
            parts = [f'state["{self.values.keys[slot]}"]' for slot in renewed]
            whole = f"{', '.join(labels)} = {', '.join(parts)}"
            if heads.indent + len(whole) <= WIDTH:
                heads.write(whole)
            else:
                for label, part in zip(labels, parts, strict=True):
                    heads.write(f"{label} = {part}")
        self.front.parameters.read(heads, code.uses)
        return heads

    def _opening(self, code: Code, heads: Code) -> list[str]:
        """The line that opens the loop."""
        group = "group" if "group" in heads.uses else "_"
        gradient = "g" if "g" in code.uses else "_"
        target = f"{group}, p, {gradient}"
        zipped = self.zipped()
        if not zipped:
            return [f"        for {target} in ready:"]
        labels = ", ".join(self.emitter.line_names[arg.index] for arg in zipped)
        lists = [self.front.list_of(arg) for arg in zipped]
        before = f"for ({target}), {labels} in zip("
        return layout(8, before, ["ready", *lists, "strict=True"], "):")

    def zipped(self) -> list[Local]:
        """The lists made before the loop that its lines read."""
        made = [Local(index) for index in sorted(self.ready)]
        inside = within_step(self.program)
        roots = [self.program.result, *self.nexts]
        read = needed(self.program, roots, lambda arg: () if arg in made else inside(arg))
        return [arg for arg in made if arg in read and self.emitter.kind(arg) is not Kind.GLOBAL]


def with_names(node: ast.expr, homes: Mapping[str, ast.expr]) -> ast.expr:
    """An expression in which what the state holds goes by a name."""
    return rewritten(node, lambda part: homes.get(show(part), part))
