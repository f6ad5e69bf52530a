"""`tillbridge check`: sign-in, set-up and currencies, with reads only."""

from collections.abc import Awaitable, Callable

from tillbridge.canonical.currencies import EXPONENTS
from tillbridge.canonical.errors import Misconfigured, TillbridgeError
from tillbridge.connector.abilities import Call, CheckLine
from tillbridge_dynamics365.provisioning import Provisioning
from tillbridge_dynamics365.reference_rows import ReferenceRows
from tillbridge_dynamics365.settings import DynamicsSettings
from tillbridge_dynamics365.web_api import WebApi

_STATUS_PATH = (
    "EntityDefinitions(LogicalName='salesorder')/Attributes(LogicalName='statuscode')"
    "/Microsoft.Dynamics.CRM.StatusAttributeMetadata"
    "?$select=LogicalName&$expand=OptionSet($select=Options)"
)
STATE_ACTIVE = 0


class Checks:
    """Each check is one line; a failed one does not stop the others, except the sign-in."""

    def __init__(
        self,
        web_api: WebApi,
        provisioning: Provisioning,
        reference_rows: ReferenceRows,
        settings: DynamicsSettings,
    ) -> None:
        self._web_api = web_api
        self._provisioning = provisioning
        self._reference_rows = reference_rows
        self._settings = settings

    async def run(self, call: Call) -> list[CheckLine]:
        """Never raises for a failed check."""
        self._reference_rows.forget()
        lines = [await _line("Sign-in and organization", self.who_am_i, call)]
        if not lines[0].passed:
            return lines
        for title, check in (
            ("Alternate keys", self._keys),
            ("Hold status", self._hold_status),
            ("Currencies", self._currencies),
            ("Price lists", self._price_lists),
            ("Guests' account", self._guest_account),
        ):
            lines.append(await _line(title, check, call))
        return lines

    async def who_am_i(self, call: Call) -> str:
        """The organization's id; the cheapest call that needs a working sign-in."""
        answer = await self._web_api.read(call, "WhoAmI")
        return f"organization {answer['OrganizationId']}"

    async def _keys(self, call: Call) -> str:
        states = await self._provisioning.key_states(call)
        wrong = {table: state for table, state in states.items() if state != "Active"}
        if wrong:
            shown = ", ".join(f"{table}: {state or 'missing'}" for table, state in wrong.items())
            raise Misconfigured(
                f"Without active keys an order could be created twice. {shown}.",
                next_step="Run `tillbridge provision`, and wait until the keys are active.",
            )
        return ", ".join(states)

    async def _hold_status(self, call: Call) -> str:
        wanted = self._settings.hold_status
        answer = await self._web_api.read(call, _STATUS_PATH)
        options = {option["Value"]: option for option in answer["OptionSet"]["Options"]}
        active = [value for value, option in options.items() if option["State"] == STATE_ACTIVE]
        if wanted not in active or wanted == min(active):
            raise Misconfigured(
                f"The hold status {wanted} is not a status reason of Active to hold orders with;"
                f" the organization has {', '.join(map(str, active[1:])) or 'none'}.",
                next_step="Correct the setting hold_status.",
            )
        label = (options[wanted].get("Label", {}).get("UserLocalizedLabel") or {}).get("Label", "")
        return f"{wanted} {label}".strip()

    async def _currencies(self, call: Call) -> str:
        currencies = await self._reference_rows.currencies(call)
        short = [
            f"{code} keeps {currency.precision} of {EXPONENTS[code]} decimals"
            for code, currency in sorted(currencies.items())
            if code in EXPONENTS and currency.precision < EXPONENTS[code]
        ]
        if short:
            raise Misconfigured(
                f"Amounts would be rounded: {'; '.join(short)}.",
                next_step="Raise the currency's precision in Dynamics: Settings, Currencies.",
            )
        return ", ".join(sorted(currencies))

    async def _price_lists(self, call: Call) -> str:
        found, missing = [], []
        for code in sorted(await self._reference_rows.currencies(call)):
            try:
                await self._reference_rows.price_list_id(call, code)
                found.append(code)
            except Misconfigured:
                missing.append(self._reference_rows.price_list_name(code))
        if not found:
            raise Misconfigured(
                f"None of the price lists {', '.join(missing)} exists.",
                next_step="Create one for each currency you sell in, or correct the setting"
                " price_list.",
            )
        without = f"; none named {', '.join(missing)}" if missing else ""
        return f"for {', '.join(found)}{without}"

    async def _guest_account(self, call: Call) -> str:
        await self._reference_rows.guest_account_id(call)
        return self._settings.guest_account


async def _line(title: str, check: Callable[[Call], Awaitable[str]], call: Call) -> CheckLine:
    try:
        return CheckLine(title, True, await check(call))
    except TillbridgeError as error:
        return CheckLine(title, False, error.message, error.next_step)
