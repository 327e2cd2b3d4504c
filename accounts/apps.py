from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import groups
        from lib import triggers

        last = groups.get_last_app()
        post_migrate.connect(groups.sync_groups, sender=last, dispatch_uid="accounts.groups.sync_groups")
        post_migrate.connect(triggers.disable_trigger_bypass, sender=last, dispatch_uid="lib.triggers")
