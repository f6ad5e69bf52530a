"""How a benchmark ends: a table for people, one line of JSON, and 0 only when all is well."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NoReturn


def end_with(result: Any, limits: Mapping[str, float]) -> NoReturn:
    """Reports a result, a dataclass with `ok`; `limits` says what some of its values may be."""
    values = asdict(result)
    print()
    for name, value in values.items():
        most = f"   (at most {limits[name]:g})" if name in limits else ""
        print(f"{name:<26}{value!s:>12}{most}")
    print(json.dumps(values), flush=True)
    sys.exit(0 if result.ok else 1)
