'use strict';
/* Reads a proof of `sekisho ledger prove` with the parts of @sigstore/verify that read the checkpoints and proofs of other
   transparency logs. They know nothing of Sekisho; from us comes only what its entries are: SHA-256(salt || record).
       node read.js PROOF VKEY */
const crypto = require('node:crypto'), fs = require('node:fs'), path = require('node:path');

/* The package exports its front door only; these two are behind it. */
const inside = path.join(path.dirname(require.resolve('@sigstore/verify')), 'tlog');
const { verifyCheckpoint } = require(path.join(inside, 'checkpoint.js'));
const { verifyMerkleInclusion } = require(path.join(inside, 'merkle.js'));

const proof = fs.readFileSync(process.argv[2], 'utf8'), [name, id, typed] = process.argv[3].split(/\+(.{8})\+/);
const split = proof.indexOf('\n\n'), lines = proof.slice(0, split).split('\n'), envelope = proof.slice(split + 2);
const extra = Buffer.from(lines[1].slice('extra '.length), 'base64');
const raw = Buffer.from(typed, 'base64').subarray(1);
const publicKey = crypto.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
const logs = [{ logID: Buffer.from(id, 'hex'), baseURL: 'https://' + name, publicKey }];
const entry = (change = {}) => ({
  canonicalizedBody: crypto.createHash('sha256').update(change.extra || extra).digest(),
  inclusionProof: { logIndex: change.index || lines[2].slice('index '.length), hashes: (change.hashes || lines.slice(3)).map((h) => Buffer.from(h, 'base64')), checkpoint: { envelope: change.envelope || envelope } },
});

let count = 0;
const ok = (is, words) => { console.log(`${is ? 'ok' : 'not ok'} ${++count} - ${words}`); if (!is) { process.exitCode = 1; } };
const refused = (f) => { try { f(); return false; } catch { return true; } };
const whole = (e) => { verifyMerkleInclusion(e, verifyCheckpoint(e, logs)); };
const flipped = (b, at) => { const c = Buffer.from(b); c[at] ^= 1; return c; };

const checkpoint = verifyCheckpoint(entry(), logs);
ok(checkpoint.origin === name && checkpoint.logSize > 0n && checkpoint.logHash.length === 32, `@sigstore/verify reads the checkpoint and its signature: ${checkpoint.origin}, ${checkpoint.logSize} entries`);
ok(!refused(() => whole(entry())), `and follows the inclusion proof of entry ${lines[2]} to its root (${lines.length - 3} hashes)`);
ok(JSON.parse(extra.subarray(32)).kind === 'message', 'what is proven is the record of a message');
ok(refused(() => whole(entry({ extra: flipped(extra, 60) }))), 'a record that was altered is refused');
ok(refused(() => whole(entry({ extra: flipped(extra, 0) }))), 'another salt is refused');
ok(refused(() => whole(entry({ hashes: lines.slice(3).map((h, i) => i ? h : flipped(Buffer.from(h, 'base64'), 3).toString('base64')) }))), 'a proof that was altered is refused');
ok(refused(() => whole(entry({ index: String(Number(lines[2].slice(6)) ^ 1) }))), 'another index is refused');
ok(refused(() => whole(entry({ envelope: envelope.replace(/\n(\d+)\n/, (m, n) => `\n${Number(n) + 1}\n`) }))), 'another size under the same signature is refused');
ok(refused(() => whole(entry({ envelope: envelope.replace(/\u2014 (\S+) (\S+)/g, (m, n, s) => `\u2014 ${n} ${flipped(Buffer.from(s, 'base64'), 40).toString('base64')}`) }))), 'a signature that was altered is refused');
