"""What reports in XML are made of: XSD and DTD, drawn from the definitions.

Source: REST API reference, "Download XSD for Report", "Download DTD for Report" (names such as
DecisionManagerDetailReport, and pbdr-1.1, tdr); the structure is that of `report_files`. How names
follow from definitions is not documented: here DecisionManagerDetailReport is the schema of
DecisionManagerDetailClass, and its initials, with a version or without, are those of the DTD.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tillbridge_simulators.cybersource import report_columns as c
from tillbridge_simulators.cybersource.answers import Answer, not_found
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.report_definitions import DEFINITIONS, Definition
from tillbridge_simulators.cybersource.report_files import ATTRIBUTES, DTD, SERVICES

_VERSION = re.compile(r"-\d+\.\d+$")
_HEAD = ("Name", "Version", "xmlns", "MerchantID", "ReportStartDate", "ReportEndDate")


@dataclass(frozen=True, slots=True)
class Element:
    """One element; without children it holds text. `many`: of which child there are several."""

    children: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    many: str = ""


def elements_of(definition: Definition) -> Mapping[str, Element]:
    """Every element of its XML by name."""
    in_batches = c.BATCH_DATE in definition.columns
    plain = [
        one.name
        for one in definition.columns
        if one not in (*ATTRIBUTES, *SERVICES, c.APPLICATION)
        and not (in_batches and one in (c.BATCH_ID, c.BATCH_DATE))
    ]
    own = tuple(one.name for one in definition.columns if one in ATTRIBUTES)
    services = ["Application"] if c.APPLICATION in definition.columns else []
    services += ["ApplicationReplies"] if c.APPLICATIONS in definition.columns else []
    top = "Batches" if in_batches else "Requests"
    found = {"Report": Element((top,), _HEAD)}
    if in_batches:
        found["Batches"] = Element(("Batch",), many="Batch")
        found["Batch"] = Element(("Requests",), ("BatchID", "BatchDate"))
    found["Requests"] = Element(("Request",), many="Request")
    found["Request"] = Element((*plain, *services), own)
    if c.APPLICATIONS in definition.columns:
        found["ApplicationReplies"] = Element(("ApplicationReply",), many="ApplicationReply")
        found["ApplicationReply"] = Element(("RCode", "RFlag"), ("Name",))
    texts = (name for one in list(found.values()) for name in one.children if name not in found)
    return found | {name: Element() for name in texts}


def xsd_of(definition: Definition) -> str:
    """Its XML Schema."""
    parts = "".join(_schema_parts(elements_of(definition)))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{DTD}"'
        f' targetNamespace="{DTD}" elementFormDefault="qualified">\n{parts}</xs:schema>\n'
    )


def dtd_of(definition: Definition) -> str:
    """Its document type."""
    lines = []
    for name, one in elements_of(definition).items():
        sign = "*" if one.many else "?" if name == "Request" else ""
        children = ", ".join(f"{child}{sign}" for child in one.children) or "#PCDATA"
        lines.append(f"<!ELEMENT {name} ({children})>")
        lines += [f"<!ATTLIST {name} {attribute} CDATA #IMPLIED>" for attribute in one.attributes]
    return "\n".join(lines) + "\n"


def get_xsd(ask: Ask) -> Answer:
    """GET /reporting/v3/xsds/{reportDefinitionNameVersion}."""
    for one in DEFINITIONS.values():
        if ask.id == _schema_name(one):
            return Answer(200, raw=xsd_of(one).encode(), content_type="text/xml")
    return not_found(ask.account.now())


def get_dtd(ask: Ask) -> Answer:
    """GET /reporting/v3/dtds/{reportDefinitionNameVersion}."""
    for one in DEFINITIONS.values():
        initials = "".join(re.findall("[A-Z]", _schema_name(one))).lower()
        if _VERSION.sub("", ask.id) == initials:
            return Answer(200, raw=dtd_of(one).encode(), content_type="application/xml-dtd")
    return not_found(ask.account.now())


def _schema_parts(elements: Mapping[str, Element]) -> Iterator[str]:
    for name, one in elements.items():
        if not one.children:
            yield f'<xs:element name="{name}" type="xs:string"/>\n'
            continue
        often = 'minOccurs="0" maxOccurs="unbounded"' if one.many else 'minOccurs="0"'
        yield f'<xs:element name="{name}"><xs:complexType><xs:sequence>\n'
        for child in one.children:
            yield f'<xs:element ref="{child}" {often}/>\n'
        yield "</xs:sequence>\n"
        for attribute in one.attributes:
            if attribute != "xmlns":
                yield f'<xs:attribute name="{attribute}" type="xs:string"/>\n'
        yield "</xs:complexType></xs:element>\n"


def _schema_name(definition: Definition) -> str:
    return f"{definition.name.removesuffix('Class')}Report"


OFFERS = (
    Offer("download_xsd.get_xsdv2", "report_schema", get_xsd),
    Offer("download_dtd.get_dtdv2", "report_schema", get_dtd),
)
