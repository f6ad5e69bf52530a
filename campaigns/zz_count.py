"""house_process with statement counts: dumps on SIGUSR1/exit"""
import collections, json, sys, time, atexit, re
import asyncpg
from asyncpg import connection as C
counts=collections.Counter(); spent=collections.Counter()
orig=C.Connection._do_execute
async def counted(self, query, executor, timeout, retry=True, **kw):
    t=time.perf_counter()
    try:
        return await orig(self, query, executor, timeout, retry, **kw)
    finally:
        k=re.sub(r'\s+',' ',query)[:90]; counts[k]+=1; spent[k]+=time.perf_counter()-t
C.Connection._do_execute=counted
orig2=C.Connection.execute
async def ex(self, query, *args, timeout=None):
    if not args:
        counts['SIMPLE '+re.sub(r'\s+',' ',query)[:70]]+=1
        t=time.perf_counter()
        try: return await orig2(self, query, *args, timeout=timeout)
        finally: spent['SIMPLE '+re.sub(r'\s+',' ',query)[:70]]+=time.perf_counter()-t
    return await orig2(self, query, *args, timeout=timeout)
C.Connection.execute=ex
def dump():
    role=json.loads(sys.argv[1])['role']
    with open(f'/tmp/count_{role}.txt','w') as f:
        for k,n in counts.most_common(): f.write(f'{n:7d} {spent[k]*1000/n:8.2f}ms {k}\n')
atexit.register(dump)
from campaigns import house_process
house_process.main()
