"""What others send with, on the same mail: run by a Python of their own, as bench.peering starts it.

`python sending.py drip|post_office|post_office:2 DATABASE PORT MESSAGES HTML BYTES` prints one JSON object. Its
database is SQLite in WAL mode with `synchronous = FULL`, as ours. The customers and, for post_office, the template are
made beforehand; what is timed goes from choosing whom to write to, to the last record.
"""

# mypy: ignore-errors
import json
import os
import sys
import time
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

FULL = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
SENDER = "shop@shop.example"
NAME = "{{ user.first_name }}"


def configure(database: Path, port: int, app: str) -> None:
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(database),
                "OPTIONS": {"init_command": FULL, "timeout": 30, "transaction_mode": "IMMEDIATE"},
            }
        },
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", app],
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        POST_OFFICE={"LOG_LEVEL": 1, "CELERY_ENABLED": False},
        SECRET_KEY="k" * 50,
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def people(count: int) -> None:
    from django.contrib.auth.models import User

    User.objects.bulk_create(
        [User(username=f"c{n}", first_name=f"山田 花{n}", email=f"c{n}@x.example") for n in range(1, count + 1)]
    )


def drip(count: int, html: str, size: int) -> int:
    """One drip to everybody: it has one connection for each message, and records each."""
    from django.contrib.auth.models import User
    from drip.models import Drip

    found = Drip.objects.create(
        name="thanks", enabled=True, from_email=SENDER, subject_template=f"{NAME}へ", body_html_template=html
    )
    found.queryset_rules.create(method_type="filter", field_name="id", lookup_type="gte", field_value="1")
    from drip.drips import DripMessage

    bare = len(DripMessage(found.drip, User.objects.first()).message.message().as_bytes())
    # The text part is made of the HTML, so that what is added counts twice.
    Drip.objects.filter(pk=found.pk).update(body_html_template=html + filler((size - bare) // 2))
    found.refresh_from_db()
    return timed(lambda: found.drip.run() or 0)


def post_office(count: int, html: str, size: int, processes: int) -> int:
    """Everybody queued with a template, then its own command's loop: a hundred at once by five threads of each process,
    of which the command has one where nobody asks for more."""
    from django.contrib.auth.models import User
    from post_office import mail
    from post_office.lockfile import default_lockfile
    from post_office.models import Email, EmailTemplate

    template = EmailTemplate.objects.create(name="thanks", subject=f"{NAME}へ", html_content=html)
    first = User.objects.first()
    example = mail.create(SENDER, [first.email], template=template, context={"user": {"first_name": "山田 花1"}})
    bare = len(example.prepare_email_message().message().as_bytes())
    example.delete()
    template.html_content = html + filler(size - bare)
    template.save()

    def run() -> int:
        mail.send_many(
            [
                {
                    "recipients": [each.email],
                    "sender": SENDER,
                    "template": template,
                    "context": {"user": {"first_name": each.first_name}},
                    "priority": "medium",
                }
                for each in User.objects.all()
            ]
        )
        mail.send_queued_mail_until_done(default_lockfile + f"-bench-{count}", processes)
        return Email.objects.filter(status=0).count()

    return timed(run)


def filler(size: int) -> str:
    return "\n".join(["x" * 69] * max(size // 70, 0))


def timed(run) -> int:
    began, cpu = time.perf_counter(), spent()
    sent = run()
    seconds = time.perf_counter() - began
    print(json.dumps({"sent": sent, "seconds": seconds, "cpu": spent() - cpu}))
    return sent


def spent() -> float:
    """Seconds of processor, those of ended child processes included."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    which, database, port, messages, letter, size = sys.argv[1:]
    app, _, processes = which.partition(":")
    configure(Path(database), int(port), app)
    people(int(messages))
    given = (int(messages), Path(letter).read_text("utf-8"), int(size))
    drip(*given) if app == "drip" else post_office(*given, int(processes or 1))
