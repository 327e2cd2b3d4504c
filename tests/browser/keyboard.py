"""A person who has only a keyboard: each stop of the focus must be seen, and none may keep it."""

from typing import Any

from playwright.sync_api import Error, Locator, Page, expect

MAX_STOPS = 120
# The element that has the focus, and what is wrong with it: unfold draws the outline of some fields around them.
READ_STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return ["", ""];
  const around = [one, one.parentElement, one.parentElement.parentElement];
  const isOutlined = (each) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(each);
    return outlineStyle !== "none" && parseFloat(outlineWidth) > 0 && outlineColor !== "rgba(0, 0, 0, 0)";
  };
  const box = one.getBoundingClientRect();
  const isInWindow = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
  const fault = !isInWindow ? "is out of sight" : !around.some(isOutlined) ? "has no outline" : "";
  return [one.outerHTML.slice(0, 150), fault];
}"""


def read_page(page: Page, function: str) -> Any:
    """Return what `function` returns on the page, which a click before may still be leaving for another one.

    A page that has just been opened has no elements for a moment, and one that is left ends what runs on it.
    """
    for _leaving in range(10):
        page.wait_for_load_state()
        try:
            return page.locator("body").evaluate(function)
        except Error as error:
            if "context was destroyed" not in error.message:
                raise
    raise AssertionError(f"{page.url} leads from one page to the next without an end")


class Keyboard:
    """Uses a page with Tab, Shift+Tab, arrows, Enter, Space and Escape alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def skip_to_content(self) -> None:
        """Follow the link that every page begins with."""
        self.page.wait_for_load_state()
        self.page.keyboard.press("Tab")
        expect(self.page.get_by_role("link", name="Skip to content")).to_be_focused()
        self._check_stop()
        self.page.keyboard.press("Enter")

    def reach(self, target: Locator, *, back: bool = False) -> None:
        """Press Tab until `target` has the focus; with `back` Shift+Tab."""
        target.wait_for()
        self.page.wait_for_load_state()
        for _press in range(MAX_STOPS):
            if target.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            self._check_stop()
        raise AssertionError(f"{target} is not among {MAX_STOPS} stops of {self.page.url}")

    def press(self, target: Locator, key: str = "Enter", **options: Any) -> None:
        """Reach `target` and press `key` on it."""
        self.reach(target, **options)
        self.page.keyboard.press(key)

    def follow(self, target: Locator, **options: Any) -> None:
        """Reach a link or a button, press Enter, and wait for the page that it leads to."""
        self.reach(target, **options)
        with self.page.expect_event("load"):
            self.page.keyboard.press("Enter")

    def fill(self, target: Locator, text: str, **options: Any) -> None:
        self.reach(target, **options)
        self.page.keyboard.type(text)

    def correct_error(self, field: Locator) -> None:
        """Check that the summary of errors has the focus, and follow its first link to `field`."""
        summary = self.page.locator(".error-summary")
        expect(summary).to_be_focused()
        self.press(summary.get_by_role("link").first)
        expect(field).to_be_focused()

    def walk_around(self) -> int:
        """Press Tab from the beginning of the page until it begins again; return the number of stops."""
        self.page.wait_for_load_state()
        self.page.evaluate("document.activeElement.blur()")
        for stops in range(1000):
            self.page.keyboard.press("Tab")
            if not self._check_stop() and stops:
                return stops
        raise AssertionError(f"the focus does not leave {self.page.url}")

    def _check_stop(self) -> str:
        html, fault = read_page(self.page, READ_STOP)
        assert not fault, f"{self.page.url}: the focus {fault}: {html}"
        return str(html)
