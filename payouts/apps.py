from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "payouts"
    verbose_name = "Money"

    def ready(self) -> None:
        from mail import attachments
        from payouts.closing import statement_pdf

        attachments.register("statement_pdf", statement_pdf.build_attachment)
