"""What `tillbridge certify` may pay with: the sandbox's tokens, or those that a person names.

A card number is never sent: rows that would need one are left out.
"""

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.certification.script import LeftOutError

_TIMEOUT_S = 10
_HERE = ("127.0.0.1", "localhost", "::1")


def is_sandbox(url: str) -> bool:
    """Whether a sandbox of ours answers there; only this machine is asked."""
    if urllib.parse.urlsplit(url).hostname not in _HERE:
        return False
    try:
        return "live_holds" in _ask(url, "state", None)
    except (OSError, ValueError):
        return False


class _WithoutCards:
    """Neither place is sent a card number."""

    def __init__(self, organization: str) -> None:
        self._organization = organization

    @property
    def organization(self) -> str:
        """The merchant who asks."""
        return self._organization

    def card(self) -> str:
        """Raises LeftOutError."""
        raise LeftOutError("A card number would have to be sent.")

    def file(self, name: str, text: str) -> Mapping[str, str]:
        """Raises LeftOutError: a file of transactions is made to hold card numbers."""
        raise LeftOutError("A connection of ours uploads no file of transactions.")


class SandboxLoans(_WithoutCards):
    """Tokens that a sandbox at this address gives away, and its triggers."""

    def __init__(self, url: str, organization: str) -> None:
        super().__init__(organization)
        self._url = url

    def token(self, outcome: str) -> str:
        """A new one."""
        return str(self._post("tokens", {"outcome": outcome, "kind": "tms"})["token"])

    def transient(self) -> str:
        """A new one."""
        return str(self._post("tokens", {})["token"])

    def identifier(self) -> str:
        """That of a test card."""
        return str(self._post("identifiers", {})["id"])

    def trigger(self, name: str, **given: str) -> None:
        """Pulls it."""
        self._post(f"triggers/{name}?{urllib.parse.urlencode(given)}", {})

    def _post(self, path: str, document: Mapping[str, str]) -> Any:
        try:
            return _ask(self._url, path, document)
        except urllib.error.HTTPError as refused:
            raise LeftOutError(f"The sandbox does not give it: {refused.read().decode()}") from None


class GivenMeans(_WithoutCards):
    """What a person has at a test host.

    Attributes are by what a row asks for: `tokens` by the outcome of their payments.
    """

    def __init__(
        self, organization: str, tokens: Mapping[str, str], transient: str, identifier: str
    ) -> None:
        super().__init__(organization)
        self._tokens = tokens
        self._transient = transient
        self._identifier = identifier

    def token(self, outcome: str) -> str:
        """The one that is named for it. Raises LeftOutError."""
        if outcome not in self._tokens:
            raise LeftOutError(f"No token is named whose payments end so: --token {outcome}=ID.")
        return self._tokens[outcome]

    def transient(self) -> str:
        """The one that is named, once. Raises LeftOutError."""
        given, self._transient = self._transient, ""
        if not given:
            raise LeftOutError("No transient token is named, or it is used: --transient TOKEN.")
        return given

    def identifier(self) -> str:
        """The one that is named. Raises LeftOutError."""
        if not self._identifier:
            raise LeftOutError("No instrument identifier is named: --identifier ID.")
        return self._identifier

    def trigger(self, name: str, **_: str) -> None:
        """Raises LeftOutError."""
        raise LeftOutError(f"Only a sandbox can be told to make it happen: {name}.")


def _ask(url: str, path: str, document: Mapping[str, str] | None) -> Any:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{url}/_simulator/{path}", body)  # noqa: S310 (this machine)
    trust = ssl.create_default_context()
    trust.check_hostname = False  # a sandbox's authority is made when it starts
    trust.verify_mode = ssl.CERT_NONE
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=trust) as answer:  # noqa: S310 (as above)
        return json.load(answer)
