"""PDFs show text of every common script, shaped, with the fonts that are installed with the program."""

import io
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import ByteStringObject, ContentStream, TextStringObject

from agreements import pdf
from lib.typesetting import compile_pdf
from payouts.closing import statement_pdf

NAMES = {
    "Korean": "김유나",
    "Hindi": "अंजलि शर्मा",
    "Arabic": "محمد عبد الله",
    "Hebrew": "דוד כהן",
    "Thai": "สมชาย ใจดี",
    "Chinese": "李小龙 龍",
    "Japanese": "山田たろう タロウ",
    "Cyrillic": "Георги Петров Ђорђевић",
    "Greek": "Γιώργος Παπαδόπουλος",
    "Armenian": "Արմեն",
    "Georgian": "ქეთი",
    "Tamil": "தமிழ்",
    "Bengali": "বাংলা",
    "Amharic": "ሰላም",
    "Khmer": "ខ្មែរ",
    "Vietnamese": "Nguyễn Văn Ạnh",
    "Latin": "Łukasz Þórsdóttir Ğüneş ẞ",
    "emoji": "Anna 🎉 ★",
}


@pytest.fixture
def template(tmp_path) -> Path:
    """Return a template that prints `name` in the fonts of the program's templates."""
    path = tmp_path / "name.typ"
    path.write_text(
        "#let d = json(bytes(sys.inputs.data))\n"
        '#set text(font: ("Libertinus Serif", "Noto Sans", "Noto Sans CJK SC"))\n'
        "#d.name"
    )
    return path


def list_glyphs(content: bytes) -> list[int]:
    """Return the number of each glyph that the PDF shows; 0 is the box of a character that no font has."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    glyphs: list[int] = []
    for page in reader.pages:
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator not in (b"Tj", b"TJ"):
                continue
            for part in operands[0] if operator == b"TJ" else operands:
                if isinstance(part, (ByteStringObject, TextStringObject)):
                    codes = part.original_bytes
                    glyphs += [int.from_bytes(codes[i : i + 2]) for i in range(0, len(codes), 2)]
    return glyphs


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_names_of_every_script_have_glyphs(name, template):
    glyphs = list_glyphs(compile_pdf(template, {"name": name}))
    assert glyphs
    assert 0 not in glyphs


def test_character_of_no_font_is_noticed_by_this_test(template):
    # A cuneiform sign.
    assert 0 in list_glyphs(compile_pdf(template, {"name": "\U00012000"}))


def test_scripts_are_shaped(template):
    # Letters join: the three of the first word are other glyphs than the same letters apart.
    joined, apart = (set(list_glyphs(compile_pdf(template, {"name": name}))) for name in ("محم", "م ح م"))
    assert joined.isdisjoint(apart) or len(joined & apart) < len(joined)
    # The Hindi cluster of five characters has fewer glyphs than characters.
    assert len(list_glyphs(compile_pdf(template, {"name": "र्म"}))) < len("र्म")


def test_templates_name_the_fonts_that_were_tested(template):
    fonts = 'font: ("Libertinus Serif", "Noto Sans", "Noto Sans CJK SC")'
    for path in (template, pdf._SOURCE, statement_pdf.TEMPLATE):
        assert fonts in path.read_text()


def test_equal_texts_give_equal_bytes(template):
    assert compile_pdf(template, {"name": "김유나"}) == compile_pdf(template, {"name": "김유나"})
