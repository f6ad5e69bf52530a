"""Who buys, and where things go."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address in one canonical form; every connector maps it to its own widths.

    `country` is ISO 3166-1 alpha-2; `region` is the part after the hyphen of ISO 3166-2 where the
    country has one, else free text. Empty text means not given.
    """

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part)


@dataclass(frozen=True, slots=True)
class Customer:
    """The shop's customer.

    `id` is the shop's own number of the customer and "" for a guest. Customers are linked to an
    ERP by stored reference; a guest is never matched by a typed e-mail address.
    """

    id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    custom: dict[str, str] = field(default_factory=dict)
