/**
 * RFC 6455 against tests/ws-echo, the push server's own WebSocket layer with an echo behind it: sections 1 to 7, 9
 * and 10 of the usual suites, and the mask, which those do not ask for. In the clear and over TLS.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';

import { BIN, Program, freePort, waitFor } from './harness.mjs';
import { ways } from './pusher-js.mjs';

const CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;
const MESSAGE_MAX = 16 * 1024 * 1024;

/* --- frames --- */

/** size: 7, 16 or 64, to write a length longer than need be. */
function frame(opcode, payload = '', { fin = true, reserved = 0, mask = randomBytes(4), size, length } = {}) {
	const bytes = Buffer.from(payload), n = length ?? bytes.length;
	const bits = size ?? (n < 126 ? 7 : n < 65_536 ? 16 : 64);
	const head = Buffer.alloc(bits === 7 ? 2 : bits === 16 ? 4 : 10);
	head[0] = (fin ? 0x80 : 0) | reserved << 4 | opcode;
	head[1] = (mask ? 0x80 : 0) | (bits === 7 ? n : bits === 16 ? 126 : 127);
	if (bits === 16)
		head.writeUInt16BE(n, 2);
	else if (bits === 64)
		head.writeBigUInt64BE(BigInt(n), 2);
	if (!mask)
		return Buffer.concat([head, bytes]);
	const masked = Buffer.allocUnsafe(bytes.length);
	for (let i = 0; i < bytes.length; i++)
		masked[i] = bytes[i] ^ mask[i & 3];
	return Buffer.concat([head, mask, masked]);
}

const close = (code, reason = '') => frame(CLOSE, code === undefined ? '' : Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));
const pieces = (opcode, ...parts) => parts.map((part, i) => frame(i === 0 ? opcode : CONTINUATION, part, { fin: i === parts.length - 1 }));

/** What a server sent: [{ opcode, payload }]; throws on what a server must not send. */
class Reader {
	constructor() { this.frames = []; this.bytes = []; this.size = 0; }

	add(chunk) {
		this.bytes.push(chunk);
		this.size += chunk.length;
		while (this.take());
	}

	take() {
		if (this.size < 2)
			return false;
		if (this.bytes[0].length < 10 && this.bytes.length > 1)
			this.bytes = [Buffer.concat(this.bytes)];
		const head = this.bytes[0];
		const short = head[1] & 127, at = short === 126 ? 4 : short === 127 ? 10 : 2;
		if (this.size < at)
			return false;
		const length = short === 126 ? head.readUInt16BE(2) : short === 127 ? Number(head.readBigUInt64BE(2)) : short;
		if (this.size < at + length)
			return false;
		assert.equal(head[0] & 0x70, 0, 'no reserved bit');
		assert.equal(head[0] & 0x80, 0x80, 'the server does not fragment');
		assert.equal(head[1] & 0x80, 0, 'a server does not mask');
		const all = Buffer.concat(this.bytes);
		this.frames.push({ opcode: head[0] & 15, payload: all.subarray(at, at + length) });
		this.bytes = [all.subarray(at + length)];
		this.size -= at + length;
		return true;
	}
}

/* --- a connection --- */

let echo, dir, tlsPort, port;
const open = (tls) => (tls ? connectTls({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false }) : connectPlain(port, '127.0.0.1'));
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const handshake = (over = {}) => {
	const fields = { Host: 'localhost', Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY, ...over };
	return `GET / HTTP/1.1\r\n${Object.entries(fields).filter(([, v]) => v !== null).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`;
};

class Conn {
	constructor(tls) {
		this.reader = new Reader();
		this.socket = open(tls).on('error', (e) => { this.error = e; });
		this.socket.setNoDelay(true);
		this.socket.on('end', () => { this.isEnded = true; }).on('close', () => { this.isEnded = true; });
	}

	async shake(bytes = handshake()) {
		let head = Buffer.alloc(0);
		const upgraded = new Promise((done, fail) => {
			this.socket.once('close', () => fail(new Error(`no upgrade: ${head}`)));
			this.socket.on('data', (chunk) => {
				if (this.isOpen) {
					this.reader.add(chunk);
					return;
				}
				head = Buffer.concat([head, chunk]);
				const at = head.indexOf('\r\n\r\n');
				if (at < 0)
					return;
				this.head = head.subarray(0, at).toString('latin1');
				if (!this.head.startsWith('HTTP/1.1 101 '))
					return; /* it closes now */
				this.isOpen = true;
				this.reader.add(head.subarray(at + 4));
				done();
			});
		});
		this.socket.write(bytes);
		await upgraded;
		return this;
	}

	/** cut: bytes a write; 0: all at once. */
	async send(parts, cut = 0) {
		const all = Buffer.concat([parts].flat());
		for (let i = 0; i < all.length; i += cut || all.length) {
			this.socket.write(all.subarray(i, cut ? i + cut : all.length));
			if (cut)
				await new Promise((next) => { setImmediate(next); });
		}
		return this;
	}

	get frames() { return this.reader.frames; }
	async heard(n, ms = 60_000) { await waitFor(() => this.frames.length >= n || this.isEnded, `${n} frames`, ms); return this.frames; }

	/** That the server closes without being asked to, and with which code. */
	async ended() {
		await waitFor(() => this.isEnded, 'the end');
		this.socket.destroy();
		const last = this.frames.at(-1);
		return last?.opcode === CLOSE ? (last.payload.length >= 2 ? last.payload.readUInt16BE(0) : 1005) : undefined;
	}
}

const plainOf = (frames) => frames.map(({ opcode, payload }) => [opcode, payload.length > 200 ? createHash('md5').update(payload).digest('hex') : payload.toString('latin1')]);
const same = (got, want) => assert.deepEqual(plainOf(got), plainOf(want.map(([opcode, payload]) => ({ opcode, payload: Buffer.from(payload) }))));

/** Sends parts; these frames come back, and the connection is as before: a clean close ends it. */
async function fine(tls, parts, want, cut) {
	const c = await new Conn(tls).shake();
	await c.send(parts, cut);
	await c.heard(want.length);
	same(c.frames, want);
	await c.send(close(1000));
	assert.equal(await c.ended(), 1000);
	assert.equal(c.frames.length, want.length + 1, 'and nothing else');
}

/** Sends parts; these come back, then the server fails the connection with the code, at once: it gives a closing client five seconds. */
async function broken(tls, parts, code, want = [], cut = 0, ms = 4000) {
	const c = await new Conn(tls).shake();
	await c.send(parts, cut);
	const from = Date.now();
	assert.equal(await c.ended(), code);
	assert.ok(Date.now() - from < ms, `it took ${Date.now() - from} ms`);
	same(c.frames.slice(0, -1), want);
}

before(async () => {
	dir = mkdtempSync(join(tmpdir(), 'charla-echo-'));
	tlsPort = await freePort();
	execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], { stdio: 'ignore' });
	echo = new Program('ws-echo', [join(BIN, 'ws-echo'), `--tls-port=${tlsPort}`, `--tls-cert=${join(dir, 'cert.pem')}`, `--tls-key=${join(dir, 'key.pem')}`, '--body-seconds=2'], {
		env: process.env, cwd: dir, isReady: (log) => log.match(/listening on \S+:(\d+)/),
	});
	port = Number((await echo.start())[1]);
});
after(async () => {
	await echo?.stop();
	rmSync(dir, { recursive: true, force: true });
	assert.doesNotMatch(echo.log, /Sanitizer|runtime error/);
});

/* --- UTF-8: the strings of Markus Kuhn's list, by their bytes --- */

const hex = (text) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const VALID = ['00', '7f', 'c2 80', 'df bf', 'e0 a0 80', 'ef bf bd', 'ef bf bf', 'ef bf be', 'ed 9f bf', 'ee 80 80', 'f0 90 80 80', 'f4 8f bf bf', 'f0 9f bf be', 'ce ba e1 bd b9 cf 83 ce bc ce b5', 'f0 9f 98 80 e2 82 ac 41'];
const INVALID = ['80', 'bf', '80 bf', '80 bf 80 bf', 'c0 80', 'c0 af', 'c1 bf', 'e0 80 af', 'e0 9f bf', 'f0 80 80 af', 'f0 8f bf bf', 'f8 88 80 80 80', 'fc 84 80 80 80 80', 'fe', 'ff', 'fe fe ff ff', 'ed a0 80', 'ed ad bf', 'ed af bf', 'ed b0 80', 'ed bf bf', 'ed a0 80 ed b0 80', 'f4 90 80 80', 'f5 80 80 80',
	'c3 28', 'e2 28 a1', 'e2 82 28', 'f0 28 8c bc', 'f0 90 28 bc', 'f0 90 8c 28', 'ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64'];
const TORN = ['c2', 'e0 a0', 'e1 bd', 'f0 90', 'f0 9f 98', 'ce ba e1 bd b9 cf'];

for (const { tls, how } of ways)
	describe(how, () => {
		for (const opcode of [TEXT, BINARY])
			test(`1: ${opcode === TEXT ? 'text' : 'binary'} of every form of length comes back, however it is cut`, async () => {
				for (const n of [0, 1, 125, 126, 127, 128, 65_535, 65_536]) {
					const payload = Buffer.alloc(n, '*');
					await fine(tls, frame(opcode, payload), [[opcode, payload]]);
					await fine(tls, frame(opcode, payload), [[opcode, payload]], n < 200 ? 1 : 997);
				}
			});

		test('2: each ping gets its pong, in order; pongs get nothing', async () => {
			const bytes = Buffer.from([0, 255, 254, 253, 252, 251, 0]);
			for (const payload of ['', 'hello', bytes, Buffer.alloc(125, 0xfe)]) {
				await fine(tls, frame(PING, payload), [[PONG, payload]]);
				await fine(tls, frame(PING, payload), [[PONG, payload]], 1);
			}
			await broken(tls, frame(PING, Buffer.alloc(126, 0xfe)), 1002);
			await broken(tls, frame(PONG, Buffer.alloc(126, 0xfe)), 1002);
			for (const unasked of [frame(PONG), frame(PONG, 'x')])
				await fine(tls, [unasked, frame(PING, 'y')], [[PONG, 'y']]);
			const ten = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
			for (const cut of [0, 1])
				await fine(tls, ten.map((p) => frame(PING, p)), ten.map((p) => [PONG, p]), cut);
		});

		test('3: reserved bits fail the connection; what came before is answered', async () => {
			for (let reserved = 1; reserved < 8; reserved++)
				for (const [opcode, payload] of [[TEXT, 'hello'], [BINARY, 'hello'], [PING, 'hello'], [CLOSE, '']])
					for (const cut of [0, 1])
						await broken(tls, [frame(TEXT, 'first'), frame(opcode, payload, { reserved }), frame(PING)], 1002, [[TEXT, 'first']], cut);
		});

		test('4: reserved opcodes fail the connection', async () => {
			for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
				for (const payload of ['', 'hello'])
					await broken(tls, [frame(TEXT, 'first'), frame(opcode, payload), frame(PING)], 1002, [[TEXT, 'first']]);
		});

		test('5: messages in pieces, with control frames between', async () => {
			const ping = frame(PING, 'in between');
			for (const cut of [0, 1]) {
				for (const opcode of [TEXT, BINARY]) {
					const [one, two, three] = pieces(opcode, 'frag', 'ment', '3');
					await fine(tls, [one, two, three], [[opcode, 'fragment3']], cut);
					await fine(tls, [one, ping, two, ping, frame(PONG, 'z'), three], [[PONG, 'in between'], [PONG, 'in between'], [opcode, 'fragment3']], cut);
					await fine(tls, [...pieces(opcode, '', '', ''), ...pieces(opcode, '', 'middle', ''), ...pieces(opcode, 'x', '')], [[opcode, ''], [opcode, 'middle'], [opcode, 'x']], cut);
				}
				await broken(tls, [frame(PING, 'x', { fin: false }), frame(PING)], 1002, [], cut);
				await broken(tls, [frame(PONG, 'x', { fin: false })], 1002, [], cut);
				await broken(tls, [frame(CLOSE, '', { fin: false })], 1002, [], cut);
				for (const fin of [true, false])
					await broken(tls, [frame(CONTINUATION, 'x', { fin }), frame(TEXT, 'hello')], 1002, [], cut);
				await broken(tls, [frame(TEXT, 'a', { fin: false }), frame(TEXT, 'b')], 1002, [], cut);
				await broken(tls, [frame(TEXT, 'a', { fin: false }), frame(BINARY, 'b', { fin: false })], 1002, [], cut);
				await broken(tls, [...pieces(TEXT, 'a', 'b'), frame(CONTINUATION, 'c')], 1002, [[TEXT, 'ab']], cut);
			}
		});

		test('6: text is UTF-8, whole, in pieces, and cut anywhere', async () => {
			for (const bytes of VALID.map(hex)) {
				await fine(tls, frame(TEXT, bytes), [[TEXT, bytes]]);
				await fine(tls, frame(TEXT, bytes), [[TEXT, bytes]], 1);
				for (let at = 1; at < bytes.length; at++)
					await fine(tls, [...pieces(TEXT, bytes.subarray(0, at), bytes.subarray(at)), frame(PING)], [[TEXT, bytes], [PONG, '']]);
				await fine(tls, pieces(TEXT, ...[...bytes].map((b) => Buffer.from([b]))), [[TEXT, bytes]]);
			}
			for (const bytes of [...INVALID, ...TORN].map(hex)) {
				await broken(tls, frame(TEXT, bytes), 1007);
				await broken(tls, pieces(TEXT, ...[...bytes].map((b) => Buffer.from([b]))), 1007);
				await fine(tls, frame(BINARY, bytes), [[BINARY, bytes]]);
			}
		});

		test('6.4: what cannot become UTF-8 fails at once, not at the end of its frame or message', async () => {
			for (const bad of ['f4 90', 'ed a0', 'c0', 'ff', 'f0 80', 'e0 9f']) {
				const start = Buffer.concat([Buffer.from('κόσμε'), hex(bad)]);
				await broken(tls, frame(TEXT, start, { fin: false }), 1007);
				await broken(tls, frame(TEXT, start, { length: 60_000 }), 1007); // the rest of the frame never comes
			}
		});

		test('7: close frames: answered with their code, then the end', async () => {
			for (const cut of [0, 1]) {
				for (const [parts, code] of [[close(), 1005], [close(1000), 1000], [close(1000, 'x'.repeat(123)), 1000], [close(1000, 'adiós €'), 1000], [[close(1000), close(1000)], 1000],
					[[close(1000), frame(PING)], 1000], [[close(1000), frame(TEXT, 'late')], 1000]]) {
					const c = await new Conn(tls).shake();
					await c.send(parts, Array.isArray(parts) ? 0 : cut);
					assert.equal(await c.ended(), code);
					assert.equal(c.frames.length, 1);
				}
			}
			const c = await new Conn(tls).shake(); // a message that is not finished is forgotten
			await c.send([frame(TEXT, 'half', { fin: false }), close(1000), frame(CONTINUATION, 'rest')]);
			assert.equal(await c.ended(), 1000);
			assert.equal(c.frames.length, 1);
			await fine(tls, frame(TEXT, 'x'.repeat(256 * 1024)), [[TEXT, 'x'.repeat(256 * 1024)]]);
		});

		test('7.3, 7.5: a close frame with one byte, 126 bytes or a reason that is no UTF-8 is an error', async () => {
			await broken(tls, frame(CLOSE, 'x'), 1002);
			await broken(tls, close(1000, 'x'.repeat(124)), 1002);
			for (const bytes of ['ff', 'c3 28', 'ed a0 80', 'c2'])
				await broken(tls, close(1000, hex(bytes)), 1007);
		});

		test('7.7, 7.9: close codes', async () => {
			for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
				const c = await new Conn(tls).shake();
				await c.send(close(code, 'why'));
				assert.equal(await c.ended(), code);
			}
			for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])
				await broken(tls, close(code, 'why'), 1002);
		});

		test('9: messages up to 16 MiB, in one frame, in pieces, cut; one byte more is 1009', { timeout: 300_000 }, async () => {
			for (const opcode of [TEXT, BINARY])
				for (const size of [256 * 1024, 4 * 1024 * 1024, MESSAGE_MAX]) {
					const payload = Buffer.alloc(size, opcode === TEXT ? 'κόσμε ' : randomBytes(1024)).subarray(0, size - size % 11);
					await fine(tls, frame(opcode, payload), [[opcode, payload]]);
					if (size > 4 * 1024 * 1024)
						continue;
					for (const piece of [size, 65_536, 1024, ...(size < 1e6 ? [64] : [])])
						await fine(tls, pieces(opcode, ...Array.from({ length: Math.ceil(payload.length / piece) }, (_, i) => payload.subarray(i * piece, (i + 1) * piece))), [[opcode, payload]]);
					await fine(tls, frame(opcode, payload), [[opcode, payload]], 16_384);
				}
			await fine(tls, frame(BINARY, Buffer.alloc(MESSAGE_MAX)), [[BINARY, Buffer.alloc(MESSAGE_MAX)]]);
			await broken(tls, frame(BINARY, 'x', { length: MESSAGE_MAX + 1 }), 1009);
			await broken(tls, [frame(BINARY, Buffer.alloc(MESSAGE_MAX), { fin: false }), frame(CONTINUATION, 'x')], 1009, [], 0, Infinity);
			await broken(tls, frame(BINARY, 'x', { size: 64, length: Number.MAX_SAFE_INTEGER }), 1009);
		});

		test('9.7: thousands of messages come back in order, also when nobody reads while sending', async () => {
			for (const n of [0, 16, 1024]) {
				const want = Array.from({ length: n < 1000 ? 20_000 : 3000 }, (_, i) => [i % 2 ? TEXT : BINARY, String(i).padStart(n, '.').slice(0, n)]);
				const c = await new Conn(tls).shake();
				c.socket.pause();
				await c.send(want.map(([opcode, payload]) => frame(opcode, payload)));
				c.socket.resume();
				await c.heard(want.length);
				same(c.frames, want);
				await c.send(close(1000));
				assert.equal(await c.ended(), 1000);
			}
		});

		test('10: 64 KiB in frames of 1,300 bytes', async () => {
			const payload = Buffer.alloc(65_536, '*');
			await fine(tls, pieces(TEXT, ...Array.from({ length: Math.ceil(65_536 / 1300) }, (_, i) => payload.subarray(i * 1300, (i + 1) * 1300))), [[TEXT, payload]]);
		});

		test('5.1: a frame without a mask fails the connection', async () => {
			for (const [opcode, payload] of [[TEXT, 'hello'], [TEXT, ''], [BINARY, 'x'.repeat(70_000)], [PING, 'x'], [CLOSE, '']])
				await broken(tls, [frame(TEXT, 'first'), frame(opcode, payload, { mask: null })], 1002, [[TEXT, 'first']]);
			await fine(tls, frame(TEXT, 'a mask of zeros', { mask: Buffer.alloc(4) }), [[TEXT, 'a mask of zeros']]);
		});

		test('5.2: a length is written in as few bytes as can be, and is not negative', async () => {
			for (const [n, size] of [[5, 16], [125, 16], [5, 64], [126, 64], [65_535, 64]])
				await broken(tls, frame(TEXT, 'x'.repeat(n), { size }), 1002);
			const negative = frame(TEXT, '', { size: 64 });
			negative[2] = 0x80;
			negative[9] = 200;
			await broken(tls, negative, 1002);
		});

		test('a body has its time as a whole: who drips is sent away all the same', async () => {
			const c = new Conn(tls);
			let said = '';
			c.socket.on('data', (chunk) => { said += chunk; });
			c.socket.write('POST /apps/echo/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
			const from = Date.now(), drip = setInterval(() => c.socket.write('x'), 200);
			await waitFor(() => c.isEnded, 'the end');
			clearInterval(drip);
			assert.match(said, /^HTTP\/1\.1 408 [^]*connection: close/i);
			assert.ok(Date.now() - from >= 1900 && Date.now() - from < 8000, `${Date.now() - from} ms`);
		});

		test('4.2: the handshake', async () => {
			const c = await new Conn(tls).shake(handshake({ 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits', 'Sec-WebSocket-Protocol': 'chat' }));
			assert.match(c.head, /^HTTP\/1\.1 101 /);
			assert.match(c.head, /^upgrade: websocket$/im);
			assert.match(c.head, /^connection: upgrade$/im);
			assert.match(c.head, /^sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=$/im);
			assert.doesNotMatch(c.head, /sec-websocket-(extensions|protocol)/i);
			c.socket.destroy();
			const eager = await new Conn(tls).shake(Buffer.concat([Buffer.from(handshake()), frame(TEXT, 'early'), frame(PING, 'bird')]));
			same(await eager.heard(2), [[TEXT, 'early'], [PONG, 'bird']]);
			eager.socket.destroy();
			for (const over of [{ Host: null }, { 'Sec-WebSocket-Key': null }, { 'Sec-WebSocket-Key': 'short' }, { 'Sec-WebSocket-Version': null }, { 'Sec-WebSocket-Version': '8' }, { Connection: 'close' }, { 'Content-Length': '5' }])
				await assert.rejects(() => new Conn(tls).shake(handshake(over)), /no upgrade: HTTP\/1\.1 4\d\d /, JSON.stringify(over));
		});
	});
