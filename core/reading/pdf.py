"""The pages of a PDF as pictures."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
from pypdfium2 import raw

from core.data.archive import Opener
from core.reading.picture import LIMITS, PictureError

# Twice what is kept of a picture after reading: a page is then halved by averaging like any scan, so that a scan reads
# the same whether it was sent as a picture or as a page. More would only cost time: an A4 page has 170 dots an inch.
SIDE = 2 * LIMITS.side  # pixels: longer side of a page
MOST_PAGES = 5_000
DAMAGED = "This PDF is damaged: it can't be read. Save it again, or export the page as PNG."
_ONE_AT_A_TIME = threading.RLock()  # PDFium is not made for threads, and every visitor's page runs on its own


def is_pdf(head: bytes) -> bool:
    """Whether a file is a PDF, by its first kilobyte: the mark may stand behind something else."""
    return b"%PDF-" in head[:1024]


def count_pages(opener: Opener) -> int:
    """How many pages the PDF has that `opener` opens. Raises `PictureError` with a sentence."""
    with _open(opener) as document:
        count = len(document)
    if count > MOST_PAGES:
        raise PictureError(f"This PDF has {count:,} pages; at most {MOST_PAGES:,} can be read. Send only a part of it.")
    return count


def draw_page(opener: Opener, number: int) -> bytes:
    """One page, counted from 0, as a PNG whose longer side has `SIDE` pixels. Raises `PictureError` with a sentence."""
    file = io.BytesIO()
    with _open(opener) as document:
        page = document[number]
        page.render(scale=SIDE / max(page.get_size())).to_pil().save(file, "PNG", compress_level=1)
    return file.getvalue()


@contextmanager
def _open(opener: Opener) -> Iterator[pypdfium2.PdfDocument]:
    with _ONE_AT_A_TIME, opener() as file:
        try:
            document = pypdfium2.PdfDocument(file)
            try:
                yield document
            finally:
                document.close()
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
                raise PictureError("This PDF is locked with a password. Save it again without one.") from error
            raise PictureError(DAMAGED) from error
        except (ValueError, OverflowError, MemoryError, OSError) as error:
            raise PictureError(DAMAGED) from error
