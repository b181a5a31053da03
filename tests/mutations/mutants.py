"""The rules, each as a change of the source that takes it away, and the tests that must notice."""

from dataclasses import dataclass

RULES = "tests/mutations/test_rules.py"
WORKER = "tests/delivery/test_worker.py"
BROKEN_OFF = "tests/delivery/test_broken_off.py"


@dataclass(frozen=True)
class Mutant:
    """One rule that is gone."""

    rule: str
    """What it says."""
    file: str
    """Below `nurture/`."""
    old: str
    new: str
    tests: str
    """Tests of which at least one must fail, as `pytest` takes them; all of a file, or those that `only` names."""
    only: str


MUTANTS = (
    Mutant(
        "the fence asks for the customer's version",
        "delivery/fencing.py",
        "AND touch.customer_version = (SELECT customer.version FROM customer WHERE customer.id = touch.customer_id)",
        "",
        RULES,
        "before_the_fence",
    ),
    Mutant(
        "the fence asks for the generation",
        "delivery/fencing.py",
        "    AND touch.generation = (SELECT max(generation.id) FROM generation)\n",
        "",
        RULES,
        "pause_before_the_fence",
    ),
    Mutant(
        "the fence asks whether the window is open",
        "delivery/fencing.py",
        "    AND touch.sendable_until > :now\n",
        "",
        RULES,
        "passes_no_fence",
    ),
    Mutant(
        "the fence asks for the token",
        "delivery/fencing.py",
        "WHERE touch.id = batch.touch_id AND touch.token = batch.held AND touch.status = 'claimed'",
        "WHERE touch.id = batch.touch_id AND touch.status = 'claimed'",
        RULES,
        "lost_the_claim",
    ),
    Mutant(
        "one touch of an owner passes a fence",
        "delivery/fencing.py",
        "batch = list({each.owner_id: each for each in claims}.values())",
        "batch = list(claims)",
        RULES,
        "two_in_one_fence",
    ),
    Mutant(
        "what passes the fence counts",
        "delivery/fencing.py",
        "            _note(connection, through, passed, now, sharers)\n",
        "            pass\n",
        RULES,
        "nobody_can_know",
    ),
    Mutant(
        "whoever is cancelled while a fence commits takes it back",
        "delivery/passage.py",
        "            self.fenced = True  # cancelled, while its transaction goes on\n",
        "",
        BROKEN_OFF,
        "fence_commits",
    ),
    Mutant(
        "claims of a run that broke off are given back",
        "delivery/worker.py",
        "            self._broke_off = True\n            raise\n",
        "            raise\n",
        BROKEN_OFF,
        "same_worker",
    ),
    Mutant(
        "a daemon that stops awaits what it handed over",
        "daemon/underway.py",
        "return await asyncio.shield(task)",
        "return await task",
        "tests/daemon/test_stopping.py",
        "servers_hands",
    ),
    Mutant(
        "what never left counts no more",
        "delivery/fencing.py",
        "    connection.execute(delete(CONTACT).where(CONTACT.c.touch_id == claimed.touch_id))\n",
        "",
        RULES,
        "provably_never_left",
    ),
    Mutant(
        "a claim asks the gates again",
        "delivery/looking.py",
        "    return Asked(candidate, row, step, gate)\n",
        "    return Asked(candidate, row, step, 0)\n",
        RULES,
        "opt_out_before_the_claim",
    ),
    Mutant(
        "who changed since a look is looked at again",
        "delivery/looking.py",
        "AND customer.id = touch.customer_id AND customer.version = batch.seen",
        "AND customer.id = touch.customer_id",
        "tests/delivery/test_lookout.py",
        "looked_at_again",
    ),
    Mutant(
        "nobody is claimed by terms that hold no more",
        "delivery/looking.py",
        "terms != looked.terms or ",
        "",
        "tests/delivery/test_lookout.py",
        "other_terms or approved_more",
    ),
    Mutant(
        "a claim asks the caps again",
        "delivery/looking.py",
        'decision.status == "planned" and decision.at == situation.instant',
        "True",
        RULES,
        "call_before_the_claim",
    ),
    Mutant(
        "nothing leaves in the last half minute of a window",
        "delivery/claiming.py",
        "GUARD = 30\n",
        "GUARD = 0\n",
        RULES,
        "last_half_minute",
    ),
    Mutant(
        "an outcome is written by whoever holds the token",
        "delivery/recording.py",
        "return and_(TOUCH.c.id == claimed.touch_id, TOUCH.c.token == claimed.token, held)",
        "return and_(TOUCH.c.id == claimed.touch_id, TOUCH.c.status != 'sent')",
        RULES,
        "comes_back_after_its_lease",
    ),
    Mutant(
        "what can't be known is not sent again",
        "delivery/reaping.py",
        'values = {"status": "unknown", "result": "unknown", "lease_until": None}\n    lost',
        'values = {"status": "planned", "result": "unknown", "lease_until": None}\n    lost',
        WORKER,
        "died_behind_the_fence",
    ),
    Mutant(
        "what can't be known keeps its slot",
        "delivery/recording.py",
        '    if not _finish(connection, claimed, now, "unknown", "unknown", keep_slot=True):\n',
        "    unfence(connection, claimed, now, 'unknown', '')\n"
        '    if not _finish(connection, claimed, now, "unknown", "unknown", keep_slot=True):\n',
        RULES,
        "nobody_can_know",
    ),
    Mutant(
        "a live lease is left alone",
        "delivery/reaping.py",
        "TOUCH.c.lease_until.is_not(None) if everything else",
        "TOUCH.c.lease_until.is_not(None) if True else",
        RULES,
        "live_claim",
    ),
    Mutant(
        "a push is repeated only for who still wants it",
        "delivery/reaping.py",
        "            _still_wanted(instant),\n",
        "",
        WORKER,
        "said_no_meanwhile",
    ),
    Mutant(
        "bytes stay as they were from the first fence on",
        "delivery/freezing.py",
        "return Ready(ready.claimed, ready.sender, found.key, found.body) if found else ready",
        "return ready",
        WORKER,
        "frozen_bytes",
    ),
    Mutant(
        "no payload when a clock has moved since the fence",
        "delivery/passage.py",
        "return moved < GUARD and open_ and not self._settler.stepped(self.claimed, now)",
        "return open_",
        RULES,
        "minute_between",
    ),
    Mutant(
        "a claim is void once the clock has stepped",
        "delivery/settling.py",
        "return apart is not None and abs(now.timestamp() - self.clock.boottime() - apart) > STEP",
        "return False",
        "tests/delivery/test_step_behind_claim.py",
        "alice",
    ),
    Mutant(
        "the fence asks once more whether the clock has stepped",
        "delivery/settling.py",
        "isinstance(each, Ready) and not self.stepped(each.claimed, now)]",
        "isinstance(each, Ready)]",
        RULES,
        "set_back",
    ),
    Mutant(
        "a fence whose commit broke is taken back",
        "delivery/passage.py",
        "            self.fenced = True\n            return None\n",
        "            self.refused = True\n            return None\n",
        "tests/delivery/test_doubtful_commit.py",
        "alice",
    ),
    Mutant(
        "another address is another hop",
        "delivery/claiming.py",
        "CASE WHEN touch.attempts > 0 AND EXISTS (",
        "CASE WHEN touch.attempts < 0 AND EXISTS (",
        "tests/delivery/test_changed_address.py",
        "another_address_since_the_first_try",
    ),
    Mutant(
        "under a doubtful clock nothing is handed over",
        "daemon/daemon.py",
        "        self.worker.halted = self.guard.halted\n",
        "",
        "tests/daemon/test_clock.py",
        "between_claim_and_fence",
    ),
    Mutant(
        "a planner that was replaced commits nothing",
        "daemon/daemon.py",
        "prepare, lambda connection: hold(connection, PLANNER, token)) as session",
        "prepare) as session",
        "tests/daemon/test_lease.py",
        "replaced_while_it_planned",
    ),
    Mutant(
        "a database that forgot what it sent sends nothing",
        "daemon/guard.py",
        "self._found(self.trust.doubt, loss_of(recalled, seal))",
        "self._found(self.trust.doubt, None)",
        "tests/daemon/test_restore.py",
        "forgotten",
    ),
    Mutant(
        "too many faults stop a campaign",
        "store/failing.py",
        "return failed > ALLOWED[fault] and _stop(",
        "return failed > 1_000 and _stop(",
        "tests/store/test_failing.py",
        "nine_of_a_hundred",
    ),
    Mutant(
        "a report counts for a mail to the very recipient it names",
        "feedback/returned.py",
        "named = and_(FROZEN.c.key.in_(returned.keys), FROZEN.c.recipient.in_(returned.recipients))",
        "named = FROZEN.c.recipient.in_(returned.recipients)",
        "tests/feedback/test_complaint.py",
        "shows_no_mail_of_ours",
    ),
    Mutant(
        "a mail that was given up is aborted, not closed",
        "channels/session.py",
        "        self._transport.abort()\n        self._wake()",
        "        self._transport.close()\n        self._wake()",
        "tests/channels/test_mail_faults.py",
        "given_up",
    ),
)
