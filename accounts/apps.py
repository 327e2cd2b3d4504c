from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People who sign in"

    def ready(self) -> None:
        from accounts import groups

        post_migrate.connect(groups.fill, sender=groups.last_to_migrate(), dispatch_uid="accounts.groups.fill")
