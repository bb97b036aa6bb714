"""Addresses, as far as they tell one customer of a provider from another."""

from ipaddress import ip_address, ip_network

_IPV6_HOME = 64  # the bits of an IPv6 address that one customer of a provider shares


def network(address: str) -> str:
    """What counts as one address: that of IPv4, or the network of a home that has IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a Unix socket has none: all that come by it are one
        return address
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    bits = _IPV6_HOME if parsed.version == 6 else 32  # noqa: PLR2004 - the version is the name
    return str(ip_network((parsed, bits), strict=False))
