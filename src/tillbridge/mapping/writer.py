"""Writes one Python function: collects its constants and where its instructions came from."""

import ast
from collections.abc import Callable
from string import Formatter
from typing import NamedTuple

from tillbridge.mapping.note import NoteTaker
from tillbridge.mapping.program import FILE_NAME, Spot
from tillbridge.mapping.recorder import Recorder
from tillbridge.mapping.value_type import ValueType
from tillbridge.mapping.work import Work


class Code(NamedTuple):
    """Python that computes a value, and the value's type."""

    node: ast.expr
    kind: ValueType


class Bound(NamedTuple):
    """A name in scope: its type, and the Python variable that holds it ("" for the context)."""

    kind: ValueType
    variable: str = ""


class Writer:
    """Writes one Python function: collects its constants and where its instructions came from.

    With a recorder the function tells it what every part of every expression gave.
    """

    def __init__(self, recorder: Recorder | None = None) -> None:
        self._recorder = recorder
        self.spots: list[Spot] = []
        self._globals: dict[str, object] = {}
        self._known: dict[int, str] = {}
        self._variables = 0
        self._works = False

    def constant(self, value: object) -> ast.expr:
        """A value as code; anything but text, numbers and truths is kept beside the code."""
        if isinstance(value, str | int) and type(value) in (str, int, bool):
            return ast.Constant(value)
        if value is None:
            return ast.Constant(None)
        if id(value) not in self._known:
            name = f"k{len(self._known)}"
            self._known[id(value)] = name
            self._globals[name] = value
        return load(self._known[id(value)])

    def call(self, function: Callable[..., object], *arguments: ast.expr) -> ast.expr:
        """A call of one of our own functions."""
        if self._recorder is not None:
            function = self._recorder.watched(function)
        return ast.Call(self.constant(function), list(arguments), [])

    def work(self, method: str, *arguments: ast.expr) -> ast.expr:
        """A call of a method of the document's `Work`."""
        self._works = True
        return ast.Call(ast.Attribute(load("work"), method, ast.Load()), list(arguments), [])

    def work_itself(self) -> ast.expr:
        """The document's `Work`: the first argument of a function that spends of it."""
        self._works = True
        return load("work")

    def note_taker(self, spot: Spot) -> ast.expr:
        """What takes the notes of a spot: the first argument of a function that has notes."""
        return self.call(NoteTaker, load("notes"), self.constant(spot), _items(spot))

    def part(self, code: Code, spot: Spot) -> Code:
        """Code of a part of an expression, marked as coming from a spot."""
        self.place(code.node, spot)
        if self._recorder is None:
            return code
        seen = self.call(self._recorder.see, self.constant(spot), _items(spot), code.node)
        self.place(seen, spot)
        return Code(seen, code.kind)

    def kept(self, out: str, name: str, spot: Spot) -> list[ast.stmt]:
        """What tells a recorder how a field was filled; nothing without one."""
        if self._recorder is None:
            return []
        told = (self.constant(spot), _items(spot), load(out), ast.Constant(name))
        return [ast.Expr(self.call(self._recorder.keep, *told))]

    def variable(self, prefix: str) -> str:
        """A Python name nobody has yet."""
        self._variables += 1
        return f"{prefix}{self._variables}"

    def place(self, node: ast.AST, spot: Spot) -> None:
        """Marks code, and what is below it and not yet marked, as coming from a spot."""
        self.spots.append(spot)
        number = len(self.spots)
        waiting = [node]
        while waiting:
            at = waiting.pop()
            if getattr(at, "lineno", None) is not None:
                continue
            if isinstance(at, ast.expr | ast.stmt):
                at.lineno = at.end_lineno = number
                at.col_offset = at.end_col_offset = 0
            waiting.extend(ast.iter_child_nodes(at))

    def function(self, body: list[ast.stmt]) -> Callable[..., object]:
        """The compiled function of `context` and `notes`, a list or None."""
        if self._works:
            started = ast.Call(self.constant(Work), [], [])
            body = [ast.Assign([ast.Name("work", ast.Store())], started), *body]
        parameters = [ast.arg("context"), ast.arg("notes")]
        arguments = ast.arguments([], parameters, None, [], [], None, [])
        definition = ast.FunctionDef("run", arguments, body, [], None)
        module = ast.Module([definition], [])
        ast.fix_missing_locations(module)
        code = compile(module, FILE_NAME, "exec")
        exec(code, self._globals)  # noqa: S102  # code we wrote from a checked tree, no user names
        run = self._globals["run"]
        assert callable(run)
        return run


def _items(spot: Spot) -> ast.expr:
    """The numbers of the list items that a spot's path names."""
    names = [name for _, name, _, _ in Formatter().parse(spot.path) if name]
    return ast.Dict([ast.Constant(name) for name in names], [load(name) for name in names])


def given(node: ast.expr) -> ast.expr:
    """Whether a value is neither null nor empty text."""
    nothing: list[ast.expr] = [ast.Constant(None), ast.Constant("")]
    return ast.Compare(node, [ast.NotIn()], [ast.Tuple(nothing, ast.Load())])


def load(name: str) -> ast.expr:
    """The value of a Python variable."""
    return ast.Name(name, ast.Load())
