"""The XML of a customer credit transfer: ISO 20022 pain.001.001.09.

It has no addresses: banks refuse a country alone, and the town of an affiliate is not known.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from xml.etree import ElementTree as ET

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from payouts.payout_details.methods.method import REDACTED, Sender, Transfer
from payouts.payout_details.methods.sepa.transliteration import is_writable, transliterate

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
MAX_NAME_LENGTH = 70
MAX_NOTE_LENGTH = 140


def build_document(sender: Sender, transfers: Sequence[Transfer]) -> bytes:
    """Return the file: one payment of all `transfers` from the account of `sender`.

    Raises ValidationError if the sender is not configured.
    """
    if not (is_writable(sender.name) and sender.account):
        raise ValidationError(
            _("A SEPA file must name the payer. Ask your administrator to set SEPA_DEBTOR_NAME and SEPA_DEBTOR_IBAN.")
        )
    root = ET.Element("Document", xmlns=NAMESPACE)
    initiation = ET.SubElement(root, "CstmrCdtTrfInitn")
    total = sum((to.money.amount for to in transfers), Decimal("0.00"))
    _add_header(initiation, sender, len(transfers), total)
    _add_payment(initiation, sender, transfers, total)
    ET.indent(root)
    return _serialize(root)


def redact_document(content: bytes, references: Collection[str]) -> bytes:
    """Return the file with name, address, account and note of the creditors of these payouts erased."""
    # Elements keep their names without a prefix, so that the rest of the file stays as it was.
    ET.register_namespace("", NAMESPACE)
    root = ET.fromstring(content)  # noqa: S314  # nosec B314  # a file that `build_document` made
    names = {"": NAMESPACE}
    for transfer in root.iterfind(".//CdtTrfTxInf", names):
        if transfer.findtext("PmtId/EndToEndId", namespaces=names) in references:
            for part in (transfer.find(tag, names) for tag in ("Cdtr", "CdtrAcct", "RmtInf")):
                for element in part.iter() if part is not None else ():
                    if element.text and element.text.strip():
                        element.text = REDACTED
    return _serialize(root)


def _serialize(root: ET.Element) -> bytes:
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


def _add_element(parent: ET.Element, path: str, text: str = "") -> ET.Element:
    for tag in path.split("/"):
        parent = ET.SubElement(parent, tag)
    parent.text = text or None
    return parent


def _add_header(initiation: ET.Element, sender: Sender, count: int, total: Decimal) -> None:
    header = _add_element(initiation, "GrpHdr")
    _add_element(header, "MsgId", sender.message_id)
    _add_element(header, "CreDtTm", sender.at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add_element(header, "NbOfTxs", str(count))
    _add_element(header, "CtrlSum", f"{total:.2f}")
    _add_element(header, "InitgPty/Nm", transliterate(sender.name, MAX_NAME_LENGTH))


def _add_payment(initiation: ET.Element, sender: Sender, transfers: Sequence[Transfer], total: Decimal) -> None:
    payment = _add_element(initiation, "PmtInf")
    _add_element(payment, "PmtInfId", sender.message_id)
    _add_element(payment, "PmtMtd", "TRF")
    _add_element(payment, "NbOfTxs", str(len(transfers)))
    _add_element(payment, "CtrlSum", f"{total:.2f}")
    _add_element(payment, "PmtTpInf/SvcLvl/Cd", "SEPA")
    _add_element(payment, "ReqdExctnDt/Dt", sender.at.strftime("%Y-%m-%d"))
    _add_element(payment, "Dbtr/Nm", transliterate(sender.name, MAX_NAME_LENGTH))
    _add_element(payment, "DbtrAcct/Id/IBAN", sender.account)
    _add_element(payment, "DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED")
    _add_element(payment, "ChrgBr", "SLEV")
    for to in transfers:
        _add_transfer(payment, to)


def _add_transfer(payment: ET.Element, to: Transfer) -> None:
    transfer = _add_element(payment, "CdtTrfTxInf")
    _add_element(transfer, "PmtId/EndToEndId", to.reference)
    _add_element(transfer, "Amt/InstdAmt", f"{to.money.amount:.2f}").set("Ccy", to.money.currency)
    creditor = _add_element(transfer, "Cdtr")
    _add_element(creditor, "Nm", transliterate(to.holder, MAX_NAME_LENGTH))
    _add_element(transfer, "CdtrAcct/Id/IBAN", to.account.account)
    _add_element(transfer, "RmtInf/Ustrd", transliterate(to.note, MAX_NOTE_LENGTH))
