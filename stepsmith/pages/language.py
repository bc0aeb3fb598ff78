"""The page of the language, from the declarations of its words."""

import importlib
import inspect
from collections.abc import Iterable
from itertools import groupby

from dsl.language import sources
from dsl.language.cost import SIZES
from dsl.language.initialisers import INITIALISERS
from dsl.language.kinds import KINDS, Kind
from dsl.language.oracle import Source
from dsl.language.registry import PRIMITIVES, Law, Primitive
from dsl.language.sign import Sign
from dsl.program import INPUTS
from dsl.program.listing import listing
from dsl.program.parse import parse
from search.report.markdown import code, items, table
from stepsmith.pages.combinators import combinators
from stepsmith.pages.page import page
from stepsmith.pages.writing import helpers, hyperparameters, names, point, starts

RULE = """def example(w, g, m=zeros, last=zeros, *, lr=1e-3, b1=0.9):
    u = g + b1 * (m - last)
    last = m
    m = interp(g, m, b1)
    return lr * (u + m)
"""
_INTRO = """\
A rule is a restricted Python function, in a `.rule` file or decorated by `dsl.program`:

{rule}
Its parameters are the inputs that it reads, the slots (those with an initialiser), and behind `*`
the hyperparameters with their defaults. Inside are a docstring, assignments of expressions to
single names and one `return` at the end; what it returns is subtracted from `w`, and [a point to
evaluate](#the-point-of-evaluation) may stand behind that. Expressions are numbers, names,
operators, one comparison, and calls of primitives with positional arguments, or of
[helpers](#helpers). There are no loops, branches, imports or attributes: a text is read and never
executed.

**Slots before and after assignment.** A slot's name means what it held when the step began, until
the rule assigns it; from then on it means the new value, which is what the next step begins with.
The last assignment counts; a slot that is not assigned stays as it is. So above `u` is made of
the old `m` and the old `last`, `last` becomes the old `m`, and `return` reads the new `m`, as the
listing of its statements shows (`stepsmith show RULE --as kinds`):

{listing}
{names}"""
_KINDS = """\
A kind says what a value holds. One may stand where a kind that it lifts to is wanted, by
broadcasting, and never the other way: reduce it. In signatures `K` is any kind, the same one
throughout: an element-wise primitive gives the highest kind of its arguments.
"""
_OPERATORS = """\
The operators of Python, strongest first. Of two comparisons in a chain the meaning would be
another than in Python, so there is one at a time; `-x` is `neg`, and `-1` a number.
"""
_PRIMITIVES = """\
Every primitive with its signature by kinds, its formula, what a call costs, and its laws. *Cost*
is in passes over memory, as a sum takes one; for oracles in losses and gradients of the batch,
where a letter is a number of

{sizes}

*Weight* is the relative chance that a search draws it (`primitives.weights` in a config); 0 is
never. *Sign* is what is known of the sign of its values, for laws that ask for one. A law with the
level *exact* holds always, *finite* where all values are finite; those marked `*` are used by
`stepsmith simplify` alone. An oracle needs a function of the caller, handed to `update` in Optax
and to `step` in PyTorch:

{sources}
"""
_COMBINATORS = """\
`dsl.combine` makes rules of rules. What comes out is an ordinary rule: it prints, parses,
simplifies and exports like one that was written by hand. `stepsmith combine lion warmup cosine`
does the same for those that need numbers alone. Below `sgd` and `lion` are those of the zoo, and
"""


class _Letter(str):
    """A parameter of a formula: it needs no brackets."""

    def __format__(self, spec: str) -> str:
        return str(self)


@page("language", "The language of rules")
def language() -> str:
    """The language: kinds, slots, inputs, operators, every primitive, combinators."""
    shown = {"rule": code(RULE, "python"), "listing": code(listing(parse(RULE)))}
    asked = [each for each in vars(sources).values() if isinstance(each, Source)]
    functions = items({f"`{each.argument}`": each.holds for each in asked})
    parts = [
        _INTRO.format(**shown, names=names()),
        f"## The point of evaluation\n\n{point()}",
        f"## Helpers\n\n{helpers()}",
        f"## Meanings of hyperparameters\n\n{hyperparameters()}",
        f"## Inputs\n\n{_inputs()}",
        f"## Kinds\n\n{_KINDS}\n{_kinds()}",
        f"## Starts of slots\n\n{_initialisers()}\n{starts()}",
        f"## Operators\n\n{_OPERATORS}\n{_operators()}",
        f"## Primitives\n\n{_PRIMITIVES.format(sizes=items(SIZES), sources=functions)}",
        *_families(),
        f"## Combinators\n\n{_COMBINATORS}\n{combinators()}",
    ]
    return "\n".join(parts)


def _inputs() -> str:
    rows = [(f"`{name}`", str(kind), meaning) for name, (kind, meaning) in INPUTS.items()]
    return table(("input", "kind", "what"), rows)


def _kinds() -> str:
    rows = []
    for kind in KINDS.values():
        above = [*kind.lifts_to, *(each for each in KINDS.values() if kind in each.lifts_from)]
        rows.append((str(kind), kind.holds, ", ".join(map(str, above)), _memory(kind)))
    return table(("kind", "holds", "lifts to", "numbers per parameter"), rows)


def _memory(kind: Kind) -> str:
    count = str(kind.per_parameter)
    return f"{count} for each member" if kind.sized and kind.per_parameter else count


def _initialisers() -> str:
    rows = []
    for each in INITIALISERS.values():
        rows.append((f"`slot={each.call}`", str(each.kind), _flat(each.doc)))
    return table(("start", "kind", "what"), rows)


def _operators() -> str:
    written = [each for each in PRIMITIVES.values() if each.infix]
    written.sort(key=lambda each: (-each.infix.precedence if each.infix else 0, each.name))
    rows = []
    for each in written:
        assert each.infix is not None
        symbol, strength = each.infix.symbol, str(each.infix.precedence)
        text = f"{symbol}x" if len(each.params) == 1 else f"x {symbol} y"
        side = "from the right" if each.infix.right else ""
        rows.append((f"`{text}`", f"`{each.name}`", strength, side))
    return table(("operator", "primitive", "binds", "grouped"), rows)


def _families() -> Iterable[str]:
    """The primitives by the file that declares them."""
    declared = sorted(PRIMITIVES.values(), key=lambda each: (each.meaning.__module__, each.name))
    for module, members in groupby(declared, lambda each: each.meaning.__module__):
        about = (inspect.getdoc(importlib.import_module(module)) or "").split("\n\n")[0]
        title = module.rpartition(".")[2].replace("_", " ").strip().capitalize()
        yield f"### {title}\n\n{about}\n"
        yield from map(_primitive, members)


def _primitive(primitive: Primitive) -> str:
    call = f"{primitive.name}({', '.join(primitive.params)})"
    cost = str(primitive.oracle.costs) if primitive.oracle else f"{primitive.work:g}"
    facts = {
        "kinds": f"`{primitive.signature}`",
        "formula": f"${formula(primitive)}$",
        "cost": cost + (f", by `{primitive.asks.argument}`" if primitive.asks else ""),
        "weight": f"{primitive.weight:g}",
    }
    if primitive.sign is not Sign.OPEN:
        facts["sign"] = primitive.sign.value
    if primitive.infix:
        facts = {"written": f"`{primitive.infix.symbol}`", **facts}
    told = ", ".join(f"{word} {fact}" for word, fact in facts.items())
    lines = [f"#### `{call}`\n", f"{primitive.doc}\n", f"{told}.\n"]
    laws = [_law(law, "") for law in primitive.laws]
    laws += [_law(law, " *") for law in primitive.equations]
    return "\n".join([*lines, *laws, ""] if laws else lines)


def formula(primitive: Primitive) -> str:
    """The formula of a primitive over the names of its parameters."""
    return primitive.latex.format(**{name: _Letter(name) for name in primitive.params})


def _law(law: Law, mark: str) -> str:
    where = f", where {', '.join(f'`{each}`' for each in law.when)}" if law.when else ""
    return f"* `{law.text}` ({law.domain.name.lower()}{where}){mark}"


def _flat(text: str) -> str:
    return " ".join(text.split())
