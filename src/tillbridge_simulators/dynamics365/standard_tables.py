"""The tables of Dynamics 365 Sales that an order needs, before anything is provisioned.

Columns, lengths, navigation properties and options: learn.microsoft.com, "Table/entity reference"
of Dynamics 365 Sales and Dataverse, reduced to what money, orders and customers touch.
One line a column: name, type, then a length, `name>table` for each navigation property of a
lookup, `<name` for the collection at the other side, `computed` or `required`.
"""

from typing import get_args

from tillbridge_simulators.dynamics365.tables import Column, ColumnType, Table, Tables

_ADDRESS = """
{0}_name String 200
{0}_contactname String 150
{0}_line1 String 250
{0}_line2 String 250
{0}_line3 String 250
{0}_city String 80
{0}_stateorprovince String 50
{0}_postalcode String 20
{0}_country String 80
{0}_telephone String 50
"""

_COMMON = """
createdon DateTime computed
modifiedon DateTime computed
statecode State
statuscode Status
"""

_TABLES: dict[str, tuple[str, int, str, str, str]] = {
    # logical name: set name, object type code, id column, name column, columns
    "publisher": (
        "publishers",
        7101,
        "publisherid",
        "friendlyname",
        """
uniquename String 256 required
friendlyname String 256 required
customizationprefix String 8 required
customizationoptionvalueprefix Integer required
""",
    ),
    "solution": (
        "solutions",
        7100,
        "solutionid",
        "friendlyname",
        """
uniquename String 65 required
friendlyname String 256 required
version String 256 required
publisherid Lookup publisherid>publisher required
""",
    ),
    "transactioncurrency": (
        "transactioncurrencies",
        9105,
        "transactioncurrencyid",
        "currencyname",
        """
currencyname String 100 required
currencysymbol String 10 required
isocurrencycode String 5 required
currencyprecision Integer required
exchangerate Decimal
""",
    ),
    "pricelevel": (
        "pricelevels",
        1022,
        "pricelevelid",
        "name",
        """
name String 100 required
transactioncurrencyid Lookup transactioncurrencyid>transactioncurrency required
""",
    ),
    "uomschedule": ("uomschedules", 1056, "uomscheduleid", "name", "name String 200 required"),
    "uom": (
        "uoms",
        1055,
        "uomid",
        "name",
        """
name String 100 required
quantity Decimal
uomscheduleid Lookup uomscheduleid>uomschedule required
""",
    ),
    "product": (
        "products",
        1024,
        "productid",
        "name",
        """
name String 100 required
productnumber String 100 required
quantitydecimal Integer
defaultuomid Lookup defaultuomid>uom required
defaultuomscheduleid Lookup defaultuomscheduleid>uomschedule required
""",
    ),
    "productpricelevel": (
        "productpricelevels",
        1026,
        "productpricelevelid",
        "productnumber",
        """
productnumber String 100 computed
amount Money
pricelevelid Lookup pricelevelid>pricelevel required
productid Lookup productid>product required
uomid Lookup uomid>uom required
transactioncurrencyid Lookup transactioncurrencyid>transactioncurrency
""",
    ),
    "account": (
        "accounts",
        1,
        "accountid",
        "name",
        """
name String 160 required
accountnumber String 20
emailaddress1 String 100
telephone1 String 50
description Memo 2000
creditonhold Boolean
transactioncurrencyid Lookup transactioncurrencyid>transactioncurrency
""",
    ),
    "contact": (
        "contacts",
        2,
        "contactid",
        "lastname",
        """
firstname String 50
lastname String 50 required
emailaddress1 String 100
""",
    ),
    "salesorder": (
        "salesorders",
        1088,
        "salesorderid",
        "name",
        """
name String 300 required
ordernumber String 100
customerid Lookup customerid_account>account customerid_contact>contact <order_customer required
pricelevelid Lookup pricelevelid>pricelevel
transactioncurrencyid Lookup transactioncurrencyid>transactioncurrency
description Memo 2000
emailaddress String 100
ispricelocked Boolean
skippricecalculation Picklist
pricingerrorcode Picklist computed
discountamount Money
discountpercentage Decimal
freightamount Money
totallineitemamount Money
totallineitemdiscountamount Money
totaldiscountamount Money
totalamountlessfreight Money
totaltax Money
totalamount Money
datefulfilled DateTime
requestdeliveryby DateTime
submitdate DateTime
submitstatus Integer
submitstatusdescription Memo 2000
"""
        + _ADDRESS.format("shipto")
        + _ADDRESS.format("billto"),
    ),
    "salesorderdetail": (
        "salesorderdetails",
        1089,
        "salesorderdetailid",
        "salesorderdetailname",
        """
salesorderdetailname String 500
salesorderid Lookup salesorderid>salesorder <order_details required
productid Lookup productid>product
uomid Lookup uomid>uom
transactioncurrencyid Lookup transactioncurrencyid>transactioncurrency
productdescription String 500
productname String 500
productnumber String 100 computed
description Memo 2000
lineitemnumber Integer
quantity Decimal
priceperunit Money
ispriceoverridden Boolean
isproductoverridden Boolean
manualdiscountamount Money
volumediscountamount Money computed
tax Money
baseamount Money
extendedamount Money
pricingerrorcode Picklist computed
skippricecalculation Picklist
""",
    ),
    "orderclose": (
        "ordercloses",
        4209,
        "activityid",
        "subject",
        """
subject String 200
description Memo 2000
ordernumber String 100
salesorderid Lookup salesorderid>salesorder <SalesOrder_OrderCloses
""",
    ),
}

ORDER_STATUSES = {1: 0, 2: 0, 3: 1, 4: 2, 100001: 3, 100002: 3, 100003: 4}
"""salesorder.statuscode -> statecode (Sales, "SalesOrder" table reference)."""
ORDER_STATUS_LABELS = {
    1: "New",
    2: "Pending",
    3: "In Progress",
    4: "No Money",
    100001: "Complete",
    100002: "Partial",
    100003: "Invoiced",
    690970000: "On hold",
}
ON_HOLD = 690970000
"""Present only where a solution has added it."""


def standard_tables(*, on_hold: bool) -> Tables:
    """The tables of a Sales organization; `on_hold` adds the order status 690970000."""
    tables = Tables()
    for name, (set_name, code, id_column, name_column, text) in _TABLES.items():
        table = Table(name, name.title(), set_name, id_column, name_column, code=code)
        table.columns[id_column] = Column(id_column, id_column, "Uniqueidentifier")
        for line in (text + "\n" + _COMMON).split("\n"):
            if line.strip():
                column = _column(line.split())
                table.columns[column.name] = column
        tables.add(table)
    statuses = tables.named("salesorder").columns["statuscode"]
    statuses.statuses = dict(ORDER_STATUSES) | ({ON_HOLD: 0} if on_hold else {})
    statuses.labels = {status: ORDER_STATUS_LABELS[status] for status in statuses.statuses}
    return tables


def _column(words: list[str]) -> Column:
    name, kind, *rest = words
    types: dict[str, ColumnType] = {known: known for known in get_args(ColumnType)}
    column = Column(name, name, types[kind])
    for word in rest:
        if word.isdigit():
            column.length_max = int(word)
        elif ">" in word:
            link, _, table = word.partition(">")
            column.links[link] = table
        elif word.startswith("<"):
            column.rows_name = word[1:]
        elif word == "computed":
            column.computed = True
        else:
            assert word == "required", word
            column.required = True
    if kind == "Status":
        column.statuses = {1: 0, 2: 1}
    return column
