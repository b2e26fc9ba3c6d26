"""Forks a process for each program, shuts it in and runs the program there; a script of the standard library alone.

`server.py` starts it once and asks by a socket; a fork costs a fraction of what starting Python does. What was forked
gets namespaces of its own (no network, no other process, no file but Python's library, read-only, and an empty folder
in memory), loses all privileges, is put under limits, and is denied the system calls by which a program starts another,
signals, traces, mounts or opens a socket. Only then it reads what it shall run. The byte on its ready pipe says that
all this was granted: without it nothing was run.

Usage: python -I -S -B inside.py SOCKET_FD
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import os
import platform
import random
import resource
import select
import signal
import socket
import struct
import sys
import time
from typing import Any, NoReturn

_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_NEW_REST = 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000  # processes, network, IPC, host name
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    4096,
    16384,
    1 << 18,
)
_DETACH = 2
_SET_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _DROP_FROM_BOUND = 1, 38, 22, 24
_LONGEST_REQUEST, _MOST_FILES = 65536, 16
_LOADED = ("ast", "collections.abc", "datetime", "decimal", "fractions", "types")
"""What the roles import: loaded before any fork."""
_FIRST_SANDBOX_UID = 1_879_048_192
_NOBODY = 65534

_CALLS: dict[str, dict[str, int]] = {
    "x86_64": {"pivot_root": 155, "capset": 126, "clone": 56, "prctl": 157},
    "aarch64": {"pivot_root": 41, "capset": 91, "clone": 220, "prctl": 167},
}
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_DENIED: dict[str, tuple[int, ...]] = {
    # socket connect sendto bind listen fork vfork execve kill ptrace mknod personality pivot_root chroot mount umount2
    # tkill tgkill mq_open add_key request_key keyctl mknodat unshare perf_event_open open_by_handle_at setns
    # process_vm_readv/writev bpf execveat userfaultfd shmget semget msgget acct reboot init_module
    "x86_64": (
        *(
            41,
            42,
            44,
            49,
            50,
            57,
            58,
            59,
            62,
            101,
            133,
            135,
            155,
            161,
            165,
            166,
            200,
            234,
            240,
            248,
            249,
            250,
            259,
            272,
        ),
        *(298, 304, 308, 310, 311, 321, 322, 323, 29, 64, 68, 163, 169, 175),
    ),
    "aarch64": (
        *(198, 203, 206, 200, 201, 221, 129, 117, 92, 41, 51, 40, 39, 130, 131, 180, 217, 218, 219, 33, 97, 241, 265),
        *(268, 270, 271, 280, 281, 282, 194, 190, 186, 89, 142, 105),
    ),
}
# The same on both: pidfd_send_signal io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen
# pidfd_open pidfd_getfd mount_setattr.
_DENIED_EVERYWHERE = (424, 425, 426, 427, 428, 429, 430, 434, 438, 442)
_CLONE3, _CLONE_THREAD = 435, 0x00010000

_libc: Any = None


def main(server: socket.socket) -> None:
    """Fork for each request, until nobody is left who could ask.

    A request is a message of JSON (`folder`, `role`, `limits`, and in `files` what the file descriptors are that come
    with it). On `told` the process that was forked for it writes how the program ended; once the other end of `told`
    is closed, it ends the program.
    """
    global _libc
    _libc = ctypes.CDLL(None, use_errno=True)
    for name in _LOADED:
        importlib.import_module(name)
    roles = {name: compile(_source(name), f"<{name}>", "exec") for name in ("values", "program", "checker")}
    # Nobody waits for those that were forked.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, fds, _, _ = socket.recv_fds(server, _LONGEST_REQUEST, _MOST_FILES)
        if not message:
            return
        try:
            forked = os.fork()
        except OSError as error:
            # Of this program alone: what runs already goes on.
            os.write(fds[json.loads(message)["files"].index("stderr")], f"fork: {error}\n".encode())
            forked = -1
        if forked == 0:
            server.close()
            request = json.loads(message)
            files = dict(zip(request["files"], fds, strict=True))
            for number, name in enumerate(("stdin", "stdout", "stderr")):
                if name in files:
                    os.dup2(files[name], number)
                    os.close(files.pop(name))
            _shut_in(request, files, roles)
        for fd in fds:
            os.close(fd)


def _shut_in(request: dict[str, Any], files: dict[str, int], roles: dict[str, Any]) -> NoReturn:
    """Isolate a child, which runs the role; this process waits for it and tells how it ended."""
    mapped = _own_namespaces()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    told = files.pop("told")
    child = os.fork()
    if child:
        for fd in (*files.values(), 0, 1):
            os.close(fd)
        _watch(child, told, woken, request["limits"]["seconds"] * 2 + 5)
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for fd in (woken, wake, told):
        os.close(fd)
    _own_root(request["folder"])
    _give_up_privileges(mapped)
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    _limit(request["limits"])
    _deny_calls()
    os.write(files["ready"], b"!")
    os.close(files["ready"])
    os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
    channel = files.get("incoming", -1), files.get("outgoing", -1)
    _run(request["role"], json.loads(_all(files["config"])), channel, roles)
    sys.stdout.flush()
    os._exit(0)


def _watch(child: int, told: int, woken: int, seconds: float) -> NoReturn:
    """Tell how the child ended; end it when its time is over, or when nobody wants to know any longer."""
    deadline = time.monotonic() + seconds
    while True:
        ready = select.select([told, woken], [], [], max(0.0, deadline - time.monotonic()))[0]
        if woken not in ready:
            os.kill(child, signal.SIGKILL)
            code = -signal.SIGKILL
            break
        os.read(woken, 64)
        # A child that was merely stopped wakes this process as well.
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            break
    if told not in ready:
        os.write(told, str(code).encode())
    os._exit(0)


def _source(name: str) -> str:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py"), encoding="utf-8") as file:
        return file.read()


def _all(fd: int) -> bytes:
    with os.fdopen(fd, "rb") as file:
        return file.read()


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(option: int, value: int, more: Any = 0) -> None:
    _check(_libc.prctl(option, ctypes.c_ulong(value), more, 0, 0), f"prctl {option}")


def _own_namespaces() -> bool:
    """Enter new namespaces; true where a user namespace was needed for that."""
    uid, gid = os.getuid(), os.getgid()
    if os.geteuid() == 0 and _libc.unshare(_NEW_MOUNTS | _NEW_REST) == 0:
        return False
    _check(_libc.unshare(_NEW_USER | _NEW_MOUNTS | _NEW_REST), "unshare")
    for name, line in (("setgroups", "deny"), ("uid_map", f"{_NOBODY} {uid} 1"), ("gid_map", f"{_NOBODY} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(line)
    return True


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, data)]
    _check(_libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), f"mount {target}")


def _own_root(folder: str) -> None:
    """A root in memory that holds Python's library and shared libraries, read-only, and an empty folder to work in."""
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", folder, "tmpfs", _NO_SUID | _NO_DEVICES, "size=1m,mode=0755")
    library = os.path.realpath(os.path.dirname(os.__file__))
    for path in dict.fromkeys(("/lib", "/lib64", "/usr/lib", "/usr/lib64", library)):
        _bring(path, folder)
    os.mkdir(f"{folder}/dev")
    with open(f"{folder}/dev/null", "w", encoding="ascii"):
        pass
    _mount("/dev/null", f"{folder}/dev/null", None, _BIND)
    os.mkdir(f"{folder}/empty")
    _mount("tmpfs", f"{folder}/empty", "tmpfs", _NO_SUID | _NO_DEVICES, "size=16m,nr_inodes=2048,mode=0777")
    os.mkdir(f"{folder}/old")
    os.chdir(folder)
    _check(_libc.syscall(_CALLS[platform.machine()]["pivot_root"], b".", b"old"), "pivot_root")
    os.chdir("/")
    _check(_libc.umount2(b"/old", _DETACH), "umount")
    os.rmdir("/old")
    _mount(None, "/", None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEVICES)
    os.chdir("/empty")


def _bring(path: str, folder: str) -> None:
    inside = folder + path
    if os.path.lexists(inside) or not os.path.lexists(path):
        return
    os.makedirs(os.path.dirname(inside), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), inside)
        return
    os.mkdir(inside)
    _mount(path, inside, None, _BIND)
    kept = os.statvfs(path).f_flag & (_NO_SUID | _NO_DEVICES | _NO_EXEC)
    _mount(None, inside, None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEVICES | kept)


def _give_up_privileges(mapped: bool) -> None:
    capability = 0
    while _libc.prctl(_DROP_FROM_BOUND, ctypes.c_ulong(capability), 0, 0, 0) == 0:
        capability += 1
    if not mapped:
        # A user of its own for each run, so that limits on processes count this run alone.
        uid = _FIRST_SANDBOX_UID + random.SystemRandom().randrange(1 << 24)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _check(_libc.syscall(_CALLS[platform.machine()]["capset"], header, none), "capset")
    _prctl(_SET_NO_NEW_PRIVILEGES, 1)


def _limit(limits: dict[str, int]) -> None:
    for kind, value in (
        (resource.RLIMIT_CPU, limits["seconds"]),
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NPROC, limits["threads"]),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _deny_calls() -> None:
    """A filter of system calls: no other program, process, signal, socket, mount, tracing, kernel keys."""
    machine = platform.machine()
    allow, refuse, absent, kill = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS, 0x80000000
    load, equal, at_least, all_bits, back = 0x20, 0x15, 0x35, 0x45, 0x06
    lines: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),
        (equal, 1, 0, _AUDIT[machine]),
        (back, 0, 0, kill),
        (load, 0, 0, 0),
        # Calls of the x32 interface have numbers of their own.
        (at_least, 0, 1, 0x40000000),
        (back, 0, 0, kill),
        (equal, 0, 1, _CLONE3),
        (back, 0, 0, absent),
    ]
    for number in (*_DENIED[machine], *_DENIED_EVERYWHERE):
        lines += [(equal, 0, 1, number), (back, 0, 0, refuse)]
    for call, test, value, met, else_ in (
        # The signal that ends it with the process that watches it stays as it is; it may change other settings of its.
        ("prctl", equal, _SET_DEATH_SIGNAL, refuse, allow),
        # A thread of this process may start, another process may not.
        ("clone", all_bits, _CLONE_THREAD, allow, refuse),
    ):
        # By the call's first argument.
        lines += [(equal, 0, 4, _CALLS[machine][call]), (load, 0, 0, 16)]
        lines += [(test, 0, 1, value), (back, 0, 0, met), (back, 0, 0, else_)]
    lines.append((back, 0, 0, allow))
    code = b"".join(struct.pack("HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(buffer))
    _prctl(_SET_SECCOMP, 2, ctypes.c_char_p(program))


def _run(role: str, given: dict[str, Any], channel: tuple[int, int], roles: dict[str, Any]) -> None:
    if role == "script":
        exec(compile(given["source"], "<program>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
        return
    namespace: dict[str, Any] = {"__name__": role}
    exec(roles["values"], namespace)
    exec(roles[role], namespace)
    namespace["serve"](given, *channel)


if __name__ == "__main__":
    asked = socket.socket(fileno=int(sys.argv[1]))
    sys.argv = ["program"]
    main(asked)
