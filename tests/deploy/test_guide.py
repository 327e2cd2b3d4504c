"""docs/deploy.md, followed by copying its commands (specification 12), to a paid statement and restarts under load."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from django.urls import reverse

from tests.deploy.browser import Browser
from tests.deploy.load import Load
from tests.deploy.machine import ROOT, Machine, Shell, find_missing_programs, read_blocks, run_machine
from tests.free_ports import find_free_port

# The number of restarts under load.
RESTARTS = int(os.environ.get("DEPLOY_RESTARTS", "0"))
PASSWORD = "a long password of Ann"
# The agreement takes effect early enough for a month to be closed.
DAY = (datetime.now(UTC) - timedelta(days=150)).date()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RESTARTS, reason="takes minutes: part of make faults, or set DEPLOY_RESTARTS=1"),
]

AFFILIATES = """code,email,name,country,coupon,website,payout_method,payout_account
ANN,ann@blog.example,Ann,GB,ANN,https://blog.example/,paypal,ann@blog.example
"""
CREATE_LINK = """
from django.utils import timezone
from affiliates.models import Affiliate
from tracking.links.tracking_links import create_link
ann = Affiliate.objects.get()
print(create_link(affiliate=ann, target="https://shop.example.com/sofa", now=timezone.now(), by=None).code)
"""


class Deployed(NamedTuple):
    """The machine after the guide, with the outputs of the blocks that start with or contain a word."""

    machine: Machine
    shell: Shell
    outputs: dict[str, str]

    def run_block(self, word: str) -> str:
        [block] = [block for block in read_blocks() if word in block]
        return self.shell.run(block)


def build_past_order() -> str:
    placed = datetime.combine(DAY + timedelta(days=5), datetime.min.time(), UTC)
    line = {"line_id": "1", "category": "home-decor", "quantity": 1, "amount": "2000.00", "refunded": "0.00"}
    order = {"order_id": "P1", "status": "completed", "updated_at": (placed + timedelta(days=3)).isoformat()}
    order |= {"placed_at": placed.isoformat(), "completed_at": (placed + timedelta(days=2)).isoformat()}
    return json.dumps(
        order
        | {
            "currency": "USD",
            "click_id": None,
            "coupon": "ANN",
            "customer": {"ref": "7", "country": "FR"},
            "lines": [line],
        }
    )


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    if missing := find_missing_programs():
        pytest.skip(f"needs {', '.join(missing)}")
    with run_machine() as machine:
        shell, outputs = Shell(machine), {}
        try:
            for block in read_blocks():
                if "open_program" in block:
                    # Affiliates and orders of another system, which the guide only mentions.
                    (machine.folder / "affiliates.csv").write_text(AFFILIATES)
                    accepted = ("--accepted-offline", str(DAY), "--evidence", "'signed paper'")
                    machine.manage("import_affiliates", f"{machine.folder}/affiliates.csv", *accepted)
                    outputs["load"] = machine.manage("load_orders", "--strict", "-", given=build_past_order())
                outputs[block] = shell.run(block.replace("$(date --utc +%F)", str(DAY)), f"{PASSWORD}\n")
                if "open_program" in block:
                    break
            yield Deployed(machine, shell, outputs)
        finally:
            shell.close()


def find_output(deployed: Deployed, word: str) -> str:
    [output] = [output for block, output in deployed.outputs.items() if word in block]
    return output


def test_setup_lists_what_is_missing(deployed):
    output = find_output(deployed, "manage.py setup")
    for title in ("Create the first staff account", "Enter the shop's hosts", "Publish the first agreement"):
        assert f"done     {title}" in output
    for title in ("Add a second factor", "Connect the shop", "Open the program"):
        assert f"missing  {title}" in output


def test_first_order_arrives_over_tls(deployed):
    assert json.loads(find_output(deployed, "/api/v1/orders/1001"))["order_id"] == "1001"


def test_month_is_closed_and_staff_download_the_statement(deployed):
    machine = deployed.machine
    machine.manage("close_month")
    browser = Browser(machine)
    browser.sign_in_as_staff("ann@example.com", PASSWORD)
    assert "Still to set up" not in browser.get("/admin/").replace("Connect the shop", "")
    shell = "from payouts.models import Statement; print(Statement.objects.exclude(settled=0).first().pk)"
    key = machine.manage("shell", "--verbosity=0", "--command", f"'{shell}'").strip()
    pdf = browser.download(reverse("admin:payouts_statement_download_pdf", args=[key]), "statement.pdf")
    assert pdf.startswith(b"%PDF-")


SITE = "https://affiliates.example.com"


def test_proxy_redirects_to_https_and_passes_large_bodies(deployed):
    machine = deployed.machine
    plain = f"-H 'Host: affiliates.example.com' http://127.0.0.1:{machine.http}/x"
    assert machine.run(f"/usr/bin/curl -s -o /dev/null -w '%{{redirect_url}}' {plain}") == f"{SITE}/x"
    upload = f"curl -s -o /dev/null -w '%{{http_code}}' {prepare_large_upload(machine)}"
    assert machine.run(upload) == "400", "413 would come from the proxy"


def prepare_large_upload(machine: Machine) -> str:
    """Return the arguments of curl that send 9 MB that are no orders, with a valid key."""
    machine.run("head -c 9000000 /dev/zero >large")
    key = machine.manage("create_api_key", "large").strip()
    headers = f"-H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'"
    return f"-X POST {headers} --data-binary @large {SITE}/api/v1/orders/batch"


@pytest.mark.skipif(not shutil.which("caddy"), reason="needs caddy")
def test_caddy_does_the_same_as_nginx(deployed):
    machine, folder = deployed.machine, deployed.machine.folder
    upload = prepare_large_upload(machine)
    port = find_free_port()
    live = folder / "etc/letsencrypt/live/affiliates.example.com"
    site = f"https://affiliates.example.com:{port} {{\n\ttls {live}/fullchain.pem {live}/privkey.pem"
    text = machine.replace((ROOT / "deploy/caddy/Caddyfile").read_text()).replace(
        "\naffiliates.example.com {", f"\n{site}"
    )
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    curl = (
        f"/usr/bin/curl -s --cacert ca.pem --connect-to affiliates.example.com:443:127.0.0.1:{port} -w '%{{http_code}}'"
    )
    with machine.serving("caddy", "run", "--adapter", "caddyfile", "--config", "Caddyfile"):
        machine.run(f"until {curl} -o /dev/null {SITE}/r/; do sleep 0.1; done")
        assert machine.run(f"{curl} -o /dev/null {SITE}/agreement/") == "200"
        assert machine.run(f"{curl} -o /dev/null {SITE}/r/missing") == "404"
        assert machine.run(f"{curl} -o /dev/null {upload}") == "400"


def test_static_files_are_served_and_the_code_is_not_written_to(deployed):
    machine = deployed.machine
    [sheet, *_] = re.findall(r"/static/[^\"]*[.]css", machine.run(f"curl -s {SITE}/"))
    assert machine.run(f"curl -sf {SITE}{sheet}")
    newer = "find /opt/accord -newer /etc/accord/owner.env -type f -not -name '*.pyc' -not -path '*/deploy/*'"
    assert machine.run(newer) == ""


def test_backup_is_restored_and_passes_the_four_proofs(deployed):
    assert "accord-" in deployed.run_block("sudo ls /var/lib/accord-backup")
    assert "FAILED" not in deployed.run_block("pg_restore")
    deployed.run_block("dropdb accord_restored")


def test_upgrade(deployed):
    deployed.run_block("pull --quiet")


def test_restarts_under_load_fail_no_request(deployed, capsys):
    machine = deployed.machine
    link = machine.manage("shell", "--verbosity=0", "--command", f"'{CREATE_LINK}'").strip()
    key = machine.manage("create_api_key", "load").strip()
    load = Load(machine, link, key)
    with load.running():
        for _ in range(RESTARTS):
            deployed.run_block('restart "$unit"')
    figures = f"{RESTARTS} restarts, {load.outcomes.total()} requests, slowest {load.slowest:.1f} s, {load.outcomes}"
    with capsys.disabled():
        sys.stdout.write(f"\n{figures}\n")
    assert load.failures == {}
    assert load.outcomes.total() > 1000


@pytest.mark.skipif(not shutil.which("pgbouncer", path="/usr/sbin:/usr/bin"), reason="needs pgbouncer")
def test_application_runs_through_a_pooler(deployed):
    deployed.run_block("pgbouncer.ini")
    deployed.run_block('restart "$unit"')
    machine = deployed.machine
    assert machine.run(f"curl -s -o /dev/null -w '%{{http_code}}' {SITE}/readyz") == "200"
    [block] = [block for block in read_blocks() if "/api/v1/orders/1001" in block]
    assert json.loads(deployed.shell.run(block.replace("1001", "1002")))["order_id"] == "1002"
    applications = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'accord_app' AND client_port IS NOT NULL"
    opened = int(machine.run(f'psql --dbname accord -At -c "{applications}"'))
    assert 0 < opened <= 20
    assert f":{machine.pooler}/" in (machine.folder / "etc/accord/accord.env").read_text()
