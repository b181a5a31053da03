"""What becomes of people half-way through a campaign when its file is edited. Alice has had the first letter."""

from sqlalchemy import Engine

from .people import Shop, letter


def course(*steps: str, more: str = "") -> str:
    listed = "\n".join(f"  - {{{each}}}" for each in steps)
    return f"campaign: course\ntitle: 講座\ntrigger: {{after: order}}\n{more}\nsteps:\n{listed}\n"


FIRST = "step: first, template: a"
SECOND = "step: second, wait: 1 day, template: b"
THIRD = "step: third, wait: 1 day, template: c"
DAYS = ("2026-11-20 10:00", "2026-11-21 10:00", "2026-11-22 10:00", "2026-11-23 10:00")


def half_way(engine: Engine, *campaigns: str) -> tuple[Shop, int]:
    """Alice ordered on the 20th and has had the first letter; the second is planned for the 21st."""
    shop = Shop(engine, *(campaigns or (course(FIRST, SECOND),)))
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.ticks(DAYS[0])
    assert shop.got(alice) == ["course/first 2026-11-20 10:00"]
    return shop, alice


def test_a_step_inserted_before_what_alice_had_is_not_sent_to_her(engine: Engine) -> None:
    """Heya's rule: the position is after the last message received. Braze #faq: the edit re-entered people."""
    shop, alice = half_way(engine)
    shop.write(course("step: zero, template: z, valid_for: 9 days", FIRST, SECOND))
    shop.ticks(*DAYS)
    assert shop.got(alice) == ["course/first 2026-11-20 10:00", "course/second 2026-11-21 10:00"]
    bob = shop.customer("bob")
    shop.order(bob, "2026-11-23 10:00")
    shop.ticks("2026-11-23 10:05", "2026-11-24 10:00")
    assert [each.split()[0] for each in shop.got(bob)] == ["course/zero", "course/first", "course/second"]


def test_a_new_text_of_the_file_sends_nothing_again(engine: Engine) -> None:
    """Braze: editing a live campaign; nobody gets the same step twice."""
    shop, alice = half_way(engine)
    shop.write(course(FIRST.replace("template: a", "template: a2"), SECOND, more="priority: 70"))
    shop.ticks(*DAYS)
    assert shop.got(alice) == ["course/first 2026-11-20 10:00", "course/second 2026-11-21 10:00"]


def test_a_step_that_was_renamed_is_another_step_and_the_old_one_is_cancelled(engine: Engine) -> None:
    """Heya #183: a renamed step is one removed and one added, and the rest of the course goes on."""
    shop, alice = half_way(engine, course(FIRST, SECOND, THIRD))
    shop.tick("2026-11-20 11:00")
    shop.write(course(FIRST, SECOND.replace("second", "other"), THIRD))
    shop.tick("2026-11-20 12:00")
    assert [(each.name, each.status) for each in shop.told(alice)] == [
        ("course/first", "sent"),
        ("course/second", "cancelled"),
        ("course/other", "planned"),
    ]
    shop.ticks(*DAYS[1:])
    assert shop.got(alice) == [
        "course/first 2026-11-20 10:00",
        "course/other 2026-11-21 10:00",
        "course/third 2026-11-22 10:00",
    ]


def test_a_step_that_was_taken_out_is_cancelled_and_the_next_one_keeps_its_day(engine: Engine) -> None:
    """A removed step's planned letter must not leave; waits are counted anew from the file in force."""
    shop, alice = half_way(engine, course(FIRST, SECOND, THIRD))
    shop.write(course(FIRST, THIRD))
    shop.ticks("2026-11-20 12:00", *DAYS[1:])
    assert shop.got(alice) == ["course/first 2026-11-20 10:00", "course/third 2026-11-21 10:00"]


def test_a_longer_wait_moves_what_is_planned(engine: Engine) -> None:
    """The slot follows the file, the row says that it moved, and nothing is sent twice."""
    shop, alice = half_way(engine)
    assert shop.the(alice, "course/second").at == "2026-11-21 10:00"
    shop.write(course(FIRST, SECOND.replace("1 day", "2 days")))
    shop.tick("2026-11-20 12:00")
    assert shop.the(alice, "course/second").at == "2026-11-22 10:00"
    shop.ticks(*DAYS[1:])
    assert shop.got(alice) == ["course/first 2026-11-20 10:00", "course/second 2026-11-22 10:00"]


def test_a_campaign_whose_file_is_gone_sends_nothing_any_more(engine: Engine) -> None:
    """listmonk and mautic go on with what lies in the queue; here the planned letter is cancelled."""
    shop, alice = half_way(engine)
    shop.write(letter("other", "{after: order}", "starts: 2026-12-01"))
    shop.ticks("2026-11-20 12:00", *DAYS[1:])
    assert shop.got(alice) == ["course/first 2026-11-20 10:00"]
    assert shop.the(alice, "course/second").status == "cancelled"


def test_two_steps_that_change_places_do_not_send_the_one_that_is_overtaken(engine: Engine) -> None:
    """A step before one that was handed over is left out, and nothing planned stays behind for ever."""
    shop = Shop(engine, course(FIRST, SECOND))
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.tick(DAYS[0])
    shop.send(alice, "course/first")
    shop.write(course("step: second, template: b, valid_for: 3 days", "step: first, wait: 1 day, template: a"))
    shop.ticks("2026-11-20 12:00", *DAYS[1:], "2026-11-25 10:00")
    assert shop.got(alice) == ["course/first 2026-11-20 10:00"]
    assert shop.the(alice, "course/second").status == "cancelled"
    assert shop.tick("2026-11-25 10:01").planned.owners == 0


def test_a_letter_that_waits_while_a_later_step_has_left_does_not_stir_every_tick(engine: Engine) -> None:
    """mautic #16188, #17145: rows that can't move were selected again for ever."""
    shop = Shop(engine, course(FIRST, SECOND))
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    shop.send(alice, "course/second", "2026-11-21 10:00")  # the first one's claim was given back for lack of a network
    for when in ("2026-11-21 10:01", "2026-11-22 10:00", "2026-11-23 10:00"):
        shop.tick(when)
    assert shop.the(alice, "course/first").status != "planned"
    assert shop.tick("2026-11-23 10:01").planned.owners == 0
