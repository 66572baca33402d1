"""Makes system calls inside a running process, as whoever took it over would: for tests, as root, on x86-64.

The process is stopped with ptrace(2); its registers are set to a call, one step is made at the `syscall` instruction it
waits in, and all is put back.
"""
import ctypes
import os
import platform
import signal
import struct

ATTACH, DETACH, GETREGS, SETREGS, SINGLESTEP = 16, 17, 12, 13, 9
NAMES = ('r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base '
         'ds es fs gs').split()
NUMBER = {'open': 2, 'mmap': 9, 'dup': 32, 'socket': 41, 'listen': 50, 'execve': 59, 'kill': 62, 'fcntl': 72,
          'truncate': 76, 'ftruncate': 77, 'rename': 82, 'unlink': 87, 'chmod': 90, 'umount2': 166, 'openat': 257,
          'fallocate': 285, 'getppid': 110, 'getpid': 39, 'ptrace': 101, 'pwritev2': 328}
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def possible():
    return os.geteuid() == 0 and platform.machine() == 'x86_64'


class Died(Exception):
    """The process ended; `signal` says of what."""

    def __init__(self, number):
        super().__init__('ended by signal %d' % number)
        self.signal = number


class Inside:
    """with Inside(pid) as p: p.call('open', '/etc/shadow', 0, 0) gives what the kernel answered: -13 is EACCES."""

    def __init__(self, pid):
        self.pid = pid

    def trace(self, request, data=None):
        if libc.ptrace(request, self.pid, None, data) == -1 and ctypes.get_errno() != 0:
            raise OSError(ctypes.get_errno(), 'ptrace %d' % request)

    def wait(self):
        _, status = os.waitpid(self.pid, 0x40000000)  # __WALL
        if os.WIFSIGNALED(status):
            raise Died(os.WTERMSIG(status))
        if os.WIFEXITED(status):
            raise Died(0)
        return os.WSTOPSIG(status)

    def registers(self):
        room = ctypes.create_string_buffer(8 * len(NAMES))
        self.trace(GETREGS, ctypes.cast(room, ctypes.c_void_p))
        return dict(zip(NAMES, struct.unpack('%dQ' % len(NAMES), room.raw)))

    def set_registers(self, registers):
        packed = struct.pack('%dQ' % len(NAMES), *(registers[n] & (1 << 64) - 1 for n in NAMES))
        self.trace(SETREGS, ctypes.cast(ctypes.create_string_buffer(packed, len(packed)), ctypes.c_void_p))

    def __enter__(self):
        self.alive = False
        self.trace(ATTACH)
        self.wait()
        self.alive = True
        self.before = self.registers()
        self.memory = os.open('/proc/%d/mem' % self.pid, os.O_RDWR)
        if os.pread(self.memory, 2, self.before['rip'] - 2) != b'\x0f\x05':
            raise RuntimeError('the process does not wait in a system call')
        return self

    def call(self, name, *arguments):
        at, numbers = self.before['rsp'] - 65536, []
        for argument in arguments:
            if isinstance(argument, str):
                text = os.fsencode(argument) + b'\0'
                os.pwrite(self.memory, text, at)
                numbers.append(at)
                at += len(text)
            else:
                numbers.append(argument)
        numbers += [0] * (6 - len(numbers))
        registers = dict(self.before, rip=self.before['rip'] - 2, rax=NUMBER[name], orig_rax=-1)
        registers.update(zip(('rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'), numbers))
        self.set_registers(registers)
        try:
            self.trace(SINGLESTEP)
            stopped = self.wait()
            if stopped != signal.SIGTRAP:
                # Killed by the filter: the signal is on its way.
                self.trace(DETACH, stopped)
                self.alive = False
                raise Died(stopped)
        except Died:
            self.alive = False
            raise
        rax = self.registers()['rax']
        return rax - (1 << 64) if rax >> 63 else rax

    def __exit__(self, *_):
        if self.alive:
            self.set_registers(self.before)
            self.trace(DETACH)
        os.close(self.memory)
