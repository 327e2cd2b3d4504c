"""The XML of a customer credit transfer, ISO 20022 pain.001.001.09, with structured addresses."""

import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from xml.etree import ElementTree as ET

import pycountry
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from payouts.payout_details.methods.method import Sender, Transfer

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
# What every bank of the SEPA takes (EPC217-08); anything else is spelled in it or becomes a space.
ALLOWED = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"})


def document(sender: Sender, transfers: Sequence[Transfer]) -> bytes:
    """The file: one payment of all `transfers` from the account of `sender`; refuses where that is not configured."""
    if not (sender.name and sender.account):
        raise ValidationError(_("Set SEPA_DEBTOR_NAME and SEPA_DEBTOR_IBAN: a SEPA file names who pays."))
    root = ET.Element("Document", xmlns=NAMESPACE)
    initiation = ET.SubElement(root, "CstmrCdtTrfInitn")
    total = sum((to.money.amount for to in transfers), Decimal("0.00"))
    _header(initiation, sender, len(transfers), total)
    _payment(initiation, sender, transfers, total)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


def spelled(text: str, most: int) -> str:
    """`text` in the characters that every bank takes, at most `most` of them."""
    plain = unicodedata.normalize("NFKD", text.translate(SPELLED))
    kept = "".join(
        character if character in ALLOWED else " " for character in plain if not unicodedata.combining(character)
    )
    return " ".join(kept.split())[:most].strip() or "-"


def country_code(country: str) -> str:
    """The ISO 3166 code of a country given by code or by name; "" for one that is not known."""
    try:
        return str(pycountry.countries.lookup(country.strip()).alpha_2)
    except LookupError:
        return ""


def _add(parent: ET.Element, path: str, text: str = "") -> ET.Element:
    for tag in path.split("/"):
        parent = ET.SubElement(parent, tag)
    parent.text = text or None
    return parent


def _header(initiation: ET.Element, sender: Sender, count: int, total: Decimal) -> None:
    header = _add(initiation, "GrpHdr")
    _add(header, "MsgId", sender.message_id)
    _add(header, "CreDtTm", sender.at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add(header, "NbOfTxs", str(count))
    _add(header, "CtrlSum", f"{total:.2f}")
    _add(header, "InitgPty/Nm", spelled(sender.name, 70))


def _payment(initiation: ET.Element, sender: Sender, transfers: Sequence[Transfer], total: Decimal) -> None:
    payment = _add(initiation, "PmtInf")
    _add(payment, "PmtInfId", sender.message_id)
    _add(payment, "PmtMtd", "TRF")
    _add(payment, "NbOfTxs", str(len(transfers)))
    _add(payment, "CtrlSum", f"{total:.2f}")
    _add(payment, "PmtTpInf/SvcLvl/Cd", "SEPA")
    _add(payment, "ReqdExctnDt/Dt", sender.at.strftime("%Y-%m-%d"))
    _add(payment, "Dbtr/Nm", spelled(sender.name, 70))
    _add(payment, "DbtrAcct/Id/IBAN", sender.account)
    _add(payment, "DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED")
    _add(payment, "ChrgBr", "SLEV")
    for to in transfers:
        _transfer(payment, to)


def _transfer(payment: ET.Element, to: Transfer) -> None:
    transfer = _add(payment, "CdtTrfTxInf")
    _add(transfer, "PmtId/EndToEndId", to.reference)
    _add(transfer, "Amt/InstdAmt", f"{to.money.amount:.2f}").set("Ccy", to.money.currency)
    creditor = _add(transfer, "Cdtr")
    _add(creditor, "Nm", spelled(to.holder, 70))
    if code := country_code(to.country):
        _add(creditor, "PstlAdr/Ctry", code)
    _add(transfer, "CdtrAcct/Id/IBAN", to.account)
    _add(transfer, "RmtInf/Ustrd", spelled(to.note, 140))
