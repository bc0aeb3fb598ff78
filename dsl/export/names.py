"""Names in an emitted file: of the class, and of what a program calls its own way."""

import builtins
import keyword
import re
from collections.abc import Collection, Iterable

from dsl.program import Program
from dsl.zoo import ENTRIES

_IMPORTED = {"Any", "Callable", "Iterable", "NamedTuple"}
"""Names that a file imports and a class would hide."""
SPELLED = {
    "accsgd": "AccSGD",
    "adadelta": "Adadelta",
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamax": "Adamax",
    "adamp": "AdamP",
    "adamw": "AdamW",
    "adanorm": "AdaNorm",
    "adashift": "AdaShift",
    "aggmo": "AggMo",
    "amsgrad": "AMSGrad",
    "asam": "ASAM",
    "cg": "CG",
    "cm": "CM",
    "diffgrad": "DiffGrad",
    "ftrl": "FTRL",
    "gd": "GD",
    "gsam": "GSAM",
    "hb": "HB",
    "lamb": "LAMB",
    "laprop": "LaProp",
    "lars": "LARS",
    "looksam": "LookSAM",
    "msvag": "MSVAG",
    "nadam": "NAdam",
    "padam": "PAdam",
    "pid": "PID",
    "pnm": "PNM",
    "pytorch": "PyTorch",
    "qhadam": "QHAdam",
    "qhm": "QHM",
    "radam": "RAdam",
    "rmsprop": "RMSprop",
    "sam": "SAM",
    "sgd": "SGD",
    "sgdp": "SGDP",
    "sgdw": "SGDW",
    "signsgd": "SignSGD",
    "soap": "SOAP",
    "spam": "SPAM",
    "splus": "SPlus",
    "stableadamw": "StableAdamW",
    "vsgd": "VSGD",
}
"""Parts of names of optimizers as the field writes them; a rule's docstring goes before."""


def camel_case(program: Program) -> str:
    """The name of a class: the docstring's spelling of the name (`AdamW: ...`) if it has one."""
    if spelled := _in_docstring(program):
        return spelled
    title = "".join(map(_spelled, program.name.split("_"))) or "Rule"
    return f"{title}Rule" if title in _IMPORTED or hasattr(builtins, title) else title


def _in_docstring(program: Program) -> str | None:
    """The name of a program as its docstring begins with it."""
    spelled = re.match(r"([A-Za-z]\w*)\b", program.doc)
    plain = program.name.replace("_", "")
    if spelled and spelled[1].lower() == plain.lower() and spelled[1][0].isupper():
        return spelled[1]
    return None


def _spelled(part: str) -> str:
    """A part of a name: as the zoo's rule of that name has it, else as declared."""
    of_zoo = _in_docstring(ENTRIES[part].program) if part in ENTRIES else None
    return of_zoo or SPELLED.get(part, part[:1].upper() + part[1:])


class Names:
    """Hands out names that nothing else in a file has."""

    def __init__(self, taken: Collection[str]):
        self.taken = set(taken)

    def take(self, wanted: str) -> str:
        """`wanted`, or the first of wanted_2, wanted_3, ... that is free."""
        free, count = wanted, 2
        while free in self.taken:
            free, count = f"{wanted}_{count}", count + 1
        self.taken.add(free)
        return free

    def take_all(self, names: Iterable[str], reserved: Collection[str] = ()) -> dict[str, str]:
        """The file's name for each of a program; those that can stay as they are choose first."""
        wanted = {name: safe(name, reserved) for name in names}
        first = sorted(wanted, key=lambda name: wanted[name] != name)
        found = {name: self.take(wanted[name]) for name in first}
        return {name: found[name] for name in wanted}


def safe(name: str, reserved: Collection[str] = ()) -> str:
    """A program's name as one that a Python file can use."""
    name = name.strip("_") or "x"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in reserved:
        name += "_"
    return name
