"""The transformation: the class of its state and the functions `init` and `update`."""

import ast
from collections.abc import Collection

from dsl.export.code import Code, function_head, refusal
from dsl.export.emit import Emitter
from dsl.export.expressions import call, expression, function_of, names_in, rewritten
from dsl.export.facts import above_zero, start_numbers, still_above_zero, vanishes_in_half
from dsl.export.optax.body import DTYPE, Body
from dsl.export.optax.coding import Coding
from dsl.export.optax.plan import SCHEDULED, ExportPlan
from dsl.export.optax.point import eval_params
from dsl.export.optax.values import OptaxDialect
from dsl.language.hyperparameters import host_name
from dsl.language.initialisers import Init
from dsl.language.kinds import Kind
from dsl.language.registry import Scope

_FIELDS = {
    Kind.TENSOR: "Any  # a tree like the parameters",
    Kind.SCALAR: "Any  # a tree of numbers, one per parameter tensor",
    Kind.GLOBAL: "jax.Array  # a number",
}


class Transformation:
    """Writes the parts of the transformation of a plan; `uses` are the names in their lines."""

    def __init__(self, plan: ExportPlan):
        self.plan = plan
        self.facts = plan.inner
        self.program = plan.inner.program
        self.values = OptaxDialect(plan.inner, {plan.name, plan.state, plan.transform})
        self.emitter = Emitter(plan.inner, self.values)
        self.coding = Coding(plan.codecs, self.values, self.emitter)
        self.uses: dict[str, None] = {}

    def state(self) -> list[str]:
        """The class of the state."""
        fields = {"count": "Any  # steps taken, int32"}
        if self.facts.noisy:
            fields["key"] = "jax.Array  # seeds the noise"
        for slot, init in self.program.slots.items():
            kind = init.kind
            if self.coding.is_coded(slot):
                fields[self.values.fields[slot]] = "Any  # a tree of `Codes`, or of arrays in full"
                continue
            fields[self.values.fields[slot]] = _FIELDS.get(kind, f"Any  # a tree: {kind.holds}")
            if slot == self.facts.point:
                fields[self.values.fields[slot]] = "Any  # the parameters to evaluate"
        if any("jax" in names_in(expression(kind)) for kind in fields.values()):
            self.uses["jax"] = None
        summary = f'    """State of `{self.plan.transform}`."""'
        lines = [f"class {self.plan.state}(NamedTuple):", summary, ""]
        return [*lines, *(f"    {name}: {kind}" for name, kind in fields.items())]

    def point(self) -> list[str]:
        """The function that finds the point of evaluation in a state, where the rule has one."""
        if self.facts.point is None:
            return []
        self.uses["jax"] = None
        return ["", "", *eval_params(self.plan, self.values.fields[self.facts.point])]

    def init(self) -> list[str]:
        """The function `init`."""
        fields = {"count": expression("jnp.zeros((), jnp.int32)")}
        if self.facts.noisy:
            fields["key"] = expression("jax.random.key(seed)")
        for slot, rule in self.program.slots.items():
            fields[self.values.fields[slot]] = self._first_value(rule)
            if self.coding.is_coded(slot):
                fields[self.values.fields[slot]] = self.coding.first_value(slot)
            elif slot in self.plan.momenta:
                zeros = function_of(["w"], expression("jnp.zeros_like(w, mu_dtype)"))
                fields[self.values.fields[slot]] = call("jax.tree.map", zeros, ast.Name("params"))
        code = Code(8, uses=self.uses)
        made = ast.Call(ast.Name(self.plan.state), [], [ast.keyword(*f) for f in fields.items()])
        code.put("if ", expression("any(map(jnp.iscomplexobj, jax.tree.leaves(params)))"), ":")
        message = f"{self.plan.transform} does not support complex parameters"
        code.lines += refusal(12, "ValueError", message)
        code.put("return ", made)
        return [f"    def init(params: Any) -> {self.plan.state}:", *code.lines]

    def _first_value(self, rule: Init) -> ast.expr:
        positive = self.values.function("_positive") if vanishes_in_half(rule) else ""

        def hyper(name: str) -> ast.expr:
            node = ast.Name(self.emitter.called.get(name) or host_name(name, "optax"))
            return still_above_zero(node, positive, "w.dtype") if positive else node

        made = self.values.declared.first_value(rule, start_numbers(rule, hyper))
        if positive:
            made = rewritten(made, lambda node: above_zero(node, positive, "w.dtype"))
        if rule.kind is Kind.GLOBAL:
            return made
        match made:
            case ast.Call(function, [ast.Name("w")], []):
                pass
            case _:
                function = function_of(["w"], made)
        return call("jax.tree.map", function, ast.Name("params"))

    def update(self) -> list[str]:
        """The function `update`: what it refuses, the numbers it reads, the rule, the new state."""
        reads, sources = self.facts.reads, self.facts.sources
        flags = ["value: Any = None"] if "loss" in reads else []
        flags += [f"{s.argument}: Callable[..., Any] | None = None" for s in sources]
        if sources:
            self.uses["Callable"] = None
        params = ["updates: Any", "state: Any", "params: Any = None"]
        params += [*(["*", *flags] if flags else []), "**extra_args: Any"]
        needs_params = "w" in reads or self.facts.oracles
        return [
            *function_head(4, "update", params, f"tuple[Any, {self.plan.state}]"),
            f"        del {'' if needs_params else 'params, '}extra_args",
            *self._refusals(needs_params),
            *self._without_parameters(),
            "        count = optax.safe_increment(state.count)",
            *self._rule(),
        ]

    def _widened(self, used: Collection[str]) -> list[str]:
        """Lines after which what the rule reads, the names `used`, is in float32 at least."""
        wide = self.values.function("_wide")
        both = "kept" in used
        lines = ["        given, kept = updates, state" if both else "        given = updates"]
        if self.facts.oracles:
            rounded = self.values.function("_rounded")
            names = [source.argument for source in self.facts.sources]
            lines += [f"        {name} = {rounded}({name}, params)" for name in names]
        names = [name for name in ("updates", "state", "params") if name in used]
        if len(names) == 1:
            return [*lines, f"        {names[0]} = {wide}({names[0]})"]
        listed = ", ".join(names)
        return [*lines, f"        {listed} = {wide}(({listed}))"] if names else lines

    def _refusals(self, needs_params: bool) -> list[str]:
        """Lines that refuse a call without something that the rule reads."""
        needs = {}
        if needs_params:
            needs["params"] = "reads the parameters: call update(g, state, params)"
        if "loss" in self.facts.reads:
            needs["value"] = "reads the loss: call update(..., value=loss)"
        for source in self.facts.sources:
            example = f"call update(..., {source.argument}={source.example})"
            needs[source.argument] = f"needs {source.argument}, {source.holds}: {example}"
        lines = []
        for argument, message in needs.items():
            lines.append(f"        if {argument} is None:")
            lines += refusal(12, "ValueError", f"{self.plan.transform} {message}")
        return lines

    def _without_parameters(self) -> list[str]:
        """Lines that return where there are no parameters, in rules that read all at once."""
        primitives = map(self.facts.primitive, range(len(self.program.statements)))
        if not (self.facts.oracles or any(p.scope is Scope.MODEL for p in primitives)):
            return []
        self.uses["jax"] = None
        return ["        if not jax.tree.leaves(updates):", "            return updates, state"]

    def _rule(self) -> list[str]:
        """The numbers that the rule reads, its lines, and the new state."""
        body = Body(self.values, self.emitter)
        code = body.code
        body.make([self.program.result, *self.program.next_values.values()])
        result = body.lifted(self.program.result, Kind.TENSOR)
        if not self.plan.paired:
            moves = self.emitter.names.take("moves")
            code.assign(moves, call("jax.tree.map", expression("jnp.negative"), result))
            result = ast.Name(moves)
        fields: list[ast.expr] = [ast.Name("count")]
        fields += [expression("state.key")] if self.facts.noisy else []
        for slot, init in self.program.slots.items():
            value = body.lifted(self.program.next_values[slot], init.kind)
            old = expression(f"kept.{self.values.fields[slot]}")
            if init.kind is Kind.GLOBAL:
                fields.append(call("jnp.asarray", value, ast.Attribute(old, "dtype")))
            else:
                value = self.coding.coded(slot, value)
                fields.append(call("optax.tree.cast_like", value, old))
        code.assign("new_state", call(self.plan.state, *fields))
        code.put("return ", call("optax.tree.cast_like", result, ast.Name("given")), ", new_state")
        numbers = self._numbers(code)
        self.uses |= code.uses
        decoded = self.coding.decoded(self.uses)
        return [*self._widened(code.uses), *decoded, *numbers, *code.lines]

    def _numbers(self, rule: Code) -> list[str]:
        """Numbers that the lines of the rule read."""
        code = Code(8, uses=self.uses)
        hypers = self.program.hyperparameters
        scheduled = [h for h in SCHEDULED if h in rule.uses and h in hypers]
        reads_loss = "loss" in rule.uses and "loss" in self.program.inputs
        dtype = expression(DTYPE)
        if scheduled or reads_loss:
            code.assign("dtype", dtype)
            dtype = ast.Name("dtype")
        if "t" in rule.uses:
            code.assign("t", call("jnp.asarray", ast.Name("count"), dtype))
        for hyper in scheduled:
            given = host_name(hyper, "optax")
            code.write(f"{hyper}: Any = {given}")
            code.write(f"if callable({given}):")
            code.write(f"    {hyper} = jnp.asarray({given}(state.count), dtype)")
        if reads_loss:
            code.assign("loss", call("jnp.asarray", ast.Name("value"), dtype))
        if "treedef" in rule.uses:
            code.assign("treedef", expression("jax.tree.structure(updates)"))
        return code.lines
