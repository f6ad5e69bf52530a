"""What provisioning creates, as the Web API wants it described.

Source: learn.microsoft.com, "Create and update table definitions using the Web API", "Create and
update column definitions", "Work with alternate keys", "Create table relationships".
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_dynamics365.names import (
    EFFECT_KEY_LENGTH,
    EXTERNAL_ORDER_LENGTH,
    PAYMENT_ID_LENGTH,
    REQUEST_ID_LENGTH,
    SHOP_CUSTOMER_LENGTH,
    Names,
)
from tillbridge_dynamics365.payment_transactions import OPTION_VALUES, STATUSES, TYPES

SOLUTION = "Tillbridge"
ENGLISH = 1033
_CRM = "Microsoft.Dynamics.CRM."
_LARGEST = 922_337_203_685_477


def publisher(prefix: str) -> dict[str, Any]:
    """The publisher whose prefix all our names have."""
    return {
        "friendlyname": SOLUTION,
        "uniquename": f"tillbridge{prefix}",
        "customizationprefix": prefix,
        "customizationoptionvalueprefix": OPTION_VALUES // 10_000,
    }


def solution(publisher_id: str) -> dict[str, Any]:
    """The solution that everything we create goes into."""
    return {
        "friendlyname": SOLUTION,
        "uniquename": SOLUTION,
        "version": "1.0.0.0",
        "publisherid@odata.bind": f"/publishers({publisher_id})",
    }


def payment_table(names: Names) -> dict[str, Any]:
    """The table of payment transactions with its name column."""
    return {
        "@odata.type": f"{_CRM}EntityMetadata",
        "SchemaName": names.payment_table,
        "DisplayName": _label("Payment transaction"),
        "DisplayCollectionName": _label("Payment transactions"),
        "Description": _label("What the payment system did for an order; written by Tillbridge"),
        "OwnershipType": "UserOwned",
        "IsActivity": False,
        "HasActivities": True,
        "HasNotes": True,
        "ChangeTrackingEnabled": True,
        "Attributes": [_text(names.own("name"), "Name", 100) | {"IsPrimaryName": True}],
    }


def columns(names: Names) -> Mapping[str, list[dict[str, Any]]]:
    """The columns we add, by table."""
    effect_key = _text(names.effect_key, "Tillbridge key", EFFECT_KEY_LENGTH)
    return {
        "salesorder": [
            effect_key,
            _text(names.payment_id, "Payment id", PAYMENT_ID_LENGTH),
            _text(names.external_order, "Shop's order", EXTERNAL_ORDER_LENGTH),
        ],
        "account": [_text(names.shop_customer, "Shop's customer", SHOP_CUSTOMER_LENGTH)],
        names.payment_table: [
            effect_key,
            _text(names.request_id, "Request id", REQUEST_ID_LENGTH),
            _text(names.own("parentrequestid"), "Request it follows", REQUEST_ID_LENGTH),
            _text(names.own("merchantreference"), "Order number", 100),
            _text(names.own("paymentmethod"), "Payment method", 50),
            _choice(names.own("type"), "Operation", TYPES),
            _choice(names.own("status"), "Outcome", STATUSES),
            _column("Money", names.own("amount"), "Amount")
            | {"PrecisionSource": 2, "MinValue": -_LARGEST, "MaxValue": _LARGEST},
            _column("Decimal", names.own("amountexact"), "Amount as sent")
            | {"Precision": 4, "MinValue": -100_000_000_000, "MaxValue": 100_000_000_000},
            _text(names.own("isocurrency"), "Currency", 5),
            _column("DateTime", names.own("submittimeutc"), "Done at (UTC)")
            | {"Format": "DateAndTime", "DateTimeBehavior": {"Value": "TimeZoneIndependent"}},
            _column("Memo", names.own("rawstatus"), "Reason")
            | {"MaxLength": 4000, "Format": "TextArea"},
        ],
    }


def keys(names: Names) -> Mapping[str, dict[str, Any]]:
    """The alternate keys we add, one a table: the column and the key's body."""
    return {
        "salesorder": _key(f"{names.effect_key}_key", "Tillbridge key", names.effect_key),
        "account": _key(f"{names.shop_customer}_key", "Shop's customer", names.shop_customer),
        names.payment_table: _key(f"{names.request_id}_key", "Request id", names.request_id),
    }


def order_link(names: Names) -> dict[str, Any]:
    """The lookup from a payment transaction to its order."""
    return {
        "@odata.type": f"{_CRM}OneToManyRelationshipMetadata",
        "SchemaName": f"{names.prefix}_salesorder_{names.payment_table}",
        "ReferencedEntity": "salesorder",
        "ReferencedAttribute": "salesorderid",
        "ReferencingEntity": names.payment_table,
        "CascadeConfiguration": {
            "Assign": "NoCascade",
            "Delete": "RemoveLink",
            "Merge": "NoCascade",
            "Reparent": "NoCascade",
            "Share": "NoCascade",
            "Unshare": "NoCascade",
        },
        "Lookup": {
            "@odata.type": f"{_CRM}LookupAttributeMetadata",
            "AttributeType": "Lookup",
            "AttributeTypeName": {"Value": "LookupType"},
            "SchemaName": names.payment_order,
            "DisplayName": _label("Order"),
            "RequiredLevel": {"Value": "None"},
        },
    }


def publish(names: Names) -> dict[str, Any]:
    """The PublishXml call for the tables we touch."""
    tables = "".join(f"<entity>{table}</entity>" for table in columns(names))
    return {"ParameterXml": f"<importexportxml><entities>{tables}</entities></importexportxml>"}


def _label(text: str) -> dict[str, Any]:
    return {
        "@odata.type": f"{_CRM}Label",
        "LocalizedLabels": [
            {
                "@odata.type": f"{_CRM}LocalizedLabel",
                "Label": text,
                "LanguageCode": ENGLISH,
            }
        ],
    }


def _column(kind: str, name: str, title: str) -> dict[str, Any]:
    return {
        "@odata.type": f"{_CRM}{kind}AttributeMetadata",
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "SchemaName": name,
        "DisplayName": _label(title),
        "RequiredLevel": {"Value": "None"},
    }


def _text(name: str, title: str, length_max: int) -> dict[str, Any]:
    return _column("String", name, title) | {
        "MaxLength": length_max,
        "FormatName": {"Value": "Text"},
    }


def _choice(name: str, title: str, options: Mapping[str, int]) -> dict[str, Any]:
    return _column("Picklist", name, title) | {
        "OptionSet": {
            "@odata.type": f"{_CRM}OptionSetMetadata",
            "IsGlobal": False,
            "OptionSetType": "Picklist",
            "Options": [
                {"Value": value, "Label": _label(text.replace("_", " ").capitalize())}
                for text, value in options.items()
            ],
        }
    }


def _key(name: str, title: str, column: str) -> dict[str, Any]:
    return {"SchemaName": name, "DisplayName": _label(title), "KeyAttributes": [column]}
