"""A program as an Optax file.

Every line of the program is a line of `update`: a tree of one value per parameter tensor made by
`jax.tree.map`, or a number. What a primitive means is read from the source of its declaration:
a single returned expression is written in place, anything longer becomes a function of the file.
"""

import ast
import builtins
import re
from types import FunctionType, ModuleType
from typing import Any

from dsl.errors import ExportError
from dsl.export.emit import Emitter, Facts, camel_case, header, jax_body, prose, safe, update_of
from dsl.export.expressions import (
    call,
    fill,
    format_float,
    layout,
    name,
    names_in,
    number,
    rewritten,
    show,
)
from dsl.initialisers import INITIALISERS, Init
from dsl.kinds import Kind
from dsl.numbers import format_number
from dsl.program import Arg, Const, Local, Name, Program
from dsl.registry import PRIMITIVES, Primitive, Scope

_HOST_NAMES = {"lr": "learning_rate", "wd": "weight_decay"}
_RESERVED = {
    *("jax", "jnp", "optax", "Any", "NamedTuple", "Callable"),
    *("init", "update", "updates", "params", "state", "extra_args", "count", "key", "seed"),
    *("value", "value_fn", "horizon", "mask", "learning_rate", "weight_decay", "treedef", "t"),
    *dir(builtins),
}
_OPERATORS: dict[str, ast.operator] = {"divide": ast.Div(), "power": ast.Pow()}
"""Functions of the array namespace that an operator on arrays means exactly."""

_STEP = {
    "noise": "_noise({0}, state.key, state.count, {1}, updates)",
    "hvp": "_hvp(value_fn, params, {0})",
    "grad_at": "_grad_at(value_fn, params, {0})",
    "loss_at": "value_fn(optax.tree.cast_like({0}, params))",
}
"""How a file asks what `dsl.interpret.Step` offers."""

_STEP_HELPERS = {
    "noise": '''
def _noise(
    sample: Callable[..., jax.Array], key: jax.Array, count: jax.Array, stream: Any, like: Any
) -> Any:
    """Random numbers shaped like `like`; a stream is the same however often a step reads it."""
    key = jax.random.fold_in(jax.random.fold_in(key, count), jnp.asarray(stream).astype(jnp.int32))
    leaves, treedef = jax.tree.flatten(like)
    keys = jax.random.split(key, len(leaves))
    draws = [sample(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(treedef, draws)
''',
    "hvp": '''
def _hvp(value_fn: Callable[[Any], Any], params: Any, v: Any) -> Any:
    """The Hessian of the loss at `params`, times `v`."""
    return jax.jvp(jax.grad(value_fn), (params,), (optax.tree.cast_like(v, params),))[1]
''',
    "grad_at": '''
def _grad_at(value_fn: Callable[[Any], Any], params: Any, point: Any) -> Any:
    """The gradient of the loss at `point`."""
    return jax.grad(value_fn)(optax.tree.cast_like(point, params))
''',
}


def to_optax_source(
    program: Program, *, name: str | None = None, evidence: str | None = None
) -> str:
    """A Python file with the update rule as an Optax optimizer; it imports JAX and Optax only.

    A rule `lr * u` or `lr * (u + wd * w)` whose state and `u` read neither `lr` (nor `wd`) becomes
    the pair `scale_by_<name>` and `<name>`; any other becomes one transformation `<name>` that
    evaluates a learning-rate schedule itself.

    **Arguments:** `name`: the optimizer's name, the program's by default. `evidence`: text for the
    header, e.g. the campaign and its results.
    **Raises:** ExportError if the program holds what Optax cannot express.
    """
    program = program.renamed(name) if name else program
    return _File(program, evidence).text()


def _factored(facts: Facts) -> tuple[Arg, bool] | None:
    """`u` and whether weight decay is added to it, if the result is lr * u or lr * (u + wd * w)."""
    program = facts.program
    lr, wd = Name("lr"), Name("wd")
    if "lr" not in program.hyperparameters:
        return None

    def reads(args: list[Arg], name: Name) -> bool:
        stack, seen = list(args), set()
        while stack:
            arg = stack.pop()
            if arg == name:
                return True
            if isinstance(arg, Local) and arg.index not in seen:
                seen.add(arg.index)
                stack.extend(program.statements[arg.index].args)
        return False

    u = _other(program, program.result, "mul", lr)
    if u is None or reads([u, *program.updates], lr):
        return None
    if isinstance(u, Local) and program.statements[u.index].op == "add":
        sides = program.statements[u.index].args
        for core, decay in (sides, sides[::-1]):
            if _other(program, decay, "mul", wd) == Name("w") and not reads(
                [core, *program.updates], wd
            ):
                return core, True
    return u, False


def _other(program: Program, product: Arg, op: str, factor: Arg) -> Arg | None:
    """The other operand, if `product` is `op` of `factor` and something."""
    if isinstance(product, Local):
        statement = program.statements[product.index]
        if statement.op == op and factor in statement.args:
            left, right = statement.args
            return right if left == factor else left
    return None


class _File:
    """One Optax file."""

    def __init__(self, source: Program, evidence: str | None):
        facts = Facts.of(source)
        self.full = facts
        self.evidence = evidence
        self.pair = _factored(facts)
        if self.pair is not None:
            core = Program(
                **{
                    **{f: getattr(facts.program, f) for f in ("name", "inputs", "state", "hypers")},
                    "statements": facts.program.statements,
                    "updates": facts.program.updates,
                    "result": self.pair[0],
                    "doc": facts.program.doc,
                }
            )
            inner = Facts.of(core)
            facts = Facts(facts.source, inner.program, inner.reads, inner.noisy, inner.oracles)
        self.facts = facts
        self.title = camel_case(source)
        self.name = safe(source.name)
        self.state = f"ScaleBy{self.title}State" if self.pair else f"{self.title}State"
        self.transform = f"scale_by_{self.name}" if self.pair else self.name
        reserved = {*_RESERVED, self.name, self.state, self.transform}
        self.emit = _Lines(facts, reserved)

    def text(self) -> str:
        body = self.transformation()
        if self.pair is not None:
            body += ["", "", *self.alias()]
        state = self.state_class()
        lines = [*self.docstring(), "", *self.imports(body + state)]
        for constant in self.emit.constants:
            lines += ["", constant]
        for helper in self.emit.helpers.values():
            lines += ["", "", *helper.strip("\n").split("\n")]
        return "\n".join([*lines, "", "", *state, "", "", *body]) + "\n"

    def docstring(self) -> list[str]:
        summary = (self.full.source.doc or f"{self.title}, an update rule.").strip()
        first, *rest = prose(summary, 0)
        return [f'"""{first}', *rest, "", *header(self.full, self.evidence), '"""']

    def imports(self, body: list[str]) -> list[str]:
        text = "\n".join([*body, *self.emit.helpers.values()])
        lines = ["from collections.abc import Callable"] if "Callable[" in text else []
        lines += ["from typing import Any, NamedTuple", ""]
        lines += ["import jax"] if re.search(r"\bjax\.", text) else []
        lines += ["import jax.numpy as jnp"] if re.search(r"\bjnp\.", text) else []
        return [*lines, "import optax"]

    def state_class(self) -> list[str]:
        lines = [f"class {self.state}(NamedTuple):", f'    """State of `{self.transform}`."""', ""]
        lines.append("    count: Any  # steps taken, int32")
        if self.facts.noisy:
            lines.append("    key: jax.Array  # seeds the noise")
        kinds = {
            Kind.TENSOR: "Any  # a tree like the parameters",
            Kind.SCALAR: "Any  # a tree of numbers, one per parameter tensor",
            Kind.GLOBAL: "jax.Array  # a number",
        }
        for slot, init in self.facts.program.state:
            lines.append(f"    {self.emit.fields[slot]}: {kinds[init.kind]}")
        return lines

    def parameters(self, facts: Facts, *, rate: bool) -> list[str]:
        """Parameters of a function that takes the hyperparameters of `facts`."""
        params = []
        for hyper, value in facts.program.hypers:
            kind = "float"
            if hyper == "lr":
                if not rate:
                    continue
                kind = "optax.ScalarOrSchedule"
            params.append(f"{self.hyper(hyper)}: {kind} = {format_float(value)}")
        params.sort(key=lambda p: not p.startswith("learning_rate:"))
        if self.pair and self.pair[1] and rate:
            params.append("mask: Any = None")
        flags = []
        if "T" in self.facts.reads:
            flags.append("horizon: int")
        if self.facts.noisy:
            flags.append("seed: int = 0")
        return [*params, "*", *flags] if flags else params

    def hyper(self, program_name: str) -> str:
        return _HOST_NAMES.get(program_name) or self.emit.called.get(
            program_name, safe(program_name, _RESERVED)
        )

    def arguments(self, facts: Facts, *, rate: bool, indent: int) -> list[str]:
        """The `Args:` section of a docstring."""
        known = {
            "lr": "the rate, a number or a schedule of the steps taken.",
            "wd": "the strength of the weight decay.",
            "eps": "a small number that keeps a denominator from zero.",
        }
        entries = []
        for hyper, _ in facts.program.hypers:
            if hyper != "lr" or rate:
                meaning = known.get(hyper, "a constant of the rule, see the formula.")
                entries.append(f"{self.hyper(hyper)}: {meaning}")
        entries.sort(key=lambda e: not e.startswith("learning_rate:"))
        if self.pair and self.pair[1] and rate:
            entries.append("mask: a tree of flags, or a function of the parameters that makes one:")
            entries.append("  which of them decay. All by default.")
        if "T" in self.facts.reads:
            entries.append("horizon: the number of steps of the whole training.")
        if self.facts.noisy:
            entries.append("seed: seeds the noise.")
        pad = " " * indent
        lines = ["", f"{pad}Args:", *(f"{pad}    {entry}" for entry in entries)] if entries else []
        extra = []
        if "loss" in self.facts.reads:
            extra.append("`value`, the loss at the parameters")
        if self.facts.oracles:
            extra.append("`value_fn`, the loss of the batch as a function of the parameters")
        if extra:
            lines += ["", *prose(f"`update` needs {'; and '.join(extra)}.", indent)]
        returns = "optax.GradientTransformationExtraArgs"
        return [*lines, "", f"{pad}Returns:", f"{pad}    An `{returns}`."]

    def alias(self) -> list[str]:
        assert self.pair is not None
        full, inner = self.full, self.facts
        lines = _function(
            0, self.name, self.parameters(full, rate=True), "optax.GradientTransformationExtraArgs"
        )
        what = "scaled by the learning rate"
        what = f"with weight decay, {what}" if self.pair[1] else what
        lines += [f'    """{self.title}: `{self.transform}` {what}.']
        lines += [*self.arguments(full, rate=True, indent=4), '    """']
        passed = [f"{self.hyper(h)}={self.hyper(h)}" for h, _ in inner.program.hypers if h != "lr"]
        passed += ["horizon=horizon"] if "T" in inner.reads else []
        passed += ["seed=seed"] if inner.noisy else []
        chained = layout(8, f"{self.transform}(", passed, "),")
        decay = "        optax.add_decayed_weights(weight_decay, mask),"
        lines += ["    return optax.chain(", *chained]
        lines += [decay] if self.pair[1] else []
        lines += ["        optax.scale_by_learning_rate(learning_rate),", "    )"]
        return lines

    def transformation(self) -> list[str]:
        facts = self.facts
        lines = _function(
            0,
            self.transform,
            self.parameters(facts, rate=not self.pair),
            "optax.GradientTransformationExtraArgs",
        )
        what = "before the learning rate" if self.pair else "the whole rule"
        lines += [f'    """{self.title}, {what}; the formula heads this file.']
        lines += [*self.arguments(facts, rate=not self.pair, indent=4), '    """', ""]
        lines += self.init()
        lines += ["", *self.update(), ""]
        return [*lines, "    return optax.GradientTransformationExtraArgs(init, update)"]

    def init(self) -> list[str]:
        made = ["count=jnp.zeros((), jnp.int32)"]
        made += ["key=jax.random.key(seed)"] if self.facts.noisy else []
        made += [
            f"{self.emit.fields[slot]}={_start(rule)}" for slot, rule in self.facts.program.state
        ]
        used = any("params" in part for part in made)
        lines = [f"    def init(params: Any) -> {self.state}:"]
        lines += [] if used else ["        del params"]
        return [*lines, *layout(8, f"return {self.state}(", made, ")")]

    def update(self) -> list[str]:
        facts, emit = self.facts, self.emit
        params = ["updates: Any", "state: Any", "params: Any = None"]
        reads_loss = "loss" in facts.reads
        needs_value_fn = facts.oracles
        flags = (["value: Any = None"] if reads_loss else []) + (
            ["value_fn: Callable[[Any], Any] | None = None"] if needs_value_fn else []
        )
        params += (["*", *flags] if flags else []) + ["**extra_args: Any"]
        lines = _function(4, "update", params, f"tuple[Any, {self.state}]")
        body, result = emit.body(self.pair is None)
        needs_params = "w" in facts.reads or "params" in re.findall(r"\w+", "\n".join(body))
        unused = ([] if needs_params else ["params"]) + ["extra_args"]
        lines.append(f"        del {', '.join(unused)}")
        label = self.transform
        if needs_params:
            lines += _needs(
                "params", f"{label} reads the parameters: call update(g, state, params)"
            )
        if reads_loss:
            lines += _needs("value", f"{label} reads the loss: call update(..., value=loss)")
        if needs_value_fn:
            lines += _needs("value_fn", f"{label} needs the loss: call update(..., value_fn=loss)")
        lines.append("        count = optax.safe_increment(state.count)")
        lines += [f"        {line}" for line in emit.prelude(body)]
        lines += ([""] if body and body[0].lstrip().startswith("def ") else []) + body
        new = ["count", *(["state.key"] if facts.noisy else [])]
        updates = update_of(facts.program)
        for slot, init in facts.program.state:
            value, field = emit.stored(updates[slot], init.kind), emit.fields[slot]
            if init.kind is Kind.GLOBAL:
                new.append(f"jnp.asarray({value}, state.{field}.dtype)")
            else:
                new.append(f"optax.tree.cast_like({value}, state.{field})")
        made = layout(8, f"new_state = {self.state}(", new, ")")
        return [*lines, *made, f"        return optax.tree.cast_like({result}, updates), new_state"]


def _function(indent: int, label: str, params: list[str], returns: str) -> list[str]:
    lines = layout(indent, f"def {label}(", params, f") -> {returns}:")
    if len(params) == 1 and len(lines) == 3:
        lines[1] += ","
    return lines


def _needs(argument: str, message: str) -> list[str]:
    return [
        f"        if {argument} is None:",
        *layout(12, "raise ValueError(", [f'"{message}"'], ")"),
    ]


def _start(rule: Init) -> str:
    """The expression for the first value of a slot, read from the initialiser's declaration."""
    declared = INITIALISERS[rule.rule]
    body, _ = jax_body(declared.fill)
    if body is None:
        raise ExportError(f"initialiser '{rule.rule}' is not a single expression")
    params = declared.fill.__code__.co_varnames[1 : declared.fill.__code__.co_argcount]
    values = {"xp": name("jnp"), **dict(zip(params[1:], map(number, rule.args), strict=True))}
    made = fill(body, values)
    if declared.kind is Kind.GLOBAL:
        return show(made)
    if isinstance(made, ast.Call) and [show(arg) for arg in made.args] == ["w"]:
        return f"jax.tree.map({show(made.func)}, params)"
    return f"jax.tree.map(lambda w: {show(made)}, params)"


class _Lines(Emitter):
    """The lines of `update`."""

    def __init__(self, facts: Facts, reserved: set[str]):
        self.helpers: dict[str, str] = {}
        self.constants: list[str] = []
        self.file_names = set(reserved)
        self.fields = {slot: safe(slot, {"count", "key"}) for slot in facts.program.slots}
        self._arrays: dict[int, bool] = {}
        super().__init__(facts, reserved | {f"_{op}" for op in PRIMITIVES})

    # Expressions

    def build(self, index: int, operands: list[ast.expr]) -> ast.expr:
        primitive = self.primitive(index)
        statement = self.program.statements[index]
        if self.own_line(index):
            return call("f", *operands)
        if not primitive.signature.elementwise:
            wants = self.wanted(index)
            for at, (arg, want) in enumerate(zip(statement.args, wants, strict=True)):
                if want is Kind.TENSOR and self.kind(arg) is not Kind.TENSOR:
                    operands[at] = call("jnp.broadcast_to", operands[at], name("g.shape"))
        template = self.template(primitive)
        if template is None:
            return call(self.helper(primitive), *operands)
        filled = fill(template, dict(zip(primitive.params, operands, strict=True)))
        filled = rewritten(filled, _comparison)
        return filled if not self.is_array(Local(index)) else rewritten(filled, _operator)

    def template(self, primitive: Primitive) -> ast.expr | None:
        """The returned expression of the declaration over `jnp`; None if it takes more."""
        body, _ = jax_body(primitive.meaning)
        if body is None:
            return None
        if set(names_in(body)) - {"xp", *primitive.params}:
            return None
        return fill(body, {"xp": name("jnp")})

    def helper(self, primitive: Primitive) -> str:
        """The name of the function of the file that holds the declaration's body."""
        label = f"_{primitive.name}"
        if label not in self.helpers:
            kinds = ["Any"] * len(primitive.params)
            lists = primitive.scope is Scope.MODEL
            for at, kind in enumerate(primitive.signature.params):
                if kind is Kind.TENSOR:
                    kinds[at] = "list[jax.Array]" if lists else "jax.Array"
            result = primitive.signature.result
            made = "list[jax.Array]" if lists and result is Kind.TENSOR else "jax.Array"
            params = [f"{p}: {k}" for p, k in zip(primitive.params, kinds, strict=True)]
            self.helpers[label] = ""  # holds its place before the functions it calls
            rest = self.borrowed(primitive.meaning)
            _, source = jax_body(primitive.meaning)
            source = source[re.search(r"\):\n|:\n", source).end() :]  # type: ignore[union-attr]
            source = re.sub(r"\bxp\b", "jnp", source)
            first = _function(0, label, params, made)
            del self.helpers[label]
            self.helpers.update(rest)
            self.helpers[label] = "\n".join([*first, *source.split("\n")])
        return label

    def borrowed(self, function: Any) -> dict[str, str]:
        """The functions and constants of the declaring module that a meaning function uses."""
        found: dict[str, str] = {}
        for used in function.__code__.co_names:
            value = function.__globals__.get(used)
            if isinstance(value, FunctionType):
                if used not in self.helpers:
                    found.update(self.borrowed(value))
                    found[used] = jax_body(value)[1]
            elif isinstance(value, int | float):
                line = f"{used} = {value!r}"
                if line not in self.constants:
                    self.constants.append(line)
            elif isinstance(value, ModuleType) or (
                value is not None and not hasattr(builtins, used)
            ):
                raise ExportError(
                    f"'{function.__name__}' uses '{used}', which an exported file cannot hold"
                )
        return found

    def is_array(self, arg: Arg) -> bool:
        """Whether a value is an array for certain, not a plain Python number."""
        match arg:
            case Const():
                return False
            case Name(id):
                return id not in self.program.hyperparameters and id != "T"
            case Local(index):
                if index not in self._arrays:
                    primitive = self.primitive(index)
                    self._arrays[index] = not primitive.signature.elementwise or any(
                        self.is_array(a) for a in self.program.statements[index].args
                    )
                return self._arrays[index]

    # Lines

    def prelude(self, body: list[str]) -> list[str]:
        """Numbers that the lines of `body` read."""
        words = set(re.findall(r"[\w.]+", "\n".join(body)))
        lines = []
        dtype = "jnp.result_type(jnp.float32, *jax.tree.leaves(updates))"
        scheduled = "lr" in words and "lr" in self.program.hyperparameters
        reads_loss = "loss" in words and "loss" in self.facts.reads
        if scheduled or reads_loss:
            lines.append(f"dtype = {dtype}")
            dtype = "dtype"
        if "t" in words:
            lines.append(f"t = jnp.asarray(count, {dtype})")
        if scheduled:
            lines += [
                "lr: Any = learning_rate",
                "if callable(learning_rate):",
                "    lr = jnp.asarray(learning_rate(state.count), dtype)",
            ]
        if reads_loss:
            lines.append("loss = jnp.asarray(value, dtype)")
        if "treedef" in words:
            lines.append("treedef = jax.tree.structure(updates)")
        return lines

    def _given(self) -> list[str]:
        return [n for n in self.program.hyperparameters if n not in _HOST_NAMES]

    def outer(self, arg: Arg) -> ast.expr:
        """A value as `update` names it."""
        match arg:
            case Name("w"):
                return name("params")
            case Name("g"):
                return name("updates")
            case Name("T"):
                return name("float(horizon)")
            case Name("lr"):
                return name("lr")
            case Name("wd"):
                return name("weight_decay")
            case Name(id) if id in self.fields:
                return name(f"state.{self.fields[id]}")
            case Name(id):
                return name(self.called.get(id, id))
            case Local(index):
                return name(self.line_names[index])
            case Const(value):
                return number(value)

    def body(self, whole: bool) -> tuple[list[str], str]:
        """The lines, indented, and the name of the tree that `update` returns."""
        self.lines: list[str] = []
        self.done: set[int] = set()
        roots = [self.program.result, *self.program.updates]
        self.block(roots, 8)
        self.indent = 8
        result = self.stored(self.program.result, Kind.TENSOR)
        if whole:
            label = self.names.take("moves")
            self.lines.append(f"        {label} = jax.tree.map(jnp.negative, {result})")
            result = label
        updates = update_of(self.program)
        for slot, init in self.program.state:
            self.stored(updates[slot], init.kind)
        return self.lines, result

    def block(self, roots: list[Arg], indent: int) -> None:
        """Lines for what `roots` need."""
        outer, self.indent = getattr(self, "indent", indent), indent
        for index in self.demanded(roots, self.done):
            self.line(index)
            self.done.add(index)
        self.indent = outer

    def line(self, index: int) -> None:
        """The line of one statement."""
        primitive = self.primitive(index)
        if primitive.lazy:
            return self.choice(index)
        label = f"{self.line_names[index]} = "
        if primitive.scope is Scope.STEP:
            self.write(label + self.step(index))
        elif primitive.scope is Scope.MODEL:
            args = self.model_arguments(index)
            args = [
                f"jax.tree.leaves({a})" if want is Kind.TENSOR else a
                for a, want in zip(args, self.wanted(index), strict=True)
            ]
            function = self.helper(primitive)
            if primitive.signature.result is Kind.GLOBAL:
                self.split(f"{label}{function}(", args, ")")
            else:
                inner = f"{function}({', '.join(args)})"
                self.split(f"{label}jax.tree.unflatten(", ["treedef", inner], ")")
        elif self.kind(Local(index)) is Kind.GLOBAL:
            self.write(label + show(self.expression(index, self.outer)))
        else:
            self.mapped(label, index)

    def write(self, text: str) -> None:
        self.lines.append(" " * self.indent + text)

    def split(self, before: str, parts: list[str], after: str) -> None:
        self.lines += layout(self.indent, before, parts, after)

    def mapped(self, label: str, index: int) -> None:
        """A statement over trees: `jax.tree.map` of a lambda over what it reads."""
        args = self.reads(index)
        trees = [arg for arg in args if self.kind(arg) is not Kind.GLOBAL]
        captured = {
            word for a in args if a not in trees for word in show(self.outer(a)).split(".")[:1]
        } | {"jax", "jnp", *self.helpers}
        shape_of = Name("g")
        marked = self.expression(index, lambda arg: name("_"))
        if shape_of not in trees and ("g.shape" in names_in(marked) or not trees):
            trees.append(shape_of)
        params = self.parameters(trees, captured)

        def resolve(arg: Arg) -> ast.expr:
            return name(params[arg]) if arg in params else self.outer(arg)

        body = self.expression(index, resolve)
        if shape_of in params:
            body = fill(body, {"g.shape": name(f"{params[shape_of]}.shape")})
        function = f"lambda {', '.join(params.values())}: {show(body)}"
        if isinstance(body, ast.Call) and [show(a) for a in body.args] == list(params.values()):
            function = show(body.func)
        self.split(f"{label}jax.tree.map(", [function, *(show(self.outer(a)) for a in trees)], ")")

    def parameters(self, trees: list[Arg], captured: set[str]) -> dict[Arg, str]:
        """A parameter of the lambda for each tree it maps over."""
        params: dict[Arg, str] = {}
        lines_first = sorted(trees, key=lambda arg: not isinstance(arg, Local))
        for arg in lines_first:
            if isinstance(arg, Name):
                wanted = self.fields.get(arg.id, arg.id)
                other = f"{wanted}_prev" if arg.id in self.fields else f"{wanted}_raw"
            else:
                wanted = show(self.outer(arg))
                other = f"{wanted}_new"
            taken = captured | set(params.values())
            while wanted in taken:
                wanted, other = other, f"{other}_"
            params[arg] = wanted
        return {arg: params[arg] for arg in trees}

    def model_arguments(self, index: int) -> list[str]:
        """The arguments of a statement that works on the whole model, lifted to trees."""
        args = self.program.statements[index].args
        return [
            self.stored(arg, want) if want is not Kind.GLOBAL else self.number_text(arg)
            for arg, want in zip(args, self.wanted(index), strict=True)
        ]

    def number_text(self, arg: Arg) -> str:
        if isinstance(arg, Const):
            return format_number(arg.value)
        return show(self.value(arg, self.outer))

    def step(self, index: int) -> str:
        """A draw, or a question to an oracle."""
        primitive = self.primitive(index)
        body, _ = jax_body(primitive.meaning)
        asks = isinstance(body, ast.Call) and isinstance(body.func, ast.Attribute)
        method = body.func.attr if asks else ""  # type: ignore[union-attr]
        if method not in _STEP:
            raise ExportError(f"an Optax file cannot express '{primitive.name}'")
        assert isinstance(body, ast.Call)
        given = dict(zip(primitive.params, self.model_arguments(index), strict=True))
        parts = []
        for arg in body.args:
            if isinstance(arg, ast.Constant) and isinstance(arg.value, str):
                parts.append(f"jax.random.{arg.value}")
            else:
                parts.append(given[show(arg)])
        if method in _STEP_HELPERS:
            self.helpers[f"_{method}"] = _STEP_HELPERS[method]
        return _STEP[method].format(*parts)

    def stored(self, arg: Arg, kind: Kind) -> str:
        """A value as the text of a tree of `kind`; a line that lifts it if it is of a lower one."""
        have = self.kind(arg)
        if have is kind:
            return show(self.value(arg, self.outer))
        lifted = getattr(self, "_lifted", {})
        self._lifted = lifted
        key = (arg, kind, self.indent)
        if key not in lifted:
            label = self.names.take("spread")
            shape = "g.shape" if kind is Kind.TENSOR else "()"
            text = show(self.value(arg, self.outer))
            if have is Kind.GLOBAL:
                parts = [f"lambda g: jnp.broadcast_to({text}, {shape})", "updates"]
            else:
                parts = [f"lambda x, g: jnp.broadcast_to(x, {shape})", text, "updates"]
            self.split(f"{label} = jax.tree.map(", parts, ")")
            lifted[key] = label
        return lifted[key]

    def choice(self, index: int) -> None:
        """`when`: two functions and a `jax.lax.cond`."""
        flag, *branches = self.program.statements[index].args
        kind = self.kind(Local(index))
        label = self.line_names[index]
        functions = []
        for arg, title in zip(branches, ("new", "old"), strict=True):
            function = self.names.take(f"{label}_{title}")
            functions.append(function)
            if self.lines and not self.lines[-1].endswith(":") and self.lines[-1]:
                self.lines.append("")
            self.write(f"def {function}() -> Any:")
            done, lifted = set(self.done), dict(getattr(self, "_lifted", {}))
            self.block([arg], self.indent + 4)
            outer, self.indent = self.indent, self.indent + 4
            value = self.stored(arg, kind)
            if kind is Kind.GLOBAL:
                dtype = "jnp.result_type(jnp.float32, *jax.tree.leaves(updates))"
                self.split("return jnp.asarray(", [value, dtype], ")")
            else:
                self.write(f"return optax.tree.cast_like({value}, updates)")
            self.lines.append("")
            self.indent = outer
            self.done, self._lifted = done, lifted
        test = ast.Compare(self.value(flag, self.outer), [ast.NotEq()], [ast.Constant(0)])
        self.split(f"{label} = jax.lax.cond(", [show(_comparison(test)), *functions], ")")


def _comparison(node: ast.expr) -> ast.expr:
    """`where(a > b, 1, 0) != 0` is `a > b`."""
    if isinstance(node, ast.Compare) and show(node).endswith(", 1.0, 0.0) != 0"):
        made = node.left
        if isinstance(made, ast.Call) and show(made.func) == "jnp.where":
            return made.args[0] if isinstance(made.args[0], ast.Compare) else node
    return node


def _operator(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        symbol = _OPERATORS.get(node.func.attr)
        if symbol is not None and show(node.func.value) == "jnp":
            return ast.BinOp(node.args[0], symbol, node.args[1])
    return node
