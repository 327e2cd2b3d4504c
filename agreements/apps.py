from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "agreements"
    verbose_name = "Agreement"

    def ready(self) -> None:
        from affiliates import rulebook
        from agreements import pdf, under
        from mail import attachments

        attachments.register("agreement", pdf.attachment)
        attachments.register("accepted agreement", pdf.copy)
        rulebook.register(under.clause_for)
