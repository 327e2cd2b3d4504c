from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "payouts"
    verbose_name = "Money"

    def ready(self) -> None:
        from agreements import at_stake as stake
        from agreements.meaning import register
        from mail import attachments
        from payouts import at_stake, meaning, pdf

        attachments.register("statement_pdf", pdf.attachment)
        register(meaning.meaning)
        stake.register(at_stake.at_stake)
