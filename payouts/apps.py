from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "payouts"
    verbose_name = "Money"

    def ready(self) -> None:
        from agreements.meaning import register
        from mail import attachments
        from payouts import meaning, pdf

        attachments.register("statement_pdf", pdf.attachment)
        register(meaning.meaning)
