from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People who sign in"

    def ready(self) -> None:
        from accounts import groups
        from lib import triggers

        last = groups.last_to_migrate()
        post_migrate.connect(groups.fill, sender=last, dispatch_uid="accounts.groups.fill")
        post_migrate.connect(triggers.ignore_no_trigger, sender=last, dispatch_uid="lib.triggers")
