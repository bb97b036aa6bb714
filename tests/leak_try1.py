import json, time, pytest
from factories import typed
from marked_scene import Marked, dump
from plain_rules import Facts, traces, known
from everything_asked import walk, replay, questions, places, ask
async def test_x(database, hub):
    t=time.time()
    m = await Marked.make(database, hub)
    print("make", time.time()-t); t=time.time()
    facts = Facts(await dump(database, m.agency.organization))
    print("dump", time.time()-t, {k.__name__: len(v) for k,v in facts.rows.items()})
    ids=[typed(r) for t_, rows in facts.rows.items() if known(t_) for r in rows]
    for role, p in m.people.items():
        t=time.time()
        found = await walk(m.agency, p, ids)
        dt=time.time()-t
        tr=traces(list(found.values()))
        errs=[(q[:80],e["extensions"],e["message"]) for q,a in found.items() for e in a["errors"]]
        print(role, round(dt,1), len(json.dumps(list(found.values()),default=str)), len(tr), "LEAK", sorted(tr-facts.readable(p))[:40], "MISSING", sorted(facts.shown(p)-tr)[:40], errs[:3], len(errs))
    for q in questions("query", ids):
        t=time.time(); r=await ask(m.agency,m.agency.admin,*q); print(q[0], round(time.time()-t,2), len(json.dumps(r)))
    for q in questions("subscription", ids):
        for role,p in m.people.items():
            t=time.time(); r=await replay(m.agency,p,*q); print(q[0], role, round(time.time()-t,2), len(r), len(places(r)), sorted(traces(r)-facts.readable(p))[:5], [e for a in r for e in a["errors"]][:2])
