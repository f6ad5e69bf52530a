"""Bad input of every operation, made of requests that are good.

The rows of the certification ask for every operation that is served. Before each good request goes
out, everything that is wrong in one way with it does: it has to be refused, and the good one has to
be taken right after it, so that a refusal is known to come from what was wrong and to have changed
nothing.
"""

import base64
import copy
import hashlib
import hmac
import http.client
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from tillbridge_simulators.cybersource import CybersourceSimulator
from tillbridge_simulators.cybersource.certification import Question, Told
from tillbridge_simulators.cybersource.offers import OFFERS
from tillbridge_simulators.cybersource.recorded import Operation, recorded

NOBODY: Final = "1111111111111111111111"
_AMOUNTS: Final = re.compile(
    r"(?:.*\.)?(?:totalAmount|amount|billingAmount|setupFee|(?P<original>originalAmount))"
)
_INVALID: Final[Mapping[str, str]] = {
    "negative": "-1.00",
    "zero": "0.00",
    "not a number": "ten",
    "too many decimals": "10.001",
    "yen with decimals": "10.50",
    "dinar with four decimals": "10.5555",
}
TAKING_FILES: Final = frozenset(offer.key for offer in OFFERS if offer.takes == "files")
_BOUNDARY: Final = "-------------1a2b3c"
_NO_FILES: Final[Mapping[str, Mapping[str, bool]]] = {
    "missing: file": {},
    "two files": {"a.csv": True, "b.csv": True},
    "empty file": {"a.csv": False},
    "wrong name": {"a<b>.csv": True},
}
"""By what is wrong, the names of files and whether anything is in them."""
_CURRENCIES: Final = {"yen with decimals": "JPY", "dinar with four decimals": "KWD"}


@dataclass(frozen=True, slots=True)
class Bad:
    """One request that is wrong in one way.

    Attributes:
        wrong: in which way; "missing", "too long" and "wrong type" with the field.
        told: what it was answered.
    """

    key: str
    wrong: str
    told: Told


class Asker:
    """Asks a simulator as Cybersource's clients do, and first asks wrongly."""

    def __init__(
        self,
        simulator: CybersourceSimulator,
        required: Mapping[str, Sequence[str]],
        tries_all: bool = False,
    ) -> None:
        """`required`: by operation, the dotted places of a body that may not be left out."""
        self._required, self._tries_all = required, tries_all
        options = simulator.options
        self._file_bytes_max = options.file_bytes_max
        self._port, self._merchant, self._key = (
            simulator.port,
            options.merchant_id,
            options.key_id,
        )
        self._secret = base64.b64decode(options.secret_key)
        self._wire = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=10)
        self.found: dict[str, dict[str, Bad]] = {}
        self._ids: dict[str, str] = {}

    def put(self, question: Question) -> Told:
        """The good request; what is wrong with it goes out before, once for each operation."""
        operation = recorded().operations[question.key]
        tried = [] if question.key in self.found or question.by_stranger else self._tried(question)
        told = self.ask(operation, question.document, question.parameters, question.by_stranger)
        if 200 <= told.status < 300 and not question.by_stranger:
            if tried:
                self.found[question.key] = {one.wrong: one for one in tried}
            self._keep_id(question.key, told)
        return told

    def ask(
        self,
        operation: Operation,
        document: Mapping[str, Any] | bytes | None,
        parameters: Mapping[str, str],
        by_stranger: bool = False,
        **changes: Any,
    ) -> Told:
        """One request; `changes` are made to the claims of its token."""
        target = _target(operation, parameters)
        kind = "application/json"
        if operation.key in TAKING_FILES and isinstance(document, Mapping):
            document, kind = form_of(document), f"multipart/form-data; boundary={_BOUNDARY}"
        body = document if isinstance(document, bytes) else _bytes(document)
        secret = b"the secret of another merchant.." if by_stranger else self._secret
        headers = {"Content-Type": kind}
        if not changes.pop("unsigned", False):
            token = changes.pop("token", "") or self.token(
                operation.method, target, body, secret, **changes
            )
            headers["Authorization"] = f"Bearer {token}"
        self._wire.request(operation.method, target, body or None, headers)
        answer = self._wire.getresponse()
        return Told(answer.status, _read(answer.read()))

    def token(
        self, method: str, target: str, body: bytes, secret: bytes | None = None, **changes: Any
    ) -> str:
        """A JSON Web Token for one request."""
        now_s = int(time.time())
        claims: dict[str, Any] = {
            "iat": now_s,
            "exp": now_s + 110,
            "iss": self._merchant,
            "jti": uuid.uuid4().hex,
            "request-method": method.lower(),
            "request-host": f"127.0.0.1:{self._port}",
            "request-resource-path": target,
            "v-c-merchant-id": self._merchant,
            "v-c-jwt-version": "2",
        }
        if body:
            claims["digest"] = base64.b64encode(hashlib.sha256(body).digest()).decode()
            claims["digestAlgorithm"] = "SHA-256"
        header = {"alg": "HS256", "kid": self._key, "typ": "JWT"}
        signed = b".".join(_packed(json.dumps(one).encode()) for one in (header, claims | changes))
        signature = hmac.new(secret or self._secret, signed, hashlib.sha256).digest()
        return b".".join((signed, _packed(signature))).decode()

    def close(self) -> None:
        self._wire.close()

    def _tried(self, question: Question) -> list[Bad]:
        operation = recorded().operations[question.key]
        tried = [
            *self._of_strangers(question, operation),
            *self._of_ids(question, operation),
            *self._of_bodies(question, operation),
        ]
        return [Bad(question.key, wrong, told) for wrong, told in tried]

    def _of_strangers(self, question: Question, operation: Operation) -> Iterator[tuple[str, Told]]:
        document, parameters = question.document, question.parameters
        yield "unsigned", self.ask(operation, document, parameters, unsigned=True)
        yield "forged", self.ask(operation, document, parameters, by_stranger=True)
        long_ago = int(time.time()) - 600
        yield (
            "expired",
            self.ask(operation, document, parameters, iat=long_ago, exp=long_ago + 100),
        )
        once = self.token("GET", "/tss/v2/transactions/1", b"")
        self.ask(recorded().operations[_DETAILS], None, {"id": "1"}, token=once)
        yield (
            "replayed",
            self.ask(recorded().operations[_DETAILS], None, {"id": "1"}, token=once),
        )
        elsewhere = self.token("GET", "/tss/v2/transactions/1", b"")
        yield "signed for another", self.ask(operation, document, parameters, token=elsewhere)

    def _of_ids(self, question: Question, operation: Operation) -> Iterator[tuple[str, Told]]:
        names = re.findall(r"\{(\w+)\}", operation.path)
        for name in names[-1:]:
            unknown = {**question.parameters, name: NOBODY}
            yield "unknown id", self.ask(operation, question.document, unknown)
            other = self._other(question.key)
            if other:
                changed = {**question.parameters, name: other}
                yield "id of another kind", self.ask(operation, question.document, changed)

    def _of_bodies(self, question: Question, operation: Operation) -> Iterator[tuple[str, Told]]:
        document, parameters = question.document, question.parameters
        if document is None:
            return
        yield "no JSON", self.ask(operation, b'{"', parameters)
        yield "no object", self.ask(operation, b"[1]", parameters)
        if operation.key in TAKING_FILES:
            (text,) = document.values()
            for wrong, files in _NO_FILES.items():
                content = {name: text if some else "" for name, some in files.items()}
                yield wrong, self.ask(operation, content, parameters)
            long = {"long.csv": "9" * self._file_bytes_max}
            yield "too large", self.ask(operation, long, parameters)
        for place, kind in _leaves(operation.body, document):
            yield (
                f"wrong type: {place}",
                self.ask(operation, _with(document, place, {"a": [1]}), parameters),
            )
            word, _, most = kind.partition(" ")
            if most and word == "text":
                long = _with(document, place, "9" * (int(most) + 1))
                yield f"too long: {place}", self.ask(operation, long, parameters)
            if place in self._required.get(question.key, (place,) if self._tries_all else ()):
                yield (
                    f"missing: {place}",
                    self.ask(operation, _with(document, place, None), parameters),
                )
        for place, _ in _leaves(operation.body, document):
            if amount := _AMOUNTS.fullmatch(place):
                beside = "originalCurrency" if amount["original"] else "currency"
                currency = f"{place.rpartition('.')[0]}.{beside}"
                for wrong, text in _INVALID.items():
                    changed = _with(document, place, text)
                    if wrong in _CURRENCIES:
                        if _at(document, currency) is None:
                            continue
                        changed = _with(changed, currency, _CURRENCIES[wrong])
                    yield f"{wrong}: {place}", self.ask(operation, changed, parameters)
            if place.lower().endswith("currency"):
                strange = _with(document, place, "XXQ")
                yield f"unknown currency: {place}", self.ask(operation, strange, parameters)

    def _keep_id(self, key: str, told: Told) -> None:
        if isinstance(told.body, dict) and isinstance(told.body.get("id"), str):
            self._ids[told.body["id"]] = _family(key)

    def _other(self, key: str) -> str:
        """An id that exists, of something of another service."""
        family = _family(key)
        return next((id_ for id_, of in self._ids.items() if of != family), "")


def _family(key: str) -> str:
    """Payments, what follows them and what is asked about them have the same ids."""
    parts = recorded().operations[key].path.split("/")
    return "payments" if parts[1] in ("pts", "tss", "risk") else f"{parts[1]} {parts[3]}"


_DETAILS: Final = "transaction_details.get_transaction"


def _target(operation: Operation, parameters: Mapping[str, str]) -> str:
    path, rest = operation.path, dict(parameters)
    for name in re.findall(r"\{(\w+)\}", path):
        path = path.replace(f"{{{name}}}", quote(rest.pop(name), safe=""))
    return f"{path}?{urlencode(rest)}" if rest else path


def _bytes(document: Mapping[str, Any] | None) -> bytes:
    return b"" if document is None else json.dumps(document).encode()


def _read(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text.decode(errors="replace")


def form_of(files: Mapping[str, str]) -> bytes:
    """multipart/form-data as the official clients make it."""
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        f"Content-Transfer-Encoding: binary\r\n\r\n{text}\r\n"
        for name, text in files.items()
    ]
    return "".join([*parts, f"--{_BOUNDARY}--\r\n"]).encode()


def _packed(text: bytes) -> bytes:
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def _leaves(model: str, document: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a document that a model knows, with its recorded kind."""
    fields = recorded().models.get(model.strip("[]"), {})
    for name, value in document.items():
        kind, place = fields.get(name), f"{path}.{name}" if path else name
        if kind is None:
            continue
        if isinstance(value, dict):
            yield from _leaves(kind, value, place)
        elif not isinstance(value, list):
            yield place, kind


def _with(document: Mapping[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy with another value there; None takes it away."""
    changed = copy.deepcopy(dict(document))
    *steps, last = place.split(".")
    inner = changed
    for step in steps:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return changed


def _at(document: Mapping[str, Any], place: str) -> Any:
    value: Any = document
    for step in place.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
