"""Run by the official client's own interpreter: makes the calls it is told on its standard input.

Each line is {"key", "document", "parameters", "configuration"}; each answer {"status", "text"}.
usage: official_hand.py AUTHORITY
"""

import importlib
import inspect
import json
import re
import sys
from typing import Any

import certifi  # comes with the official client

certifi.where = lambda: sys.argv[1]  # the only trust the client knows is certifi's file

from CyberSource.rest import ApiException  # type: ignore[import-not-found]  # noqa: E402 (installed in an environment of its own, and it reads certifi when imported)


def body(given: object) -> str:
    """The client takes JSON text with Python's names, as its own models write them."""
    return re.sub(r'"(\w+)":', lambda found: re.sub("[A-Z]", _lower, found[0]), json.dumps(given))


def snake(name: str) -> str:
    """startTime as the client's parameters are called."""
    return re.sub("[A-Z]", _lower, name)


def _lower(found: re.Match[str]) -> str:
    return "_" + found[0].lower()


def call(
    key: str, document: object, parameters: dict[str, str], configuration: dict[str, Any]
) -> tuple[int, str]:
    """Status and body, whether it was taken or refused."""
    group, _, name = key.partition(".")
    module = importlib.import_module(f"CyberSource.api.{group}_api")
    kind = next(value for value in vars(module).values() if _is_api(value, module.__name__))
    method = getattr(kind(configuration), name)
    given = {snake(one): value for one, value in parameters.items()}
    needed = (
        one
        for one, parameter in inspect.signature(method).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and one not in given
    )
    for one in needed if document is None else (*needed, *_models(method)):
        given[one] = body(document or {})
    try:
        _, status, text = method(**given)
    except ApiException as refused:
        return refused.status, _text(refused.body)
    except Exception as broken:
        return 0, repr(broken)
    return status, _text(text)


def _models(method: Any) -> list[str]:
    """The names of the parameters that are a model: a body that may be left out is only there."""
    return re.findall(r":param [A-Z]\w+ (\w+):", method.__doc__)


def _is_api(value: object, module: str) -> bool:
    return inspect.isclass(value) and value.__module__ == module


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


def main() -> None:
    """Until its standard input ends. What the client itself prints goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        status, text = call(**json.loads(line))
        answers.write(json.dumps({"status": status, "text": text}) + "\n")
        answers.flush()


main()
