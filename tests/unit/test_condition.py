"""Condition trees as values: what a person may write, what it becomes, and where what is wrong stands."""

import re
from typing import Any

import pytest

from nurture.campaign import campaign_schema
from nurture.catalogue import say_mistake
from nurture.condition import OPERATORS, AllOf, AnyOf, Condition, Not, parse_condition, walk
from nurture.condition.vocabulary import (
    Comparison,
    HasTag,
    InSegment,
    IsKind,
    Orders,
    SilentFor,
)
from nurture.document import load_text
from nurture.mistake import Mistake
from nurture.zone import Duration


def parsed(text: str) -> tuple[Condition, list[Mistake]]:
    document, mistakes = load_text(f"audience: {text}\n", "a.yaml"), list[Mistake]()
    return parse_condition(document, document.value["audience"], ("audience",), mistakes), mistakes


def read(text: str) -> Condition:
    condition, mistakes = parsed(text)
    assert mistakes == []
    return condition


def told(text: str) -> list[str]:
    return [say_mistake("en", each) for each in parsed(text)[1]]


TAG, SEGMENT = HasTag(any_of=("a",)), InSegment(name="b")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("[]", AllOf(())),
        ("[tag: a]", AllOf((TAG,))),
        ("{tag: a}", TAG),
        ("{tag: a, segment: b}", AllOf((TAG, SEGMENT))),
        ("[tag: a, segment: b]", AllOf((TAG, SEGMENT))),
        ("{all: [tag: a]}", AllOf((TAG,))),
        ("{any: [tag: a, segment: b]}", AnyOf((TAG, SEGMENT))),
        ("{not: {tag: a}}", Not(TAG)),
        ("{not: [tag: a, segment: b]}", Not(AllOf((TAG, SEGMENT)))),
        ("{not: {not: {any: [tag: a]}}}", Not(Not(AnyOf((TAG,))))),
        ("{tag: [a, b]}", HasTag(any_of=("a", "b"))),
        ("{tag: {any_of: [a, b]}}", HasTag(any_of=("a", "b"))),
        ("{kind: company}", IsKind(equals="company")),
        ("{silent_for: 3日}", SilentFor(duration=Duration(3))),
        ("{orders: }", Orders()),
        ("{orders: {count: 2}}", Orders(count=Comparison(at_least=2, at_most=2))),
        (
            "{orders: {count: {at_least: 2}, within: 1 month}}",
            Orders(count=Comparison(at_least=2), within=Duration(0, 0, 1)),
        ),
    ],
)
def test_a_list_is_and_a_bare_value_is_the_argument_meant(text: str, meant: Condition) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{nto: {tag: a}}", ["a.yaml:1:12: audience: there is no condition 'nto'", "did you mean 'not'?"]),
        ("[{}]", ["a.yaml:1:12: audience.0: write a condition as 'name: value', not {}"]),
        ("[[tag: a], 5]", ["a.yaml:1:22: audience.1: write a condition as 'name: value', not 5"]),
        ("{any: []}", ["audience.any: write at least one"]),
        ("{all: {tag: a}}", ["audience.all: write a list of '- ' items here"]),
        ("{not: }", ["audience.not: there is no value here"]),
        ("{tag: }", ["audience.tag: there is no value here"]),
        ("{tag: [a, ]}", []),
        ("{tag: [a, null]}", ["audience.tag.1: there is no value here"]),
        ("{tag: [1]}", ["audience.tag.0: write text here (put '1' in quotes)"]),
        ("{kind: firm}", ["audience.kind.equals: 'firm' is not allowed here; write one of individual, company"]),
        ("{orders: 3}", ["audience.orders: write 'key: value' pairs here"]),
        ("{orders: {withn: 3 days}}", ["unknown key 'withn'", "did you mean 'within'?"]),
        ("{orders: {within: 3 days, count: }}", ["audience.orders.count: there is no value here"]),
        ("{orders: {count: {at_least: , at_most: 3}}}", ["audience.orders.count.at_least: there is no value here"]),
        ("{orders: {count: true}}", ["audience.orders.count: write a number, not 'True'"]),
        ("{orders: {count: {at_least: many}}}", ["audience.orders.count.at_least: write a number, not 'many'"]),
        ("{orders: {status: [lost]}}", ["audience.orders.status.0: 'lost' is not allowed here"]),
        ("{this: {}}", ["say what to compare with: one of order, product, category"]),
        ("{refused: {}}", ["say what to compare with: one of product, category"]),
        ("{date: {name: birthday}}", ["say what to compare with: one of within, month, this_month, known"]),
        ("{complaint: closed}", ["'closed' is not allowed here; write one of open"]),
        ("{reachable: fax}", ["'fax' is not allowed here; write one of any, email, line"]),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, words: list[str]) -> None:
    found = "\n".join(told(text))
    assert bool(found) == bool(words)
    assert all(each in found for each in words), found


def test_every_mistake_of_a_tree_is_told_and_the_rest_is_still_read() -> None:
    condition, mistakes = parsed("[{tag: []}, {tag: a}, {any: [{ordrs: 1}, {segment: b}]}, {not: 3}]")
    assert len(mistakes) == 3
    assert {each for each in walk(condition) if isinstance(each, HasTag | InSegment)} == {TAG, SEGMENT}


def test_walking_meets_every_node_once_and_the_outermost_first() -> None:
    tree = read("{not: {any: [{tag: a}, {all: [{segment: b}]}]}}")
    assert [type(each).__name__ for each in walk(tree)] == ["Not", "AnyOf", "HasTag", "AllOf", "InSegment"]


@pytest.mark.parametrize("word", OPERATORS)
def test_the_example_of_every_operator_is_one(word: str) -> None:
    example = OPERATORS[word].example
    assert re.search(rf"\b{word}:", example)
    assert any(isinstance(each, OPERATORS[word]) for each in walk(read(f"[{example}]")))


@pytest.mark.parametrize("word", OPERATORS)
def test_every_operator_and_every_argument_explains_itself(word: str) -> None:
    operator = OPERATORS[word]
    assert (operator.__doc__ or "").strip().endswith(".")
    definition: Any = campaign_schema()["$defs"][operator.__name__]
    assert definition.get("examples") or definition["anyOf"][1]["examples"] == [operator.example]


def test_operators_are_equal_by_value_and_can_be_kept_in_sets() -> None:
    assert read("{tag: [a]}") == read("{tag: a}")
    assert len({read("{tag: a}"), read("{tag: [a]}"), read("{tag: b}")}) == 2
