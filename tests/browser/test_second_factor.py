"""Staff set up two-step verification in a browser."""

import re

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import expect

from tests.browser.conftest import save_screenshots
from tests.browser.test_affiliate_journey import program, sign_in  # noqa: F401 -- a fixture
from tests.factories import PASSWORD, make_staff


def build_code(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def test_two_step_verification_is_set_up_before_the_admin_opens(program, open_browser_page, settings):  # noqa: F811 -- a fixture
    settings.STAFF_MFA_REQUIRED = True
    superuser = make_staff(superuser=True)
    superuser.set_password(PASSWORD)
    superuser.save()
    page = open_browser_page()
    sign_in(page, superuser.email, PASSWORD)
    expect(page.get_by_text("Staff must use two-step verification.")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    copy = page.get_by_role("button", name="Copy authenticator secret")
    expect(copy).to_be_visible()
    save_screenshots(page, "second-factor")
    secret = copy.get_attribute("data-copy")
    page.get_by_label(re.compile("Authenticator code")).fill(build_code(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    save_screenshots(page, "recovery-codes")
    page.goto("/admin/")
    expect(page.locator(".staff-home")).to_be_visible()

    second_page = open_browser_page()
    sign_in(second_page, superuser.email, PASSWORD)
    expect(second_page.get_by_role("heading", level=1)).to_have_text("Two-step verification")
    save_screenshots(second_page, "second-factor-sign-in")
