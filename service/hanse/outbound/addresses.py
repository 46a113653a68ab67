"""Which network addresses may be connected to: public ones, and those an operator listed.

`ipaddress.is_global` is not relied on: it calls NAT64 (`64:ff9b::/96`), 6to4 (`2002::/16`),
`::127.0.0.1` and multicast global. The IPv4 list follows the special-purpose registry (RFC 6890);
of IPv6 only global unicast (`2000::/3`) is public, less the parts that stand for something else.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_CLOUD_METADATA = ipaddress.IPv4Address("100.100.100.200")
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


def is_public(address: Address) -> bool:
    """Say whether an address belongs to a host on the public internet and to nothing else."""
    if isinstance(address, ipaddress.IPv4Address):
        return address != _CLOUD_METADATA and not any(address in net for net in _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not any(address in net for net in _NOT_PUBLIC_6)


@dataclass(frozen=True, slots=True)
class AddressRule:
    """Public addresses over TLS, and whatever lies in a network that the operator listed.

    Plain http is for listed networks only: a demonstration on loopback, a private container
    network.
    """

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> "AddressRule":
        """Read networks in CIDR notation; raises `ValueError` for one that is not a network."""
        return cls(tuple(ipaddress.ip_network(text) for text in networks))

    def admits(self, address: str, *, secure: bool) -> bool:
        """Say whether a connection to `address` (a literal) is allowed, over TLS or without."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        if any(parsed in network for network in self.networks):
            return True
        return secure and is_public(parsed)
