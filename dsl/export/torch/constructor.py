"""The constructor of the class, and `__setstate__`, which takes a state that was kept."""

from collections.abc import Collection

from dsl.export.expressions import format_float
from dsl.export.layout import WIDTH, layout
from dsl.export.torch.parameters import FLAGS, Parameter, Parameters
from dsl.export.torch.point import MODE


def constructor(
    parameters: Parameters,
    title: str,
    slots: Collection[str],
    *,
    at_once: bool,
    of_model: bool,
    by_group: bool,
    coded: bool,
) -> list[str]:
    """`__init__` and `__setstate__`, which start the state of the model if there is one.

    **Arguments:** `slots`: the keys of the slots in the state of a parameter. `coded`: whether some
    are kept as codes, which PyTorch takes for numbers when it loads them.
    """
    facts = parameters.facts
    flags = {"horizon": "horizon: int"} if "T" in facts.reads else {}
    flags["maximize"] = "maximize: bool = False"
    if at_once:
        flags["foreach"] = "foreach: bool | None = None"
    if facts.noisy:
        flags["seed"] = "seed: int = 0"
    refused = [option for option in FLAGS if option not in flags]
    own = [p.label for p in parameters.taken if p.label != "momentum"]
    options = [f'"{title}"', *(f"{option}={option}" for option in refused)]
    params = ["self", "params: Any", *(p.typed for p in parameters.taken), "*", *flags.values()]
    params += [f"{option}: bool | None = False" for option in refused]
    return [
        *layout(4, "def __init__(", params, ") -> None:"),
        *layout(8, "_refuse(", options, ")"),
        *(line for parameter in parameters.taken for line in parameter.checks()),
        *_dictionary(8, "defaults", (*(p.label for p in parameters.taken), *flags)),
        *([f'        defaults["{MODE}"] = True'] if facts.point else []),
        "        super().__init__(params, defaults)",
        *(["        self._start_model()"] if of_model else []),
        "",
        "    def __setstate__(self, state: dict[str, Any]) -> None:",
        *_check(title, slots, own),
        "        super().__setstate__(state)",
        "        for group in self.param_groups:",
        '            group.setdefault("maximize", False)',
        *(['            group.setdefault("foreach", None)'] if at_once else []),
        *([f'            group.setdefault("{MODE}", True)'] if facts.point else []),
        *(_renamed(p) for p in parameters.taken if p.label == "momentum" and p.hypers == ("b1",)),
        *(["        self._start_model()"] if of_model else []),
        *(["        self._share_numbers()"] if by_group else []),
        *(["        self._restore_codes()"] if coded else []),
    ]


def _check(title: str, slots: Collection[str], options: Collection[str]) -> list[str]:
    """The call that refuses a state with other slots and other options of groups."""
    listed = [", ".join(f'"{key}"' for key in keys) for keys in (slots, options)]
    sets = [f"{{{keys}}}" if keys else "set()" for keys in listed]
    lines: list[str] = []
    for line in layout(8, "_check_state(", [f'"{title}"', "state", *sets], ")"):
        if len(line) <= WIDTH:
            lines.append(line)
        else:
            keys = line.strip().strip("{},").split(", ")
            lines += ["            {", *(f"{' ' * 16}{key}," for key in keys), "            },"]
    return lines


def _renamed(momentum: Parameter) -> str:
    """The line that reads the momentum of a file of before it had PyTorch's name."""
    old = f'group.pop("b1", {format_float(momentum.values[0])})'
    return f'            group.setdefault("momentum", {old})'


def _dictionary(indent: int, label: str, keys: Collection[str]) -> list[str]:
    """A dictionary with an entry for each variable in `keys`."""
    pad, entries = " " * indent, [f'"{key}": {key}' for key in keys]
    line = f"{pad}{label} = {{{', '.join(entries)}}}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{pad}{label} = {{", *(f"{pad}    {entry}," for entry in entries), f"{pad}}}"]
