"""What the generated worlds found: each fault with the smallest shop that shows it."""

from sqlalchemy import Engine, select

from nurture.store.tables import Event, Touch, table

from .people import Shop, instant, letter


def test_who_entered_before_the_campaign_starts_is_not_enrolled_in_it(engine: Engine) -> None:
    regulars = "segments: [{segment: regulars, condition: [{tag: regular}]}]"
    shop = Shop(engine, regulars, letter("welcome", "{entered: regulars}", "starts: 2026-11-24"))
    alice = shop.customer("alice")
    shop.tick("2026-11-22 10:00")
    shop.tag(alice, "regular")
    shop.tick("2026-11-22 11:00")
    assert shop.enrollments(alice) == []


def test_two_people_may_share_an_instant_when_the_clocks_change_soon(engine: Engine) -> None:
    shop = Shop(engine, letter("thanks", "{event: visit}", step="wait: 2 days"), timezone="America/New_York")
    alice, bob = shop.customer("alice"), shop.customer("bob")
    visit = {"kind": "visit", "occurred_at": instant("2026-03-07 01:00"), "received_at": instant("2026-03-07 01:00")}
    shop.row(alice, Event, key="a", **visit)
    shop.tick("2026-03-07 01:01")
    shop.tag(alice, "guest")
    shop.row(bob, Event, key="b", **visit)
    shop.tick("2026-03-07 01:02")  # alice is asked again, bob's occurrence opens
    assert [shop.enrollments(each) for each in (alice, bob)] == [["thanks event:a"], ["thanks event:b"]]


def test_a_limit_of_one_a_day_holds_for_as_many_days_as_there_are_people(engine: Engine) -> None:
    """The rounds that push people on to the next day were numbered, and whoever was left shared the last day."""
    shop = Shop(engine, letter("visit", "{event: visit}", "at_most: {count: 1}", step="valid_for: 20 days"))
    people = [shop.customer(f"guest{number}") for number in range(12)]
    for each in people:
        shop.event(each, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 10:00")
    days = sorted(shop.the(each).at[:10] for each in people)
    assert days == [f"2026-11-{20 + number}" for number in range(11)] + ["2026-12-01"]


def test_a_letter_that_is_overdue_takes_its_place_in_the_day_it_leaves_on(engine: Engine) -> None:
    shop = Shop(engine, letter("visit", "{event: visit}", "at_most: {count: 1}", step="valid_for: 9 days"))
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.event(alice, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 09:00")
    assert shop.the(alice).at == "2026-11-20 09:00"
    shop.event(bob, "visit", "2026-11-21 09:00")
    shop.tick("2026-11-21 10:00")  # nothing was delivered for a day
    assert [shop.the(each).at for each in (alice, bob)] == ["2026-11-20 09:00", "2026-11-22 08:00"]


def test_a_campaign_may_be_called_like_a_channel(engine: Engine) -> None:
    """Which limits are a channel's was read from the beginning of their names."""
    step = "channels: [line, email], valid_for: 3 days"
    shop = Shop(engine, letter("line-news", "{event: visit}", "at_most: {count: 1}", step=step))
    alice, bob = shop.customer("alice", line=True), shop.customer("bob", line=True)
    for each in (alice, bob):
        shop.event(each, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 10:00")
    assert [(shop.the(each).channel, shop.the(each).at) for each in (alice, bob)] == [
        ("line", "2026-11-20 10:00"),
        ("line", "2026-11-21 08:00"),
    ]


def test_a_letter_of_an_ended_enrollment_is_cancelled_while_limits_are_shared_out(engine: Engine) -> None:
    visit = letter("visit", "{event: visit}", "at_most: {count: 1}", step="valid_for: 9 days")
    shop = Shop(engine, visit, letter("thanks", "{after: order}", step="wait: 1 day"))
    alice, bob = shop.customer("alice"), shop.customer("bob")
    order = shop.order(alice, "2026-11-20 09:00")
    shop.tick("2026-11-20 10:00")
    shop.cancel(alice, order)
    shop.event(bob, "visit", "2026-11-20 10:20")
    shop.event(alice, "visit", "2026-11-20 10:30")
    shop.tick("2026-11-20 11:00")  # alice, whose letter lasts longer, makes room
    assert shop.the(alice, "visit/letter").at == "2026-11-21 08:00"
    assert shop.the(alice, "thanks/letter").status == "cancelled"


COURSE = "campaign: course\ntitle: course\ntrigger: {{event: visit}}\nsteps: [{}]\n"
FIRST, SECOND = "{step: first, template: a, valid_for: 9 days}", "{step: second, wait: 1 day, template: b}"
THIRD = "{step: third, wait: 3 days, template: c}"


def course(*steps: str) -> str:
    return COURSE.format(", ".join(steps))


def test_a_step_that_is_taken_out_does_not_end_the_course(engine: Engine) -> None:
    shop = Shop(engine, course(FIRST, SECOND, THIRD))
    alice = shop.customer("alice")
    shop.event(alice, "visit", "2026-11-20 09:00")
    shop.ticks("2026-11-20 09:00", "2026-11-20 10:00")
    shop.write(course(FIRST, THIRD))
    shop.ticks("2026-11-20 11:00", "2026-11-23 09:00")
    assert shop.enrollments(alice) == ["course event:visit-1-2026-11-20 09:00"]
    assert shop.the(alice, "course/second").status == "cancelled"
    assert shop.got(alice) == ["course/first 2026-11-20 09:00", "course/third 2026-11-23 09:00"]


def test_a_letter_that_was_overtaken_is_cancelled_and_stirs_nobody_any_more(engine: Engine) -> None:
    """The first letter lost its consent; the second one went by LINE."""
    shop = Shop(engine, course(FIRST, "{step: second, wait: 1 day, template: b, channels: [line]}"))
    alice = shop.customer("alice", line=True)
    shop.event(alice, "visit", "2026-11-20 07:00")
    shop.tick("2026-11-20 07:00")
    shop.withdraw(alice, "email", "2026-11-20 07:30")
    shop.ticks("2026-11-20 07:31", "2026-11-21 08:00", "2026-11-21 08:01")
    assert shop.got(alice) == ["course/second 2026-11-21 08:00"]
    assert shop.the(alice, "course/first").status == "cancelled"
    assert shop.tick("2026-12-20 10:01").planned.owners == 0


def test_a_wait_that_grew_beyond_tomorrow_takes_the_old_slot_away(engine: Engine) -> None:
    shop = Shop(engine, course(SECOND))
    alice = shop.customer("alice")
    shop.event(alice, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 09:00")
    shop.write(course(SECOND.replace("1 day", "5 days")))
    shop.ticks("2026-11-20 10:00", "2026-11-21 09:00", "2026-11-24 09:00", "2026-11-25 09:00")
    assert shop.got(alice) == ["course/second 2026-11-25 09:00"]


def test_due_time_and_expiry_of_a_planned_letter_follow_somebody_who_moves(engine: Engine) -> None:
    shop = Shop(engine, letter("visit", "{event: visit}", step='at: "15:00", valid_for: 1 day'))
    alice = shop.customer("alice")
    shop.event(alice, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 09:00")
    shop.correct(alice, zone="Asia/Kolkata")
    shop.tick("2026-11-20 10:00")
    with engine.connect() as connection:
        found = connection.execute(select(table(Touch))).one()
    assert [found.due_at, found.at, found.expires_at] == [
        instant("2026-11-20 15:00", "Asia/Kolkata"),
        instant("2026-11-20 15:00", "Asia/Kolkata"),
        instant("2026-11-21 15:00", "Asia/Kolkata"),
    ]


def test_a_campaign_whose_file_is_gone_ends_for_those_who_wait_as_well(engine: Engine) -> None:
    """Their time to look again stayed in the past, and stirred them at every tick."""
    shop = Shop(engine, course(THIRD), letter("other", "{event: call}"))
    alice = shop.customer("alice")
    shop.event(alice, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 09:00")
    shop.write(letter("other", "{event: call}"))
    shop.tick("2026-11-20 10:00")
    assert shop.enrollments(alice) == ["course event:visit-1-2026-11-20 09:00 removed"]


def test_who_entered_earlier_than_somebody_else_is_not_enrolled_and_planned_a_second_time(engine: Engine) -> None:
    """The second plan took the slot, and the letter that had it expired."""
    regulars = "segments: [{segment: regulars, condition: [{tag: regular}]}]"
    welcome = letter("welcome", "{entered: regulars}", step="wait: 2 days, valid_for: 1 day")
    shop = Shop(engine, regulars, welcome, min_gap="20 hours")
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.tick("2026-11-22 10:00")
    shop.tag(alice, "regular")
    shop.ticks("2026-11-22 11:00", "2026-11-23 10:00")
    shop.tag(bob, "regular")
    shop.ticks("2026-11-23 12:00", "2026-11-24 11:00")
    assert shop.got(alice) == ["welcome/letter 2026-11-24 11:00"]


def test_a_refused_category_holds_back_a_campaign_about_a_product_of_it(engine: Engine) -> None:
    shop = Shop(engine, letter("mill", "{event: visit}", "about: {product: mill-1}"))
    shop.product("mill-1", "mills")
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.refuse(alice, "mills", "2026-11-19 09:00", "2027-05-01 09:00")
    shop.refuse(bob, "beans", "2026-11-19 09:00", "2027-05-01 09:00")
    for each in (alice, bob):
        shop.event(each, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 09:00")
    assert (shop.plans(alice), shop.plans(bob)) == ([], ["mill/letter planned ok 2026-11-20 09:00"])


def test_once_holds_for_the_instants_of_a_schedule_that_open_together(engine: Engine) -> None:
    """Today's and tomorrow's are opened by one tick, and neither saw the other."""
    daily = "{schedule: {every: day, at: '10:00'}}"
    shop = Shop(engine, letter("once", daily, "again: once"), letter("weekly", daily, "again: after 7 days"))
    alice = shop.customer("alice")
    shop.ticks("2026-11-20 10:00", "2026-11-21 10:00", "2026-11-22 10:00", "2026-11-27 09:00")
    assert [each.split()[0:2] for each in shop.enrollments(alice)] == [
        ["once", "schedule:2026-11-20T10:00"],
        ["weekly", "schedule:2026-11-20T10:00"],
        ["weekly", "schedule:2026-11-27T10:00"],
    ]
