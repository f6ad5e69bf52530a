"""Tokens into a tree, by precedence climbing; depth and size are bounded.

Source of the grammar and precedences: CEL language definition, "Syntax"
(github.com/google/cel-spec, doc/langdef.md).
"""

from tillbridge.mapping.lexer import ExpressionError, Token, tokens_of
from tillbridge.mapping.tree import (
    Binary,
    Call,
    Conditional,
    Index,
    ListLiteral,
    Literal,
    Name,
    Select,
    Span,
    Tree,
    Unary,
)

DEPTH_MAX = 60
"""Levels of a tree; a chain of 60 `+` is as deep as 60 parentheses."""

_CONSTANTS = {"true": True, "false": False, "null": None}
_PRECEDENCES = {
    "||": 1, "&&": 2,
    "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5,
}  # fmt: skip
_RESERVED = (
    "as break const continue else false for function if import in let loop namespace null package"
    " return true var void while"
)
RESERVED = frozenset(_RESERVED.split())
"""Words that name nothing (CEL language definition, RESERVED and IDENT)."""


def parse(text: str) -> Tree:
    """The expression's tree.

    Raises:
        ExpressionError: not an expression, too long or too deep.
    """
    parser = _Parser(tokens_of(text))
    return parser.whole()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._nesting = 0
        self._depths: dict[int, int] = {}

    def whole(self) -> Tree:
        tree = self._expression()
        if self._token.kind != "end":
            raise self._unexpected("the expression ends before it")
        return tree

    def _expression(self) -> Tree:
        self._enter()
        condition = self._binary(1)
        if not self._take("?"):
            self._nesting -= 1
            return condition
        then = self._expression()
        self._expect(":")
        otherwise = self._expression()
        self._nesting -= 1
        span = Span(condition.span.start, otherwise.span.end)
        tree = Conditional(condition, then, otherwise, span)
        return self._kept(tree, condition, then, otherwise)

    def _binary(self, lowest: int) -> Tree:
        left = self._unary()
        while True:
            token = self._token
            precedence = _PRECEDENCES.get(token.text, 0) if token.kind in ("sign", "name") else 0
            if precedence < lowest:
                return left
            self._at += 1
            right = self._binary(precedence + 1)
            tree = Binary(token.text, left, right, Span(left.span.start, right.span.end))
            left = self._kept(tree, left, right)

    def _unary(self) -> Tree:
        signs: list[Token] = []
        while self._token.kind == "sign" and self._token.text in ("!", "-"):
            signs.append(self._token)
            self._at += 1
        tree = self._member()
        for sign in reversed(signs):
            span = Span(sign.span.start, tree.span.end)
            tree = self._kept(Unary(sign.text, tree, span), tree)
        return tree

    def _member(self) -> Tree:
        tree = self._primary()
        while True:
            if self._take("."):
                tree = self._selected(tree)
            elif self._take("["):
                at = self._expression()
                end = self._expect("]")
                tree = self._kept(Index(tree, at, Span(tree.span.start, end)), tree, at)
            else:
                return tree

    def _selected(self, of: Tree) -> Tree:
        token = self._token
        if token.kind != "name":
            raise self._unexpected("a field's name has to follow the point")
        self._at += 1
        if not self._take("("):
            span = Span(of.span.start, token.span.end)
            return self._kept(Select(of, token.text, span), of)
        arguments, end = self._arguments(")")
        call = Call(token.text, (of, *arguments), Span(of.span.start, end))
        return self._kept(call, of, *arguments)

    def _primary(self) -> Tree:
        token = self._token
        self._at += 1
        match token.kind:
            case "string" | "number":
                return self._kept(Literal(token.value, token.span))
            case "name":
                return self._named(token)
            case "sign" if token.text == "(":
                tree = self._expression()
                self._expect(")")
                return tree
            case "sign" if token.text == "[":
                items, end = self._arguments("]")
                return self._kept(ListLiteral(items, Span(token.span.start, end)), *items)
            case _:
                self._at -= 1
                raise self._unexpected("a value has to stand there")

    def _named(self, token: Token) -> Tree:
        if token.text in _CONSTANTS:
            return self._kept(Literal(_CONSTANTS[token.text], token.span))
        if token.text in RESERVED:
            self._at -= 1
            raise self._unexpected("it is a reserved word")
        if not self._take("("):
            return self._kept(Name(token.text, token.span))
        arguments, end = self._arguments(")")
        call = Call(token.text, arguments, Span(token.span.start, end))
        return self._kept(call, *arguments)

    def _arguments(self, closing: str) -> tuple[tuple[Tree, ...], int]:
        """What stands up to the closing sign, and where that ends."""
        found: list[Tree] = []
        while not self._sees(closing):
            found.append(self._expression())
            if not self._take(","):
                break
        return tuple(found), self._expect(closing)

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _sees(self, sign: str) -> bool:
        return self._token.kind == "sign" and self._token.text == sign

    def _take(self, sign: str) -> bool:
        if self._sees(sign):
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> int:
        if not self._sees(sign):
            raise self._unexpected(f"{sign!r} has to stand there")
        end = self._token.span.end
        self._at += 1
        return end

    def _enter(self) -> None:
        self._nesting += 1
        if self._nesting > DEPTH_MAX:
            raise self._too_deep(self._token.span)

    def _kept(self, tree: Tree, *below: Tree) -> Tree:
        depth = 1 + max((self._depths[id(part)] for part in below), default=0)
        if depth > DEPTH_MAX:
            raise self._too_deep(tree.span)
        self._depths[id(tree)] = depth
        return tree

    def _too_deep(self, span: Span) -> ExpressionError:
        return ExpressionError(
            f"The expression is nested deeper than {DEPTH_MAX} levels.",
            span,
            reason="expression_too_deep",
            next_step="Use concat(...) or join([...], ...), or a lookup.",
        )

    def _unexpected(self, why: str) -> ExpressionError:
        token = self._token
        found = (
            "The expression ends" if token.kind == "end" else f"{token.text!r} cannot stand here"
        )
        return ExpressionError(f"{found}: {why}.", token.span, reason="bad_expression")
