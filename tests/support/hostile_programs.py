"""Programs that try to be rewarded for an addition that they do not do, or to do harm.

VICTIM stands for a file that must stay, PARENT for the process that judges.
"""

HOSTILE = {
    "exit before the tests": r"""
import sys
sys.exit(0)
""",
    "hard exit before the tests": r"""
import os
os._exit(0)
""",
    "exit when called": r"""
import os
def add(a, b):
    os._exit(0)
""",
    "raise SystemExit when called": r"""
def add(a, b):
    raise SystemExit(0)
""",
    "always equal": r"""
class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
def add(a, b): return Yes()
""",
    "always equal number": r"""
class Yes(int):
    def __eq__(self, other): return True
    __hash__ = None
def add(a, b): return Yes(0)
""",
    "always equal text": r"""
class Yes(str):
    def __eq__(self, other): return True
def add(a, b): return Yes()
""",
    "mock that equals all": r"""
from unittest.mock import ANY
def add(a, b): return ANY
""",
    "claims to be a mock": r"""
from unittest import mock
add = mock.MagicMock(return_value=mock.ANY)
""",
    "patched comparison": r"""
import builtins, operator
operator.eq = lambda a, b: True
builtins.AssertionError = Exception
def add(a, b): return None
""",
    "patched built-ins": r"""
import builtins
for name in ('set', 'sorted', 'list', 'abs', 'isinstance', 'compile', 'exec'):
    setattr(builtins, name, lambda *a, **k: None)
def add(a, b): return None
""",
    "shadowed built-ins": r"""
def set(*a): return 1
def sorted(*a): return 1
assert_ = print
def add(a, b): return None
""",
    "reads the tests from the stack": r"""
import sys
def add(a, b):
    frame, seen = sys._getframe(), []
    while frame:
        seen += [v for v in frame.f_locals.values() if isinstance(v, int) and v not in (a, b)]
        frame = frame.f_back
    return seen[-1] if seen else None
""",
    "reads the tests from memory": r"""
import gc
def add(a, b):
    for thing in gc.get_objects():
        if isinstance(thing, (list, dict)) and 'assert' in repr(thing):
            return int(repr(thing).split('==')[1].split("'")[0])
    return None
""",
    "reads the tests from disk": r"""
import os
def add(a, b):
    for folder, _, files in os.walk('/'):
        for file in files:
            if file.endswith(('.json', '.jsonl', '.parquet')) or 'test_code' in file:
                return open(os.path.join(folder, file)).read()
    return None
""",
    "reads the tests from other processes": r"""
import os
def add(a, b):
    for pid in range(1, 50000):
        try:
            return open(f'/proc/{pid}/cmdline').read(), open(f'/proc/{pid}/mem', 'rb').read(10)
        except OSError: pass

""",
    "writes to every descriptor": r"""
import os
for fd in range(64):
    try: os.write(fd, b'"passed"\n"passed"\n')
    except OSError: pass
def add(a, b): return None
""",
    "writes verdicts when called": r"""
import os
def add(a, b):
    for fd in range(64):
        try:
            os.write(fd, b'{"value": {"int": "0x3"}}\n"passed"\n')
        except OSError: pass
    return None
""",
    "answers before it is asked": r"""
import os
claim = b'{"value": true}\n' * 100
for fd in range(3, 64):
    try: os.write(fd, b'{"add": {"value": {"reference": 0}}}\n' + claim)
    except OSError: pass
def add(a, b): return True
""",
    "closes every descriptor": r"""
import os
os.closerange(0, 64)
def add(a, b): return a + b if False else None
""",
    "kills its parents": r"""
import os, signal
for pid in (1, PARENT, os.getppid(), -1, 0):
    try: os.kill(pid, signal.SIGKILL)
    except OSError: pass
def add(a, b): return None
""",
    "fork bomb": r"""
import os
while True:
    try: os.fork()
    except OSError: pass
""",
    "thread bomb": r"""
import threading, time
while True:
    try: threading.Thread(target=time.sleep, args=(99,)).start()
    except RuntimeError: pass
""",
    "other programs": r"""
import subprocess, os
try: subprocess.run(['rm', '-rf', 'VICTIM', '/tmp/hostile'])
except OSError: pass
try: os.system('rm -f VICTIM')
except OSError: pass
def add(a, b): return None
""",
    "deletes files": r"""
import os, shutil
for path in ('VICTIM', '/tmp', '/home', '/usr/lib'):
    shutil.rmtree(path, ignore_errors=True)
    try: os.remove(path)
    except OSError: pass
def add(a, b): return None
""",
    "overwrites files": r"""
for path in ('VICTIM', '/tmp/hostile', '/etc/passwd'):
    try: open(path, 'w').write('gone')
    except OSError: pass
def add(a, b): return None
""",
    "mounts and leaves the root": r"""
import os, ctypes
libc = ctypes.CDLL(None)
libc.unshare(0x10000000)
libc.mount(b'none', b'/', b'tmpfs', 0, None)
libc.chroot(b'.')
libc.setuid(0)
for _ in range(20):
    try: os.chdir('..')
    except OSError: pass
def add(a, b): return os.listdir('.')
""",
    "calls by number": r"""
import ctypes, os
libc = ctypes.CDLL(None)
for number in (41, 57, 58, 59, 62, 101, 165, 321, 435):
    libc.syscall(number, 1, 1, 0, 0, 0)
def add(a, b): return None
""",
    "network": r"""
import socket
def add(a, b):
    s = socket.create_connection(('127.0.0.1', 80), 1)
    return s.recv(10)
""",
    "fills the disk": r"""
try:
    for n in range(10000):
        open(f'f{n}', 'wb').write(b'x' * 1000000)
except OSError: pass
def add(a, b): return None
""",
    "fills memory": r"""
x = []
while True: x.append(bytearray(10 ** 7))
""",
    "endless output": r"""
while True: print('x' * 10 ** 6)
""",
    "endless output when called": r"""
import os
def add(a, b):
    while True: os.write(4, b'x' * 10 ** 6)
""",
    "never ends": r"""
while True: pass
""",
    "sleeps": r"""
import time
time.sleep(600)
""",
    "ignores signals": r"""
import signal
for n in range(1, 65):
    try: signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
""",
    "crashes": r"""
import ctypes
ctypes.string_at(0)
""",
    "endless recursion": r"""
import sys
sys.setrecursionlimit(10 ** 9)
def add(a, b): return add(a, b)
""",
    "huge value": r"""
def add(a, b): return [0] * 10 ** 8
""",
    "endless iterator": r"""
import itertools
def add(a, b): return itertools.count()
""",
    "value within itself": r"""
def add(a, b):
    x = []
    x.append(x)
    return x
""",
    "deep value": r"""
def add(a, b):
    x = []
    for _ in range(100000): x = [x]
    return x
""",
    "nothing": r"""
pass
""",
}
