"""Refusals as the Web API words them.

Codes: learn.microsoft.com, "Web service error codes" and "Compose HTTP requests and handle
errors"; message texts where the documentation prints them.
"""

import msgspec

ROW_MISSING = "0x80040217"
DUPLICATE_KEY = "0x80040237"
VERSION_MISMATCH = "0x80060882"
BAD_STATUS = "0x80048408"
BAD_REQUEST = "0x80060888"
BAD_PROPERTY = "0x80048d19"
BAD_ARGUMENT = "0x80040203"
TOO_LONG = "0x80044331"
CURRENCIES_DIFFER = "0x80048cea"
CURRENCY_NEEDED = "0x80048cfb"
KEY_NOT_READY = "0x80060891"
ABORTED = "0x80040265"
WRONG_PREFIX = "0x8004431a"
TOO_MANY_REQUESTS = "0x80072322"
TOO_LONG_BUSY = "0x80072321"
TOO_MANY_AT_ONCE = "0x80072326"


class DataverseError(Exception):
    """A refusal: HTTP status, Dataverse code and message; `wait_s` becomes Retry-After."""

    def __init__(self, status: int, code: str, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.wait_s = wait_s

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.wait_s is None else {"Retry-After": str(max(1, round(self.wait_s)))}

    @property
    def body(self) -> bytes:
        return msgspec.json.encode({"error": {"code": self.code, "message": self.message}})


def row_missing(table: str, row_id: str) -> DataverseError:
    """A row asked for by an id that no row has."""
    return DataverseError(404, ROW_MISSING, f"{table} With Id = {row_id} Does Not Exist")


def key_missing(table: str) -> DataverseError:
    """A row asked for by key values that no row has."""
    return DataverseError(
        404, ROW_MISSING, f"A record with the specified key values does not exist in {table} entity"
    )


def duplicate_key() -> DataverseError:
    """A create or create-only upsert whose key values a row already has."""
    return DataverseError(412, DUPLICATE_KEY, "A record with matching key values already exists.")


def schema_name_taken(name: str) -> DataverseError:
    """A definition that exists already."""
    return DataverseError(
        400, DUPLICATE_KEY, f"The schema name {name} already exists. Names must be unique."
    )


def version_mismatch() -> DataverseError:
    """If-Match named another version."""
    return DataverseError(
        412,
        VERSION_MISMATCH,
        "The version of the existing record doesn't match the RowVersion property provided.",
    )


def key_not_ready(table: str, columns: tuple[str, ...]) -> DataverseError:
    """An upsert or read by a key that is not defined, or whose index is not built yet."""
    return DataverseError(
        400,
        KEY_NOT_READY,
        f"The specified key attributes ({', '.join(columns)}) are not a defined key for the"
        f" {table} entity, or its index is not active.",
    )


def bad_request(message: str) -> DataverseError:
    """An address, query or batch that cannot be understood."""
    return DataverseError(400, BAD_REQUEST, message)


def unknown_segment(segment: str) -> DataverseError:
    """An address that leads to nothing, such as a logical name for a set name."""
    return DataverseError(404, BAD_REQUEST, f"Resource not found for the segment '{segment}'.")


def bad_property(table: str, message: str) -> DataverseError:
    """A property that does not exist or has the wrong type."""
    return DataverseError(
        400,
        BAD_PROPERTY,
        f"Error identified in Payload provided by the user for Entity :'{table}'. {message}",
    )


def bad_argument(message: str) -> DataverseError:
    """A business rule refused the values."""
    return DataverseError(400, BAD_ARGUMENT, message)


def too_long(table: str, column: str, length_max: int) -> DataverseError:
    """A text over its column's length."""
    return DataverseError(
        400,
        TOO_LONG,
        f"A validation error occurred. The length of the '{column}' attribute of the '{table}'"
        f" entity exceeded the maximum allowed length of '{length_max}'.",
    )


def bad_status(table: str, state: int, status: int) -> DataverseError:
    """A status that does not belong to the state."""
    return DataverseError(
        400, BAD_STATUS, f"{status} is not a valid status code for state code {state} on {table}."
    )


def read_only() -> DataverseError:
    """The code of this refusal is not documented; ISVAborted is what such rules use."""
    return DataverseError(400, ABORTED, "Cannot Update a Read-Only Entity")


def currencies_differ(what: str) -> DataverseError:
    """A line or price list in another currency than the order."""
    return DataverseError(
        400, CURRENCIES_DIFFER, f"The currency of the {what} does not match the currency passed."
    )


def throttled(requests_max: int, window_s: float, wait_s: float) -> DataverseError:
    """The service-protection limit."""
    return DataverseError(
        429,
        TOO_MANY_REQUESTS,
        f"Number of requests exceeded the limit of {requests_max} over time window of"
        f" {window_s:.0f} seconds.",
        wait_s,
    )


def busy_too_long(busy_max_s: float, window_s: float, wait_s: float) -> DataverseError:
    """The service-protection limit of execution time."""
    return DataverseError(
        429,
        TOO_LONG_BUSY,
        f"Combined execution time of incoming requests exceeded limit of {busy_max_s * 1000:,.0f}"
        f" milliseconds over time window of {window_s:.0f} seconds. Decrease number of concurrent"
        " requests or reduce the duration of requests and try again later.",
        wait_s,
    )


def too_many_at_once(at_once_max: int, wait_s: float) -> DataverseError:
    """The service-protection limit of concurrent requests."""
    return DataverseError(
        429,
        TOO_MANY_AT_ONCE,
        f"Number of concurrent requests exceeded the limit of {at_once_max}.",
        wait_s,
    )
