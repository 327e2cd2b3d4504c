from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Send staff to the common sign-in page, which also asks for the second factor, and register checks and limits."""
        from allauth.account.decorators import secure_admin_login
        from allauth.account.signals import email_confirmed
        from allauth.mfa.signals import authenticator_added
        from django.conf import settings
        from django.contrib import admin
        from django.core import checks
        from django.db.models.signals import post_migrate, pre_migrate
        from django.views.generic import RedirectView

        from accounts.authentication import record_second_factor
        from lib import migration_locks
        from portal import lighter_lists
        from portal.account_changes import acknowledge_application
        from portal.deploy_checks import CHECKS
        from portal.views.staff_search import show_results

        admin.site.index_title = settings.PROGRAM_NAME
        admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as django-allauth says
        lighter_lists.replace_list_parts()
        # Unfold's own keeps results for minutes, also those of a permission that is withdrawn meanwhile.
        setattr(admin.site, "search", show_results)  # noqa: B010
        # The admin's own form would neither limit tries nor notify.
        setattr(admin.site, "password_change", RedirectView.as_view(pattern_name="account_change_password"))  # noqa: B010
        for check in CHECKS:
            checks.register(check, checks.Tags.security, deploy=True)
        pre_migrate.connect(migration_locks.limit_waiting, sender=self, dispatch_uid="migration_locks")
        post_migrate.connect(migration_locks.end_limit, sender=self, dispatch_uid="migration_locks")
        authenticator_added.connect(record_second_factor, dispatch_uid="portal")
        email_confirmed.connect(acknowledge_application, dispatch_uid="portal")
