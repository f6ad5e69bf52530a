"""The connector value that the entry point leads to."""

from tillbridge.connector.connector import Connector
from tillbridge_dynamics365.limits import SERVICE_PROTECTION
from tillbridge_dynamics365.session import DynamicsSession
from tillbridge_dynamics365.settings import DynamicsSettings

CONNECTOR = Connector(
    name="dynamics365",
    title="Dynamics 365 (Dataverse)",
    settings=DynamicsSettings,
    open=DynamicsSession,
    limits=SERVICE_PROTECTION,
)
