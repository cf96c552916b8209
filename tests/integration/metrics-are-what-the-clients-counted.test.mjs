/** /metrics of the push server: a strict parser takes it, its numbers are those of the clients, and it is for operators. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { parse } from './prometheus.mjs';
import { Client, api, startPush } from './push.mjs';

const odd = 'a"b\\c'; // an id that has to be escaped
let push;
before(async () => { push = await startPush({ apps: [{ id: odd, key: 'k2', secret: 's2', enable_client_messages: true }] }); });
after(() => push?.stop());

const scrape = async (headers) => parse(await (await fetch(`${push.url}/metrics`, { headers })).text());
const value = ({ samples }, name, labels) => samples.find((s) => s.name === `charla_push_${name}` && Object.entries(labels).every(([k, v]) => s.labels[k] === v))?.value;

test('messages, bytes, events and deliveries are counted by app', async () => {
	const clients = await Promise.all([0, 1, 2].map(() => new Client(push, { key: 'k2' }).open()));
	for (const c of clients)
		await c.subscribe('private-x', { key: 'k2', secret: 's2' });
	const received = () => clients.reduce((n, c) => n + c.frames.length, 0);
	assert.equal((await api(push, 'POST', `/apps/${encodeURIComponent(odd)}/events`, { key: 'k2', secret: 's2', body: { name: 'e', channels: ['private-x', 'empty'], data: 'ñ' } })).status, 200);
	clients[0].send('client-e', 'hola', 'private-x');
	await waitFor(() => clients[1].named('client-e').length === 1 && clients[2].named('client-e').length === 1 && clients.every((c) => c.named('e').length === 1), 'the events');
	const metrics = await scrape();
	assert.equal(value(metrics, 'connections', { app: odd }), 3);
	assert.equal(value(metrics, 'connections', { app: 'local' }), 0);
	assert.equal(value(metrics, 'channels', { app: odd }), 1);
	assert.equal(value(metrics, 'subscriptions', { app: odd }), 3);
	assert.equal(value(metrics, 'connections_opened_total', { app: odd }), 3);
	assert.equal(value(metrics, 'messages_received_total', { app: odd }), 4);
	assert.equal(value(metrics, 'messages_sent_total', { app: odd }), received());
	const bytes = clients.flatMap((c) => c.frames).length;
	assert.ok(value(metrics, 'sent_bytes_total', { app: odd }) > bytes);
	assert.equal(value(metrics, 'events_total', { app: odd, source: 'http' }), 2);
	assert.equal(value(metrics, 'events_total', { app: odd, source: 'client' }), 1);
	assert.equal(value(metrics, 'api_requests_total', { app: odd }), 1);
	assert.equal(value(metrics, 'delivery_seconds_count', { app: odd }), 2);
	assert.equal(metrics.families.get('charla_push_delivery_seconds').type, 'histogram');
	clients.forEach((c) => c.close());
	await waitFor(async () => await push.metric('push_connections') === 0, 'all have gone');
	assert.equal(value(await scrape(), 'connections_closed_total', { app: odd }), 3);
});

test('without a password only this machine may ask, and not through a proxy, by name, or from another site', async () => {
	for (const headers of [{ 'X-Forwarded-For': '192.0.2.1' }, { Forwarded: 'for=192.0.2.1' }, { Via: '1.1 p' }, { 'X-Forwarded-Proto': 'https' }])
		assert.equal((await fetch(`${push.url}/metrics`, { headers })).status, 403, JSON.stringify(headers));
	assert.equal((await fetch(`${push.url}/metrics`)).headers.get('access-control-allow-origin'), null);
});

test('with a password: who has it, as a bearer or by Basic, wherever from', async () => {
	const password = 'a-password-of-operators-1';
	const other = await startPush({ env: { DASHBOARD_PASSWORD: password } });
	const ask = async (headers) => (await fetch(`${other.url}/metrics`, { headers })).status;
	const basic = (text) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });
	assert.equal(await ask({}), 401);
	assert.equal(await ask({ Authorization: `Bearer ${password}x` }), 401);
	assert.equal(await ask(basic(`prometheus:${password.slice(1)}`)), 401);
	assert.equal(await ask({ Authorization: 'Basic ???' }), 401);
	assert.equal(await ask({ Authorization: `Bearer ${password}`, 'X-Forwarded-For': '192.0.2.1' }), 200);
	assert.equal(await ask(basic(`prometheus:${password}`)), 200);
	assert.equal(other.log.includes(password), false);
	await other.stop();
});
