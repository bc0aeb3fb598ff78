"""A program as a PyTorch file.

A rule that works parameter by parameter becomes one loop. Where it needs the whole model (a global
norm, an oracle), lists with one value per parameter are made before that loop, for what such
statements read and for nothing else. Numbers of the model (Global values that depend on the whole
model, and Global slots) exist once and read the hyperparameters of the first group.
"""

import ast
import builtins
import re
from collections.abc import Callable

from dsl.errors import ExportError
from dsl.export.emit import Emitter, Facts, Resolve, camel_case, header, prose, safe, update_of
from dsl.export.expressions import (
    WIDTH,
    call,
    expression,
    fill,
    format_float,
    layout,
    name,
    names_in,
    number,
    show,
    suite,
)
from dsl.initialisers import INITIALISERS, Init
from dsl.kinds import Kind
from dsl.program import Arg, Const, Local, Name, Program
from dsl.registry import PRIMITIVES, Primitive, Scope

_RESERVED = {
    *("torch", "Any", "Callable", "Iterable", "self", "closure", "loss", "ready", "model", "group"),
    *("p", "state", "g", "t", "T", "params", "maximize", "seed", "horizon", "betas", "value"),
    *dir(builtins),
}
_PLAIN = (ast.Add, ast.Sub, ast.Mult)
_NUMBERS_ALLOWED = {"torch.clamp": 0, "torch.where": 1}
"""Functions that take Python numbers, as long as this many of the last arguments are tensors."""

_HELPERS = {
    "_number": '''
def _number(value: float, like: torch.Tensor | None = None) -> torch.Tensor:
    """A number as a tensor without axes, in the dtype of `like` or else float64."""
    if like is None:
        return torch.as_tensor(value, dtype=torch.float64)
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)
''',
    "_spread": '''
def _spread(value: torch.Tensor | float, like: torch.Tensor) -> torch.Tensor:
    """A number in the shape and dtype of `like`."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand_as(like)
''',
}

_METHODS = {
    "_draw": '''
    def _draw(self, kind: str, p: torch.Tensor, stream: float) -> torch.Tensor:
        """Random numbers like `p`; a stream is the same however often a step reads it."""
        state = self.state[p]
        mixed = 0
        for part in (self.param_groups[0]["seed"], state["step"], state["index"], stream):
            mixed = (mixed * 6364136223846793005 + int(part) + 1442695040888963407) % 2**63
        generator = torch.Generator(device=p.device).manual_seed(mixed)
        if kind == "normal":
            return torch.randn(p.shape, generator=generator, dtype=p.dtype, device=p.device)
        signs = torch.randint(0, 2, p.shape, generator=generator, device=p.device)
        return (2 * signs - 1).to(p.dtype)
''',
    "_hvp": '''
    def _hvp(self, loss: torch.Tensor, ready: list[Any], v: list[Any]) -> list[torch.Tensor]:
        """The Hessian of the loss at the parameters, times `v`."""
        params = [p for _, p, _ in ready]
        with torch.enable_grad():
            grads = torch.autograd.grad(loss, params, create_graph=True, materialize_grads=True)
            v = [part.to(p.dtype) for part, p in zip(v, params, strict=True)]
            inner = torch.stack([(a * b).sum() for a, b in zip(grads, v, strict=True)]).sum()
        if not inner.requires_grad:
            return [torch.zeros_like(p) for p in params]
        found = torch.autograd.grad(inner, params, retain_graph=True, materialize_grads=True)
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * h for sign, h in zip(signs, found, strict=True)]
''',
    "_grad_at": '''
    def _grad_at(self, closure: Callable[[], Any], ready: list[Any], point: list[Any]) -> list[Any]:
        """The gradient of the loss at `point`."""
        params = [p for _, p, _ in ready]
        found = self._elsewhere(
            ready,
            point,
            lambda: torch.autograd.grad(closure(), params, materialize_grads=True),
        )
        signs = [-1.0 if group["maximize"] else 1.0 for group, _, _ in ready]
        return [sign * g for sign, g in zip(signs, found, strict=True)]
''',
    "_loss_at": '''
    def _loss_at(
        self, closure: Callable[[], Any], ready: list[Any], point: list[Any]
    ) -> torch.Tensor:
        """The loss at `point`."""
        loss = self._elsewhere(ready, point, closure).detach()
        return -loss if ready[0][0]["maximize"] else loss
''',
    "_elsewhere": '''
    def _elsewhere(self, ready: list[Any], point: list[Any], ask: Callable[[], Any]) -> Any:
        """What `ask` says while the parameters are at `point`."""
        kept = [p.clone() for _, p, _ in ready]
        try:
            for (_, p, _), there in zip(ready, point, strict=True):
                p.copy_(there)
            with torch.enable_grad():
                return ask()
        finally:
            for (_, p, _), here in zip(ready, kept, strict=True):
                p.copy_(here)
''',
}
_NEEDS = {"_grad_at": ("_elsewhere",), "_loss_at": ("_elsewhere",)}


def to_torch_source(
    program: Program, *, name: str | None = None, evidence: str | None = None
) -> str:
    """A Python file with the update rule as a `torch.optim.Optimizer`; it imports PyTorch only.

    `wd` becomes `weight_decay`; `b1` and `b2` (and `b3`) become `betas`. Rules that read the loss
    or ask an oracle need `step(closure)`.

    **Arguments:** `name`: the optimizer's name, the program's by default. `evidence`: text for the
    header, e.g. the campaign and its results.
    **Raises:** ExportError if the program holds what PyTorch cannot express.
    """
    program = program.renamed(name) if name else program
    return _File(program, evidence).text()


class _File:
    """One PyTorch file."""

    def __init__(self, source: Program, evidence: str | None):
        self.facts = Facts.of(source)
        self.evidence = evidence
        self.title = camel_case(source)
        self.betas = _betas(self.facts.program)
        self.emit = _Lines(self.facts, _RESERVED | {self.title}, self.betas)

    def text(self) -> str:
        body = self.class_body()
        helpers = [h for h in self.emit.helpers.values()]
        lines = [*self.docstring(), "", *self.imports("\n".join([*body, *helpers]))]
        for helper in helpers:
            lines += ["", "", *helper.strip("\n").split("\n")]
        return "\n".join([*lines, "", "", *body]) + "\n"

    def docstring(self) -> list[str]:
        summary = (self.facts.source.doc or f"{self.title}, an update rule.").strip()
        first, *rest = prose(summary, 0)
        return [f'"""{first}', *rest, "", *header(self.facts, self.evidence), '"""']

    def imports(self, text: str) -> list[str]:
        collections = [n for n in ("Callable", "Iterable") if f"{n}[" in text]
        lines = [f"from collections.abc import {', '.join(collections)}"] if collections else []
        return [*lines, "from typing import Any", "", "import torch"]

    def hypers(self) -> list[tuple[str, str, str]]:
        """Name, type and default of each hyperparameter, as the constructor has them."""
        made = []
        values = self.facts.program.hyperparameters
        for hyper, value in values.items():
            if hyper in self.betas:
                if hyper == self.betas[0]:
                    inner = ", ".join(format_float(values[b]) for b in self.betas)
                    kinds = ", ".join(["float"] * len(self.betas))
                    made.append(("betas", f"tuple[{kinds}]", f"({inner})"))
            else:
                kind = "float | torch.Tensor" if hyper == "lr" else "float"
                made.append((self.emit.keys[hyper], kind, format_float(value)))
        return sorted(made, key=lambda h: h[0] != "lr")

    def class_body(self) -> list[str]:
        step = self.step()
        lines = [f"class {self.title}(torch.optim.Optimizer):"]
        lines += self.class_docstring()
        lines += ["", *self.constructor(), "", *self.set_state(), "", *step, "", *self.ready()]
        if self.emit.model_slots or self.emit.model_time:
            lines += ["", *self.model_state()]
        for method in self.emit.methods:
            lines += ["", *_METHODS[method].strip("\n").split("\n")]
        return lines

    def class_docstring(self) -> list[str]:
        known = {
            "lr": "the learning rate.",
            "betas": "the constants of the averages.",
            "eps": "a small number that keeps a denominator from zero.",
            "weight_decay": "the strength of the weight decay.",
        }
        entries = ["params: parameters to optimize, or groups of them."]
        for hyper, _, _ in self.hypers():
            entries.append(
                f"{hyper}: {known.get(hyper, 'a constant of the rule, see the formula.')}"
            )
        if "T" in self.facts.reads:
            entries.append("horizon: the number of steps of the whole training.")
        entries.append("maximize: climb instead of descend.")
        if self.facts.noisy:
            entries.append("seed: seeds the noise.")
        lines = [f'    """{self.title}; the formula heads this file.', ""]
        if self.needs_closure:
            what = "The gradients are those of `backward()`, called before `step`."
            if not self.facts.oracles:
                what = "It may call `backward()`, as for other optimizers."
            lines += prose(
                "`step` needs a closure that returns the loss of the batch at the present "
                + ("parameters, and does not call `backward()`. " if self.facts.oracles else "")
                + ("parameters. " if not self.facts.oracles else "")
                + what,
                4,
            )
            lines.append("")
        return [*lines, "    Args:", *(f"        {e}" for e in entries), '    """']

    @property
    def needs_closure(self) -> bool:
        return self.facts.oracles or "loss" in self.facts.reads

    def constructor(self) -> list[str]:
        params = ["self", "params: Any"]
        params += [f"{label}: {kind} = {value}" for label, kind, value in self.hypers()]
        params.append("*")
        params += ["horizon: int"] if "T" in self.facts.reads else []
        params.append("maximize: bool = False")
        params += ["seed: int = 0"] if self.facts.noisy else []
        lines = layout(4, "def __init__(", params, ") -> None:")
        for label, _, _ in self.hypers():
            lines += self.check(label)
        keys = [label for label, _, _ in self.hypers()]
        keys += ["horizon"] if "T" in self.facts.reads else []
        keys += ["maximize"] + (["seed"] if self.facts.noisy else [])
        entries = [f'"{key}": {key}' for key in keys]
        line = f"        defaults = {{{', '.join(entries)}}}"
        if len(line) > 100:
            lines += ["        defaults = {", *(f"            {e}," for e in entries), "        }"]
        else:
            lines.append(line)
        return [*lines, "        super().__init__(params, defaults)"]

    def check(self, label: str) -> list[str]:
        """What refuses a hyperparameter out of range, in PyTorch's words."""
        values = self.facts.program.hyperparameters
        if label == "betas":
            if not all(0 <= values[b] < 1 for b in self.betas):
                return []
            return [
                "        for index, beta in enumerate(betas):",
                "            if not 0.0 <= beta < 1.0:",
                "                raise ValueError("
                'f"Invalid beta parameter at index {index}: {beta}")',
            ]
        words = {
            "lr": "learning rate",
            "eps": "epsilon value",
            "weight_decay": "weight_decay value",
        }
        program_name = next(k for k, v in self.emit.keys.items() if v == label)
        if label not in words or values[program_name] < 0:
            return []
        return [
            f"        if not {label} >= 0.0:",
            f'            raise ValueError(f"Invalid {words[label]}: {{{label}}}")',
        ]

    def set_state(self) -> list[str]:
        return [
            "    def __setstate__(self, state: dict[str, Any]) -> None:",
            "        super().__setstate__(state)",
            "        for group in self.param_groups:",
            '            group.setdefault("maximize", False)',
        ]

    def ready(self) -> list[str]:
        starts = []
        for slot, rule in self.facts.program.state:
            if rule.kind is not Kind.GLOBAL:
                starts.append(f'                    state["{slot}"] = {_start(rule, "p")}')
        if self.facts.noisy:
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
            *layout(
                20,
                "raise RuntimeError(",
                [f'"{self.title} does not support sparse gradients"'],
                ")",
            ),
            "                if torch.is_complex(p):",
            *layout(
                20,
                "raise RuntimeError(",
                [f'"{self.title} does not support complex parameters"'],
                ")",
            ),
            "                state = self.state[p]",
            "                if not state:",
            '                    state["step"] = torch.tensor(0.0, dtype=torch.float32)',
            *starts,
            '                state["step"] += 1',
            '                g = -p.grad if group["maximize"] else p.grad',
            "                ready.append((group, p, g))",
            "        return ready",
        ]

    def model_state(self) -> list[str]:
        starts = []
        if self.emit.model_time:
            starts.append('            model["step"] = torch.tensor(0.0, dtype=torch.float32)')
        for slot in self.emit.model_slots:
            start = _start(self.facts.program.slots[slot], "")
            starts.append(f'            model["{slot}"] = {start}')
        count = ['        model["step"] += 1'] if self.emit.model_time else []
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

    def step(self) -> list[str]:
        emit = self.emit
        front, loop = emit.body()
        lines = [
            "    @torch.no_grad()",
            "    def step(self, closure: Callable[[], Any] | None = None) -> Any:",
            '        """One step; returns what `closure` returns."""',
        ]
        evaluate = ["with torch.enable_grad():", "    loss = closure()"]
        if self.needs_closure:
            message = f"{self.title}.step needs a closure that returns the loss"
            lines += ["        if closure is None:"]
            lines += layout(12, "raise RuntimeError(", [f'"{message}"'], ")")
            lines += [f"        {line}" for line in evaluate]
        else:
            lines += ["        loss = None", "        if closure is not None:"]
            lines += [f"            {line}" for line in evaluate]
        lines.append("        ready = self._ready()")
        text = "\n".join([*front, *loop])
        if front or emit.model_slots or "value" in re.findall(r"\w+", text):
            lines += ["        if not ready:", "            return loss"]
        if emit.model_slots or emit.model_time:
            lines.append("        model = self._model_state()")
        if "value" in re.findall(r"\w+", text):
            lines.append("        value = torch.as_tensor(loss).detach()")
            lines.append('        value = -value if ready[0][0]["maximize"] else value')
        return [*lines, *front, *loop, "        return loss"]


def _betas(program: Program) -> list[str]:
    """The hyperparameters that PyTorch calls `betas`."""
    hypers = program.hyperparameters
    if "b1" not in hypers or "b2" not in hypers:
        return []
    found, at = [], 1
    while f"b{at}" in hypers:
        found.append(f"b{at}")
        at += 1
    return found


def _start(rule: Init, p: str) -> str:
    """The expression for the first value of a slot."""
    declared = INITIALISERS[rule.rule]
    params = declared.fill.__code__.co_varnames[2 : declared.fill.__code__.co_argcount]
    values = dict(zip(params, map(number, rule.args), strict=True))
    template = _parsed(declared.torch)
    return show(fill(template, {**{f"_{k}": v for k, v in values.items()}, "_w": name(p)}))


def _parsed(template: str) -> ast.expr:
    """A template as a syntax tree in which `{x}` is the name `_x`."""
    return expression(re.sub(r"\{(\w+)\}", r"_\1", template))


class _Lines(Emitter):
    """The lines of `step`."""

    def __init__(self, facts: Facts, reserved: set[str], betas: list[str]):
        self.helpers: dict[str, str] = {}
        self.methods: list[str] = []
        self.betas = betas
        hypers = facts.program.hyperparameters
        own = {
            h: safe(h, {"params", "maximize", "seed", "horizon", "betas", "lr_"}) for h in hypers
        }
        self.keys = {**own, **({"wd": "weight_decay"} if "wd" in hypers else {})}
        for beta in betas:
            self.keys.pop(beta)
        self._is_number: dict[int, bool] = {}
        self._depends: dict[int, bool] = {}
        self.model_slots = [s for s, i in facts.program.state if i.kind is Kind.GLOBAL]
        self.model_time = False
        super().__init__(facts, reserved | {f"_{op}" for op in PRIMITIVES})

    # Expressions

    def is_number(self, arg: Arg) -> bool:
        """Whether a value is a Python number when it is read."""
        match arg:
            case Const():
                return True
            case Name(id):
                return id in self.program.hyperparameters or id == "T"
            case Local(index):
                if index not in self._is_number:
                    statement = self.program.statements[index]
                    primitive = self.primitive(index)
                    self._is_number[index] = (
                        not self.own_line(index)
                        and primitive.signature.elementwise
                        and _plain_template(primitive)
                        and all(map(self.is_number, statement.args))
                    )
                return self._is_number[index]

    def build(self, index: int, operands: list[ast.expr]) -> ast.expr:
        primitive = self.primitive(index)
        statement = self.program.statements[index]
        if self.own_line(index) and not _drawn(primitive):
            return call("f", *operands)
        whole = self.kind(Local(index)) is Kind.GLOBAL
        like = [] if whole else [name("p")]
        numbers = [self.is_number(arg) for arg in statement.args]
        if not primitive.signature.elementwise:
            wants = self.wanted(index)
            for at, (arg, want) in enumerate(zip(statement.args, wants, strict=True)):
                if want is Kind.TENSOR and self.kind(arg) is not Kind.TENSOR:
                    operands[at] = call(self.use("_spread"), operands[at], *like)
                    numbers[at] = False
        if _is_function(primitive):
            return call(self.helper(primitive), *operands)
        template = _parsed(primitive.torch)
        marked = dict(zip(primitive.params, numbers, strict=True))
        template = self.with_tensors(template, marked, like)
        dtype = name("torch.float64" if whole else "p.dtype")
        values = {f"_{p}": o for p, o in zip(primitive.params, operands, strict=True)}
        return fill(template, {**values, "_p": name("p"), "_dtype": dtype})

    def with_tensors(
        self, template: ast.expr, numbers: dict[str, bool], like: list[ast.expr]
    ) -> ast.expr:
        """The template with numbers made tensors where PyTorch takes no number, or would raise."""

        def plain_number(node: ast.expr) -> bool:
            match node:
                case ast.Name(id):
                    return numbers.get(id.removeprefix("_"), False)
                case ast.Constant():
                    return True
                case ast.UnaryOp(operand=x):
                    return plain_number(x)
                case ast.BinOp(left=x, right=y) | ast.Compare(left=x, comparators=[y]):
                    return plain_number(x) and plain_number(y)
            return False

        def tensor(node: ast.expr) -> ast.expr:
            return call(self.use("_number"), node, *like)

        def visit(node: ast.expr) -> ast.expr:
            match node:
                case ast.BinOp(left=x, op=op, right=y):
                    raises = not isinstance(op, _PLAIN) and plain_number(node)
                    constant = isinstance(x, ast.Constant) and isinstance(y, ast.Constant)
                    left = tensor(x) if raises and not constant else visit(x)
                    return ast.BinOp(left, op, visit(y))
                case ast.UnaryOp(op=op, operand=x):
                    return ast.UnaryOp(op, visit(x))
                case ast.Compare(left=x, ops=ops, comparators=[y]):
                    left = tensor(x) if plain_number(node) else visit(x)
                    return ast.Compare(left, ops, [visit(y)])
                case ast.Call(func=ast.Attribute(value=ast.Name("torch")) as func, args=args):
                    free = _NUMBERS_ALLOWED.get(show(func))
                    rest = [plain_number(a) for a in args[1:]]
                    lenient = free is not None and (all(rest) if free == 0 else not all(rest))
                    made = [
                        tensor(a)
                        if plain_number(a)
                        and not isinstance(a, ast.Constant | ast.Compare)
                        and not (lenient and at > 0)
                        else visit(a)
                        for at, a in enumerate(args)
                    ]
                    return ast.Call(func, made, node.keywords)
                case ast.Call(func=func, args=args):
                    return ast.Call(func, [visit(a) for a in args], node.keywords)
            return node

        def methods(node: ast.expr) -> ast.expr:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                inner = node.func.value
                if not isinstance(inner, ast.Name):
                    func = ast.Attribute(visit(inner), node.func.attr)
                    return ast.Call(func, node.args, node.keywords)
            return visit(node)

        return methods(template)

    def use(self, helper: str) -> str:
        """The name of a function that the file then holds."""
        self.helpers.setdefault(helper, _HELPERS[helper])
        return helper

    def helper(self, primitive: Primitive) -> str:
        """The name of the function of the file that holds the declaration's text."""
        text = primitive.torch.strip("\n")
        last = re.findall(r"^def (\w+)", text, re.MULTILINE)[-1]
        self.helpers.setdefault(last, text)
        return last

    def display(self, arg: Arg) -> str:
        if isinstance(arg, Name) and arg.id in self.program.slots:
            return f'state["{arg.id}"]'
        return super().display(arg)

    # What works on the whole model

    def of_model(self, arg: Arg) -> bool:
        """Whether a value is made once for the model: see the head of this file."""
        match arg:
            case Name(id):
                return id in self.model_slots
            case Local(index):
                if index not in self._depends:
                    self._depends[index] = self._of_model(index)
                return self._depends[index]
        return False

    def _of_model(self, index: int) -> bool:
        primitive = self.primitive(index)
        if primitive.scope is Scope.MODEL or primitive.oracle:
            return True
        args = self.program.statements[index].args
        if self.kind(Local(index)) is Kind.GLOBAL:
            return any(map(self.of_model, args))
        if primitive.lazy:
            behind = {b for at in primitive.lazy for b in self.behind(args[at])}
            return any(
                self.primitive(b).scope is Scope.MODEL or self.primitive(b).oracle for b in behind
            )
        return False

    # Lines

    def body(self) -> tuple[list[str], list[str]]:
        """The lines before the loop over parameters, and that loop."""
        self.model_reads: set[str] = set()
        self.written: list[str] = []
        self.list_names: dict[Arg, str] = {}
        self.model_names: dict[int, str] = {}
        self.ready_names: set[tuple[int, str]] = set()
        updates = update_of(self.program)
        for slot in self.model_slots:
            self.before(updates[slot], "model", 8)
        leaf_slots = [s for s in self.program.slots if s not in self.model_slots]
        roots = [self.program.result, *(updates[s] for s in leaf_slots)]
        for index in sorted(self.needed_of_model(roots)):
            self.before(Local(index), "model", 8)
        front = self.written
        loop = self.loop(roots, leaf_slots)
        ends = []
        for slot in self.model_slots:
            update = updates[slot]
            text = show(self.value(update, self.model))
            method = "fill_" if self.is_number(update) else "copy_"
            ends.append(f'        model["{slot}"].{method}({text})')
        heads = self.hyper_lines(self.model_reads, 8)
        if heads:
            heads.insert(0, "        group = ready[0][0]")
        if "t" in self.model_reads:
            self.model_time = True
            heads.append('        t = model["step"].double()')
        lists = [f"        {label} = {text}" for label, text in self.list_sources().items()]
        return [*lists, *heads, *front], [*loop, *ends]

    def needed_of_model(self, roots: list[Arg]) -> set[int]:
        """The statements made once for the model that the loop over parameters reads."""
        found: set[int] = set()
        seen: set[int] = set()
        stack = list(roots)
        while stack:
            arg = stack.pop()
            if not isinstance(arg, Local) or arg.index in seen:
                continue
            seen.add(arg.index)
            if self.of_model(arg) and arg.index not in self.inline:
                found.add(arg.index)
            else:
                stack.extend(self.program.statements[arg.index].args)
        return found

    def before(self, arg: Arg, place: str, indent: int) -> None:
        """Lines before the loop that make `arg`: a number of the model, or a list (`"list"`)."""
        if not isinstance(arg, Local):
            return
        index = arg.index
        statement = self.program.statements[index]
        if self.of_model(arg):
            place = "model"
        if index in self.inline:
            for a in statement.args:
                self.before(a, place, indent)
            return
        if (index, place) in self.ready_names:
            return
        primitive = self.primitive(index)
        tensors = self.kind(arg) is not Kind.GLOBAL
        if primitive.lazy and (place == "model" or tensors):
            self.choose_before(index, indent)
        elif primitive.scope is Scope.MODEL or primitive.oracle:
            wants = self.wanted(index)
            for a, want in zip(statement.args, wants, strict=True):
                self.before(a, "model" if want is Kind.GLOBAL else "list", indent)
            parts = [
                show(self.value(a, self.model))
                if want is Kind.GLOBAL
                else self.as_list(a, want, indent)
                for a, want in zip(statement.args, wants, strict=True)
            ]
            label = self.label_before(index)
            if primitive.oracle:
                template = _parsed(primitive.torch)
                values = zip(primitive.params, map(name, parts), strict=True)
                made = fill(template, {f"_{p}": v for p, v in values})
                assert isinstance(made, ast.Call)
                self.need_method(show(made.func))
                self.written += layout(
                    indent, f"{label} = {show(made.func)}(", [show(a) for a in made.args], ")"
                )
            else:
                function = self.helper(primitive)
                self.written += layout(indent, f"{label} = {function}(", parts, ")")
        elif tensors or place == "list":
            for a in self.reads(index):
                self.before(a, "list", indent)
            label = self.label_before(index)
            text = self.comprehension(lambda r: self.line_expression(index, r))
            self.written += _comprehension(indent, f"{label} = ", *text)
        else:
            for a in self.reads(index):
                self.before(a, "model", indent)
            label = self.model_label(index)
            self.written += suite(indent, f"{label} = ", show(self.expression(index, self.model)))
        self.ready_names.add((index, place))

    def line_expression(self, index: int, resolve: Resolve) -> ast.expr:
        """The expression of a line; a draw asks a method of the class."""
        if _drawn(self.primitive(index)):
            self.need_method("self._draw")
        return self.expression(index, resolve)

    def need_method(self, function: str) -> None:
        """Note that the class needs the method `self.<...>`."""
        label = function.removeprefix("self.")
        if label not in _METHODS:
            raise ExportError(f"a PyTorch file cannot express '{label.strip('_')}'")
        for method in (label, *_NEEDS.get(label, ())):
            if method not in self.methods:
                self.methods.append(method)

    def label_before(self, index: int) -> str:
        """The name of a list or a number of the model made before the loop."""
        if self.kind(Local(index)) is Kind.GLOBAL and self.of_model(Local(index)):
            return self.model_label(index)
        return self.list_name(Local(index))

    def model_label(self, index: int) -> str:
        """The name of a number of the model; not the one that the loop gives its own number."""
        if index not in self.model_names:
            label = self.line_names[index]
            if not self.of_model(Local(index)):
                label = self.names.take(f"{label}_all")
            self.model_names[index] = label
        return self.model_names[index]

    def list_name(self, arg: Arg) -> str:
        """The name of the list that holds a value for every parameter."""
        if arg not in self.list_names:
            match arg:
                case Name("w"):
                    wanted = "ps"
                case Name(id) if id in self.program.slots:
                    wanted = f"old_{safe(id)}s"
                case Name(id):
                    wanted = f"{self.called.get(id, id)}s"
                case Local(index):
                    wanted = f"{self.line_names[index]}s"
                case _:
                    raise AssertionError
            self.list_names[arg] = self.names.take(wanted)
        return self.list_names[arg]

    def model(self, arg: Arg) -> ast.expr:
        """A number of the model before the loop, as an expression."""
        match arg:
            case Name(id) if id in self.model_slots:
                return name(f'model["{id}"]')
            case Name("loss"):
                return name("value")
            case Name(id):
                self.model_reads.add(id)
                return name(self.called.get(id, id))
            case Local(index):
                return name(self.model_label(index))
        raise AssertionError

    def element(self, arg: Arg) -> str:
        """The name of one entry of a list."""
        match arg:
            case Name("w"):
                return "p"
            case Name(id) if id in self.program.slots:
                return f"old_{safe(id)}"
            case Name(id):
                return self.called.get(id, id)
            case Local(index):
                return self.line_names[index]
        raise AssertionError

    def comprehension(
        self, make: Callable[[Resolve], ast.expr]
    ) -> tuple[str, list[str], list[str]]:
        """Expression, variables and lists of a list made entry by entry."""
        lists: dict[Arg, str] = {}

        def resolve(arg: Arg) -> ast.expr:
            once = arg == Name("loss") or (self.kind(arg) is Kind.GLOBAL and self.of_model(arg))
            if once:
                return self.model(arg)
            lists.setdefault(arg, self.element(arg))
            return name(self.element(arg))

        made = make(resolve)
        words = {word.split(".")[0] for word in names_in(made)}
        if "p" in words or not lists:
            lists.setdefault(Name("w"), "p")
        return show(made), list(lists.values()), [self.list_name(arg) for arg in lists]

    def as_list(self, arg: Arg, want: Kind, indent: int) -> str:
        """A list with the value for every parameter, lifted to `want`."""
        have = self.kind(arg)
        if have is want or (have is not Kind.GLOBAL and want is Kind.SCALAR):
            return self.list_name(arg)
        label = self.names.take("spread")
        function = self.use("_number" if want is Kind.SCALAR else "_spread")
        text = self.comprehension(lambda r: call(function, self.value(arg, r), name("p")))
        self.written += _comprehension(indent, f"{label} = ", *text)
        return label

    def choose_before(self, index: int, indent: int) -> None:
        """`when` before the loop: an `if` whose branches make a list, or a number."""
        flag, *branches = self.program.statements[index].args
        kind = self.kind(Local(index))
        self.before(flag, "model", indent)
        whole = kind is Kind.GLOBAL
        label = self.model_label(index) if whole else self.list_name(Local(index))
        test = self.test(flag, self.model)
        outside, bodies = self.written, []
        for arg in branches:
            self.written = []
            made = set(self.ready_names)
            self.before(arg, "model" if whole else "list", indent + 4)
            if whole:
                value = self.value(arg, self.model)
                value = call(self.use("_number"), value) if self.is_number(arg) else value
                text = show(value)
            else:
                text = self.as_list(arg, kind, indent + 4)
            self.written += suite(indent + 4, f"{label} = ", text)
            self.ready_names = made
            bodies.append(self.written)
        self.written = outside + _branches(indent, label, test, *bodies)

    def test(self, flag: Arg, resolve: Resolve) -> str:
        """The condition of an `if`."""
        value = self.value(flag, resolve)
        if (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and value.func.attr == "to"
            and isinstance(value.func.value, ast.Compare)
        ):
            return show(value.func.value)
        return show(ast.Compare(value, [ast.NotEq()], [ast.Constant(0)]))

    # The loop over parameters

    def leaf(self, arg: Arg) -> ast.expr:
        """A value inside the loop."""
        match arg:
            case Name("w"):
                return name("p")
            case Name("g"):
                return name("g")
            case Name("loss"):
                return name("value")
            case Name(id) if id in self.model_slots:
                return name(f'model["{id}"]')
            case Name(id) if id in self.program.slots:
                return name(f'state["{id}"]')
            case Name(id):
                self.loop_reads.add(id)
                return name(self.called.get(id, id))
            case Local(index):
                return name(self.line_names[index])
        raise AssertionError

    def loop(self, roots: list[Arg], slots: list[str]) -> list[str]:
        """The loop that moves every parameter."""
        lines: list[str] = []
        self.loop_reads: set[str] = set()
        updates = update_of(self.program)
        made = {index for index, _ in self.ready_names if self._in_loop_ready(index)}
        zipped = sorted(
            index
            for index in made
            if self.kind(Local(index)) is not Kind.GLOBAL and self._read_in_loop(index, roots, made)
        )
        done = set(made)
        result = self.program.result
        last = None
        if isinstance(result, Local) and self._only_result(result) and result.index not in made:
            args = list(self.program.statements[result.index].args)
            text = show(self.line_expression(result.index, self.leaf))
            if len(text) <= 80 and not self.own_line(result.index):
                last = text
                roots = [*args, *roots[1:]]
        self.leaf_lines(roots, done, lines, 12)
        ends: list[str] = []
        for slot in slots:
            update = updates[slot]
            if update == Name(slot):
                continue
            text = show(self.value(update, self.leaf))
            if isinstance(update, Name) and (update.id == "w" or update.id in slots):
                label = self.names.take(f"{safe(slot)}_next")
                lines.append(f"            {label} = {text}.clone()")
                text = label
            method = "fill_" if self.is_number(update) else "copy_"
            ends.append(f'            state["{slot}"].{method}({text})')
        last = last or show(self.value(result, self.leaf))
        lines += [f"            p.sub_({last})", *ends]
        heads = self.hyper_lines(self.loop_reads, 12)
        words = set(re.findall(r"\w+", "\n".join(lines)))
        if "t" in self.loop_reads:
            heads.insert(0, '            t = self.state[p]["step"].double()')
        if "state" in words:
            heads.insert(0, "            state = self.state[p]")
            heads = [h.replace("self.state[p][", "state[") for h in heads]
        labels = [self.line_names[index] for index in zipped]
        group = "group" if any("group[" in h for h in heads) else "_"
        gradient = "g" if "g" in words else "_"
        if not labels:
            return [f"        for {group}, p, {gradient} in ready:", *heads, *lines]
        lists = ", ".join(self.list_name(Local(index)) for index in zipped)
        first = f"for ({group}, p, {gradient}), {', '.join(labels)} in "
        opened = layout(8, f"{first}zip(", ["ready", *lists.split(", "), "strict=True"], "):")
        return [*opened, *heads, *lines]

    def _only_result(self, result: Local) -> bool:
        reads = [a for s in self.program.statements for a in s.args]
        named = self.program.statements[result.index].name
        return result not in reads and result not in self.program.updates and named is None

    def _in_loop_ready(self, index: int) -> bool:
        if self.kind(Local(index)) is Kind.GLOBAL:
            return self.of_model(Local(index))
        return True

    def _read_in_loop(self, index: int, roots: list[Arg], made: set[int]) -> bool:
        stack, seen = list(roots), set()
        while stack:
            arg = stack.pop()
            if isinstance(arg, Local) and arg.index not in seen:
                if arg.index == index:
                    return True
                seen.add(arg.index)
                if arg.index not in made:
                    stack.extend(self.program.statements[arg.index].args)
        return False

    def leaf_lines(self, roots: list[Arg], done: set[int], lines: list[str], indent: int) -> None:
        """Lines of the loop for what `roots` need."""
        for index in self.demanded(roots, done):
            primitive = self.primitive(index)
            label = self.line_names[index]
            if primitive.lazy:
                flag, *branches = self.program.statements[index].args
                kind = self.kind(Local(index))
                bodies = []
                for arg in branches:
                    body: list[str] = []
                    self.leaf_lines([arg], set(done), body, indent + 4)
                    value = self.value(arg, self.leaf)
                    if self.kind(arg) is not kind or self.is_number(arg):
                        lifted = "_spread" if kind is Kind.TENSOR else "_number"
                        like = [] if kind is Kind.GLOBAL else [name("p")]
                        value = call(self.use(lifted), value, *like)
                    elif isinstance(arg, Name) and kind is not Kind.GLOBAL:
                        value = name(f"{show(value)}.clone()")
                    bodies.append([*body, *suite(indent + 4, f"{label} = ", show(value))])
                lines += _branches(indent, label, self.test(flag, self.leaf), *bodies)
            else:
                text = show(self.line_expression(index, self.leaf))
                lines += suite(indent, f"{label} = ", text)
            done.add(index)

    # Names from the groups

    def hyper_lines(self, reads: set[str], indent: int) -> list[str]:
        """Lines that read from `group` the hyperparameters, and the horizon, among `reads`."""
        pad = " " * indent
        made = []
        used = [self.called[beta] if beta in reads else "_" for beta in self.betas]
        if set(used) - {"_"}:
            made.append(f'{pad}{", ".join(used)} = group["betas"]')
        for hyper, key in self.keys.items():
            if hyper in reads:
                made.append(f'{pad}{self.called[hyper]} = group["{key}"]')
        if "T" in reads:
            made.append(f'{pad}T = float(group["horizon"])')
        return made

    def list_sources(self) -> dict[str, str]:
        """Lists of inputs, slots and hyperparameters, one entry per parameter."""
        made: dict[str, str] = {}
        for arg, label in self.list_names.items():
            if not isinstance(arg, Name):
                continue
            id = arg.id
            if id == "w":
                made[label] = "[p for _, p, _ in ready]"
            elif id == "g":
                made[label] = "[g for _, _, g in ready]"
            elif id == "t":
                made[label] = '[self.state[p]["step"].double() for _, p, _ in ready]'
            elif id == "T":
                made[label] = '[float(group["horizon"]) for group, _, _ in ready]'
            elif id in self.program.slots:
                made[label] = f'[self.state[p]["{id}"] for _, p, _ in ready]'
            elif id in self.betas:
                at = self.betas.index(id)
                made[label] = f'[group["betas"][{at}] for group, _, _ in ready]'
            else:
                made[label] = f'[group["{self.keys[id]}"] for group, _, _ in ready]'
        return made


def _drawn(primitive: Primitive) -> bool:
    return primitive.scope is Scope.STEP and not primitive.oracle


def _plain_template(primitive: Primitive) -> bool:
    return not _is_function(primitive) and _plain(_parsed(primitive.torch))


def _is_function(primitive: Primitive) -> bool:
    """Whether a declaration holds the text of a function, not an expression."""
    return primitive.torch.lstrip().startswith("def ")


def _plain(template: ast.expr) -> bool:
    """Whether a template holds sums, differences and products only, which never raise."""
    if isinstance(template, ast.BinOp):
        return isinstance(template.op, _PLAIN) and _plain(template.left) and _plain(template.right)
    if isinstance(template, ast.UnaryOp):
        return _plain(template.operand)
    return isinstance(template, ast.Name | ast.Constant)


def _comprehension(
    indent: int, before: str, made: str, variables: list[str], lists: list[str]
) -> list[str]:
    """`before[made for variables in zip(lists)]`, split as ruff splits it."""
    if len(lists) == 1:
        loop = f"for {variables[0]} in {lists[0]}"
    else:
        loop = f"for {', '.join(variables)} in zip({', '.join(lists)}, strict=True)"
    pad = " " * indent
    if len(f"{pad}{before}[{made} {loop}]") <= 100:
        return [f"{pad}{before}[{made} {loop}]"]
    if len(f"{pad}    {made} {loop}") <= 100:
        return [f"{pad}{before}[", f"{pad}    {made} {loop}", f"{pad}]"]
    return [f"{pad}{before}[", f"{pad}    {made}", f"{pad}    {loop}", f"{pad}]"]


def _branches(indent: int, label: str, test: str, new: list[str], old: list[str]) -> list[str]:
    """`if` and `else`, or one line where that is all it takes."""
    pad = " " * indent
    if len(new) == len(old) == 1:
        values = [line.strip().removeprefix(f"{label} = ") for line in (*new, *old)]
        line = f"{pad}{label} = {values[0]} if {test} else {values[1]}"
        if len(line) <= WIDTH:
            return [line]
    return [f"{pad}if {test}:", *new, f"{pad}else:", *old]
