"""What a condition makes sure of, for the values that are used where it holds."""

from tillbridge.mapping.known import Guards, path_of
from tillbridge.mapping.tree import Binary, Call, Literal, Tree, Unary


def guards_of(tree: Tree, *, holds: bool = True) -> Guards:
    """What is sure where a condition holds, or where it does not."""
    match tree:
        case Binary(operator="&&") if holds:
            return guards_of(tree.left).also(guards_of(tree.right))
        case Binary(operator="||") if not holds:
            return guards_of(tree.left, holds=False).also(guards_of(tree.right, holds=False))
        case Unary(operator="!"):
            return guards_of(tree.of, holds=not holds)
        case Call(function="has", arguments=(looked,)) if holds:
            return Guards(given=frozenset({path_of(looked)}))
        case Binary(operator="==") if holds:
            return _currency_guard(tree)
        case Binary(operator="!=", right=Literal(value=None | "")) if holds:
            return Guards(given=frozenset({path_of(tree.left)}))
        case Binary():
            return _length_guard(tree, holds=holds)
        case _:
            return Guards()


def _currency_guard(tree: Binary) -> Guards:
    for side, other in ((tree.left, tree.right), (tree.right, tree.left)):
        named = path_of(side).endswith(".currency")
        if named and isinstance(other, Literal) and isinstance(other.value, str):
            return Guards(currency=other.value)
    return Guards()


def _length_guard(tree: Binary, *, holds: bool) -> Guards:
    """`size(x) <= 60`, or the other side of `size(x) > 60`."""
    operator = tree.operator if holds else {">": "<=", ">=": "<"}.get(tree.operator, "")
    measured, limit = tree.left, tree.right
    if operator not in ("<", "<=") or not isinstance(limit, Literal):
        return Guards()
    if not isinstance(measured, Call) or measured.function != "size":
        return Guards()
    path = path_of(measured.arguments[0]) if measured.arguments else ""
    if not path or not isinstance(limit.value, int):
        return Guards()
    return Guards({path: limit.value - (1 if operator == "<" else 0)})
