"""The page of error classes is drawn from the code, and its example is read as it says."""

import re
from pathlib import Path

from tillbridge.canonical.error_classes import ErrorClass
from tillbridge.connections.error_policies import read_error_policies
from tillbridge.connections.error_reference import refreshed

PAGE = Path(__file__).parents[2] / "docs/reference/errors.md"


def test_the_page_is_as_the_code_has_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert refreshed(page) == page
    for error_class in ErrorClass:
        assert f"| `{error_class}` |" in page


def test_the_pages_example_holds() -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    policies = read_error_policies(found[1])
    assert policies.of("dynamics", ErrorClass.TRANSIENT).tries == 20
    assert policies.of("dynamics", ErrorClass.CONNECTION).give_up_after_s == 3 * 86_400
