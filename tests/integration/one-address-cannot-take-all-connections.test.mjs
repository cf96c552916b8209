/** PUSH_MAX_CONNECTIONS_PER_ADDRESS and TRUSTED_PROXIES of the push server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, raw, startPush } from './push.mjs';

const from = (push, address) => new Client(push, { headers: { 'X-Forwarded-For': address } });

test('behind a trusted proxy: so many an address and no more, until one leaves', async () => {
	const push = await startPush({ env: { TRUSTED_PROXIES: '127.0.0.1', PUSH_MAX_CONNECTIONS_PER_ADDRESS: 3 } });
	const one = await Promise.all([1, 2, 3].map(() => from(push, '192.0.2.1').open()));
	assert.ok(one.every((c) => c.socketId));
	const fourth = from(push, '198.51.100.7, 192.0.2.1'); // what the client itself wrote in front says nothing
	assert.equal(await fourth.closed(), 4100);
	assert.equal(fourth.frames[0].data.message, 'Too many connections from one address');
	assert.equal(await push.metric('push_refused_total{reason="address"}'), 1);
	assert.ok((await from(push, '192.0.2.2').open()).socketId, 'others are not concerned');
	for (let i = 1; i < 4; i++)
		assert.ok((await from(push, `2001:db8::${i}`).open()).socketId);
	assert.equal(await from(push, '2001:db8::ffff').closed(), 4100, 'a /64 is one address');
	one[0].close();
	await one[0].closed();
	let again;
	await waitFor(async () => { again = await from(push, '192.0.2.1').open(); return again.socketId; }, 'his place is free');
	await Promise.all(Array.from({ length: 10 }, async () => assert.ok((await new Client(push).open()).socketId, 'this machine itself has no limit')));
	await push.stop();
});

test('a proxy that writes a line of its own behind that of the client is believed, not the client', async () => {
	const push = await startPush({ env: { TRUSTED_PROXIES: '127.0.0.1', PUSH_MAX_CONNECTIONS_PER_ADDRESS: 1 } });
	assert.ok((await from(push, '192.0.2.1').open()).socketId);
	const upgrade = (...lines) => `GET /app/local HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n`
		+ `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${lines.map((l) => `X-Forwarded-For: ${l}\r\n`).join('')}\r\n`;
	for (const [lines, isRefused] of [[['203.0.113.1', '192.0.2.1'], true], [['203.0.113.1, 203.0.113.2', '192.0.2.1'], true], [['192.0.2.1', '203.0.113.1'], false]]) {
		const before = await push.metric('push_refused_total{reason="address"}');
		await raw(push, upgrade(...lines), { count: 1 });
		assert.equal(await push.metric('push_refused_total{reason="address"}') - before, isRefused ? 1 : 0, lines.join(' | '));
	}
	await push.stop();
});

test('who is no trusted proxy cannot speak for others', async () => {
	const push = await startPush({ env: { PUSH_MAX_CONNECTIONS_PER_ADDRESS: 1 } });
	for (let i = 0; i < 3; i++)
		assert.ok((await from(push, '192.0.2.1').open()).socketId);
	await push.stop();
});

test('probes of other push servers find what they look for; HTTP/1.1 needs a Host', async () => {
	const push = await startPush();
	const get = async (path, host = 'Host: x\r\n') => (await raw(push, `GET ${path} HTTP/1.1\r\n${host}\r\n`, { count: 1 })).answers[0];
	for (const [path, body] of [['/', 'OK'], ['/accept-traffic', 'OK'], ['/live', 'OK'], ['/healthz', 'ok\n'], ['/health', '{"ok":true}'], ['/up', '{"health":"OK"}']])
		assert.deepEqual([(await get(path)).status, (await get(path)).body], [200, body]);
	assert.equal((await get('/healthz', '')).status, 400);
	assert.equal((await get('/healthz', 'Host: a\r\nHost: b\r\n')).status, 400);
	assert.equal((await raw(push, 'GET /healthz HTTP/1.0\r\n\r\n', { count: 1 })).answers[0].status, 200);
	await push.stop();
});
