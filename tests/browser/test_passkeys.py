"""Passkeys in a browser with a virtual authenticator: added, used as second factor and alone, renamed, removed."""

import pytest
from playwright.sync_api import Page, expect

from mail.models import Message
from tests.browser.conftest import save_screenshots
from tests.browser.test_affiliate_journey import program, sign_in  # noqa: F401 -- a fixture
from tests.factories import PASSWORD, make_staff


def add_authenticator(page: Page, *, verifies_user: bool = True) -> None:
    """Give the page's browser a device that confirms everything at once."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal" if verifies_user else "usb",
        "hasResidentKey": verifies_user,
        "hasUserVerification": verifies_user,
        "isUserVerified": verifies_user,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def confirm_password(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()


@pytest.fixture
def member(program):  # noqa: F811 -- a fixture
    user = make_staff(superuser=True)
    user.set_password(PASSWORD)
    user.save()
    return user


def test_passkey_is_added_used_renamed_and_removed(member, open_browser_page, settings):
    settings.STAFF_MFA_REQUIRED = True
    page = open_browser_page()
    add_authenticator(page)
    sign_in(page, member.email, PASSWORD)
    expect(page.get_by_text("Staff must use two-step verification.")).to_be_visible()
    save_screenshots(page, "reauthentication")
    confirm_password(page)
    page.get_by_role("link", name="Add a passkey instead").click()
    page.get_by_label("Name").fill("Laptop")
    save_screenshots(page, "passkey-add")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.goto("/admin/")
    expect(page.locator(".staff-home")).to_be_visible()
    assert Message.objects.filter(to=member.email, context__subject__icontains="a passkey was added").exists()

    sign_out(page)
    sign_in(page, member.email, PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-step verification")
    save_screenshots(page, "passkey-second-factor")
    page.get_by_role("button", name="Use passkey").click()
    expect(page.locator(".staff-home")).to_be_visible()

    sign_out(page)
    page.goto("/accounts/login/?next=/profile/security/")
    save_screenshots(page, "sign-in")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Security")
    save_screenshots(page, "security")

    page.goto("/accounts/2fa/")
    expect(page.get_by_role("strong").filter(has_text="Laptop")).to_be_visible()
    save_screenshots(page, "two-step-verification")
    page.get_by_role("link", name="Rename Laptop").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use passkey").click()
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove Work laptop").click()
    page.get_by_role("button", name="Remove passkey").click()
    expect(page.get_by_text("You have no passkey yet.")).to_be_visible()


def test_cancelled_passkey_changes_nothing_and_says_so(member, open_browser_page):
    page = open_browser_page()
    page.add_init_script(
        "navigator.credentials.get = () => Promise.reject(new DOMException('cancelled', 'NotAllowedError'))"
    )
    page.goto("/accounts/login/")
    expect(page.get_by_text("Your browser did not finish with the passkey.")).to_be_hidden()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("Your browser did not finish with the passkey.")).to_be_visible()


def test_simple_security_key_is_a_second_factor(member, open_browser_page):
    page = open_browser_page()
    add_authenticator(page, verifies_user=False)
    sign_in(page, member.email, PASSWORD)
    page.goto("/accounts/2fa/webauthn/add/")
    confirm_password(page)
    page.get_by_label("Sign in without a password").uncheck()
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    sign_out(page)
    sign_in(page, member.email, PASSWORD)
    page.get_by_role("button", name="Use passkey").click()
    expect(page.locator(".staff-home")).to_be_visible()
