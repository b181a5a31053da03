"""What people do in the LINE chat, told by LINE's webhook, and what the shop knows afterwards."""

import json
import random
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from nurture.feedback import Acted, act, issue_code, keep, next_open, read_delivery, settle
from nurture.feedback.chat import STOP_DATA, WRONG_CODES
from nurture.feedback.inbound import forget, note_failure, waiting
from nurture.store import writing
from nurture.store.tables import Address, Inbound, LinkCode, Suppression, Touch, table
from tests.feedback.line import (
    again,
    delivery,
    event,
    follow,
    said,
    unfollow,
    unsent,
)
from tests.feedback.people import (
    ALICE,
    ALICES_LINE,
    BOB,
    DANAS_LINE,
    LONG_AGO,
    NOON,
    add,
    japan,
    populate,
    rows,
    settings,
    standing,
    statuses,
    suppressions,
    touch,
)

SETTINGS = settings()
ONE = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def everybody(engine: Engine) -> None:
    populate(engine)


def receive(engine: Engine, *events: dict[str, Any]) -> int:
    """Keeps a delivery as the webhook does; gives how many events were new."""
    with writing(engine) as connection:
        return keep(connection, read_delivery(delivery(*events), NOON).arrivals, NOON)


def work_off(engine: Engine) -> list[Acted]:
    acted = []
    while True:
        with writing(engine) as connection:
            found = next_open(connection)
            if found is None:
                return acted
            acted.append(act(connection, SETTINGS, found[1], NOON))
            settle(connection, found[0], acted[-1].result, acted[-1].customer_id, NOON)


def results(engine: Engine, *events: dict[str, Any]) -> list[str]:
    receive(engine, *events)
    return [each.result for each in work_off(engine)]


def code_for(engine: Engine, number: int, drawn: str = "BCD234") -> str:
    with writing(engine) as connection:
        return str(issue_code(connection, number, drawn, NOON))


def line_users(engine: Engine, number: int) -> list[str]:
    found = rows(engine, Address, customer_id=number, channel="line")
    return [row.value for row in found if row.removed_at is None]


def test_alice_writes_stop_and_nothing_more_comes_by_line(engine: Engine) -> None:
    with writing(engine) as connection:
        add(connection, touch(1, ALICE, channel="line"), touch(2, ALICE, channel="email"))
    receive(engine, said("配信停止", NOON))
    assert work_off(engine) == [Acted("stopped", ALICE, "web.line.stopped", "r" * 32)]
    assert statuses(engine) == {1: "suppressed", 2: "planned"}
    assert standing(engine, ALICE) == {"email": "granted", "line": "withdrawn"}


def test_a_button_stops_as_well_as_a_word(engine: Engine) -> None:
    assert results(engine, event("postback", NOON, replyToken="r", postback={"data": STOP_DATA})) == ["stopped"]
    assert results(engine, event("postback", NOON, replyToken="r", postback={"data": "menu=2"})) == ["noted"]


def test_said_twice_it_is_answered_twice_and_done_once(engine: Engine) -> None:
    assert results(engine, said("停止", NOON), said("停止", NOON + ONE, id="2")) == ["stopped", "stopped_again"]
    assert len(suppressions(engine)) == 1


def test_the_same_event_delivered_twice_is_one(engine: Engine) -> None:
    first = said("停止", NOON)
    assert receive(engine, first, first) == 1
    assert receive(engine, again(first)) == 0
    assert len(work_off(engine)) == 1
    assert receive(engine, again(first)) == 0
    assert work_off(engine) == []


def test_a_stranger_who_says_stop_is_left_alone_whoever_it_turns_out_to_be(engine: Engine) -> None:
    assert results(engine, said("停止", NOON, DANAS_LINE), said("停止", NOON + ONE, DANAS_LINE)) == [
        "stopped",
        "stopped_again",
    ]
    assert suppressions(engine) == [("line", DANAS_LINE, None, "commercial", "opt_out")]


def test_an_old_event_is_acted_on_but_its_reply_token_is_not_used(engine: Engine) -> None:
    receive(engine, said("停止", japan("2026-11-22 11:58")))
    assert work_off(engine) == [Acted("stopped", ALICE, "web.line.stopped", "")]


def test_alice_blocks_the_shop_and_comes_back(engine: Engine) -> None:
    assert results(engine, unfollow(NOON)) == ["blocked"]
    assert results(engine, follow(NOON + ONE, again=True)) == ["unblocked"]
    assert [row.lifted_at for row in rows(engine, Suppression)] == [NOON]
    assert [row.customer_id for row in rows(engine, Inbound)] == [ALICE, ALICE]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
def test_the_newest_of_follow_and_unfollow_wins_to_the_millisecond(
    engine: Engine, order: tuple[int, ...], together: bool
) -> None:
    steps = [
        unfollow(NOON),
        follow(NOON + timedelta(milliseconds=5), again=True),
        unfollow(NOON + timedelta(milliseconds=9)),
    ]
    random.Random(1).shuffle(steps)
    newest = max(steps, key=lambda each: int(each["timestamp"]))
    for number in order:
        receive(engine, steps[number])
        if not together:
            work_off(engine)
    work_off(engine)
    open_ = [row for row in rows(engine, Suppression) if row.lifted_at is None]
    assert len(open_) == (newest["type"] == "unfollow") == 1


def test_a_late_unfollow_is_passed_over_where_nothing_was_ever_blocked(engine: Engine) -> None:
    assert results(engine, follow(NOON)) == ["noted"]
    assert results(engine, unfollow(NOON - ONE)) == ["superseded"]
    assert suppressions(engine) == []


def test_the_friend_nobody_knows_is_kept_and_later_known_by_a_code(engine: Engine) -> None:
    assert results(engine, follow(NOON, DANAS_LINE)) == ["noted"]
    (kept,) = rows(engine, Inbound)
    assert (kept.person, kept.customer_id, kept.kind) == (DANAS_LINE, None, "follow")
    code = code_for(engine, BOB)
    receive(engine, said(f" {code.lower()} ", NOON + ONE, DANAS_LINE))
    assert work_off(engine) == [Acted("linked", BOB, "web.line.linked", "r" * 32)]
    assert line_users(engine, BOB) == [DANAS_LINE]
    assert standing(engine, BOB) == {"email": "granted", "line": "granted"}


def test_a_code_works_once(engine: Engine) -> None:
    code = code_for(engine, BOB)
    stranger = f"U{5:032x}"
    assert results(engine, said(code, NOON, DANAS_LINE), said(code, NOON + ONE, stranger)) == ["linked", "wrong_code"]
    assert line_users(engine, BOB) == [DANAS_LINE]


def test_a_code_is_good_for_seven_days(engine: Engine) -> None:
    with writing(engine) as connection:
        old = {"customer_id": BOB, "created_at": LONG_AGO, "expires_at": NOON}
        connection.execute(insert(table(LinkCode)).values(code="BCD234", **old))
    assert results(engine, said("BCD234", NOON, DANAS_LINE)) == ["wrong_code"]
    assert line_users(engine, BOB) == []


def test_a_user_who_is_somebody_else_stays_so(engine: Engine) -> None:
    code = code_for(engine, BOB)
    assert results(engine, said(code, NOON, ALICES_LINE)) == ["taken"]
    assert (line_users(engine, ALICE), line_users(engine, BOB)) == ([ALICES_LINE], [])
    assert results(engine, said(code, NOON + ONE, DANAS_LINE)) == ["linked"]


def test_a_new_phone_replaces_the_old_one(engine: Engine) -> None:
    code = code_for(engine, ALICE)
    assert results(engine, said(code, NOON, DANAS_LINE)) == ["linked"]
    assert line_users(engine, ALICE) == [DANAS_LINE]


def test_linking_again_does_not_undo_an_opt_out(engine: Engine) -> None:
    results(engine, said("停止", NOON))
    code = code_for(engine, ALICE)
    assert results(engine, said(code, NOON + ONE, DANAS_LINE)) == ["linked"]
    assert standing(engine, ALICE)["line"] == "withdrawn"


def test_linked_people_can_part_again(engine: Engine) -> None:
    assert results(engine, said("連携解除", NOON)) == ["unlinked"]
    assert line_users(engine, ALICE) == []
    assert results(engine, said("連携解除", NOON + ONE)) == ["noted"]


def test_nobody_can_guess_codes(engine: Engine) -> None:
    code = code_for(engine, BOB)
    wrong = [said(f"ZZZZZ{digit}", NOON + n * ONE, DANAS_LINE) for n, digit in enumerate("234567")]
    expected = ["wrong_code"] * WRONG_CODES + ["guessing"]
    assert results(engine, *wrong) == expected
    assert results(engine, said(code, NOON + 10 * ONE, DANAS_LINE)) == ["guessing"]
    assert line_users(engine, BOB) == []
    next_day = NOON + timedelta(hours=25)
    assert results(engine, said(code, next_day, DANAS_LINE)) == ["linked"]


def test_what_is_taken_back_is_deleted_and_stays_so(engine: Engine) -> None:
    first = said("秘密です", NOON)
    receive(engine, first)
    receive(engine, unsent(NOON + ONE))
    receive(engine, again(first))
    work_off(engine)
    message, retraction = rows(engine, Inbound)
    assert (message.kind, message.body, message.result) == ("message", "", "taken_back")
    assert "秘密" not in retraction.body


def test_what_was_taken_back_before_it_came_is_never_kept(engine: Engine) -> None:
    receive(engine, unsent(NOON + ONE))
    receive(engine, said("秘密です", NOON))
    assert [row.body for row in rows(engine, Inbound, kind="message")] == [""]


def test_a_shop_that_only_listens_does_not_act(engine: Engine) -> None:
    assert results(engine, said("停止", NOON, mode="standby")) == ["standby"]
    assert suppressions(engine) == []


def test_groups_are_nobody(engine: Engine) -> None:
    source = {"type": "group", "groupId": f"C{1:032x}", "userId": ALICES_LINE}
    assert results(engine, said("停止", NOON, source=source)) == ["noted"]
    assert suppressions(engine) == []


def test_kinds_nobody_has_heard_of_are_kept(engine: Engine) -> None:
    strange = {"type": "edit", "timestamp": "soon", "source": "somewhere", "novel": [1, "\ud800", "\x00"]}
    assert results(engine, strange, {}, event("beacon", NOON, beacon={"hwid": "d", "type": "enter"})) == ["noted"] * 3
    kept = {row.kind: json.loads(row.body) for row in rows(engine, Inbound)}
    assert kept["edit"] == strange
    assert set(kept) == {"edit", "unknown", "beacon"}
    assert receive(engine, again(strange)) == 0


def test_a_message_of_a_customer_keeps_who_it_is_from(engine: Engine) -> None:
    assert results(engine, said("今日は開いていますか", NOON)) == ["noted"]
    assert [row.customer_id for row in rows(engine, Inbound)] == [ALICE]


def test_an_event_that_fails_again_and_again_is_left_and_the_others_go_on(engine: Engine) -> None:
    receive(engine, said("停止", NOON), said("停止", NOON + ONE, DANAS_LINE))
    for _ in range(3):
        with writing(engine) as connection:
            found = next_open(connection)
            assert found
            note_failure(connection, found[0], "KeyError")
    assert [each.result for each in work_off(engine)] == ["stopped"]
    assert [row.result for row in rows(engine, Inbound)] == ["bug: KeyError", "stopped"]
    with writing(engine) as connection:
        assert waiting(connection) == 1


def test_old_messages_are_forgotten_when_they_are_done(engine: Engine) -> None:
    receive(engine, said("こんにちは", NOON))
    with writing(engine) as connection:
        assert forget(connection, NOON + timedelta(days=90)) == 0
    work_off(engine)
    with writing(engine) as connection:
        assert forget(connection, NOON) == 0
        assert forget(connection, NOON + timedelta(days=90)) == 1


def test_touches_of_others_are_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        add(connection, touch(1, BOB, channel="line"))
    results(engine, said("停止", NOON))
    assert [row.status for row in rows(engine, Touch)] == ["planned"]
