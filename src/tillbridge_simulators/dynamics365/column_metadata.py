"""One column's definition as JSON, both ways.

Source: learn.microsoft.com, "AttributeMetadata" and the types derived from it; an option set is
shown only where $expand asks for it.
"""

from typing import Any

from tillbridge_simulators.dynamics365.errors import bad_argument
from tillbridge_simulators.dynamics365.payloads import Body
from tillbridge_simulators.dynamics365.tables import Column, ColumnType

_NAMESPACE = "Microsoft.Dynamics.CRM."
_TYPES: dict[str, ColumnType] = {
    "StringAttributeMetadata": "String",
    "MemoAttributeMetadata": "Memo",
    "MoneyAttributeMetadata": "Money",
    "DecimalAttributeMetadata": "Decimal",
    "DoubleAttributeMetadata": "Double",
    "IntegerAttributeMetadata": "Integer",
    "BooleanAttributeMetadata": "Boolean",
    "DateTimeAttributeMetadata": "DateTime",
    "PicklistAttributeMetadata": "Picklist",
}


def show_column(column: Column, expand: str = "OptionSet") -> Body:
    """The definition; "OptionSet" in `expand` adds the options of a choice or status."""
    shown: Body = {
        "@odata.type": f"#{_NAMESPACE}{column.type}AttributeMetadata",
        "LogicalName": column.name,
        "SchemaName": column.schema_name,
        "AttributeType": column.type,
        "DisplayName": _label(column.title or column.name),
        "RequiredLevel": {"Value": "SystemRequired" if column.required else "None"},
        "IsCustomAttribute": column.custom,
        "IsValidForCreate": not column.computed,
        "MetadataId": column.id,
    }
    if column.type in ("String", "Memo"):
        shown["MaxLength"] = column.length_max
    if column.type in ("Decimal", "Double"):
        shown["Precision"] = column.precision
    if column.type == "Money":
        shown |= {"Precision": 2, "PrecisionSource": 2}
    if column.type == "DateTime":
        shown["Format"] = "DateOnly" if column.date_only else "DateAndTime"
    if column.type in ("Status", "Picklist") and "OptionSet" in expand:
        shown["OptionSet"] = {"Options": _options(column)}
    return shown


def read_column(attribute: dict[str, Any]) -> Column:
    """A column from the definition that creates it. Raises DataverseError."""
    kind = str(attribute.get("@odata.type", "")).removeprefix(_NAMESPACE)
    if kind not in _TYPES:
        raise bad_argument(f"'{kind}' is not a column type that can be created here.")
    schema_name = str(attribute.get("SchemaName", ""))
    length_max = attribute.get("MaxLength")
    return Column(
        schema_name.lower(),
        schema_name,
        _TYPES[kind],
        length_max=length_max if isinstance(length_max, int) else None,
        labels={
            int(option["Value"]): str(option["Label"]["LocalizedLabels"][0]["Label"])
            for option in attribute.get("OptionSet", {}).get("Options", [])
        },
        required=attribute.get("RequiredLevel", {}).get("Value") == "SystemRequired",
        precision=int(attribute.get("Precision") or 2),
        date_only=attribute.get("Format") == "DateOnly",
        custom=True,
        title=_title(attribute),
    )


def _options(column: Column) -> list[Body]:
    if column.type == "Picklist":
        return [{"Value": value, "Label": _label(text)} for value, text in column.labels.items()]
    return [
        {"Value": status, "State": state, "Label": _label(column.labels.get(status, ""))}
        for status, state in column.statuses.items()
    ]


def _label(text: str) -> Body:
    return {"UserLocalizedLabel": {"Label": text, "LanguageCode": 1033}}


def _title(attribute: dict[str, Any]) -> str:
    labels = attribute.get("DisplayName", {}).get("LocalizedLabels") or [{}]
    return str(labels[0].get("Label", ""))
