"""The forms that were printed here: JSON in the workspace, one file a form, named by its key; layouts lie beside."""

import json
import re
from pathlib import Path

from core import workspace
from core.sheets.form import COLLECTION, Form, FormError, from_record


def keep(form: Form) -> str:
    """Keep a form, so that its photographs can be read; gives its key. Raises `OSError` when the disk refuses."""
    workspace.write_atomically(_path(form.key), json.dumps(form.to_record(), indent=1).encode())
    return form.key


def find(key: str) -> Form:
    """The form with this key. Raises `FormError` where it isn't known here."""
    if key == COLLECTION.key:
        return COLLECTION
    if not re.fullmatch(r"[0-9A-F]{8}", key):
        raise FormError("The QR code of this form names no form of Digit Lab.")
    try:
        return from_record(json.loads(_path(key).read_text(encoding="utf-8")))
    except OSError as error:
        raise FormError(
            f"The form {key} was printed elsewhere, and isn't known here. Print it here again, and its photographs "
            "can be read."
        ) from error
    except ValueError as error:
        raise FormError(f"The file of form {key} is damaged. Print the form here again.") from error


def _path(key: str) -> Path:
    return workspace.here().forms / f"{key}.json"
