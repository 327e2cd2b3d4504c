from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "agreements"
    verbose_name = "Agreement"

    def ready(self) -> None:
        from agreements import pdf
        from mail import attachments

        attachments.register("agreement", pdf.build_text_attachment)
        attachments.register("accepted agreement", pdf.build_acceptance_attachment)
