r"""A program as equations: an `align` environment, one line per named value, then the step.

Values of the step carry the index t, a slot read before it was assigned t-1. Symbols are those of
the papers: \eta for `lr`, \lambda for `wd`, \beta_1 for `b1`, \epsilon for `eps`.
"""

import re
from functools import lru_cache

from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.printer import inlined
from dsl.rewrite.prune import prune

_SYMBOLS = {
    **{"lr": r"\eta", "wd": r"\lambda", "eps": r"\epsilon", "w": "w_{t-1}", "g": "g_t"},
    **{"t": "t", "T": "T", "loss": r"\mathcal{L}_t"},
}
_GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda"),
    *("mu", "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
}
_SUM, _PRODUCT, _ATOM = 4, 5, 9
"""How tightly a piece of mathematics binds, on the scale of `dsl.language.registry.Infix`."""


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
        drawn = {at for at, s in enumerate(program.statements) if "\\sim" in PRIMITIVES[s.op].latex}
        self.inline = inlined(program) - drawn
        self.symbols: dict[Arg, str] = {}
        self.taken = {_symbol(slot) for slot in program.slots}
        hypers = program.hyperparameters
        for name in (*program.inputs, *hypers):
            self.symbols[Name(name)] = _SYMBOLS.get(name) or _symbol(name)
        for slot in program.slots:
            self.symbols[Name(slot)] = _at_step(_symbol(slot), "t-1")
        self.used = {s for a, s in self.symbols.items() if isinstance(a, Name)} | {"w_t"}
        updates = dict(zip(program.slots, program.updates, strict=True))
        for slot, update in updates.items():
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
            text, drawn, law = self.call(index)[0].partition(r" \sim ")
            text = rf"&\sim {law}" if drawn else f"&= {text}"
            written.append(f"{self.symbols[local]} {text}")
        for slot, update in zip(self.program.slots, self.program.updates, strict=True):
            symbol = _at_step(_symbol(slot), "t")
            if update == Name(slot):
                continue
            if not (isinstance(update, Local) and self.symbols.get(update) == symbol):
                written.append(f"{symbol} &= {self.text(update)[0]}")
        step = _wrap(self.text(self.program.result), _PRODUCT)
        return [*written, f"w_t &= w_{{t-1}} - {step}"]

    def text(self, arg: Arg) -> tuple[str, int]:
        """How an argument is written, and how tightly that binds."""
        match arg:
            case Const(value):
                text = _number(value)
                return text, _SUM if value < 0 else _PRODUCT if "10^" in text else _ATOM
            case Local(index) if index in self.inline:
                return self.call(index)
        return self.symbols[arg], _ATOM

    def call(self, index: int) -> tuple[str, int]:
        statement = self.program.statements[index]
        primitive = PRIMITIVES[statement.op]
        needs, binds = _binding(primitive)
        args = [self.text(arg) for arg in statement.args]
        values = {
            param: _wrap(arg, need)
            for param, arg, need in zip(primitive.params, args, needs, strict=True)
        }
        return primitive.latex.format(**values), binds


def _wrap(part: tuple[str, int], least: int) -> str:
    text, binds = part
    return text if binds >= least else rf"\left({text}\right)"


def _number(value: float) -> str:
    r"""`1e-8` as 10^{-8}, `2.5e-7` as 2.5 \cdot 10^{-7}."""
    mantissa, e, exponent = format_number(value).partition("e")
    if not e:
        return mantissa
    power = f"10^{{{exponent}}}"
    sign = "-" if mantissa.startswith("-") else ""
    return sign + power if mantissa in ("1", "-1") else rf"{mantissa} \cdot {power}"


_FREE_BEFORE = re.compile(r"(^|(?<!\\)[+,;:<>=(|]\s*|\\;)$")
_FREE_AFTER = re.compile(r"\s*($|[-+,;:<>=)|]|\\;|\\right)")
"""What a sum may stand after and before without brackets."""


@lru_cache(maxsize=512)
def _binding(primitive: Primitive) -> tuple[tuple[int, ...], int]:
    """How tightly each operand has to bind in a template, and how tightly the whole binds.

    Read from the template: what stands inside of brackets or braces is safe, what has an exponent
    or an index there is not, nor is what stands beside anything but a plus, a comma and their like.
    """
    marks = [f"\x01{at}\x02" for at in range(len(primitive.params))]
    text = primitive.latex.format(**dict(zip(primitive.params, marks, strict=True)))
    outside = _top_level(text)
    whole = _ATOM
    if re.search(r"\S [+-] |^-| (=|>|<|\\equiv|\\sim) |\\textstyle", outside):
        whole = _SUM
    elif re.search(r"\\,|\\nabla|\S [^ ]*\x01|\x02 \S", outside):
        whole = _PRODUCT
    elif "^" in outside:
        whole = 7
    needs = []
    for mark in marks:
        need = 0
        for found in re.finditer(re.escape(mark), text):
            before, after = text[: found.start()], text[found.end() :]
            if after.startswith(("}^", "}_")):
                need = max(need, _ATOM)
            if mark not in outside:
                continue
            alone = _FREE_BEFORE.search(before) and _FREE_AFTER.match(after)
            need = max(need, _SUM if alone else _PRODUCT)
        needs.append(need)
    return tuple(needs), whole


def _top_level(text: str) -> str:
    """The text without what stands in braces or between \\left and \\right or angles."""
    text = text.replace(r"\langle", "{").replace(r"\rangle", "}")
    text = re.sub(
        r"\\(left|right)(\\[|{}]|\\?\w+|.)", lambda m: "{" if m[1] == "left" else "}", text
    )
    kept, depth = [], 0
    for at, char in enumerate(text):
        escaped = at > 0 and text[at - 1] == "\\"
        if char == "{" and not escaped:
            depth += 1
        elif char == "}" and not escaped:
            depth -= 1
        elif depth == 0:
            kept.append(char)
    return "".join(kept)
