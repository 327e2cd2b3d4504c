"""The theme of the admin: the colors and the logo of the portal."""

from typing import Any

from django.templatetags.static import static

COLORS = {
    "primary": {
        "50": "#f0f7f4",
        "100": "#e2efe9",
        "200": "#bfdccf",
        "300": "#92c4b1",
        "400": "#5ba48d",
        "500": "#2d8069",
        "600": "#0e5c4c",
        "700": "#0b4d40",
        "800": "#083f34",
        "900": "#06332b",
        "950": "#031d18",
    },
}


def build_settings(name: str) -> dict[str, Any]:
    """Return the settings of django-unfold for the program `name`."""
    return {
        "COLORS": COLORS,
        "SITE_TITLE": name,
        "SITE_HEADER": name,
        "SITE_URL": "/",
        "SITE_ICON": lambda request: static("mark.svg"),
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")}],
        "SHOW_VIEW_ON_SITE": False,
        "STYLES": [lambda request: static("admin.css")],
        "SCRIPTS": [lambda request: static("focus.js"), lambda request: static("admin-keyboard.js")],
        "DASHBOARD_CALLBACK": "portal.staff_home.add_dashboard_context",
        "SIDEBAR": {"navigation": "portal.staff_menu.build_sidebar", "show_search": True, "command_search": True},
    }
