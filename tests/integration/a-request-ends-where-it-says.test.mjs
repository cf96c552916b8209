/** HTTP/1.1 as bytes, in the clear and over TLS: pipelining, lengths, chunks, and everything by which two readers could see two requests. */
import assert from 'node:assert/strict';
import { connect as connectPlain } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';

import { waitFor } from './harness.mjs';
import { raw as rawOf, signed, startPush } from './push.mjs';
import { ways } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush({ tls: true }); });
after(() => push?.stop());

const GET = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
const event = JSON.stringify({ name: 'e', channels: ['c'], data: 'x'.repeat(2000) });
const publish = (framing, body = event) => `POST ${signed('POST', '/apps/local/events', { body: event })} HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n${body}`;
const chunked = (text, size) => `${text.match(new RegExp(`[^]{1,${size}}`, 'g')).map((c) => `${c.length.toString(16)}\r\n${c}\r\n`).join('')}0\r\n\r\n`;
const statuses = (result) => result.answers.map((a) => a.status);

for (const { tls, how } of ways)
	describe(how, () => {
		const raw = (server, parts, options) => rawOf(server, parts, { tls, ...options });
		const connect = () => (tls ? connectTls({ port: push.tlsPort, host: '127.0.0.1', rejectUnauthorized: false }) : connectPlain(push.port, '127.0.0.1'));

		test('many pipelined requests are answered in order on one connection', async () => {
			const mixed = Array.from({ length: 100 }, () => GET + publish(`Content-Length: ${event.length}`) + publish('Transfer-Encoding: chunked', chunked(event, 700))).join('');
			const result = await raw(push, mixed, { count: 300 });
			assert.deepEqual(statuses(result), Array(300).fill(200));
			assert.deepEqual(result.answers.map((a) => a.body).slice(0, 6), ['ok\n', '{}', '{}', 'ok\n', '{}', '{}']);
		});

		test('wherever the bytes are cut', async () => {
			const three = publish(`Content-Length: ${event.length}`) + GET + publish('Transfer-Encoding: chunked', chunked(event, 500)) + GET;
			const result = await raw(push, three.match(/[^]{1,7}/g), { count: 4 });
			assert.deepEqual(statuses(result), [200, 200, 200, 200]);
			const byByte = await raw(push, [...GET], { count: 1 });
			assert.deepEqual(statuses(byByte), [200]);
		});

		test('three pipelined POSTs that nobody signed hang nothing', async () => {
			const post = 'POST /apps/local/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello';
			assert.deepEqual(statuses(await raw(push, post.repeat(3), { count: 3 })), [401, 401, 401]);
			assert.deepEqual(statuses(await raw(push, GET, { count: 1 })), [200]);
		});

		test('chunks may have extensions and trailers', async () => {
			const body = `${event.length.toString(16).toUpperCase()};a=b;c="d"\r\n${event}\r\n000\r\nX-Trailer: y\r\n\r\n`;
			assert.deepEqual(statuses(await raw(push, publish('Transfer-Encoding: Chunked', body), { count: 1 })), [200]);
		});

		test('a body of exactly the limit is read, one byte more is 413 and the end', async () => {
			const post = (n) => `POST /apps/local/events HTTP/1.1\r\nHost: x\r\nContent-Length: ${n}\r\n\r\n${'x'.repeat(n)}`;
			const limit = 1024 * 1024;
			assert.deepEqual(statuses(await raw(push, post(limit), { count: 1 })), [401]);
			const over = await raw(push, post(limit + 1));
			assert.deepEqual([statuses(over), over.closed], [[413], true]);
			const chunks = await raw(push, `POST /apps/local/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('x'.repeat(limit + 1), 65_536)}`);
			assert.deepEqual([statuses(chunks), chunks.closed], [[413], true]);
		});

		const smuggling = {
			'two lengths': ['Content-Length: 5\r\nContent-Length: 5', 400],
			'two different lengths': ['Content-Length: 5\r\nContent-Length: 6', 400],
			'a list of lengths': ['Content-Length: 5, 5', 400],
			'a negative length': ['Content-Length: -5', 400],
			'a signed length': ['Content-Length: +5', 400],
			'a length with letters': ['Content-Length: 5x', 400],
			'a hexadecimal length': ['Content-Length: 0x5', 400],
			'an empty length': ['Content-Length:', 400],
			'a length beyond 64 bits': ['Content-Length: 99999999999999999999999', 413],
			'length and chunks': ['Content-Length: 5\r\nTransfer-Encoding: chunked', 400],
			'chunks and length': ['Transfer-Encoding: chunked\r\nContent-Length: 5', 400],
			'chunked twice': ['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 400],
			'chunked, identity': ['Transfer-Encoding: chunked, identity', 501],
			'gzip': ['Transfer-Encoding: gzip, chunked', 501],
			'nearly chunked': ['Transfer-Encoding: xchunked', 501],
			'a quoted coding': ['Transfer-Encoding: "chunked"', 501],
			'a space before the colon': ['Content-Length : 5', 400],
			'a folded line': ['Transfer-Encoding:\r\n chunked', 400],
			'a bare LF': ['X: y\nContent-Length: 5', 400],
			'a bare CR': ['X: y\rContent-Length: 5', 400],
			'a NUL': ['X: \0', 400],
			'a name with a space': ['X Y: z', 400],
			'no colon': ['Content-Length', 400],
		};
		for (const [name, [framing, status]] of Object.entries(smuggling))
			test(`${name} is refused, and what follows is no request`, async () => {
				const result = await raw(push, `POST /apps/local/events HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\nhello${GET}`);
				assert.deepEqual([statuses(result), result.closed], [[status], true]);
				assert.match(result.answers[0].head, /^connection: close$/im);
			});

		for (const [name, body] of Object.entries({
			'a size that is no number': 'xyz\r\n', 'no size': '\r\nhello\r\n', 'a size beyond 64 bits': '11111111111111111\r\n', 'a negative size': '-1\r\n',
			'a chunk longer than said': '3\r\nhello\r\n0\r\n\r\n', 'a size line without end': 'a'.repeat(400), 'LF only': '5\nhello\n0\n\n', 'a size with 0x': '0x5\r\nhello\r\n',
			'trailers without end': `0\r\n${'X: y\r\n'.repeat(1000)}`, 'a space before the size': ' 5\r\nhello\r\n0\r\n\r\n',
		}))
			test(`chunks with ${name} are refused`, async () => {
				const result = await raw(push, `POST /apps/local/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${body}`, { half: true });
				assert.equal(result.answers.length, 1);
				assert.ok([400, 413, 431].includes(result.answers[0].status), String(result.answers[0].status));
				assert.ok(result.closed);
			});

		for (const [name, [bytes, status]] of Object.entries({
			'no version': ['GET /healthz\r\n\r\n', 400], 'another version': ['GET /healthz HTTP/2.0\r\n\r\n', 505], 'two spaces': ['GET  /healthz HTTP/1.1\r\n\r\n', 400],
			'no path': ['GET healthz HTTP/1.1\r\n\r\n', 400], 'a broken escape': ['GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400], 'an escaped NUL': ['GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
			'a TLS hello': [Buffer.from('16030100a5010000a10303', 'hex'), 400], 'an endless line': [`GET /${'a'.repeat(20_000)}`, 431],
			'too many headers': [`GET /healthz HTTP/1.1\r\n${'X: y\r\n'.repeat(200)}\r\n`, 431], 'an HTTP/2 preface': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
		}))
			test(`a head with ${name} is ${status}`, async () => {
				const result = await raw(push, bytes);
				assert.deepEqual([statuses(result), result.closed], [[status], true]);
			});

		test('keep-alive follows the version and the Connection header', async () => {
			const get = (version, connection) => `GET /healthz HTTP/${version}\r\nHost: x\r\n${connection}\r\n`;
			assert.deepEqual(statuses(await raw(push, get('1.1', '').repeat(2), { count: 2 })), [200, 200]);
			const kept = await raw(push, get('1.0', 'Connection: keep-alive\r\n').repeat(2), { count: 2 });
			assert.deepEqual(statuses(kept), [200, 200]);
			for (const { head } of kept.answers) {
				assert.match(head, /^connection: keep-alive$/im, 'a client of 1.0 waits for the end, unless it is told');
				const [, date] = /^date: (\w{3}, \d{2} \w{3} \d{4} [\d:]{8} GMT)$/im.exec(head) ?? [];
				assert.ok(Math.abs(Date.parse(date) - Date.now()) < 5000, `Date: ${date}`);
			}
			for (const [version, connection] of [['1.0', ''], ['1.1', 'Connection: close\r\n'], ['1.1', 'Connection: x, Close\r\n']]) {
				const result = await raw(push, get(version, connection).repeat(2));
				assert.deepEqual([statuses(result), result.closed], [[200], true]);
			}
		});

		test('100-continue, HEAD, OPTIONS, absolute targets, an unknown method and a body where none is expected', async () => {
			const post = publish(`Content-Length: ${event.length}\r\nExpect: 100-continue`);
			assert.deepEqual(statuses(await raw(push, post, { count: 2 })), [100, 200]);
			const head = await raw(push, `HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n`, { half: true });
			assert.match(head.answers[0]?.head ?? head.rest, /^HTTP\/1.1 200 [^]*content-length: 3/i);
			const options = await raw(push, 'OPTIONS /apps/local/events HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\r\n', { count: 1 });
			assert.match(options.answers[0].head, /^HTTP\/1.1 204 [^]*Access-Control-Allow-Origin: \*[^]*Access-Control-Allow-Methods: [^\r]*POST/);
			assert.deepEqual(statuses(await raw(push, 'GET http://localhost/healthz HTTP/1.1\r\nHost: x\r\n\r\n', { count: 1 })), [200]);
			const brew = await raw(push, 'BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n', { count: 1 });
			assert.equal(brew.answers[0].status, 405);
			assert.match(brew.answers[0].head, /^Allow: GET$/m);
			assert.deepEqual(statuses(await raw(push, `GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello${GET}`, { count: 2 })), [200, 200]);
			assert.deepEqual(statuses(await raw(push, `\r\n${GET}`, { count: 1 })), [200]);
		});

		const upgrade = (over = {}, method = 'GET', path = '/app/local?protocol=7') => {
			const fields = { Host: 'localhost', Upgrade: 'websocket', Connection: 'keep-alive, Upgrade', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', ...over };
			return `${method} ${path} HTTP/1.1\r\n${Object.entries(fields).filter(([, v]) => v !== null).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`;
		};
		test('an upgrade is taken however it is cut, after other requests, and with 10 KiB of cookies', async () => {
			for (const bytes of [upgrade(), upgrade({ Cookie: 'c'.repeat(10_240) }), GET + upgrade(), [...upgrade()]]) {
				const result = await raw(push, bytes, { count: bytes === GET + upgrade() ? 2 : 1 });
				assert.equal(result.answers.at(-1).status, 101);
				assert.match(result.answers.at(-1).head, /^sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=$/im);
			}
		});

		for (const [name, [bytes, status]] of Object.entries({
			'without a key': [upgrade({ 'Sec-WebSocket-Key': null }), 400], 'with a short key': [upgrade({ 'Sec-WebSocket-Key': 'dGhl' }), 400],
			'by POST': [upgrade({}, 'POST'), 400], 'with version 7': [upgrade({ 'Sec-WebSocket-Version': '7' }), 426], 'without a version': [upgrade({ 'Sec-WebSocket-Version': null }), 426],
			'that Connection does not name': [upgrade({ Connection: 'keep-alive' }), 400], 'elsewhere': [upgrade({}, 'GET', '/other/local'), 404],
		}))
			test(`an upgrade ${name} is ${status}`, async () => {
				const result = await raw(push, bytes);
				assert.deepEqual([statuses(result), result.closed], [[status], true]);
				if (status === 426)
					assert.match(result.answers[0].head, /^Sec-WebSocket-Version: 13$/m);
			});

		test('other upgrades are not taken: the request is answered as it is', async () => {
			for (const name of ['h2c', 'foo'])
				assert.deepEqual(statuses(await raw(push, `GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: ${name}\r\nConnection: Upgrade\r\n\r\n`, { count: 1 })), [200]);
		});

		test('all bodies that are being received have a maximum together; others are served meanwhile', async () => {
			const part = Buffer.alloc(1024 * 1024 - 1, 'x');
			const busy = await push.metric('push_http_refused_total{reason="busy"}');
			const sockets = Array.from({ length: 70 }, () => {
				const socket = connect().on('error', () => {}).setEncoding('utf8');
				socket.said = '';
				socket.on('data', (chunk) => { socket.said += chunk; });
				socket.write(`POST /apps/local/events HTTP/1.1\r\nHost: x\r\nContent-Length: ${part.length + 1}\r\n\r\n`);
				socket.write(part);
				return socket;
			});
			await waitFor(() => sockets.some((s) => s.said.startsWith('HTTP/1.1 503 ')), 'a refusal');
			await waitFor(async () => sockets.filter((s) => s.said.startsWith('HTTP/1.1 503 ')).length === await push.metric('push_http_refused_total{reason="busy"}') - busy, 'the counter');
			assert.ok(sockets.filter((s) => s.said === '').length >= 63, 'those within the maximum are still read');
			const last = sockets.find((s) => s.said === '');
			last.write('x');
			await waitFor(() => last.said.startsWith('HTTP/1.1 401 '), 'his answer');
			sockets.forEach((s) => s.destroy());
			await waitFor(async () => (await raw(push, publish(`Content-Length: ${event.length}`), { count: 1 })).answers[0].status === 200, 'room again');
		});

		test('who does not finish a head within ten seconds is sent away, who is silent is closed', { timeout: 40_000 }, async () => {
			const from = Date.now();
			const [half, silent, dripping] = await Promise.all([
				raw(push, 'GET /healthz HTTP/1.1\r\nHost: x\r\n', { ms: 30_000 }),
				raw(push, '', { ms: 30_000 }),
				new Promise((done) => {
					const socket = connect().on('error', () => {});
					const drip = setInterval(() => socket.write('X'), 500);
					let said = '';
					socket.setEncoding('latin1').on('data', (chunk) => { said += chunk; }).on('close', () => { clearInterval(drip); done(said); });
					socket.write('GET /healthz HTTP/1.1\r\n');
				}),
			]);
			assert.ok(Date.now() - from > 9000 && Date.now() - from < 20_000, `${Date.now() - from} ms`);
			assert.deepEqual(statuses(half), [408]);
			assert.deepEqual([statuses(silent), silent.closed], [[], true]);
			assert.match(dripping, /^HTTP\/1.1 408 /);
			assert.deepEqual(statuses(await raw(push, GET, { count: 1 })), [200]);
		});

		test('many requests of one connection whose answers nobody reads do not pile up', async () => {
			const socket = connect().on('error', () => {});
			await new Promise((done) => { socket.once(tls ? 'secureConnect' : 'connect', done); });
			socket.pause();
			const flood = Buffer.from('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(20_000));
			socket.write(flood);
			await waitFor(async () => await push.metric('push_http_requests_total') > 0, 'service');
			// he is read no further than his answers go: the socket keeps what was not taken
			const before = await push.metric('push_http_requests_total');
			await waitFor(async () => {
				const one = await push.metric('push_http_requests_total');
				await new Promise((done) => { setTimeout(done, 100); });
				return await push.metric('push_http_requests_total') - one <= 3;
			}, 'it rests');
			assert.ok(await push.metric('push_http_requests_total') - before < 15_000);
			socket.resume();
			let bytes = 0;
			socket.on('data', (chunk) => { bytes += chunk.length; });
			await waitFor(async () => await push.metric('push_http_requests_total') >= before + 19_000 || bytes > 50_000_000, 'and goes on when he reads', 30_000);
			socket.destroy();
		});
	});
