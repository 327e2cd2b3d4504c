"""`make shop`: a shop of django-oscar beside `make run`, connected to its program.

SHOP_PORT is the port of the shop, 8010 by default; PORT is that of `make run`.
"""

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path

import django

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-shop" / "bin" / "python"


def main() -> int:
    """Connect the shop, print its addresses, and run it until it is stopped."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    port, shop_port = os.environ.get("PORT") or "8000", os.environ.get("SHOP_PORT") or "8010"
    django.setup()
    pk, secret = connect()
    link = find_link(f"localhost:{shop_port}")
    data = ROOT / ".local" / "shop"
    data.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "SHOP_DATA": str(data),
        "SHOP_HOOK_URL": f"http://localhost:{port}/hooks/{pk}",
        "SHOP_HOOK_SECRET": secret,
    }
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SECRET_KEY"):
        environment.pop(name, None)
    manage = [str(PYTHON), str(ROOT / "tests" / "shop" / "manage.py")]
    subprocess.run([*manage, "load_shop"], env=environment, check=True, stdout=subprocess.DEVNULL)
    print(f"Tracking link:  http://localhost:{port}/r/{link}")
    print(f"Shop:           http://localhost:{shop_port}/")
    print(f"Its dashboard:  http://localhost:{shop_port}/dashboard/  (shopkeeper@example.com, password shopkeeper)")
    print(f"Paths:          http://localhost:{port}/admin/connections/{pk}/paths/")
    print("make run must be running; orders appear there a few seconds after they are placed.")
    address = f"localhost:{shop_port}"
    return subprocess.run([*manage, "runserver", address, "--noreload"], env=environment, check=False).returncode


def connect() -> tuple[str, str]:
    """Return the id and secret of the shop's connection, which is created once."""
    from django.utils import timezone

    from shops.connectors.secrets import list_secrets
    from shops.models import Connection
    from tests.shop.connection import NAME, create_connection

    found = Connection.objects.filter(name=NAME, state=Connection.State.ACTIVE).first()
    if found is None:
        found = create_connection("whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())
    return str(found.pk), list_secrets(found, now=timezone.now())[0]


def find_link(host: str) -> str:
    """Return the code of a tracking link to the shop, which is created once."""
    from django.utils import timezone

    from affiliates.models import Affiliate, State
    from agreements.models import Program
    from tracking.links.addresses import get_shop_hosts
    from tracking.links.tracking_links import create_link
    from tracking.models import Link

    program = Program.current()
    if host not in get_shop_hosts(program):
        program.shop_hosts = [*sorted(get_shop_hosts(program)), host]
        program.save(update_fields=["shop_hosts"])
    target = f"http://{host}/catalogue/"
    known = Link.objects.filter(target=target).first()
    if known:
        return known.code
    affiliate = Affiliate.objects.filter(state=State.ACTIVE).order_by("pk").first()
    if affiliate is None:
        sys.exit("make shop: there is no active affiliate yet. Start make run first, with its demo.")
    return create_link(affiliate=affiliate, target=target, name="Corner shop", now=timezone.now(), by=None).code


if __name__ == "__main__":
    sys.exit(main())
