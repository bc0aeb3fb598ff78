"""The method that takes the step of many parameters at once, tensors alike together."""

import ast
from dataclasses import replace
from typing import Protocol

from dsl.export.code import Code
from dsl.export.emit import Emitter
from dsl.export.expressions import fill, names_in, show
from dsl.export.layout import layout
from dsl.export.names import safe
from dsl.export.torch.foreach import ForEach
from dsl.export.torch.inplace import CodeLine
from dsl.export.torch.lines import LoopWriter
from dsl.export.torch.one_shape import OfOneShape
from dsl.export.torch.parameters import Parameters
from dsl.export.torch.values import TorchDialect


class OneByOne(Protocol):
    """The loop over single parameters."""

    values: TorchDialect
    emitter: Emitter
    parameters: Parameters


_HEAD = '''
    def _foreach(self, ready: list[Any]) -> list[Any]:
        """Take the step of groups with `foreach`, tensors alike at once; returns the others."""
        for group in self.param_groups:
            foreach = group["foreach"]
            if foreach is None:
                foreach = all(p.is_cuda for p in group["params"])
            if not foreach:
                continue
            alike: dict[Any, list[Any]] = {}
            for each, p, g in ready:
                if each is group:
                    w, state = self._open(p)
                    KEY
                    alike.setdefault(key, []).append((p, w, g, state))
            ready = [each for each in ready if each[0] is not group]
'''
"""The method of the class up to the loop over tensors alike."""


def at_once(loop: OneByOne, lines: LoopWriter, statements: list[CodeLine]) -> list[str]:
    """The method that takes the step of tensors alike at once, by the lines of the loop."""
    names = loop.emitter.names
    code, writer = Code(16), lines.writer
    spelled: dict[str, ast.expr] = {}
    each = {"w": "ws", "g": "gs"}
    heads: list[tuple[str, str]] = []
    for slot, old in lines.olds.items():
        label = lines.renewed.get(slot) or names.take(f"old_{safe(slot)}")
        spelled[old] = ast.Name(label)
        each[label] = names.take(safe(f"{safe(slot)}s"))
        home = f'state["{loop.values.keys[slot]}"]'
        heads.append((each[label], f"[{home} for state in states]"))
    statements = [replace(line, value=fill(line.value, spelled)) for line in statements]
    if any("state" in names_in(statement.value) for statement in statements):
        return []
    writer.known.tensors |= {*each}
    functions = loop.values.stacking
    given = code, writer, each, names.take
    lists = OfOneShape(*given, functions) if functions else ForEach(*given)
    lists.write(statements)
    numbers = Code(16)
    loop.parameters.read(numbers, code.uses, plain_rate=True)
    key = ["p.device", "p.dtype"]
    key += [] if loop.values.gathers else ['getattr(p, "device_mesh", None)']
    key += ["w.shape"] if functions else []
    key += ['state["step"].item()'] if loop.values.counts else []
    head = _HEAD.replace("                    KEY", "\n".join(layout(20, "key = (", key, ")")))
    head = head.replace(
        "(p, w, g, state)", f"(p, w, {show(loop.values.whole(ast.Name('g')))}, state)"
    )
    count = f"            for ({'_, ' * (len(key) - 1)}t), rows in alike.items():"
    first = functions and "w" in code.uses
    return [
        *head.strip("\n").splitlines(),
        count if "t" in code.uses else "            for rows in alike.values():",
        "                ps, ws, gs, states = zip(*rows, strict=True)",
        *(["                w = ws[0]  # of the shape of all"] if first else []),
        *(f"                {label} = {rows}" for label, rows in heads if label in code.uses),
        *numbers.lines,
        *code.lines,
        "                for p, w, state in zip(ps, ws, states, strict=True):",
        "                    self._close(p, w, state)",
        "        return ready",
    ]
