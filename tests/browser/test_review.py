"""A review in a browser, from the report of a visitor to the granted appeal (specification 8)."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from compliance.models import Review, Signal
from tests.browser.conftest import save_screenshots
from tests.browser.keyboard import Keyboard
from tests.compliance.cases import days, make_active_affiliate, make_order, seed_agreement
from tests.factories import make_staff
from tracking.models import Coupon


@pytest.fixture
def affiliate(transactional_db):
    now = timezone.now()
    seed_agreement(now - days(60))
    affiliate = make_active_affiliate(now - days(60))
    make_order(affiliate, now - days(5), order_id="S-1")
    return affiliate


def test_review_leads_from_a_signal_to_a_granted_appeal(affiliate, open_browser_page, act_as):
    first, second = make_staff("compliance reviewers"), make_staff("compliance reviewers")
    visitor = open_browser_page()
    visitor.goto(reverse("compliance:report_abuse"))
    visitor.get_by_label("Link or coupon code").fill(Coupon.objects.get().code)
    visitor.get_by_label("What happened").fill("They buy the shop's name as a keyword.")
    visitor.get_by_role("button", name="Send report").click()
    expect(visitor.get_by_text("We have received your report")).to_be_visible()

    page = act_as(first)
    page.goto(reverse("admin:compliance_signal_change", args=[Signal.objects.get().pk]))
    expect(page.get_by_text("They buy the shop's name as a keyword.")).to_be_visible()
    page.locator("#main").get_by_role("link", name="Open a review").click()
    page.get_by_label("Activity or clause").select_option("Fraud")
    page.get_by_label("What happened (shown to the affiliate)").fill("You buy our name as a keyword.")
    page.get_by_role("checkbox", name="S-1").check()
    save_screenshots(page, "review-opening")
    page.get_by_role("button", name="Open a review of").click()
    expect(page.get_by_text("Review opened. The affiliate has been notified.")).to_be_visible()
    review = Review.objects.get()
    decide, decide_appeal = (
        reverse(f"admin:compliance_review_{name}", args=[review.pk]) for name in ("decide", "decide_appeal")
    )

    act_as(affiliate.user)
    keyboard = Keyboard(page)
    page.goto(reverse("portal:home"))
    keyboard.skip_to_content()
    keyboard.follow(page.get_by_role("link", name="Read and reply"))
    keyboard.skip_to_content()
    keyboard.fill(page.get_by_label("Your reply"), "I bid on no keyword.")
    keyboard.follow(page.get_by_role("button", name="Send reply"))
    expect(page.get_by_text("Your reply has been sent.")).to_be_visible()

    act_as(first).goto(decide)
    expect(page.get_by_text("I bid on no keyword.")).to_be_visible()
    page.get_by_label("Warning").check()
    page.get_by_label("Reason").fill("The search engine shows your advertisement.")
    page.get_by_role("button", name="Decide this review").click()
    page.get_by_role("button", name="Confirm: Decide this review").click()
    expect(page.get_by_text("Review decided.")).to_be_visible()

    act_as(affiliate.user).goto(reverse("portal:home"))
    page.get_by_role("link", name="Read the decision").click()
    expect(page.get_by_text("The search engine shows your advertisement.")).to_be_visible()
    page.get_by_label("Why you disagree with the decision").fill("It is a competitor's.")
    page.get_by_role("button", name="Send appeal").click()
    expect(page.get_by_text("A different reviewer will decide it.").first).to_be_visible()
    save_screenshots(page, "review-appealed")

    act_as(first).goto(reverse("admin:compliance_review_change", args=[review.pk]))
    expect(page.get_by_text(f"Any reviewer but {first}, who decided the review.")).to_be_visible()
    expect(page.get_by_role("link", name="Decide the appeal")).to_have_count(0)
    act_as(second).goto(decide_appeal)
    page.get_by_label("Granted").check()
    page.get_by_label("Reason").fill("It is a competitor's indeed.")
    page.get_by_role("button", name="Decide the appeal").click()
    page.get_by_role("button", name="Confirm: Decide the appeal").click()
    expect(page.get_by_text("Appeal decided.").first).to_be_visible()

    act_as(affiliate.user).goto(reverse("compliance:review", args=[review.pk]))
    expect(page.get_by_text("appeal granted").first).to_be_visible()
    expect(page.get_by_text("This review does not hold any of your money.")).to_be_visible()
    review.refresh_from_db()
    assert (review.appeal, review.appeal_decided_by) == ("granted", second)
