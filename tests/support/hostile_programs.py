"""Programs that try to be rewarded for an addition that they do not do, or to do harm. VICTIM is a file, PARENT a pid."""

HOSTILE = {
    "exit before the tests": "import sys\nsys.exit(0)",
    "hard exit before the tests": "import os\nos._exit(0)",
    "exit when called": "import os\ndef add(a, b):\n    os._exit(0)",
    "raise SystemExit when called": "def add(a, b):\n    raise SystemExit(0)",
    "always equal": "class Yes:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n"
    "def add(a, b): return Yes()",
    "always equal number": "class Yes(int):\n    def __eq__(self, other): return True\n    __hash__ = None\n"
    "def add(a, b): return Yes(0)",
    "always equal text": "class Yes(str):\n    def __eq__(self, other): return True\ndef add(a, b): return Yes()",
    "mock that equals all": "from unittest.mock import ANY\ndef add(a, b): return ANY",
    "claims to be a mock": "from unittest import mock\nadd = mock.MagicMock(return_value=mock.ANY)",
    "patched comparison": "import builtins, operator\noperator.eq = lambda a, b: True\nbuiltins.AssertionError = Exception\n"
    "def add(a, b): return None",
    "patched built-ins": "import builtins\nfor name in ('set', 'sorted', 'list', 'abs', 'isinstance', 'compile', 'exec'):\n"
    "    setattr(builtins, name, lambda *a, **k: None)\ndef add(a, b): return None",
    "shadowed built-ins": "def set(*a): return 1\ndef sorted(*a): return 1\nassert_ = print\ndef add(a, b): return None",
    "reads the tests from the stack": "import sys\ndef add(a, b):\n    frame, seen = sys._getframe(), []\n    while frame:\n"
    "        seen += [v for v in frame.f_locals.values() if isinstance(v, int) and v not in (a, b)]\n"
    "        frame = frame.f_back\n    return seen[-1] if seen else None",
    "reads the tests from memory": "import gc\ndef add(a, b):\n    for thing in gc.get_objects():\n"
    "        if isinstance(thing, (list, dict)) and 'assert' in repr(thing):\n"
    "            return int(repr(thing).split('==')[1].split(\"'\")[0])\n    return None",
    "reads the tests from disk": "import os\ndef add(a, b):\n    for folder, _, files in os.walk('/'):\n        for file in files:\n"
    "            if file.endswith(('.json', '.jsonl', '.parquet')) or 'test_code' in file:\n"
    "                return open(os.path.join(folder, file)).read()\n    return None",
    "reads the tests from other processes": "import os\ndef add(a, b):\n    for pid in range(1, 50000):\n        try:\n"
    "            return open(f'/proc/{pid}/cmdline').read(), open(f'/proc/{pid}/mem', 'rb').read(10)\n"
    "        except OSError: pass\n",
    "writes to every descriptor": "import os\nfor fd in range(64):\n    try: os.write(fd, b'\"passed\"\\n\"passed\"\\n')\n"
    "    except OSError: pass\ndef add(a, b): return None",
    "writes verdicts when called": "import os\ndef add(a, b):\n    for fd in range(64):\n        try:\n"
    "            os.write(fd, b'{\"value\": {\"int\": \"0x3\"}}\\n\"passed\"\\n')\n        except OSError: pass\n    return None",
    "answers before it is asked": "import os\nclaim = b'{\"value\": true}\\n' * 100\nfor fd in range(3, 64):\n"
    "    try: os.write(fd, b'{\"add\": {\"value\": {\"reference\": 0}}}\\n' + claim)\n    except OSError: pass\n"
    "def add(a, b): return True",
    "closes every descriptor": "import os\nos.closerange(0, 64)\ndef add(a, b): return a + b if False else None",
    "kills its parents": "import os, signal\nfor pid in (1, PARENT, os.getppid(), -1, 0):\n    try: os.kill(pid, signal.SIGKILL)\n"
    "    except OSError: pass\ndef add(a, b): return None",
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "thread bomb": "import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(99,)).start()\n"
    "    except RuntimeError: pass",
    "other programs": "import subprocess, os\ntry: subprocess.run(['rm', '-rf', 'VICTIM', '/tmp/hostile'])\nexcept OSError: pass\n"
    "try: os.system('rm -f VICTIM')\nexcept OSError: pass\ndef add(a, b): return None",
    "deletes files": "import os, shutil\nfor path in ('VICTIM', '/tmp', '/home', '/usr/lib'):\n"
    "    shutil.rmtree(path, ignore_errors=True)\n    try: os.remove(path)\n    except OSError: pass\ndef add(a, b): return None",
    "overwrites files": "for path in ('VICTIM', '/tmp/hostile', '/etc/passwd'):\n    try: open(path, 'w').write('gone')\n"
    "    except OSError: pass\ndef add(a, b): return None",
    "mounts and leaves the root": "import os, ctypes\nlibc = ctypes.CDLL(None)\nlibc.unshare(0x10000000)\nlibc.mount(b'none', b'/', b'tmpfs', 0, None)\n"
    "libc.chroot(b'.')\nlibc.setuid(0)\nfor _ in range(20):\n    try: os.chdir('..')\n    except OSError: pass\n"
    "def add(a, b): return os.listdir('.')",
    "calls by number": "import ctypes, os\nlibc = ctypes.CDLL(None)\nfor number in (41, 57, 58, 59, 62, 101, 165, 321, 435):\n"
    "    libc.syscall(number, 1, 1, 0, 0, 0)\ndef add(a, b): return None",
    "network": "import socket\ndef add(a, b):\n    s = socket.create_connection(('127.0.0.1', 80), 1)\n    return s.recv(10)",
    "fills the disk": "try:\n    for n in range(10000):\n        open(f'f{n}', 'wb').write(b'x' * 1000000)\nexcept OSError: pass\n"
    "def add(a, b): return None",
    "fills memory": "x = []\nwhile True: x.append(bytearray(10 ** 7))",
    "endless output": "while True: print('x' * 10 ** 6)",
    "endless output when called": "import os\ndef add(a, b):\n    while True: os.write(4, b'x' * 10 ** 6)",
    "never ends": "while True: pass",
    "sleeps": "import time\ntime.sleep(600)",
    "ignores signals": "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
    "while True: pass",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "endless recursion": "import sys\nsys.setrecursionlimit(10 ** 9)\ndef add(a, b): return add(a, b)",
    "huge value": "def add(a, b): return [0] * 10 ** 8",
    "endless iterator": "import itertools\ndef add(a, b): return itertools.count()",
    "value within itself": "def add(a, b):\n    x = []\n    x.append(x)\n    return x",
    "deep value": "def add(a, b):\n    x = []\n    for _ in range(100000): x = [x]\n    return x",
    "nothing": "pass",
}
