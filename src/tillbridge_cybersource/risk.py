"""Decision Manager, what is asked: a decision alone, an address, export compliance.

Source: REST API reference, Decision Manager and Verification (risk/v1/decisions,
address-verifications, export-compliance-inquiries) and the official client's models. Nothing is
authorized, and asking twice harms nobody: these are reads, though they are POSTs there and may be
charged for.
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.billing_states import DECISION_STATES, state_of
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.operations import amount_details, merchant_defined
from tillbridge_cybersource.payment_documents import address_of
from tillbridge_cybersource.shapes import ADDRESS, MERCHANT_DEFINED, ORDER_NUMBER
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    {
        "decision_manager.create_bundled_decision_manager_case",
        "verification.verify_customer_address",
        "verification.validate_export_compliance",
    }
)
ADDRESSES_PATH: Final = "/risk/v1/address-verifications"
EXPORTS_PATH: Final = "/risk/v1/export-compliance-inquiries"
_BILLING = Field("billing", "group", "Billing address", of=ADDRESS, required=True)
_SHIPPING = Field("shipping", "group", "Shipping address", of=ADDRESS)
_CUSTOMER = Field("customer_id", "text", "Customer's number", length_max=100)
_IP_ADDRESS = Field("ip_address", "text", "IP address", length_max=48)
_GOODS = Field(
    "goods",
    "list",
    "What is sold",
    of=(
        Field("product", "text", "Product code", length_max=255),
        Field("description", "text", "Description", length_max=255),
        Field("quantity", "integer", "Pieces"),
    ),
)
_ALL: Final = frozenset({"company"})
_NOT_SHIPPED: Final = _ALL | {"email"}
_NO_PERSON: Final = _NOT_SHIPPED | {"first_name", "last_name", "phone"}
_WHERE_AND_WHO: Final = _NOT_SHIPPED | {"phone", "line1", "line2", "city", "region", "postal_code"}
"""What a model has no field for."""

RISK_DECISION = DocumentShape(
    "risk_decision",
    "What Decision Manager would decide",
    (
        ORDER_NUMBER,
        Field("amount", "money", "Amount", required=True),
        Field("customer", "text", "Customer's token", length_max=32),
        _BILLING,
        _SHIPPING,
        _CUSTOMER,
        _IP_ADDRESS,
        Field("fingerprint", "text", "Session id of the device fingerprint"),
        Field("profile", "text", "Profile", length_max=30),
        MERCHANT_DEFINED,
    ),
)
ADDRESS_VERIFICATION = DocumentShape(
    "address_verification",
    "Whether an address exists, and how it is written",
    (ORDER_NUMBER, _BILLING, _SHIPPING, _CUSTOMER),
)
EXPORT_COMPLIANCE = DocumentShape(
    "export_compliance",
    "Whether goods may be sold to somebody",
    (ORDER_NUMBER, _BILLING, _SHIPPING, _CUSTOMER, _IP_ADDRESS, _GOODS),
)


class Risk:
    """The reads of Decision Manager."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.reads = (
            Read("risk_decision", RISK_DECISION, self._decision),
            Read("address_verification", ADDRESS_VERIFICATION, self._address),
            Read("export_compliance", EXPORT_COMPLIANCE, self._export),
        )

    async def _decision(self, call: Call, fields: Fields) -> Receipt:
        amount = values.money_above_zero(fields, "amount")
        document = _asked(fields, _ALL, _NOT_SHIPPED)
        order = document["orderInformation"]
        assert isinstance(order, dict), "made so"
        order["amountDetails"] = amount_details(amount)
        if customer := values.text(fields, "customer"):
            document["paymentInformation"] = {"customer": {"id": customer}}
        if profile := values.text(fields, "profile"):
            document["riskInformation"] = {"profile": {"name": profile}}
        if defined := merchant_defined(fields):
            document["merchantDefinedInformation"] = defined
        body = await self._answered(call, self._kept.path, document, "A decision")
        status = text_of(body, "status")
        verdict = state_of(DECISION_STATES, status, f"the decision {text_of(body, 'id')}")
        return self._kept.receipt(
            text_of(body, "id"),
            {
                "status": status,
                "state": verdict.value,
                "reason": text_of(part(body, "errorInformation"), "reason"),
                "score": text_of(part(body, "riskInformation", "score"), "result"),
                "profile": text_of(part(body, "riskInformation", "profile"), "name"),
            },
        )

    async def _address(self, call: Call, fields: Fields) -> Receipt:
        document = _asked(fields, _NO_PERSON, _NO_PERSON)
        body = await self._answered(call, ADDRESSES_PATH, document, "An address verification")
        return self._verified(body, _standard_address(body))

    async def _export(self, call: Call, fields: Fields) -> Receipt:
        document = _asked(fields, _ALL | {"phone"}, _WHERE_AND_WHO)
        order = document["orderInformation"]
        assert isinstance(order, dict), "made so"
        if goods := [_sold(one) for one in values.groups(fields, "goods")]:
            order["lineItems"] = goods
        body = await self._answered(call, EXPORTS_PATH, document, "An export compliance check")
        matches = part(body, "exportComplianceInformation", "watchList").get("matches") or ()
        lists = sorted({text_of(match, "sanctionList") for match in matches})
        return self._verified(body, {"lists": " ".join(lists), "matches": str(len(matches))})

    async def _answered(self, call: Call, path: str, document: Body, doing: str) -> Body:
        answer = await self._kept.exchange.read(call, path, document)
        if answer.status not in (200, 201):
            raise refusal(self._kept.exchange.name, doing, answer)
        return answer.body

    def _verified(self, body: Body, more: Mapping[str, str]) -> Receipt:
        """COMPLETED: nothing against it; DECLINED is an answer as well, with its reason."""
        status = text_of(body, "status")
        told = {
            "status": status,
            "state": state_of(_VERIFIED, status, f"the verification {text_of(body, 'id')}"),
            "reason": text_of(part(body, "errorInformation"), "reason"),
            "message": text_of(body, "message")
            or text_of(part(body, "errorInformation"), "message"),
        }
        return self._kept.receipt(text_of(body, "id"), {**told, **more})


_VERIFIED: Final[Mapping[str, str]] = {"COMPLETED": "passed", "DECLINED": "declined"}


def _sold(one: Fields) -> Mapping[str, object]:
    item: dict[str, object] = {
        "productSKU": values.text(one, "product"),
        "productName": values.text(one, "description"),
        "quantity": values.integer(one, "quantity", 1),
    }
    return {name: value for name, value in item.items() if value}


def _standard_address(body: Body) -> dict[str, str]:
    """The address as the postal service writes it."""
    told = part(body, "addressVerificationInformation")
    written = part(told, "standardAddress")
    line = part(written, "address1")
    return {
        "code": text_of(told, "statusCode"),
        "score": text_of(told, "matchScore"),
        "line1": text_of(line, "withApartment") or text_of(line, "withoutApartment"),
        "city": text_of(written, "locality"),
        "region": text_of(written, "administrativeArea"),
        "postal_code": text_of(written, "postalCode"),
        "country": text_of(written, "isoCountry") or text_of(written, "country"),
    }


def _asked(
    fields: Fields, not_billed: frozenset[str], not_shipped: frozenset[str]
) -> dict[str, object]:
    """What all of them ask with: reference, addresses, customer and device."""
    order: dict[str, object] = {"billTo": address_of(values.group(fields, "billing"), not_billed)}
    if shipping := address_of(values.group(fields, "shipping"), not_shipped):
        order["shipTo"] = shipping
    found: dict[str, object] = {
        "clientReferenceInformation": {"code": values.required_text(fields, "order_number")},
        "orderInformation": order,
    }
    if customer_id := values.text(fields, "customer_id"):
        found["buyerInformation"] = {"merchantCustomerId": customer_id}
    device = {
        "ipAddress": values.text(fields, "ip_address"),
        "fingerprintSessionId": values.text(fields, "fingerprint"),
    }
    if told := {name: value for name, value in device.items() if value}:
        found["deviceInformation"] = told
    return found
