"""The hosts of the shop: tracking links lead there and nowhere else (CONTRACT 4)."""

from agreements.models import Program
from tracking.links import addresses


def get_shop_hosts(program: Program) -> frozenset[str]:
    """The hosts that staff named, else the host of the shop's address; none where they named neither."""
    if program.shop_hosts:
        return frozenset(host.strip().lower() for host in program.shop_hosts)
    address = addresses.parse_address(program.shop_url)
    return frozenset({address.host}) if address else frozenset()
