"""The names of what provisioning creates; they start with the publisher's prefix."""

from dataclasses import dataclass

EFFECT_KEY_LENGTH = 26
PAYMENT_ID_LENGTH = 50
EXTERNAL_ORDER_LENGTH = 50
SHOP_CUSTOMER_LENGTH = 100
REQUEST_ID_LENGTH = 50


@dataclass(frozen=True, slots=True)
class Names:
    """Logical names of tables and columns; navigation properties keep their schema's case."""

    prefix: str

    @property
    def effect_key(self) -> str:
        return f"{self.prefix}_effectkey"

    @property
    def payment_id(self) -> str:
        return f"{self.prefix}_paymentid"

    @property
    def external_order(self) -> str:
        return f"{self.prefix}_externalorder"

    @property
    def shop_customer(self) -> str:
        return f"{self.prefix}_shopcustomer"

    @property
    def payment_table(self) -> str:
        return f"{self.prefix}_paymenttransaction"

    @property
    def payment_set(self) -> str:
        return f"{self.prefix}_paymenttransactions"

    @property
    def request_id(self) -> str:
        return f"{self.prefix}_requestid"

    @property
    def payment_order(self) -> str:
        """The navigation property from a payment transaction to its order."""
        return f"{self.prefix}_SalesOrderId"

    def own(self, name: str) -> str:
        """Any other column of ours."""
        return f"{self.prefix}_{name}"
