"""What may travel unprotected: only what never leaves this computer, or a network that the operator vouches for."""

from ipaddress import ip_address


class UnprotectedConnection(ValueError):
    """Credentials or personal data would cross a network in clear text; refused when the gateway is made."""


def is_loopback(host: str) -> bool:
    """Whether the host is this computer itself, without asking any name server."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
