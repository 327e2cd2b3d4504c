from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        from accounts import recording
        from audit import trail

        recording.register(trail.record)
