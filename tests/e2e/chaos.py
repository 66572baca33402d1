#!/usr/bin/env python3
"""Processes are killed at random while mail flows in: every message answered 250 is at the next hop and in the ledger, the
ledger verifies, and memory does not grow. MESSAGES=100000 makes it the long run; the test run takes a shorter one."""
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

from checkpoint import PROGRAM, Checkpoint, done, free_port, ok

MESSAGES = int(os.environ.get('MESSAGES', '12000'))
LINES = int(os.environ.get('LINES_AT_ONCE', '24'))
KILL_EVERY = float(os.environ.get('KILL_EVERY', '0.7'))
SEED = int(os.environ.get('SEED', '7'))


class Sink:
    """A next hop that takes everything and remembers what it was given."""

    def __init__(self):
        self.port = free_port()
        self.tokens = {}

    async def serve(self):
        self.server = await asyncio.start_server(self.client, '127.0.0.1', self.port)

    async def client(self, reader, writer):
        try:
            writer.write(b'220 sink\r\n')
            while True:
                line = (await reader.readline()).upper()
                if not line:
                    break
                if line.startswith(b'DATA'):
                    writer.write(b'354 go on\r\n')
                    body = await reader.readuntil(b'\r\n.\r\n')
                    token = re.search(rb'^Subject: chaos (\d+)\r$', body, re.M)
                    self.tokens[int(token.group(1))] = self.tokens.get(int(token.group(1)), 0) + 1
                    writer.write(b'250 2.0.0 taken\r\n')
                elif line.startswith(b'EHLO'):
                    writer.write(b'250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n')
                elif line.startswith(b'QUIT'):
                    writer.write(b'221 bye\r\n')
                    break
                else:
                    writer.write(b'250 2.0.0 ok\r\n')
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()


class Flood:
    def __init__(self, port):
        self.port = port
        self.next = 0
        self.answered = {}      # token: id it was accepted as
        self.put_off = self.broken = 0
        self.stopped_at = time.time() + 3600

    def take(self):
        self.next += 1
        return self.next if self.next <= MESSAGES else None

    async def line(self):
        """One connection after the other, until nothing is left; a message without an answer is sent again."""
        token = self.take()
        while token is not None and time.time() < self.stopped_at:
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection('127.0.0.1', self.port), 5)
            except (OSError, asyncio.TimeoutError):
                await asyncio.sleep(.05)
                continue
            try:
                await self.expect(reader, b'220')
                await self.say(reader, writer, b'EHLO chaos.example')
                for _ in range(50):
                    id = await self.message(reader, writer, token)
                    if id is None:
                        self.put_off += 1
                        await asyncio.sleep(.05)
                        continue
                    self.answered[token] = id
                    token = self.take()
                    if token is None:
                        break
                writer.write(b'QUIT\r\n')
            except (OSError, EOFError, asyncio.TimeoutError):
                self.broken += 1
            finally:
                writer.close()

    async def expect(self, reader, start):
        while True:
            line = await asyncio.wait_for(reader.readline(), 30)
            if not line:
                raise EOFError()
            if line[3:4] != b'-':
                return line if line.startswith(start) else None

    async def say(self, reader, writer, text):
        writer.write(text + b'\r\n')
        return await self.expect(reader, b'25')

    async def message(self, reader, writer, token):
        if not await self.say(reader, writer, b'MAIL FROM:<a@sender.example>'):
            return None
        if not await self.say(reader, writer, b'RCPT TO:<user%d@rcpt.example>' % (token % 100)):
            await self.say(reader, writer, b'RSET')
            return None
        writer.write(b'DATA\r\n')
        if not await self.expect(reader, b'354'):
            await self.say(reader, writer, b'RSET')
            return None
        writer.write(b'Subject: chaos %d\r\nFrom: a@sender.example\r\n\r\n' % token + b'words to be read\r\n' * 20 + b'.\r\n')
        reply = await self.expect(reader, b'250')
        if reply is None:
            return None
        found = re.search(rb'accepted as (\w{20})', reply)
        return found.group(1).decode() if found else '?'


def memory_of(pid):
    try:
        return int(re.search(r'VmRSS:\s+(\d+)', open('/proc/%d/status' % pid).read()).group(1))
    except (OSError, AttributeError):
        return 0


async def killer(checkpoint, flood, kills, memory, chance):
    roles = ['worker', 'keeper', 'clerk', 'worker', 'keeper', 'supervisor']
    while flood.next <= MESSAGES:
        await asyncio.sleep(KILL_EVERY * chance.uniform(.5, 1.5))
        role = roles[chance.randrange(len(roles))]
        total = sum(memory_of(pid) for pid in [checkpoint.process.pid] + checkpoint.children())
        memory.append((flood.next, total))
        if role == 'supervisor':
            os.kill(checkpoint.process.pid, signal.SIGKILL)
            checkpoint.process.wait()
            # Whoever was its child ends by itself; a service manager would start it again like this.
            await asyncio.sleep(.3)
            for _ in range(100):
                try:
                    await asyncio.to_thread(checkpoint.start)
                    break
                except RuntimeError:
                    await asyncio.sleep(.2)
        else:
            pids = checkpoint.role_pids(role)
            if not pids:
                continue
            try:
                os.kill(chance.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                continue
        kills[role] = kills.get(role, 0) + 1


async def run():
    chance = random.Random(SEED)
    sink = Sink()
    await sink.serve()
    checkpoint = Checkpoint(next_hop='smtp://127.0.0.1:%d' % sink.port)
    kills, memory = {}, []
    flood = Flood(checkpoint.port)
    began = time.time()
    try:
        killing = asyncio.create_task(killer(checkpoint, flood, kills, memory, chance))
        await asyncio.gather(*[flood.line() for _ in range(LINES)])
        killing.cancel()
        try:
            await killing
        except asyncio.CancelledError:
            pass
        seconds = time.time() - began
        print('# %d messages in %.0f s (%.0f/s), killed: %s; %d put off, %d connections broken, %d delivered more than once'
              % (len(flood.answered), seconds, len(flood.answered) / seconds, kills, flood.put_off, flood.broken,
                 sum(n > 1 for n in sink.tokens.values())))
        print('# memory of all processes, KiB: ' + ', '.join('%d at %d' % (kib, at) for at, kib in memory[::max(1, len(memory) // 12)]))
        ok(len(flood.answered) == MESSAGES, 'every message is answered 250 in the end (%d)' % MESSAGES, len(flood.answered))
        ok(sum(kills.values()) >= 3 and len(kills) >= 2, 'processes were killed meanwhile: %s' % kills)
        lost = [token for token in flood.answered if token not in sink.tokens]
        ok(not lost, 'every message answered 250 is at the next hop', lost[:10])
        if checkpoint.process.poll() is None:
            checkpoint.stop(keep=True)
        verified = subprocess.run([PROGRAM, 'ledger', 'verify', '--folder', checkpoint.record], capture_output=True, text=True)
        ok(verified.returncode == 0, 'the ledger verifies', verified.stdout + verified.stderr)
        kept = ids_in_journal(checkpoint.record)
        missing = [id for id in flood.answered.values() if id not in kept]
        ok(not missing, 'every message answered 250 is in the ledger', missing[:10])
        settled = [kib for at, kib in memory if at > MESSAGES // 4 and kib]
        early, late = settled[:len(settled) // 2], settled[len(settled) // 2:]
        if MESSAGES >= 20000 and early and late:
            ok(sum(late) / len(late) < 1.25 * sum(early) / len(early), 'memory is flat', (early, late))
    finally:
        checkpoint.stop()


def ids_in_journal(record):
    ids = set()
    folder = os.path.join(record, 'journal')
    for name in sorted(os.listdir(folder)):
        data = open(os.path.join(folder, name), 'rb').read()
        ids.update(m.decode() for m in re.findall(rb'"kind":"message","id":"(\w{20})"', data))
    return ids


if __name__ == '__main__':
    asyncio.run(run())
    done()
