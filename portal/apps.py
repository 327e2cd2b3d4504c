from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Send staff to the common sign-in page, which also asks for the second factor."""
        from allauth.account.decorators import secure_admin_login
        from django.conf import settings
        from django.contrib import admin

        admin.site.index_title = settings.PROGRAM_NAME
        admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as django-allauth says
