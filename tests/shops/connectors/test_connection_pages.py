"""The admin pages of shop connections (specification 11)."""

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditRecord
from payouts.models import Commission
from shops.connectors import folding, inbox, registry, secrets
from shops.models import CategoryMapping, Connection, Reject, ShopEvent, ShopOrderLine, ShopProduct
from tests.factories import make_staff
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.connectors.plain_shop import PlainConnector, build_delivery, make_connection
from tests.shops.connectors.test_inbox import build_order
from tracking.models import Order


class OptionConnector(PlainConnector):
    default_options = {
        "click_field": "accord",
        "statuses": {"shipped": "completed"},
        "topics": ["order"],
        "gross": False,
        "digits": 2,
    }


@pytest.fixture
def client(db, client, tmp_path, monkeypatch):
    """A payout preparer in a program with one platform."""
    monkeypatch.setitem(registry.CONNECTORS, "generic", OptionConnector())
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    client.force_login(make_staff("payout preparers"))
    return client


def get_url(connection, page="change"):
    return reverse(f"admin:shops_connection_{page}", args=[connection.pk])


def read(client, connection, page="change", query=""):
    response = client.get(get_url(connection, page) + query)
    assert response.status_code == 200
    return response.content.decode()


def post(client, connection, page, **values):
    return client.post(get_url(connection, page), {"confirmed": "1", "reason": "Why."} | values)


def send(connection, content, topic="order"):
    inbox.receive(connection=connection, delivery=build_delivery(content, topic=topic), now=NOW)
    folding.process_events(now=NOW)


def test_shop_is_connected_and_its_generated_secret_shown_once(client):
    address = reverse("admin:shops_connection_connect")
    assert "Prefix of order ids" in client.get(address).content.decode()
    refused = client.post(address, {"platform": "generic", "name": "", "reason": ""}).content.decode()
    assert "This field is required." in refused
    response = client.post(address, {"platform": "generic", "name": "My shop"})
    connection = Connection.objects.get()
    [secret] = secrets.list_secrets(connection, now=NOW)
    assert secret in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    page = read(client, connection)
    assert secret not in page
    assert f"/hooks/{connection.pk}" in page
    assert AuditRecord.objects.get(action="shop connection added").reason == "A shop is connected."
    again = client.post(address, {"platform": "generic", "name": "My shop"}).content.decode()
    assert "has this name" in again


def test_pasted_secret_leads_to_the_page_of_the_connection(client):
    address = reverse("admin:shops_connection_connect")
    response = client.post(address, {"platform": "generic", "name": "My shop", "secret": "pasted-secret"})
    assert response.headers["Location"] == get_url(Connection.objects.get())


def test_settings_have_a_field_for_each_option(client):
    connection = make_connection()
    page = read(client, connection, "change_settings")
    assert "shipped: completed" in page
    values = {"completion": "days", "completion_days": "20", "click_field": "aff", "topics": "a\n\n b ", "digits": "3"}
    wrong = post(client, connection, "change_settings", **values, statuses="shipped").content.decode()
    assert "“shipped” is not a name and a value" in wrong
    post(client, connection, "change_settings", **values, statuses="packed: paid\nsent: completed", gross="on")
    connection.refresh_from_db()
    assert (connection.completion, connection.completion_days) == ("days", 20)
    assert connection.options == {
        "click_field": "aff",
        "statuses": {"packed": "paid", "sent": "completed"},
        "topics": ["a", "b"],
        "gross": True,
        "digits": 3,
    }


def test_secret_is_replaced_with_an_overlap_that_is_shown(client):
    connection = make_connection()
    page = post(client, connection, "replace_secret").content.decode()
    connection.refresh_from_db()
    [new, _old] = secrets.list_secrets(connection, now=NOW)
    assert new in page
    assert "The old secret is valid until" in page
    assert "the old one is valid until" in read(client, connection)


def test_page_of_a_json_shop_links_to_its_paths(client):
    connection = make_connection()
    paths = reverse("shops:generic_paths", args=[connection.pk])
    assert paths in read(client, connection)
    Connection.objects.update(platform="stripe")
    assert paths not in read(client, connection)


def test_api_key_is_refused_where_the_platform_needs_none(client):
    connection = make_connection()
    page = post(client, connection, "set_api_key", api_url="https://shop.example.com", api_key="k").content.decode()
    assert "This platform needs no API key." in page


def test_connection_is_paused_resumed_and_deleted(client):
    connection = make_connection()
    for page, state in (("pause", "paused"), ("resume", "active"), ("remove", "deleted")):
        post(client, connection, page)
        connection.refresh_from_db()
        assert connection.state == state
    assert "answers 404" in read(client, connection)
    assert client.get(reverse("admin:shops_connection_changelist")).status_code == 200


def test_page_shows_checklist_and_events_with_order_and_reject(client):
    connection = make_connection()
    send(connection, build_order())
    send(connection, [])
    send(connection, {}, topic="other")
    page = read(client, connection)
    assert page.count('class="reached"') == 4
    assert "Refund a line of an order" in page
    assert reverse("admin:tracking_order_change", args=[Order.objects.get().pk]) in page
    assert reverse("admin:shops_reject_change", args=[Reject.objects.get().pk]) in page
    assert "a topic of no use" in page
    assert "a topic of no use" not in read(client, connection, query="?state=refused")
    assert "a topic of no use" in read(client, connection, query="?state=none")


def test_rejected_events_are_processed_again_one_or_all(client):
    connection = make_connection()
    for _ in range(3):
        send(connection, [])
    event = ShopEvent.objects.latest("pk")
    url = get_url(connection, "requeue")
    assert "1 rejected events" in client.get(f"{url}?event={event.delivery}").content.decode()
    client.post(f"{url}?event={event.delivery}", {"confirmed": "1"})
    assert ShopEvent.objects.filter(state="waiting").get() == event
    post(client, connection, "requeue")
    assert ShopEvent.objects.filter(state="waiting").count() == 3
    assert not Reject.objects.filter(state="open").exists()


def test_rejects_of_a_connection_are_filtered_and_resent(client):
    send(make_connection(), [])
    send(make_connection("other shop", "other"), [])
    row = Reject.objects.get(source="shop connection other shop")
    listed = reverse("admin:shops_reject_changelist") + "?connection=other+shop"
    assert listed.count("other")
    assert re.findall(r"/shops/reject/([0-9a-f-]{36})/change/", client.get(listed).content.decode()) == [str(row.pk)]
    page = client.get(reverse("admin:shops_reject_change", args=[row.pk])).content.decode()
    assert reverse("admin:shops_reject_correct", args=[row.pk]) not in page
    resent = client.post(reverse("admin:shops_reject_resend", args=[row.pk]), {"confirmed": "1"}, follow=True)
    assert "processed again within a minute" in resent.content.decode()
    assert ShopEvent.objects.get(reject=None).state == "waiting"


def list_form(client, connection, query=""):
    """Return the fields of the table of categories as a browser would send them."""
    context = client.get(get_url(connection, "categories") + query).context
    form_set = context["form_set"]
    values = {f"row-{name}": str(form_set.management_form[name].value()) for name in form_set.management_form.fields}
    for form in form_set:
        values |= {form.add_prefix(name): form[name].value() or "" for name in form.fields}
    return values | {"reason": ""}


def test_categories_are_mapped_previewed_and_applied(client):
    connection = make_connection()
    line = {"id": "1", "amount": "50.00", "categories": ["Toys", "Sale"]}
    at = timezone.now().replace(microsecond=0)
    order = build_order(at.isoformat(), placed=at.isoformat(), lines=[line])
    inbox.receive(connection=connection, delivery=build_delivery(order), now=at)
    folding.process_events(now=at)
    page = html.unescape(read(client, connection, "categories"))
    # In the list of choices, and as a suggestion.
    assert page.count("Toys & hobbies (7.00\u00a0%)") == 4
    assert ">toys-hobbies" not in page
    # 50.00 at 7 % instead of 3 %.
    assert "3.50" in page
    assert list_form(client, connection)["row-1-category"] == ""
    values = list_form(client, connection, "?suggest=1")
    names = [values["row-0-shop_category"], values["row-1-shop_category"]]
    assert (names, values["row-1-category"]) == (["Sale", "Toys"], "toys-hobbies")
    extra = {"row-2-shop_category": "Cups", "row-2-category": "kitchen-dining", "row-2-position": "1"}
    saved = client.post(get_url(connection, "categories"), values | extra, follow=True).content.decode()
    assert "2 mappings changed." in saved
    assert list(CategoryMapping.objects.values_list("shop_category", "category", "position")) == [
        ("Cups", "kitchen-dining", 1),
        ("Toys", "toys-hobbies", 2),
    ]
    preview = client.get(get_url(connection, "reprice"))
    assert preview.context["preview"].moves == [("everything-else", "toys-hobbies", 1)]
    assert "Toys & hobbies" in html.unescape(preview.content.decode())
    assert "toys-hobbies" not in preview.content.decode()
    wrong = post(client, connection, "reprice", digest="0").content.decode()
    assert "since the preview" in wrong
    assert str(Commission.objects.get().amount) == "1.50"
    done = client.post(
        get_url(connection, "reprice"), {"digest": preview.context["preview"].digest, "reason": ""}, follow=True
    )
    assert "1 order re-priced." in done.content.decode()
    assert str(Commission.objects.get().amount) == "3.50"
    page = client.get(reverse("admin:tracking_order_change", args=[Order.objects.get().pk])).content.decode()
    assert "Line 1: Toys, Sale. Mapped by “Toys” to Toys & hobbies." in html.unescape(page)


def test_category_of_a_connection_is_chosen_by_its_name(client, monkeypatch):
    monkeypatch.setattr(OptionConnector, "default_options", {"category": ""})
    connection = make_connection()
    assert ">Toys & hobbies (7.00\u00a0%)</option>" in html.unescape(read(client, connection, "change_settings"))
    values = {"completion": "paid", "completion_days": "20"}
    wrong = post(client, connection, "change_settings", **values, category="plush").content.decode()
    assert "Select a valid choice." in wrong
    post(client, connection, "change_settings", **values, category="toys-hobbies")
    connection.refresh_from_db()
    assert connection.options == {"category": "toys-hobbies"}
    # A category that the rate card no longer has stays chosen.
    Connection.objects.filter(pk=connection.pk).update(options={"category": "old-name"})
    assert '<option value="old-name" selected>Old name</option>' in read(client, connection, "change_settings")


def test_order_names_the_category_of_its_connection(client):
    connection = make_connection()
    send(connection, build_order(lines=[{"id": "1", "amount": "50.00", "categories": ["Toys"]}]))
    ShopOrderLine.objects.update(mapped_by="(connection)", category="toys-hobbies")
    page = client.get(reverse("admin:tracking_order_change", args=[Order.objects.get().pk])).content.decode()
    text = "Line 1: Toys. Not mapped, so the category of the connection: Toys & hobbies."
    assert text in html.unescape(page)


def test_bad_mappings_are_shown_at_their_row(client):
    connection = make_connection()
    send(connection, build_order(lines=[{"id": "1", "amount": "50.00", "categories": ["Toys"]}]))
    values = list_form(client, connection)
    for changes, text in (
        ({"row-0-category": "plush"}, "Select a valid choice."),
        ({"row-0-position": "0"}, "greater than or equal to 1"),
        ({"row-0-position": "one"}, "Enter a whole number."),
        ({"row-1-category": "home-decor"}, "This field is required."),
    ):
        response = client.post(get_url(connection, "categories"), values | changes)
        assert (response.status_code, text in response.content.decode()) == (200, True), changes
    # What no form of ours sends, such as a missing management form, is no table to show again.
    assert client.post(get_url(connection, "categories"), values | {"row-TOTAL_FORMS": "x"}).status_code == 400
    assert client.post(get_url(connection, "categories"), b'{"a": ', content_type="application/json").status_code == 200
    assert not CategoryMapping.objects.exists()


def upload_products(client, connection, content):
    """Upload a file with the columns that are guessed, and return the address of its preview."""
    url = get_url(connection, "upload_products")
    columns = client.post(url, {"file": SimpleUploadedFile("p.csv", content)}).headers["Location"]
    form = client.get(columns).context["form"]
    return client.post(columns, {name: form[name].value() for name in form.fields}).headers["Location"]


def test_products_are_previewed_and_stored(client):
    connection = make_connection()
    page = client.get(upload_products(client, connection, b"id,categories\n,Toys\n")).content.decode()
    assert "The id must have 1 to 100 characters." in page
    preview = upload_products(client, connection, b"ID;Name;Categories\n7;Cup;Kitchen\n")
    response = client.get(preview)
    assert "New products: 1, changed: 0, unchanged: 0, problems: 0." in response.content.decode()
    assert not ShopProduct.objects.exists()
    confirmed = {"confirm": "1", "digest": response.context["digest"], "reason": ""}
    # What the preview said must still hold.
    ShopProduct.objects.create(connection=connection, product_key="7", categories=["Kitchen"])
    assert client.post(preview, confirmed).status_code == 200
    ShopProduct.objects.all().delete()
    response = client.post(preview, confirmed)
    assert response.headers["Location"] == get_url(connection, "categories")
    assert ShopProduct.objects.get().categories == ["Kitchen"]
    assert "Kitchen" in read(client, connection, "categories")


def test_staff_home_names_silent_connections_and_rejects_by_connection(client):
    connection = make_connection()
    send(connection, [])
    Connection.objects.update(milestones={"event": NOW.isoformat()})
    ShopEvent.objects.all().delete()
    page = client.get(reverse("admin:index")).content.decode()
    assert "no event for much longer than usual: plain shop" in page
    assert "to send again or dismiss; plain shop 1" in page


def test_refused_signature_is_shown_until_a_signed_event_arrives(client):
    connection = make_connection()
    url = f"/hooks/{connection.pk}"
    assert "An event was refused" not in read(client, connection)
    assert client.post(url, b"{}", content_type="application/json").status_code == 401
    page = read(client, connection)
    assert "An event was refused" in page
    assert "The header X-Signature does not fit." in page
    delivery = build_delivery(build_order())
    headers = {name: value for name, value in delivery.headers.items() if name != "content-type"}
    assert client.post(url, delivery.body, content_type="application/json", headers=headers).status_code == 200
    assert "An event was refused" not in read(client, connection)
