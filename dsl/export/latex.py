r"""A program as equations: an `align` environment, one line per named value, then the step, and the
point if the program is to be evaluated at one.

Values of the step carry the index t, a slot read before it was assigned t-1. Symbols are those of
the papers: \eta for `lr`, \lambda for `wd`, \beta_1 for `b1`, \epsilon for `eps`.
"""

import re
from typing import NamedTuple

from dsl.language.hyperparameters import COMMON
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES, Binding
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.inline import inlined
from dsl.program.walk import readers
from dsl.rewrite.prune import prune

_INPUTS = {"w": "w_{t-1}", "g": "g_t", "loss": r"\mathcal{L}_t"}
_GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda"),
    *("mu", "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
}


class Formula(NamedTuple):
    """A piece of mathematics and how tightly it binds."""

    text: str
    binds: Binding

    def __format__(self, least: str) -> str:
        """The text; in brackets where it binds less than `least`, the name of a `Binding`."""
        if not least or self.binds >= Binding[least.upper()]:
            return self.text
        return rf"\left({self.text}\right)"


def to_latex(program: Program) -> str:
    """The rule as a LaTeX `align*` environment; its live part only."""
    program = prune(program)
    body = _Body(program)
    lines = body.lines()
    inner = " \\\\\n".join(f"  {line}" for line in lines)
    return f"\\begin{{align*}}\n{inner}\n\\end{{align*}}\n"


def _symbol(name: str) -> str:
    r"""`b1` as \beta_1, `rho` as \rho, `m` as m, `last` as \mathrm{last}."""
    match = re.fullmatch(r"([A-Za-z]+?)_?(\d*)", name.strip("_"))
    if match is None:
        words = name.strip("_").replace("_", r"\_")
        return rf"\mathrm{{{words}}}"
    stem, index = match.groups()
    if stem == "b":
        stem = r"\beta"
    elif stem.lower() in _GREEK:
        stem = "\\" + stem.lower()
    elif len(stem) > 1:
        stem = rf"\mathrm{{{stem}}}"
    return f"{stem}_{index}" if len(index) == 1 else f"{stem}_{{{index}}}" if index else stem


def _parts(symbol: str) -> tuple[str, str]:
    r"""A symbol and its index: \beta and 1, \mathrm{last} and 2, \mathrm{a\_name} and none."""
    match = re.fullmatch(r"(.+)_(\d|\{\d+\})", symbol)
    return (match[1], match[2].strip("{}")) if match else (symbol, "")


def _at_step(symbol: str, step: str) -> str:
    """The symbol with the index of a step: m_t, x_{0,t}."""
    head, index = _parts(symbol)
    both = f"{index},{step}" if index else step
    return f"{head}_{both}" if len(both) == 1 else f"{head}_{{{both}}}"


class _Body:
    """Writes the statements of one program."""

    def __init__(self, program: Program):
        self.program = program
        drawn = {at for at, s in enumerate(program.statements) if _is_drawn(s)}
        self.inline = inlined(program, readers(program)) - drawn
        self.symbols: dict[Arg, str] = {}
        self.taken = {_symbol(slot) for slot in program.slots}
        hypers = program.hyperparameters
        for name in program.inputs:
            self.symbols[Name(name)] = _INPUTS.get(name) or _symbol(name)
        for name in hypers:
            known = COMMON.get(name)
            self.symbols[Name(name)] = (known and known.latex) or _symbol(name)
        for slot in program.slots:
            self.symbols[Name(slot)] = _at_step(_symbol(slot), "t-1")
        self.used = {s for a, s in self.symbols.items() if isinstance(a, Name)} | {"w_t"}
        for slot, update in program.next_values.items():
            if isinstance(update, Local) and update not in self.symbols:
                self.symbols[update] = self._take(_symbol(slot), slot)

    def _take(self, symbol: str, slot: str | None = None) -> str:
        """The symbol at this step; with a hat, or two, where it would mean something else."""
        wanted = _at_step(symbol, "t")
        hats = 0
        while wanted in self.used or (slot is None and symbol in self.taken):
            hats += 1
            head, index = _parts(symbol)
            symbol = rf"\hat{{{head}}}" + (f"_{{{index}}}" if index else "")
            wanted = _at_step(symbol, "t")
        self.used.add(wanted)
        return wanted

    def lines(self) -> list[str]:
        fresh = 0
        written = []
        for index, statement in enumerate(self.program.statements):
            if index in self.inline:
                continue
            local = Local(index)
            if local not in self.symbols:
                name = statement.name
                if name is None:
                    name, fresh = f"x{fresh}", fresh + 1
                self.symbols[local] = self._take(_symbol(name))
            relation = r"\sim" if _is_drawn(statement) else "="
            written.append(f"{self.symbols[local]} &{relation} {self.call(index)}")
        for slot, update in self.program.next_values.items():
            symbol = _at_step(_symbol(slot), "t")
            if update == Name(slot):
                continue
            if not (isinstance(update, Local) and self.symbols.get(update) == symbol):
                written.append(f"{symbol} &= {self.formula(update)}")
        step = self.formula(self.program.result)
        written.append(f"w_t &= w_{{t-1}} - {step:product}")
        if self.program.point is not None:
            written.append(rf"w^{{\mathrm{{eval}}}}_t &= {self.formula(self.program.point)}")
        return written

    def formula(self, arg: Arg) -> Formula:
        """An argument: a number, a symbol, or the call that stands in its place."""
        match arg:
            case Const(value):
                return _number(value)
            case Local(index) if index in self.inline:
                return self.call(index)
        return Formula(self.symbols[arg], Binding.ATOM)

    def call(self, index: int) -> Formula:
        """The formula of a statement."""
        statement = self.program.statements[index]
        primitive = PRIMITIVES[statement.op]
        args = map(self.formula, statement.args)
        values = dict(zip(primitive.params, args, strict=True))
        return Formula(primitive.latex.format(**values), primitive.binds)


def _is_drawn(statement: Statement) -> bool:
    """True if a statement is a draw from a distribution that has a formula."""
    return PRIMITIVES[statement.op].binds is Binding.LAW


def _number(value: float) -> Formula:
    r"""`1e-8` as 10^{-8}, `2.5e-7` as 2.5 \cdot 10^{-7}."""
    mantissa, e, exponent = format_number(value).partition("e")
    text, binds = mantissa, Binding.ATOM
    if e:
        sign, digits = ("-", mantissa[1:]) if value < 0 else ("", mantissa)
        power = f"10^{{{exponent}}}"
        text = sign + (power if digits == "1" else rf"{digits} \cdot {power}")
        binds = Binding.PRODUCT
    return Formula(text, Binding.NEGATION if value < 0 else binds)
