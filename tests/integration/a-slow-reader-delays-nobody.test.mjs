/** One who does not read is closed with 4100 when his outbox is full; the others notice nothing. Plain and TLS. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';

import { SLOW, waitFor } from './harness.mjs';
import { Client, api, startPush } from './push.mjs';

let push;
before(async () => {
	process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // a certificate of this test's own
	push = await startPush({ tls: true });
});
after(() => push?.stop());

const masked = (text) => {
	const payload = Buffer.from(text), mask = randomBytes(4);
	const head = payload.length < 126 ? Buffer.from([0x81, 0x80 | payload.length]) : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 255]);
	return Buffer.concat([head, mask, payload.map((b, i) => b ^ mask[i % 4])]);
};

/** A WebSocket that reads only when it is told to. */
class Sleeper {
	constructor(tls) {
		this.bytes = Buffer.alloc(0);
		this.frames = [];
		this.socket = tls ? connectTls({ port: push.tlsPort, host: '127.0.0.1' }) : connectPlain(push.port, '127.0.0.1');
		this.socket.on('data', (chunk) => { this.bytes = Buffer.concat([this.bytes, chunk]); this.#take(); });
		this.socket.on('error', () => {}).on('close', () => { this.isClosed = true; });
		this.socket.write('GET /app/local?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
			+ 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
	}

	#take() {
		if (!this.isOpen) {
			const at = this.bytes.indexOf('\r\n\r\n');
			if (at < 0)
				return;
			this.isOpen = true;
			this.bytes = this.bytes.subarray(at + 4);
		}
		for (;;) {
			const short = this.bytes[1] & 127, head = short === 126 ? 4 : short === 127 ? 10 : 2;
			if (this.bytes.length < head)
				return;
			const length = short === 126 ? this.bytes.readUInt16BE(2) : short === 127 ? Number(this.bytes.readBigUInt64BE(2)) : short;
			if (this.bytes.length < head + length)
				return;
			const payload = this.bytes.subarray(head, head + length);
			if ((this.bytes[0] & 15) === 8)
				this.code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
			else if ((this.bytes[0] & 15) === 1)
				this.frames.push(JSON.parse(payload.toString('utf8')));
			this.bytes = this.bytes.subarray(head + length);
		}
	}

	async sleepIn(channel) {
		await waitFor(() => this.frames.length === 1, 'the greeting');
		this.socket.write(masked(JSON.stringify({ event: 'pusher:subscribe', data: { channel } })));
		await waitFor(() => this.frames.length === 2, 'the subscription');
		this.socket.pause();
		return this;
	}
}

const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${push.pid}/status`, 'latin1'))[1]);
const filler = 'x'.repeat(10_000);
/** So many events of 10 KB, ten a request. */
async function publish(channel, count) {
	for (let n = 0; n < count; n += 10) {
		const batch = Array.from({ length: Math.min(10, count - n) }, (_, i) => ({ name: 'n', channel, data: `${n + i} ${filler}` }));
		assert.equal((await api(push, 'POST', '/apps/local/batch_events', { body: { batch } })).status, 200);
	}
}
const numbers = (frames) => frames.filter((f) => f.event === 'n').map((f) => Number.parseInt(f.data, 10));

for (const tls of [false, true]) {
	const kind = tls ? 'TLS' : 'plain';

	test(`12 MB to ten who sleep and one who reads, ${kind}`, async () => {
		const channel = `slow-${kind}`;
		const closed = await push.metric('push_closed_total{reason="slow_reader"}');
		const reader = await new Client(push, { tls }).open();
		await reader.subscribe(channel);
		const sleepers = await Promise.all(Array.from({ length: 10 }, () => new Sleeper(tls).sleepIn(channel)));
		const before = rss();
		await publish(channel, 1200);
		await waitFor(() => reader.named('n').length === 1200, 'the reader has everything');
		assert.deepEqual(numbers(reader.frames), Array.from({ length: 1200 }, (_, i) => i));
		await waitFor(async () => await push.metric('push_closed_total{reason="slow_reader"}') === closed + 10, 'all ten are closed');
		if (SLOW === 1) // ASan keeps what was freed
			assert.ok(rss() - before < 40_000, `RSS grew by ${rss() - before} kB`);
		assert.equal(await push.metric('push_subscriptions'), 1);
		// who wakes up at once reads what was sent before, in order, then why he is closed
		const late = sleepers[0];
		late.socket.resume();
		await waitFor(() => late.isClosed || late.code !== undefined, 'the close');
		assert.deepEqual(numbers(late.frames), Array.from({ length: numbers(late.frames).length }, (_, i) => i));
		if (late.code !== undefined) {
			assert.equal(late.code, 4100);
			assert.deepEqual(late.frames.at(-1).data, { message: 'You read too slowly', code: 4100 });
		}
		sleepers.forEach((s) => s.socket.destroy());
		reader.close();
		await waitFor(async () => await push.metric('push_connections') === 0, 'everybody is gone');
	});

	test(`one who sleeps within the limits loses nothing, ${kind}`, async () => {
		const channel = `nap-${kind}`;
		const sleeper = await new Sleeper(tls).sleepIn(channel);
		await publish(channel, 22); // below the outbox alone
		sleeper.socket.resume();
		await waitFor(() => numbers(sleeper.frames).length === 22, 'all of it');
		assert.deepEqual(numbers(sleeper.frames), Array.from({ length: 22 }, (_, i) => i));
		sleeper.socket.destroy();
	});
}

test('another one\'s latency stays what it was while many sleep', async () => {
	const sleepers = await Promise.all(Array.from({ length: 50 }, () => new Sleeper(false).sleepIn('crowd')));
	const reader = await new Client(push).open();
	await reader.subscribe('alone');
	const flood = publish('crowd', 600);
	const times = [];
	for (let i = 0; i < 40; i++) {
		const from = performance.now();
		await api(push, 'POST', '/apps/local/events', { body: { name: 'tick', channel: 'alone', data: `${i}` } });
		await waitFor(() => reader.named('tick').length === i + 1, 'the tick');
		times.push(performance.now() - from);
	}
	await flood;
	times.sort((a, b) => a - b);
	assert.ok(times[35] < 500, `p90 ${times[35]} ms`);
	sleepers.forEach((s) => s.socket.destroy());
	reader.close();
});
