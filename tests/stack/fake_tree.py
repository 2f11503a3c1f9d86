"""A source tree in small, for the tests of the stack itself: a worker that answers every request with its pid, an ekmc-ctl that makes
one table, two simulators and an nginx configuration. What is tested with it must not depend on the state of the real ones."""
import sys
from pathlib import Path

STACK = Path(__file__).resolve().parent

WORKER = """#!/usr/bin/python3
import os, select, signal, socket, struct, sys, threading, time
if open(__file__.rsplit('/', 1)[0] + '/mood').read() == 'bad':
    sys.exit('this version is bad')
s = socket.socket(fileno=3)
assert os.environ['LISTEN_PID'] == str(os.getpid()) and os.environ['LISTEN_FDS'] == '1'
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
n.connect(os.environ['NOTIFY_SOCKET'].replace('@', '\\0'))
n.send(b'READY=1')
open_now = set()

def take(c, k):
    b = b''
    while len(b) < k:
        x = c.recv(k - len(b))
        if not x:
            raise EOFError
        b += x
    return b

def serve(c):
    try:
        while True:
            _, kind, rid, length, pad, _ = struct.unpack('>BBHHBB', take(c, 8))
            data = take(c, length + pad)
            if kind == 5 and length == 0:
                out = b'Status: 200\\r\\nContent-Type: application/json\\r\\n\\r\\n%d\\n' % os.getpid()
                c.sendall(struct.pack('>BBHHBB', 1, 6, rid, len(out), 0, 0) + out + struct.pack('>BBHHBB', 1, 6, rid, 0, 0, 0)
                          + struct.pack('>BBHHBB', 1, 3, rid, 8, 0, 0) + bytes(8))
                return
    except (EOFError, OSError):
        pass
    finally:
        c.close()
        open_now.discard(c)

print('up', *sys.argv[1:], flush=True)
s.setblocking(False)
while not stop or open_now:
    if not stop and select.select([s], [], [], 0.02)[0]:
        try:
            c, _ = s.accept()
        except BlockingIOError:
            continue
        c.setblocking(True)
        open_now.add(c)
        threading.Thread(target=serve, args=(c,), daemon=True).start()
    elif stop:
        time.sleep(0.01)
"""

BRIDGE = """#!/usr/bin/python3
import os, signal, socket, sys
if sys.argv[1] == 'legacy':
    os.execv(sys.argv[0].replace('ekmc-bridge', 'ekmc-fcgi'), sys.argv)
n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
n.connect(os.environ['NOTIFY_SOCKET'].replace('@', '\\0'))
n.send(b'READY=1')
signal.pause()
"""

CTL = """#!/usr/bin/python3
import configparser, json, subprocess, sys
a = sys.argv
conf = configparser.RawConfigParser()
conf.read(a[a.index('--conf') + 1])
db = conf['db']
host, port = db['hosts'].split(':')

def sql(text):
    subprocess.run(['mariadb', '--no-defaults', '-h', host, '-P', port, '-u', db['user'], '-p' + db['password'], db['name']],
                   input=text, text=True, check=True)

if 'migrate' in a:
    sql('create table if not exists t(a int primary key); grant select, insert on ekmc.* to ekmc_api;')
elif 'seed' in a:
    sql('replace into t values (1);')
elif 'demo' in a:
    people = json.load(open(a[a.index('--passwords') + 1]))
    json.dump({'numbers': {'new': ['261100000012']}, 'logins': [{'role': u, 'user': u, 'password': w} for u, w in people.items()]},
              open(a[a.index('--out') + 1], 'w'))
else:
    sys.exit('usage')
"""

SIMULATOR = """import argparse, http.server
p = argparse.ArgumentParser()
p.add_argument('--port', type=int); p.add_argument('--port-file'); p.add_argument('--file')
http.server.ThreadingHTTPServer(('127.0.0.1', p.parse_args().port), http.server.SimpleHTTPRequestHandler).serve_forever()
"""

NGINX = """# @PREFIX@ and the others are filled by the stack
@USER@
daemon on;
worker_processes @WORKERS@;
pid @PREFIX@/pids/nginx.pid;
error_log @PREFIX@/log/nginx-error.log warn;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path @PREFIX@/nginx-body;
	fastcgi_temp_path @PREFIX@/nginx-fastcgi;
	proxy_temp_path @PREFIX@/nginx-proxy;
	scgi_temp_path @PREFIX@/nginx-scgi;
	uwsgi_temp_path @PREFIX@/nginx-uwsgi;
	server {
		listen @LISTEN@ backlog=4096;
		root @WWW@;
		location = /limit { return 200 "@STATUS_PER_MINUTE@"; }
		location /api/v1/legacy/ { fastcgi_pass unix:@LEGACY_SOCKET@; }
		location / { fastcgi_pass unix:@API_SOCKET@; fastcgi_param REQUEST_METHOD $request_method; }
	}
}
"""


def make(root):
    files = {
        "build/ekmc-fcgi": WORKER, "build/ekmc-bridge": BRIDGE, "build/ekmc-ctl": CTL, "build/mood": "good",
        "tests/sim/ekmc1.py": SIMULATOR, "tests/sim/sms.py": SIMULATOR, "sql/0001_t.sql": "-- t\n", "sql/seed/t.csv": "a\n1\n",
        "tests/sim/ekmc1_profiles/a.ini": "[legacy]\nurl = http://127.0.0.1:PORT/a\nnumber_pattern = ^[0-9]{4}$\n"
                                          "old_page = http://127.0.0.1:PORT/\n",
        "nginx/ekmc.conf.in": NGINX, "nginx/www/index.html": "hi", "nginx/errors/x": "", "fcgi/api/openapi.json": "{}",
    }
    for name, text in files.items():
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if name.startswith("build/ekmc"):
            path.chmod(0o755)
    return Path(root)


if __name__ == "__main__":
    print(make(sys.argv[1]))
