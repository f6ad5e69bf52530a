"""How the official client of each language is pointed at the sandbox.

Source: the clients themselves: which setting names the host, and where each looks for authorities
it trusts. All but two insist on HTTPS; those two take an intermediary by HTTP.
"""

from collections.abc import Iterable
from html import escape

from tillbridge_simulators.cybersource.options import Options

_LANGUAGES = (
    (
        "Python",
        "run_environment",
        "merchantid, merchant_keyid, merchant_secretkey",
        "add it to the file that <code>python -m certifi</code> names",
    ),
    (
        "Node",
        "runEnvironment",
        "merchantID, merchantKeyId, merchantsecretKey",
        "<code>NODE_EXTRA_CA_CERTS=authority.pem</code>, or the setting <code>sslCaCert</code>",
    ),
    (
        "Java",
        "runEnvironment",
        "merchantID, merchantKeyId, merchantsecretKey",
        "<code>keytool -importcert</code> into the file that"
        " <code>-Djavax.net.ssl.trustStore</code> names",
    ),
    (
        "C#",
        "runEnvironment",
        "merchantID, merchantKeyId, merchantsecretKey",
        "the certificate store of the system",
    ),
    (
        "PHP",
        "setRunEnvironment, setHost",
        "setMerchantID, setApiKeyID, setSecretKey",
        "add it to <code>lib/ssl/cacert.pem</code> of the client",
    ),
    (
        "Ruby",
        "runEnvironment",
        "merchantID, merchantKeyId, merchantsecretKey",
        "<code>Configuration.ssl_ca_cert</code>",
    ),
)


def clients(options: Options, url: str) -> str:
    """A table of languages, and what to do where a client is set up for the test host already."""
    scheme, _, host = url.partition("://")
    without = (
        "<p>Clients insist on HTTPS: start the sandbox with <code>--tls</code>.</p>"
        if scheme == "http"
        else ""
    )
    values = f"<code>{escape(host)}</code>"
    rows = [
        (language, f"<code>{name}</code> = {values}", keys, trust)
        for language, name, keys, trust in _LANGUAGES
    ]
    names = ", ".join(f"<code>{escape(name)}</code>" for name in options.hosts)
    known = (
        f"<p>It answers to {names} as well, in its certificate and in tokens.</p>" if names else ""
    )
    return f"""{without}{table(("Language", "Host", "Keys", "To trust its authority"), rows)}
<p>Without TLS: the clients for Python (<code>IntermediateHost</code>) and Node
(<code>intermediateHost</code>) send by an intermediary, which may be this address by HTTP.</p>
{known}"""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows of cells that are HTML already."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{body}</table>"
