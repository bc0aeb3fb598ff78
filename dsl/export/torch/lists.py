"""Lists with one value per parameter: their names, and where those of names come from."""

from dsl.export.names import safe
from dsl.export.torch.values import Values
from dsl.program import Arg, Local, Name


class Lists:
    """The lists that the lines before the loop make or read."""

    def __init__(self, values: Values):
        self.values = values
        self.names: dict[Arg, str] = {}

    def name(self, arg: Arg) -> str:
        """The name of the list that holds a value for every parameter."""
        if arg not in self.names:
            wanted = "ps" if arg == Name("w") else f"{self.entry(arg)}s"
            self.names[arg] = self.values.names.take(safe(wanted))
        return self.names[arg]

    def entry(self, arg: Arg) -> str:
        """The name of one entry of a list."""
        match arg:
            case Name("w"):
                return "p"
            case Name(id) if id in self.values.program.slots:
                return f"old_{safe(id)}"
            case Name(id):
                return self.values.called.get(id, id)
            case Local(index):
                return self.values.line_names[index]
        raise AssertionError

    def lines(self, indent: int) -> list[str]:
        """Lines that make the lists of inputs, slots and hyperparameters."""
        return [
            f"{' ' * indent}{label} = [{self._source(arg.id)}]"
            for arg, label in self.names.items()
            if isinstance(arg, Name)
        ]

    def _source(self, id: str) -> str:
        if id == "w":
            return "p for _, p, _ in ready"
        if id == "g":
            return "g for _, _, g in ready"
        if id == "t":
            return 'self.state[p]["step"].double() for _, p, _ in ready'
        if id in self.values.program.slots:
            return f'self.state[p]["{id}"] for _, p, _ in ready'
        return f"{self.values.groups.entry(id)} for group, _, _ in ready"
