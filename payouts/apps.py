from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "payouts"
    verbose_name = "Money"

    def ready(self) -> None:
        from mail import attachments
        from payouts import pdf

        attachments.register("statement_pdf", pdf.attachment)
