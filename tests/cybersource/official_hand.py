"""Run by the official client's own interpreter: makes the calls it is told on its standard input.

Each line is {"key", "document", "parameters", "configuration"}; each answer {"status", "text"}.
usage: official_hand.py AUTHORITY
"""

import importlib
import inspect
import json
import re
import sys
import tempfile
import uuid
from pathlib import Path
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
    given |= _headers(method, configuration)
    needed = (
        one
        for one, parameter in inspect.signature(method).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and one not in given
    )
    for one in needed if document is None else (*needed, *_models(method)):
        given[one] = _file(document) if one == "file" else body(document or {})
    try:
        _, status, text = method(**given)
    except ApiException as refused:
        return refused.status, _text(refused.body)
    except Exception as broken:
        return 0, repr(broken)
    return status, _text(text)


def _headers(method: Any, configuration: dict[str, Any]) -> dict[str, str]:
    """What some methods want said in headers, each by its parameter."""
    merchant, once = configuration["merchantid"], uuid.uuid4().hex
    said = {
        "content_type": "application/json",
        "x_requestid": once,
        "v_c_correlation_id": once,
        "v_c_merchant_id": merchant,
        "v_c_organization_id": merchant,
    }
    return {name: said[name] for name in inspect.signature(method).parameters if name in said}


def _file(document: Any) -> str:
    """The path of a file of that name and text: the client reads it and calls it so."""
    ((name, text),) = document.items()
    path = Path(tempfile.mkdtemp(prefix="official-")) / name
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


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
