"""An affiliate in a browser: from the application to the accepted agreement."""

import re
from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from affiliates.models import Affiliate, State
from agreements.seeding import publish_seed_agreement
from mail import rendering
from mail.models import Message
from tests.browser.conftest import NARROW, save_screenshots
from tests.factories import PASSWORD, make_staff

NEW_PASSWORD = "correct horse 7 battery"


@pytest.fixture
def program(transactional_db):
    from accounts.groups import sync_groups

    sync_groups()
    at = timezone.now() - timedelta(days=30)
    return publish_seed_agreement(effective_at=at, now=at, by=None)


def sign_in(page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def get_link_in_mail(kind: str, to: str) -> str:
    message = Message.objects.filter(kind=kind, to=to).latest("created_at")
    text = rendering.render(kind=kind, context=message.context).text
    match = re.search(r"https?://[^/\s]+(/\S+)", text)
    assert match, text
    return match.group(1)


def test_affiliate_applies_is_approved_and_accepts(program, open_browser_page):
    greta = open_browser_page()
    greta.goto("/")
    save_screenshots(greta, "landing")
    greta.get_by_role("link", name="Join the program").click()
    greta.get_by_label("Your name or company").fill("Greta Gardener")
    greta.get_by_label("Country").select_option("Germany")
    greta.get_by_label("Email").fill("greta@example.com")
    greta.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    greta.get_by_label("Password (again)").fill(NEW_PASSWORD)
    greta.get_by_role("button", name="Send application").click()
    expect(greta.locator(".error-summary")).to_be_focused()
    greta.get_by_role("link", name="Channel 1, Address: Enter at least one channel.").click()
    expect(greta.get_by_label("Address").first).to_be_focused()
    save_screenshots(greta, "apply-invalid")
    greta.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    greta.get_by_label("Password (again)").fill(NEW_PASSWORD)
    greta.get_by_label("Kind").first.select_option("blog")
    greta.get_by_label("Address").first.fill("https://greta.example/garden")
    greta.get_by_role("button", name="Send application").click()
    expect(greta.get_by_role("heading", level=1)).to_contain_text("Thank you")
    save_screenshots(greta, "applied")
    greta.goto(get_link_in_mail("account", "greta@example.com"))
    greta.get_by_role("button", name="Confirm").click()
    expect(greta.get_by_role("heading", level=1)).to_contain_text("We have received your application")
    save_screenshots(greta, "home-applied")

    manager = make_staff("affiliate managers")
    manager.set_password(PASSWORD)
    manager.save()
    staff = open_browser_page()
    sign_in(staff, manager.email, PASSWORD)
    expect(staff.get_by_text("to approve or reject").first).to_be_visible()
    save_screenshots(staff, "staff-home")
    staff.locator(".staff-home").get_by_role("link", name="Applications").click()
    expect(staff.get_by_role("link", name="https://greta.example/garden").first).to_be_visible()
    save_screenshots(staff, "applications")
    staff.get_by_role("link", name=re.compile("Greta")).first.click()
    save_screenshots(staff, "application")
    staff.get_by_role("link", name="Approve").first.click()
    staff.get_by_role("button", name=re.compile("Approve")).last.click()
    staff.wait_for_load_state()
    assert Affiliate.objects.get().state == State.APPROVED

    greta.goto("/home/")
    save_screenshots(greta, "home-approved")
    greta.get_by_role("link", name="Read and accept").click()
    save_screenshots(greta, "accept")
    greta.get_by_role("link", name="Go to your decision").click()
    expect(greta.locator(".decision-bar")).to_be_hidden()
    greta.get_by_role("checkbox").check()
    greta.get_by_role("main").get_by_role("button", name=re.compile("[Aa]ccept")).click()
    greta.wait_for_load_state()
    assert Affiliate.objects.get().state == State.ACTIVE
    greta.goto("/home/")
    expect(greta.get_by_role("heading", level=1)).to_contain_text("Greta Gardener")
    save_screenshots(greta, "home-active")
    greta.context.grant_permissions(["clipboard-read", "clipboard-write"])
    greta.goto("/profile/")
    greta.get_by_role("button", name="Copy your code").click()
    expect(greta.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert greta.evaluate("navigator.clipboard.readText()") == Affiliate.objects.get().code


def test_menu_works_on_a_phone_without_scripts_by_keyboard(program, open_browser_page):
    page = open_browser_page(viewport=NARROW, java_script_enabled=False)
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    menu = page.locator("details.menu")
    expect(menu.get_by_role("link", name="Sign in")).to_be_visible()
    menu.get_by_role("link", name="Apply").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Join the program")
    page.get_by_text("More channels").click()
    expect(page.get_by_label("Address").nth(4)).to_be_visible()


def test_pages_fit_the_window(program, open_browser_page):
    page, wide = open_browser_page(), []
    for address in ("/", "/apply/", "/accounts/login/", "/accounts/password/reset/", "/nothing/"):
        page.goto(address)
        for width, scheme in product((360, 390, 768, 1280), ("light", "dark")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            if (page_width := page.evaluate("document.documentElement.scrollWidth")) > width:
                wide.append((address, width, scheme, page_width))
    assert wide == []
