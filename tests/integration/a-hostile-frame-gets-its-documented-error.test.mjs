/** Whatever a client sends: the documented answer, and the server and all others go on. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { after, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, startPush } from './push.mjs';

let push, witness;
before(async () => {
	push = await startPush({ env: { PUSHER_APP_ENABLE_CLIENT_MESSAGES: true } });
	witness = await (await new Client(push).open()).subscribe('presence-witness', { data: { user_id: 'w' } });
});
after(async () => {
	witness?.send('pusher:ping', {});
	await waitFor(() => witness.named('pusher:pong').length > 0, 'the witness is served');
	witness.close();
	await push.stop();
});

const message = { event: 'pusher:error', code: null }; // said, and the socket stays
const refusal = (status, type) => ({ event: 'pusher:subscription_error', status, type });
const ignored = null;

const frames = [
	// no message of the protocol
	['', message], [' ', message], ['{', message], ['}', message], ['null', message], ['true', message], ['[]', message], ['"x"', message],
	['1', message], ['{}', message], ['{"event":null}', message], ['{"event":1}', message], ['{"event":["x"]}', message], ['{"event":{}}', message],
	['{"data":{}}', message], ['{"event":"a\\u0000b"}', message], ['{"event":"pusher:ping"}x', message], ['{"event":"x",}', message],
	['[{"event":"pusher:ping"}]', message], ['{"event":"x","data":1e999}', message], ['{"event":"\\ud800"}', message],
	['['.repeat(50_000), message], [`{"event":"x","data":${'['.repeat(100)}${']'.repeat(100)}}`, message], ['{"event":"x","data":', message],
	// not known, or known to nobody
	['{"event":""}', ignored], ['{"event":"pusher:"}', ignored], ['{"event":"pusher:nothing","data":{}}', ignored],
	['{"event":"pusher_internal:member_added","channel":"presence-witness","data":"{}"}', ignored], [`{"event":"${'x'.repeat(90_000)}"}`, ignored],
	['{"event":"pusher:pong","data":[[[]]]}', ignored], ['{"event":"foo-client-bar","channel":"private-x","data":1}', ignored],
	['{"event":"pusher:unsubscribe","data":{"channel":"never"}}', ignored], ['{"event":"pusher:unsubscribe","data":{"channel":""}}', ignored],
	['{"event":"pusher:unsubscribe","data":{"channel":"presence-witness"}}', ignored],
	// subscribe
	...['"x"', 'null', '[]', '1', '{}', '{"channel":null}', '{"channel":1}', '{"channel":["a"]}', '{"channel":{}}', '"[]"', '"{}"']
		.map((data) => [`{"event":"pusher:subscribe","data":${data}}`, message]),
	['{"event":"pusher:subscribe"}', message], ['{"event":"pusher:unsubscribe"}', message], ['{"event":"pusher:unsubscribe","data":["a"]}', message],
	...['', 'a b', 'a:b', 'ñ', '#x', '#server-to-user-', 'a/b', 'a\tb', '<script>']
		.map((channel) => [JSON.stringify({ event: 'pusher:subscribe', data: { channel } }), refusal(4009)]),
	[JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'x'.repeat(165) } }), refusal(4009, 'LimitReached')],
	[JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'x'.repeat(90_000) } }), refusal(4009, 'LimitReached')],
	...[undefined, null, '', 'x', ':', 'local', 'local:', `local:${'0'.repeat(64)}`, `other:${'0'.repeat(64)}`, 'local:ñ', ['a'], {}, 1, true, 'x'.repeat(50_000)]
		.map((auth) => [JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'private-x', auth } }), refusal(401, 'AuthError')]),
	...[undefined, null, 1, [], {}, 'x', '{'].map((channel_data) =>
		[JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'presence-x', auth: 'local:00', channel_data } }), refusal(401, 'AuthError')]),
	['{"event":"pusher:subscribe","data":{"channel":"#server-to-user-root","auth":""}}', refusal(401, 'AuthError')],
	// client events
	...['{"event":"client-"}', '{"event":"client-x"}', '{"event":"client-x","channel":null}', '{"event":"client-x","channel":["a"]}',
		'{"event":"client-x","channel":""}', '{"event":"client-x","channel":"private-x","data":{}}', '{"event":"client-x","channel":"presence-witness"}',
		'{"event":"client-x","channel":"#server-to-user-w","data":{}}'].map((frame) => [frame, { event: 'pusher:error', code: 4301 }]),
	// sign-in: closed
	...['', ',"data":null', ',"data":"x"', ',"data":{}', ',"data":{"auth":1}', ',"data":{"auth":"local:00","user_data":"{}"}',
		',"data":{"auth":["a"],"user_data":{"id":"x"}}'].map((rest) => [`{"event":"pusher:signin"${rest}}`, { event: 'pusher:error', code: 4009, closes: true }]),
];

const shown = (text) => (text.length > 70 ? `${text.slice(0, 60)}... (${text.length})` : text);

for (const [frame, want] of frames)
	test(`${shown(frame)} -> ${want === ignored ? 'nothing' : `${want.event} ${want.code ?? want.status ?? ''}`}`, async () => {
		const client = await new Client(push).open();
		client.socket.send(frame);
		if (want?.closes) {
			assert.equal(await client.closed(), want.code);
		} else {
			client.send('pusher:ping', {});
			await waitFor(() => client.named('pusher:pong').length > 0 || client.code !== undefined, 'an answer');
			assert.equal(client.code, undefined);
		}
		const answers = client.frames.slice(1).filter(({ event }) => event !== 'pusher:pong');
		if (want === ignored) {
			assert.deepEqual(answers, []);
		} else {
			assert.deepEqual(answers.map(({ event }) => event), [want.event]);
			assert.equal(answers[0].data.code, want.code);
			assert.equal(answers[0].data.status, want.status);
			assert.equal(answers[0].data.type, want.type);
		}
		client.close();
	});

/* --- below the protocol: frames made by hand --- */

const TEXT = 1, CONTINUATION = 0;

function wsFrame(payload, { fin = true, opcode = TEXT, reserved = 0 } = {}) {
	const body = Buffer.from(payload), mask = randomBytes(4);
	const head = [(fin ? 0x80 : 0) | reserved << 4 | opcode];
	if (body.length < 126)
		head.push(0x80 | body.length);
	else if (body.length < 65536)
		head.push(0x80 | 126, body.length >> 8, body.length & 0xff);
	else
		head.push(0x80 | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (body.length >>> shift) & 0xff));
	return Buffer.concat([Buffer.from(head), mask, body.map((byte, i) => byte ^ mask[i % 4])]);
}

/** Upgrades, sends, and resolves to what came: { text, code }; code: of the close frame, 0 for a close without one. */
function speak(...parts) {
	return new Promise((done, fail) => {
		const socket = connectTcp(push.port, '127.0.0.1');
		const timer = setTimeout(() => { socket.destroy(); fail(new Error('neither an answer nor a close')); }, 10_000);
		let bytes = Buffer.alloc(0), isOpen = false;
		const text = [];
		const finish = (code) => { clearTimeout(timer); socket.destroy(); done({ text, code }); };
		socket.write('GET /app/local?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
			+ 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
		socket.on('error', () => {});
		socket.on('close', () => finish(0));
		socket.on('data', (chunk) => {
			bytes = Buffer.concat([bytes, chunk]);
			if (!isOpen) {
				const at = bytes.indexOf('\r\n\r\n');
				if (at < 0)
					return;
				isOpen = true;
				bytes = bytes.subarray(at + 4);
				for (const part of parts)
					socket.write(part);
			}
			for (;;) {
				let length = bytes[1] & 0x7f, head = 2;
				if (bytes.length < 4)
					return;
				if (length === 126)
					[length, head] = [bytes.readUInt16BE(2), 4];
				if (bytes.length < head + length)
					return;
				const payload = bytes.subarray(head, head + length);
				if ((bytes[0] & 0x0f) === 8)
					return finish(length >= 2 ? payload.readUInt16BE(0) : 0);
				if ((bytes[0] & 0x0f) === TEXT)
					text.push(JSON.parse(payload.toString('utf8')));
				bytes = bytes.subarray(head + length);
				if (text.at(-1)?.event === 'pusher:pong')
					return finish(undefined);
			}
		});
	});
}

const PING = '{"event":"pusher:ping","data":{}}';

test('a message in pieces, with a control frame between them, is one message', async () => {
	const { text, code } = await speak(
		wsFrame('{"event":"pus', { fin: false }), wsFrame('x', { opcode: 9 }), wsFrame('her:ping",', { fin: false, opcode: CONTINUATION }),
		wsFrame('"data":{}}', { opcode: CONTINUATION }));
	assert.equal(code, undefined);
	assert.equal(text.at(-1).event, 'pusher:pong');
});

test('a message of 100 KiB is read, a longer one is 1009', async () => {
	const pad = (n) => `{"event":"x","data":"${'x'.repeat(n - 23)}"}`;
	assert.equal(pad(1000).length, 1000);
	assert.equal((await speak(wsFrame(pad(100 * 1024)), wsFrame(PING))).code, undefined);
	assert.equal((await speak(wsFrame(pad(100 * 1024 + 1)))).code, 1009);
	assert.equal((await speak(wsFrame(pad(100 * 1024), { fin: false }), wsFrame('x', { opcode: CONTINUATION }))).code, 1009);
});

test('a message in more than 128 pieces is 1009', async () => {
	const pieces = (n) => [wsFrame('{"event":"x"', { fin: false }), ...Array.from({ length: n - 2 }, () => wsFrame(' ', { fin: false, opcode: CONTINUATION })),
		wsFrame('}', { opcode: CONTINUATION })];
	assert.equal((await speak(...pieces(128), wsFrame(PING))).code, undefined);
	assert.equal((await speak(...pieces(129))).code, 1009);
});

for (const [what, part, codes] of [
	['bytes that are no UTF-8', wsFrame(Buffer.from([0x22, 0xff, 0xfe, 0x22])), [1007]],
	['reserved bits', wsFrame(PING, { reserved: 4 }), [1002, 0]],
	['an unknown opcode', wsFrame(PING, { opcode: 5 }), [1002, 0]],
	['a continuation of nothing', wsFrame(PING, { opcode: CONTINUATION }), [1002, 0]],
	['a ping in pieces', wsFrame('x', { opcode: 9, fin: false }), [1002, 0]],
	['a ping of 126 bytes', wsFrame('x'.repeat(126), { opcode: 9 }), [1002, 0]],
])
	test(`${what}: closed`, async () => {
		const { code } = await speak(part);
		assert.ok(codes.includes(code), `closed with ${code}`);
	});
