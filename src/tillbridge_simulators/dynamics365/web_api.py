"""The Web API's routes: one operation in, one answer out, in one transaction."""

from tillbridge_simulators.dynamics365.addresses import Address, read_address
from tillbridge_simulators.dynamics365.errors import DataverseError, bad_request
from tillbridge_simulators.dynamics365.metadata import Metadata
from tillbridge_simulators.dynamics365.operations import Answer, Operation
from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.payloads import read_body, write_body
from tillbridge_simulators.dynamics365.records import answer_records
from tillbridge_simulators.dynamics365.sales_orders import cancel_order, fulfill_order

_NAMESPACE = "Microsoft.Dynamics.CRM."


class WebApi:
    """Answers operations on one organization; `root` is the API's absolute address."""

    def __init__(self, organization: Organization, root: str, key_lag_s: float) -> None:
        self.organization = organization
        self.root = root
        self.metadata = Metadata(organization, root, key_lag_s)

    def answer(self, operation: Operation) -> Answer:
        """Never raises: a refusal is an answer, and nothing of it stays."""
        try:
            return self.perform(operation)
        except DataverseError as error:
            return Answer(error.status, error.headers, error.body)

    def perform(self, operation: Operation) -> Answer:
        """Raises DataverseError, with everything rolled back, when it is refused."""
        address = read_address(operation.target)
        with self.organization.rows.transaction():
            return self._route(operation, address)

    def _route(self, operation: Operation, address: Address) -> Answer:
        name = address.segments[0].name
        if name in ("EntityDefinitions", "RelationshipDefinitions"):
            return self.metadata.answer(operation, address)
        if name == "WhoAmI":
            return self._who_am_i()
        if operation.method == "POST":
            answer = self._action(operation, address, name)
            if answer is not None:
                return answer
        if not name:
            return self._service_root()
        return answer_records(self.organization, self.root, operation, address)

    def _action(self, operation: Operation, address: Address, name: str) -> Answer | None:
        bound = address.names[-1].removeprefix(_NAMESPACE)
        if name == "CancelSalesOrder":
            cancel_order(self.organization, read_body(operation.body))
        elif name == "salesorders" and bound == "FulfillSalesOrder":
            if address.segments[0].id:
                raise bad_request("FulfillSalesOrder is bound to the collection.")
            fulfill_order(self.organization, read_body(operation.body))
        elif name == "salesorders" and bound == "LockSalesOrderPricing":
            self._lock(address.segments[0].id, locked=True)
        elif name == "UnlockSalesOrderPricing":
            self._lock(str(read_body(operation.body).get("SalesOrderId", "")), locked=False)
        elif name in ("PublishXml", "PublishAllXml"):
            self.metadata.published.append(operation.body.decode())
        else:
            return None
        return Answer(204)

    def _lock(self, order_id: str, *, locked: bool) -> None:
        table = self.organization.table("salesorder")
        order = self.organization.rows.get(table, order_id)
        self.organization.update(table, order, {"ispricelocked": locked})

    def _who_am_i(self) -> Answer:
        body = {
            "@odata.context": f"{self.root}$metadata#{_NAMESPACE}WhoAmIResponse",
            "BusinessUnitId": self.organization.business_unit_id,
            "UserId": self.organization.user_id,
            "OrganizationId": self.organization.id,
        }
        return Answer(200, {"x-ms-dop-hint": "4"}, write_body(body))

    def _service_root(self) -> Answer:
        sets = [
            {"name": table.set_name, "kind": "EntitySet", "url": table.set_name}
            for table in self.organization.tables
        ]
        return Answer(200, {}, write_body({"value": sets}))
