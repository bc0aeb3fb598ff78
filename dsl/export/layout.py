"""Lines of an emitted file, split as ruff would split them."""

WIDTH = 100
"""The longest line of an emitted file."""


def layout(indent: int, before: str, parts: list[str], after: str) -> list[str]:
    """`before` + parts + `after` in one line, or split inside the brackets as ruff splits."""
    pad = " " * indent
    line = f"{pad}{before}{', '.join(parts)}{after}"
    if len(line) <= WIDTH or not parts:
        return [line]
    inner = f"{pad}    {', '.join(parts)}"
    if len(inner) <= WIDTH:
        return [pad + before, inner, pad + after]
    return [pad + before, *(f"{pad}    {part}," for part in parts), pad + after]


def lambda_of(indent: int, params: list[str], body: str) -> str:
    """A lambda among the parts of a call; a body that is too long for the line in brackets."""
    head = f"lambda {', '.join(params)}:"
    if indent + len(f"{head} {body},") <= WIDTH:
        return f"{head} {body}"
    pad = " " * indent
    return f"{head} (\n{pad}    {body}\n{pad})"


def suite(indent: int, before: str, text: str) -> list[str]:
    """`before` + expression in one line, or the expression in brackets on a line of its own."""
    pad = " " * indent
    if len(pad + before + text) <= WIDTH:
        return [pad + before + text]
    return [f"{pad}{before}(", f"{pad}    {text}", f"{pad})"]


def function_head(indent: int, label: str, params: list[str], returns: str) -> list[str]:
    """`def label(params) -> returns:`; ruff leaves a comma after a lone parameter it moves."""
    lines = layout(indent, f"def {label}(", params, f") -> {returns}:")
    if len(params) == 1 and len(lines) == 3:
        lines[1] += ","
    return lines


def comprehension(
    indent: int, before: str, made: str, variables: list[str], lists: list[str]
) -> list[str]:
    """`before[made for variables in zip(lists)]`."""
    pad, loop = " " * indent, f"for {', '.join(variables)} in "
    lines = [f"{pad}    {loop}{lists[0]}"]
    if len(lists) > 1:
        lines = layout(indent + 4, f"{loop}zip(", [*lists, "strict=True"], ")")
    if len(lines) == 1:
        text = f"{made} {lines[0].strip()}"
        if len(f"{pad}{before}[{text}]") <= WIDTH:
            return [f"{pad}{before}[{text}]"]
        if len(f"{pad}    {text}") <= WIDTH:
            return [f"{pad}{before}[", f"{pad}    {text}", f"{pad}]"]
    return [f"{pad}{before}[", f"{pad}    {made}", *lines, f"{pad}]"]


def branches(indent: int, label: str, test: str, new: list[str], old: list[str]) -> list[str]:
    """`if` and `else` that assign to `label`, or one line where that is all it takes."""
    pad = " " * indent
    if len(new) == len(old) == 1:
        values = [line.strip().removeprefix(f"{label} = ") for line in (*new, *old)]
        line = f"{pad}{label} = {values[0]} if {test} else {values[1]}"
        if len(line) <= WIDTH:
            return [line]
    return [f"{pad}if {test}:", *new, f"{pad}else:", *old]
