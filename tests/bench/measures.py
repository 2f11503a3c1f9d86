"""What is measured: a table at the end, one function a measure. Each gives the lines of the report."""
import statistics

import keepers
import officers
import procs
from ground import BACKS, LODGE_CONNECTIONS, STATUS_CONNECTIONS
from pairs import Line, Pairs
from waiting import Waiting
from wrk import Unmeasured

WAITING = 64
HIT = 'ekmc_status_cache_total{result="hit"}'
MISS = 'ekmc_status_cache_total{result="miss"}'
READERS = ("nginx", "fcgi", "redis")
WRITERS = ("nginx", "fcgi", "redis", "mariadb")


def _metered(ground, units, run):
    """A function that runs `run` and keeps what each request cost in the outcome's `micros`."""
    def metered():
        with procs.Meter(ground.stack, units) as meter:
            load = run()
        load.micros = meter.micros_each(load.requests)
        return load
    return metered


def _cost(loads):
    """'28.1 µs (nginx 15.0, fcgi 12.1, redis 1.0)': medians"""
    units = loads[0].micros
    each = {u: statistics.median(x.micros[u] for x in loads) for u in units}
    return f"{sum(each.values()):.1f} µs ({', '.join(f'{u} {v:.1f}' for u, v in each.items())})"


def status_hit_vs_empty(ground):
    """A status from Redis against the least answer of the same worker over the same connections."""
    def hits():
        before = ground.metrics()
        load = ground.ask("status")
        after = ground.metrics()
        hit, miss = after[HIT] - before[HIT], after[MISS] - before[MISS]
        if hit < load.requests or miss > hit // 100:
            raise Unmeasured(f"of {load.requests} look-ups {hit} were hits and {miss} misses")
        load.misses = miss
        return load
    ground.warm()
    done = Pairs(_metered(ground, READERS, hits), _metered(ground, READERS, lambda: ground.ask("empty")), ground.pairs)
    notes = [f"CPU of a hit {_cost(done.a)}, of the empty answer {_cost(done.b)}",
             f"p99 {statistics.median(x.p99_ms for x in done.a):.1f} ms with {STATUS_CONNECTIONS} connections; misses:"
             f" {sum(x.misses for x in done.a)} of {sum(x.requests for x in done.a):,}"]
    return [done.line("status_hit_vs_empty", 0.75, "requests/s", notes)]


def lodge_vs_bare(ground):
    """Lodging over HTTP against the procedure called by a client that does nothing else; both durable."""
    flush = ground.people.sql("SELECT @@innodb_flush_log_at_trx_commit;")[0][0]
    if flush != "1":
        raise Unmeasured(f"innodb_flush_log_at_trx_commit is {flush}")
    ground.lodge(1)
    ground.lodge_bare(1)
    done = Pairs(_metered(ground, WRITERS, ground.lodge), _metered(ground, ("mariadb",), ground.lodge_bare), ground.pairs)
    p50, p99, bare50, bare99 = (statistics.median(value(x) for x in side) for side in (done.a, done.b)
                                for value in (lambda x: x.p50_ms, lambda x: x.p99_ms))
    notes = [f"{LODGE_CONNECTIONS} citizens, {BACKS} back threads; {LODGE_CONNECTIONS} bare connections; every 201 is stored",
             f"CPU of a lodging {_cost(done.a)}, bare {_cost(done.b)}"]
    latency = Line("lodge_p99_ms", p99, digits=1, notes=[f"p50 {p50:.1f} ms; bare p50 {bare50:.1f}, p99 {bare99:.1f} ms"],
                   data={"p50_ms": p50, "p99_ms": p99, "bare_p50_ms": bare50, "bare_p99_ms": bare99})
    return [done.line("lodge_vs_bare", 0.60, "lodgings/s", notes), latency]


def api_with_legacy_hanging(ground):
    """The API's throughput while eKMC1.0 hangs and 64 look-ups wait for it, against the same without."""
    held = []

    def hanging():
        with Waiting(ground.stack, WAITING) as w:
            load = ground.ask("mixed")
            held.append(w.waiting())
            load.answers = w.answers
        if held[-1] < WAITING:
            raise Unmeasured(f"at the end of a run only {held[-1]} of {WAITING} look-ups waited, {load.answers} were answered")
        return load
    ground.warm()
    done = Pairs(hanging, lambda: ground.ask("mixed"), ground.pairs)
    notes = [f"mixed: 5 status hits, 1 catalogue, 1 place, 1 list of a citizen; {WAITING} waited at the beginning and end of each run"]
    return [done.line("api_with_legacy_hanging", 0.9, "requests/s", notes)]


def _unanswered(ground, n):
    seconds = 3 if ground.quick else 10
    done = keepers.Keepers(("127.0.0.1", ground.stack.port), n, ground.requests("mixed", 800), seconds)
    if done.asked < n * (seconds - 1):
        raise Unmeasured(f"only {done.asked} requests over {n} connections: this machine is too busy to ask")
    note = f"{done.asked:,} asked in {seconds} s, slowest {done.slowest_s * 1000:.0f} ms, late {done.late}, lost {done.lost}, 5xx {done.bad}"
    return [Line(f"unanswered_{n}", done.unanswered, 0, at_least=False, digits=0, notes=[note],
                 data={"asked": done.asked, "slowest_ms": done.slowest_s * 1000, "late": done.late, "lost": done.lost, "bad": done.bad})]


def unanswered_64(ground):
    """Requests without an answer within 10 s, over 64 kept connections."""
    return _unanswered(ground, 64)


def unanswered_1000(ground):
    """Requests without an answer within 10 s, over 1,000 kept connections."""
    return _unanswered(ground, 1000)


def _grown(ground, name, what, goal=1.5):
    """How much dearer the same requests are among many complaints than among few: the ratio of the rates."""
    growth = ground.growth()
    for side in (growth.small, growth.big):
        side.ask(name, 1)
    done = Pairs(lambda: growth.small.ask(name, ground.seconds), lambda: growth.big.ask(name, ground.seconds), ground.pairs)
    p50, p50_few = (statistics.median(x.p50_ms for x in side) for side in (done.b, done.a))
    notes = [f"{growth.small.rows:,} rows against {growth.big.rows:,}, {growth.big.open_rows:,} open in both; p50 {p50_few:.1f} and {p50:.1f} ms"]
    return [done.line(what, goal, "requests/s", notes, at_least=False)]


def inbox_big_vs_small(ground):
    """A page of an inbox with the counts of all tabs: LMEs, GROs, EOs and controlling officers of all departments."""
    return _grown(ground, "inbox", "inbox_big_vs_small")


def inbox_all_big_vs_small(ground):
    """The same of the mayor's office, which sees every department."""
    return _grown(ground, "inbox_all", "inbox_all_big_vs_small")


def lookup_big_vs_small(ground):
    """A complaint by its number, as its citizen sees it."""
    return _grown(ground, "lookup", "lookup_big_vs_small")


def citizen_list_big_vs_small(ground):
    """20 newest of a citizen who has 40."""
    return _grown(ground, "list", "citizen_list_big_vs_small")


def register_big_vs_small(ground):
    """20 newest of all that an officer may see, closed ones too."""
    return _grown(ground, "register", "register_big_vs_small")


def worker_pss_mib(ground):
    """The memory of a worker after load on all of its threads; behind all that need this worker, because it starts another one."""
    def after_load():
        ground.ask("mixed", 1)
        ground.lodge(1)
        return procs.pss_mib(ground.stack.pid("fcgi"))
    with_16 = after_load()
    ground.stack.conf("fcgi", {"worker.backs": 8})
    with_8 = after_load()
    ground.stack.conf("fcgi", {"worker.backs": BACKS})
    return [Line("worker_pss_mib", with_16, 24, at_least=False, digits=1, notes=[f"{BACKS} back threads; with 8: {with_8:.1f}"],
                 data={"with_8": with_8})]


def roster_5000_s(ground):
    """Seconds for a list of 5,000 officers: shown, brought in, brought in again, with other mobiles, and all of them leaving."""
    n, boss = 5000, officers.Officers(ground)
    first, second = officers.rows(n), officers.rows(n, 7200000000)
    took = {"dry run": boss.send(first, {"added": n}, dry_run=1), "import": boss.send(first, {"added": n}),
            "again": boss.send(first, {"unchanged": n}), "changed": boss.send(second, {"changed": n}),
            "leaving": boss.send(officers.rows(0), {"leaving": n}, confirm_leaving=1)}
    note = f"{len(first.encode()) / 1000:.0f} kB; " + ", ".join(f"{k} {v:.2f} s" for k, v in took.items())
    return [Line("roster_5000_s", max(took.values()), 3, at_least=False, digits=2, notes=[note], data=took)]


MEASURES = {f.__name__: f for f in (status_hit_vs_empty, lodge_vs_bare, api_with_legacy_hanging, unanswered_64, unanswered_1000,
                                    inbox_big_vs_small, inbox_all_big_vs_small, lookup_big_vs_small, citizen_list_big_vs_small,
                                    register_big_vs_small, worker_pss_mib, roster_5000_s)}
