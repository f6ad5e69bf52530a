"""Decision Manager, payer authentication, verification and taxes."""

from tillbridge_simulators.cybersource.certification.payments import NOBODY, held, paying
from tillbridge_simulators.cybersource.certification.reporting import last_day
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script
from tillbridge_simulators.cybersource.certification.search import of_order

_CASE = "decision_manager"
_PAYER = "payer_authentication"
_INFORMATION = "consumerAuthenticationInformation"
_DETAILS = "transaction_details.get_transaction"
_MARKING = {"riskInformation": {"markingDetails": {"action": "add", "reason": "suspected"}}}


def _decision(it: Script) -> None:
    document = paying(it)
    it.do(f"{_CASE}.create_bundled_decision_manager_case", document)
    code = document["clientReferenceInformation"]["code"]
    query = of_order(code)
    it.finds("search_transactions.create_search", query, {"totalCount": 0})
    wrong = document | {"orderInformation": {"amountDetails": {"totalAmount": "1"}}}
    it.refused(f"{_CASE}.create_bundled_decision_manager_case", 400, "MISSING_FIELD", wrong)


def _case(it: Script) -> None:
    id_ = held(it, outcome="review")["id"]
    it.do(f"{_CASE}.comment_decision_manager_case", {"comments": "called her"}, id=id_)
    it.do(f"{_CASE}.fraud_update", _MARKING, id=id_)
    accept = {"decisionInformation": {"decision": "ACCEPT", "comments": "known"}}
    key = f"{_CASE}.action_decision_manager_case"
    it.do(key, accept, id=id_)
    wanted = {f"conversionDetails.requestId={id_}.newDecision": "ACCEPT"}
    it.shows("conversion_details.get_conversion_detail", wanted, **last_day())
    it.refused(key, 400, "NOT_SUPPORTED", accept, id=id_)
    nobody = {"id": NOBODY}
    comment = {"comments": "x"}
    it.refused(f"{_CASE}.comment_decision_manager_case", 400, "INVALID_DATA", comment, **nobody)
    it.refused(f"{_CASE}.fraud_update", 400, "INVALID_DATA", _MARKING, **nobody)
    late = dict.fromkeys(("startTime", "endTime"), "2001-01-01T00:00:00.000Z")
    it.refused("conversion_details.get_conversion_detail", 400, "INVALID_DATA", **late)


def _list(it: Script) -> None:
    order = held(it)
    entry = _MARKING | {"clientReferenceInformation": {"code": it.new("order")}}
    it.do(f"{_CASE}.add_negative", entry, type="negative")
    it.shows(_DETAILS, {"id": order["id"]}, id=order["id"])
    it.refused(f"{_CASE}.add_negative", 400, "INVALID_DATA", entry, type="naughty")


def _payer(it: Script) -> None:
    document = paying(it, outcome="challenge")
    setup = {
        "clientReferenceInformation": {"code": it.new("order")},
        "paymentInformation": document["paymentInformation"],
    }
    it.do(f"{_PAYER}.payer_auth_setup", setup)
    it.refused(
        f"{_PAYER}.payer_auth_setup", 400, "MISSING_FIELD", {"clientReferenceInformation": {}}
    )
    enrolling = {name: value for name, value in document.items() if name != "processingInformation"}
    told = it.do(f"{_PAYER}.check_payer_auth_enrollment", enrolling)
    id_ = told[_INFORMATION]["authenticationTransactionId"]
    proof = {_INFORMATION: {"authenticationTransactionId": id_}}
    it.means.trigger("challenge.passed", authentication=id_)
    key = f"{_PAYER}.validate_authentication_results"
    validation = {name: enrolling[name] for name in ("orderInformation", "paymentInformation")}
    it.do(key, validation | proof)
    paid = it.do("payments.create_payment", document | proof)
    it.shows(_DETAILS, {"id": paid["id"], "processorInformation.approvalCode": ANY}, id=paid["id"])
    wrong = {_INFORMATION: {"authenticationTransactionId": "nobody"}}
    it.refused(key, 400, "INVALID_DATA", validation | wrong)
    del enrolling["orderInformation"]
    it.refused(f"{_PAYER}.check_payer_auth_enrollment", 400, "MISSING_FIELD", enrolling)


def _verification(it: Script) -> None:
    code = it.new("order")
    name = {"firstName": "Maya", "lastName": "Ortiz"}
    billed = {"address1": "1 Market St", "locality": "San Francisco", "country": "US"}
    asked = {
        "clientReferenceInformation": {"code": code},
        "orderInformation": {"billTo": name | billed},
    }
    query = of_order(code)
    for key in ("verify_customer_address", "validate_export_compliance"):
        it.do(f"verification.{key}", asked)
        it.finds("search_transactions.create_search", query, {"totalCount": 0})
        wrong = asked | {"orderInformation": {"billTo": name}}
        it.refused(f"verification.{key}", 400, "MISSING_FIELD", wrong)


def _taxes(it: Script) -> None:
    address = {"address1": "1 Market St", "locality": "San Francisco", "postalCode": "94105"}
    asked = {
        "clientReferenceInformation": {"code": it.new("order")},
        "taxInformation": {"commitIndicator": True},
        "orderInformation": {
            "amountDetails": {"currency": "USD"},
            "billTo": address | {"administrativeArea": "CA", "country": "US"},
            "lineItems": [{"productSKU": "MUG", "quantity": 2, "unitPrice": "10.00"}],
        },
    }
    id_ = it.do("taxes.calculate_tax", asked)["id"]
    wrong = asked | {"clientReferenceInformation": {}}
    it.refused("taxes.calculate_tax", 400, "MISSING_FIELD", wrong)
    reference = {"clientReferenceInformation": asked["clientReferenceInformation"]}
    it.do("taxes.void_tax", reference, id=id_)
    it.refused("taxes.void_tax", 400, "NOT_VOIDABLE", reference, id=id_)
    query = of_order(str(it.new("order")))
    it.finds("search_transactions.create_search", query, {"totalCount": 0})


ROWS = (
    row(_taxes, "taxes.calculate_tax", "taxes.void_tax"),
    row(
        _verification,
        "verification.verify_customer_address",
        "verification.validate_export_compliance",
    ),
    row(_decision, f"{_CASE}.create_bundled_decision_manager_case"),
    row(
        _case,
        f"{_CASE}.action_decision_manager_case",
        f"{_CASE}.comment_decision_manager_case",
        f"{_CASE}.fraud_update",
        "conversion_details.get_conversion_detail",
    ),
    row(_list, f"{_CASE}.add_negative"),
    row(
        _payer,
        f"{_PAYER}.payer_auth_setup",
        f"{_PAYER}.check_payer_auth_enrollment",
        f"{_PAYER}.validate_authentication_results",
    ),
)
