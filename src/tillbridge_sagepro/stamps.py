"""Who, when: the audit columns practically every table has."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tillbridge_sagepro.characters import Characters
from tillbridge_sagepro.inserts import Bound, Given
from tillbridge_sagepro.settings import SageProSettings


@dataclass(frozen=True, slots=True)
class Stamp:
    """One moment of one user, and how text is written."""

    at: datetime
    today: date
    time: str
    user: str
    characters: Characters

    def columns(self) -> dict[str, Given]:
        """adduser and lckuser with date and time; lckstat stays blank: nobody is editing."""
        user, today, time = (
            Bound("user", self.user),
            Bound("today", self.today),
            Bound("time", self.time),
        )
        return {
            "adduser": user, "adddate": today, "addtime": time,
            "lckuser": user, "lckdate": today, "lcktime": time,
        }  # fmt: skip

    def values(self) -> dict[str, str]:
        """The parameters of statements that stamp a changed row."""
        return {"user": self.user, "today": f"{self.today:%Y%m%d}", "time": self.time}


def stamp(now: datetime, settings: SageProSettings) -> Stamp:
    """The stamp of an instant, in the company's own time."""
    local = now.astimezone(ZoneInfo(settings.timezone))
    return Stamp(
        at=local.replace(tzinfo=None),
        today=local.date(),
        time=f"{local:%H:%M:%S}",
        user=settings.user_code,
        characters=Characters(settings.characters, settings.transliterate),
    )
