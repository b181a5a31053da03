"""Imports that fail, are killed, or meet a changed world: nothing is half done, nothing is done twice."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from nurture.catalogue import say_mistakes
from nurture.intake import apply, examine, resume, unfinished
from nurture.intake.applying import CHUNK
from nurture.mistake import MistakesFound
from nurture.store import reading
from nurture.store.tables import Address, Consent, Customer, CustomerFact, ImportRow, ImportRun, Order, table
from tests.intake.conftest import NOW, Counting, Shop

COUNT = 2 * CHUNK + 7
LIST = ["顧客番号,氏名,メールアドレス,メルマガ"] + [
    f"{n},客 {n}号,c{n // 2}@mail.example,希望する" for n in range(COUNT)
]
ORDERS = ["注文番号,注文日,氏名,メールアドレス,商品名,価格"] + [
    f"A{n},2026/11/{1 + n % 20},買 {n % 300}号,b{n % 300}@mail.example,豆,100" for n in range(COUNT)
]


class Killed(Exception):
    """What a kill looks like from inside: the transaction never commits."""


def killed_after(engine: Engine, commits: int) -> Iterator[None]:
    """Lets so many write transactions through and stops at the next."""
    seen = 0

    def count(connection: Any) -> None:
        nonlocal seen
        seen += 1
        if seen > commits:
            raise Killed

    event.listen(engine, "commit", count)
    yield
    event.remove(engine, "commit", count)


def picture(shop: Shop) -> list[Any]:
    """Everything an import leaves behind, but for ids and the log of imports."""
    people = shop.all(Customer, "key", "name", "cap_owner_id", "bucket", "version")
    addresses = shop.all(Address, "customer_id", "value", "shared_with")
    return [
        people,
        addresses,
        shop.all(Consent, "customer_id", "status"),
        shop.all(CustomerFact, "order_count", "order_total"),
    ]


@pytest.mark.parametrize("kind", ["customers", "orders"])
def test_an_import_killed_at_any_commit_is_gone_on_with_and_ends_the_same(
    shop: Shop, kind: str, counted: Counting
) -> None:
    path = shop.write("file.csv", LIST if kind == "customers" else ORDERS)
    found = shop.examine(path)
    for commits in range(1, 8):
        stop = killed_after(shop.engine, commits)
        next(stop)
        try:
            if commits == 1:
                apply(shop.engine, shop.settings, found, now=NOW)
            else:
                resume(shop.engine, shop.settings, found.run_id, now=NOW)
        except Killed:
            next(stop, None)
            continue
        next(stop, None)
        break
    else:
        resume(shop.engine, shop.settings, found.run_id, now=NOW)
    assert unfinished(shop.engine) == ()
    assert shop.all(ImportRow, "row") == []
    assert shop.all(ImportRun, "status") == [("done",)]
    expected = COUNT if kind == "customers" else 300
    assert len(shop.all(Customer, "id")) == expected
    assert len(shop.all(Address, "id")) == expected
    assert len(shop.all(Order, "id")) == (0 if kind == "customers" else COUNT)
    if kind == "orders":
        assert sum(count for (count,) in shop.all(CustomerFact, "order_count")) == COUNT
    assert counted(shop.give(path)) == (0, 0, COUNT, 0)


def test_a_killed_import_is_shown_with_what_is_left(shop: Shop) -> None:
    found = shop.examine(shop.write("file.csv", LIST))
    stop = killed_after(shop.engine, 2)
    next(stop)
    with pytest.raises(Killed):
        apply(shop.engine, shop.settings, found, now=NOW)
    next(stop, None)
    (left,) = unfinished(shop.engine)
    assert (left.file, left.kind, left.started_at, left.waiting) == ("file.csv", "customers", NOW, COUNT - CHUNK)
    told: list[tuple[int, int | None]] = []
    result = resume(shop.engine, shop.settings, left.run_id, now=NOW, progress=lambda done, of: told.append((done, of)))
    assert told == [(CHUNK, CHUNK + 7), (CHUNK + 7, CHUNK + 7)]
    assert result.counts.new == COUNT


def test_the_same_file_again_ends_an_import_that_was_killed(shop: Shop, counted: Counting) -> None:
    path = shop.write("file.csv", LIST)
    found = shop.examine(path)
    stop = killed_after(shop.engine, 2)
    next(stop)
    with pytest.raises(Killed):
        apply(shop.engine, shop.settings, found, now=NOW)
    next(stop, None)
    assert counted(shop.give(path)) == (COUNT - CHUNK, 0, CHUNK, 0)
    assert unfinished(shop.engine) == ()
    assert shop.all(ImportRow, "row") == []
    assert shop.all(ImportRun, "status") == [("failed",), ("done",)]


def test_an_examination_is_applied_once(shop: Shop) -> None:
    found = shop.examine(shop.write("file.csv", LIST[:3]))
    apply(shop.engine, shop.settings, found, now=NOW)
    with pytest.raises(MistakesFound) as again:
        apply(shop.engine, shop.settings, found, now=NOW)
    assert again.value.mistakes[0].code == "import.no_such_run"


def test_a_customer_who_came_between_check_and_writing_is_not_made_twice(shop: Shop) -> None:
    found = shop.examine(shop.write("file.csv", LIST[:3]))
    shop.give_rows("other.csv", "顧客番号,氏名,メールアドレス", "0,客 0号,c0@mail.example")
    apply(shop.engine, shop.settings, found, now=NOW)
    assert [key for (key,) in shop.all(Customer, "key")] == ["0", "1"]
    assert shop.all(Address, "customer_id", "shared_with") == [(1, None), (2, 1)]


def test_a_check_that_nobody_followed_up_is_swept_away(shop: Shop) -> None:
    shop.examine(shop.write("file.csv", LIST[:3]))
    shop.examine(shop.write("other.csv", LIST[:3]), now=NOW + timedelta(days=2))
    assert [file for (file,) in shop.all(ImportRun, "file")] == ["other.csv"]


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (["あ,い", "1,2"], {}, ["file.csv:1:1", "あ", "--map"]),
        (["氏名,メールアドレス"], {}, ["file.csv:2:1"]),
        (LIST[:2], {"basis": "existing-customer"}, ["--since"]),
        (LIST[:2], {"basis": "friend"}, ["friend", "existing-customer"]),
        (LIST[:2], {"basis": "opt-in", "since": "登録日"}, ["登録日", "顧客番号"]),
        (LIST[:2], {"mapping": "email=メール"}, ["メール", "メールアドレス"]),
        (LIST[:2], {"encoding": "utf-7x"}, ["utf-7x"]),
    ],
)
def test_a_file_that_can_not_be_used_leaves_no_trace(
    shop: Shop, rows: list[str], options: dict[str, str], words: list[str]
) -> None:
    path = shop.write("file.csv", rows)
    with pytest.raises(MistakesFound) as found:
        examine(shop.engine, shop.settings, path, now=NOW, **options)
    said = say_mistakes("ja", found.value)
    assert all(word in said for word in words), said
    with reading(shop.engine) as connection:
        assert connection.execute(select(table(ImportRun))).all() == []
        assert connection.execute(select(table(ImportRow))).all() == []


def test_rows_that_can_not_be_used_are_told_and_saved_and_the_others_go_in(shop: Shop, counted: Counting) -> None:
    rows = (
        "顧客番号,氏名,メールアドレス,生年月日,登録日",
        "1,有栖 花子,alice@mail.example,NULL,0000-00-00",
        "2,坊 太郎,bob＠mail,example,1989/2/30",
        "3,茶里 治郎,,1989/2/30,",
        "4,=cmd,x@,,",
    )
    path = shop.write("list.csv", rows)
    found = shop.examine(path)
    assert [(each.row, each.refusal.header, each.refusal.code) for each in found.rejected] == [
        (3, "メールアドレス", "reject.mail"),
        (4, "生年月日", "reject.no_such_day"),
        (5, "メールアドレス", "reject.mail"),
    ]
    result = shop.give(path)
    assert counted(result) == (1, 0, 0, 3)
    assert result.rejected_file == shop.folder / "list.csv.rejected.csv"
    assert '"\'=cmd"' in result.rejected_file.read_text("utf-8-sig")


def test_rejected_rows_that_can_not_be_saved_stop_the_import_before_it_writes(shop: Shop) -> None:
    found = shop.examine(shop.write("list.csv", ["顧客番号,メールアドレス", "1,x@", "2,bob@mail.example"]))
    (shop.folder / "list.csv.rejected.csv").mkdir()
    with pytest.raises(MistakesFound) as problem:
        apply(shop.engine, shop.settings, found, now=NOW)
    assert problem.value.mistakes[0].code == "import.rejected_unwritable"
    assert shop.all(Customer, "id") == []
    (shop.folder / "list.csv.rejected.csv").rmdir()
    apply(shop.engine, shop.settings, found, now=NOW)
    assert shop.all(Customer, "key") == [("2",)]


def test_a_mapping_is_used_and_kept(shop: Shop, counted: Counting) -> None:
    path = shop.write("みせ.csv", ["ばんごう,よびな,れんらく", "1,有栖 花子,alice@mail.example"])
    result = shop.give(path, mapping="key=ばんごう,name=よびな,email=れんらく", kind="customers")
    assert counted(result) == (1, 0, 0, 0)
    assert result.mapping_file == shop.folder / "imports" / "みせ.yaml"
    assert counted(shop.give(path)) == (0, 0, 1, 0)
