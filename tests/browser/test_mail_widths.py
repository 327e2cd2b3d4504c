"""Every e-mail fits a phone of 320 px."""

import pytest

from portal.mail_gallery.examples import list_examples


@pytest.mark.django_db
def test_no_email_is_wider_than_a_small_phone(browser):
    rendered = [(example, example.render()) for example in list_examples()]
    page = browser.new_page(viewport={"width": 320, "height": 640})
    too_wide = {}
    for example, mail in rendered:
        for html in (mail.html, mail.html.replace("max-width: 480px", "max-width: 1px")):
            page.set_content(html, wait_until="domcontentloaded")
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 320:
                too_wide[example.kind, example.variant] = width
    page.close()
    assert too_wide == {}
