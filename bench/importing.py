"""How fast a list of customers is imported: `python bench/importing.py [--customers N] [--seed S] [--kind orders]`.

Makes a cp932 file from a seed, imports it twice into an empty database, prints rows a second and the peak of memory.
`--url`: another database than a new SQLite file.
"""

import argparse
import csv
import resource
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from nurture.config import Settings
from nurture.intake import apply, examine
from nurture.store import open_engine, upgrade

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
HEADERS = {
    "customers": (
        "顧客番号 氏名 フリガナ 会社名 メールアドレス 電話番号 郵便番号 都道府県 住所 "
        "生年月日 登録日 メルマガ タグ 備考"
    ).split(),
    "orders": "注文番号 会員ID 氏名 メールアドレス 受注日 対応状況(名称) 商品コード 商品名 価格 個数 支払合計".split(),
}
FAMILY = "佐藤 鈴木 髙橋 田中 伊藤 渡邊 山本 中村 小林 加藤 吉田 山田 山﨑 斎藤 松本".split()
GIVEN = "葵 陽菜 結衣 美咲 花子 七海 優子 翔太 健太 大輔 拓也 直樹 誠 隆 浩".split()


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.url or f"sqlite:///{folder}/bench.db"
        upgrade(url)
        engine = open_engine(url)
        settings = Settings.model_validate({"shop": {"name": "bench"}}).model_copy(update={"folder": Path(folder)})
        for kind in dict.fromkeys(("customers", arguments.kind)):
            path = Path(folder) / f"{kind}.csv"
            rows = _write(path, kind, arguments.customers, Random(arguments.seed))
            print(f"{kind}: {rows:,} rows, {path.stat().st_size / 1e6:.1f} MB, {url.split(':')[0]}")
            for turn in ("first", "second"):
                start, cpu = time.perf_counter(), time.process_time()
                found = examine(engine, settings, path, now=NOW)
                checked = time.perf_counter()
                apply(engine, settings, found, now=NOW)
                done = time.perf_counter()
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(
                    f"  {turn:6}: check {checked - start:5.1f} s, write {done - checked:5.1f} s, "
                    f"CPU {time.process_time() - cpu:5.1f} s, "
                    f"{rows / (done - start):8,.0f} rows/s, peak {peak:.0f} MB, "
                    f"{found.counts}"
                )
        engine.dispose()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--url", default="")
    parser.add_argument("--kind", choices=list(HEADERS), default="customers")
    return parser.parse_args()


def _write(path: Path, kind: str, customers: int, random: Random) -> int:
    rows = 0
    with path.open("w", encoding="cp932", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADERS[kind])
        for number in range(customers):
            made = [_customer(number, random)] if kind == "customers" else _order(number, customers, random)
            writer.writerows(made)
            rows += len(made)
    return rows


def _customer(number: int, random: Random) -> list[str]:
    born = date(1950, 1, 1) + timedelta(days=random.randrange(20_000))
    registered = date(2020, 1, 1) + timedelta(days=random.randrange(2_400))
    mobile = f"090-{1000 + number // 10_000:04d}-{number % 10_000:04d}"
    return [
        str(100_000 + number),
        f"{random.choice(FAMILY)}　{random.choice(GIVEN)}",
        "サトウ ハナコ",
        "㈱架空商店" if number % 20 == 0 else "",
        f"User{number}@mail{number % 50}.example" if number % 10 else "",
        mobile if number % 5 else f"03-{3000 + number // 10_000:04d}-{number % 10_000:04d}",
        f"{number % 900 + 100:03d}-0001",
        "兵庫県",
        f"神戸市架空町{number % 30}-1 ①号棟",
        f"{born.year}/{born.month}/{born.day}" if number % 3 else "",
        f"{registered.year}/{registered.month}/{registered.day}",
        random.choice(("希望する", "希望する", "希望しない", "")),
        random.choice(("常連", "ギフト;常連", "", "")),
        random.choice(("", "", "", "深煎り好み")),
    ]


def _order(number: int, customers: int, random: Random) -> list[list[str]]:
    who = random.randrange(customers)
    when = datetime(2024, 1, 1) + timedelta(seconds=random.randrange(80_000_000))  # noqa: DTZ001 - a wall time
    lines = [(f"P{random.randrange(200):03d}", random.randrange(300, 5_000), random.randrange(1, 3)) for _ in range(2)]
    total = sum(price * count for _, price, count in lines)
    head = [str(number), str(100_000 + who), "", _mail(who), f"{when}", "発送済み"]
    return [[*head, code, f"商品 {code}", str(price), str(count), str(total)] for code, price, count in lines]


def _mail(who: int) -> str:
    return f"user{who}@mail{who % 50}.example" if who % 10 else ""


if __name__ == "__main__":
    main()
