"""All there is to check: the campaigns that are whole, and what is known to be wrong already."""

from dataclasses import dataclass

from nurture.campaign import Draft
from nurture.config import in_doubt
from nurture.document import Document
from nurture.gates.situation import Situation
from nurture.message.template import Templates


@dataclass(frozen=True)
class Whole:
    """A shop as far as it could be read."""

    situation: Situation
    """With what nothing is wrong."""
    doubtful: frozenset[str]
    """Keys of config.yaml that can't be relied on, as `in_doubt` takes them."""
    drafts: tuple[Draft, ...]
    """Every campaign and segment, with mistakes or without."""
    broken: tuple[Document, ...]
    """Files of campaigns with a mistake in them."""
    templates: Templates

    def knows(self, *keys: str) -> bool:
        """Whether all these keys of config.yaml can be relied on."""
        return not in_doubt(self.doubtful, *keys)

    def lacks_letter(self, name: str) -> bool:
        """Whether there is no letter of that name, not even a broken one."""
        return self.templates.there and name not in self.templates and name not in self.templates.broken

    @property
    def letters(self) -> tuple[str, ...]:
        """The names of all letters that are there, broken ones too."""
        return (*self.templates.names, *sorted(self.templates.broken))
