"""What is told: the document `notification`, as a webhook's body and as an e-mail.

It is told at least once. Both forms carry the key of the telling, so that a second one can be known
as the same: `key` and the header idempotency-key, or the Message-ID.
"""

from email.message import EmailMessage
from email.utils import format_datetime

from tillbridge.canonical.codec import encode
from tillbridge.connector.abilities import Call
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_notify.settings import NotifySettings

KIND = "notification"
LEVELS = ("note", "warning", "urgent")
_MARKS = {"note": "", "warning": "Warning: ", "urgent": "URGENT: "}

SHAPE = DocumentShape(
    KIND,
    "Something a person is told",
    (
        Field("title", "text", "Title", required=True, length_max=200),
        Field("text", "text", "Text", length_max=4000),
        Field("level", "choice", "Level", required=True, options=LEVELS),
    ),
)


def webhook_body(call: Call, fields: Fields) -> bytes:
    """JSON: `text` is the whole message, as chats show it; the parts stand beside it."""
    title, text, level = _parts(fields)
    whole = f"{_MARKS[level]}{title}" + (f"\n{text}" if text else "")
    return encode(
        {
            "text": whole,
            "title": title,
            "level": level,
            "details": text,
            "key": call.key,
            "correlation": call.correlation,
            "told_at": call.now,
        }
    )


def email(settings: NotifySettings, call: Call, fields: Fields) -> EmailMessage:
    """An e-mail; its Message-ID is made of the key, so that servers and people know it again."""
    title, text, level = _parts(fields)
    message = EmailMessage()
    message["Subject"] = " ".join(f"{_MARKS[level]}{title}".split())
    message["From"] = settings.sender
    message["To"] = ", ".join(recipients(settings))
    message["Date"] = format_datetime(call.now)
    domain = settings.sender.rpartition("@")[2]
    message["Message-ID"] = f"<{call.key.lower()}@{domain}>"
    if level == "urgent":
        message["Importance"] = "high"
    message.set_content(f"{text or title}\n\n{call.correlation}\n")
    return message


def recipients(settings: NotifySettings) -> list[str]:
    """The addresses it goes to."""
    return [each.strip() for each in settings.recipients.split(",") if each.strip()]


def _parts(fields: Fields) -> tuple[str, str, str]:
    return str(fields["title"]), str(fields.get("text") or ""), str(fields["level"])
