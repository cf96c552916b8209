/**
 * What was made for the dashboard of laravel-websockets goes on: its channels tell what happens, in the form of the version that
 * listens, its authorisation signs them, its statistics have their names. And whoever watches does not watch himself.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, api, startPush } from './push.mjs';

const PREFIX = 'private-websockets-dashboard-';
let push;
before(async () => { push = await startPush({ env: { PUSH_STATISTICS_INTERVAL: 1, PUSHER_APP_ENABLE_CLIENT_MESSAGES: 'true' } }); });
after(() => push?.stop());

/** Signs in as those tools do: a form, and the app's id in a header. */
async function watch(types) {
	const client = await new Client(push).open();
	for (const type of types) {
		const channel = PREFIX + type;
		const answer = await fetch(`${push.url}/laravel-websockets/auth`, { method: 'POST', headers: { 'X-App-ID': 'local' },
			body: new URLSearchParams({ socket_id: client.socketId, channel_name: channel }) });
		client.send('pusher:subscribe', { channel, ...await answer.json() });
		await waitFor(() => client.frames.some((f) => f.channel === channel && f.event === 'pusher_internal:subscription_succeeded'), channel);
	}
	return client;
}
const told = (client, type) => client.named('log-message').filter((f) => f.channel === PREFIX + type).map((f) => f.data);
const first = (client, type) => waitFor(() => told(client, type)[0], `log-message of ${type}`);

async function traffic(name) {
	const [a, b] = await Promise.all([0, 1].map(async () => (await new Client(push).open()).subscribe(name)));
	a.send('client-hi', { text: 'of nobody' }, name);
	await waitFor(() => b.named('client-hi').length > 0, 'the client event');
	assert.equal((await api(push, 'POST', '/apps/local/events', { body: { name: 'e', channels: [name], data: 'of nobody' } })).status, 200);
	a.close();
	b.close();
	return a.socketId;
}

test('version 1: seven types, details in a sentence', async () => {
	const types = ['connection', 'disconnection', 'occupied', 'vacated', 'subscribed', 'client-message', 'api-message'];
	const tool = await watch(types);
	const id = await traffic('private-one');
	for (const type of types)
		await first(tool, type);
	assert.deepEqual(told(tool, 'subscribed').map((d) => [d.type, d.details]), [['subscribed', 'Channel: private-one'], ['subscribed', 'Channel: private-one']]);
	assert.ok(told(tool, 'subscribed').some((d) => d.socketId === id));
	assert.match(told(tool, 'subscribed')[0].time, /^\d\d:\d\d:\d\d$/);
	assert.equal(told(tool, 'client-message')[0].details, 'Channel: private-one, Event: client-hi');
	assert.equal(told(tool, 'api-message')[0].details, 'Channel: private-one, Event: e');
	assert.equal(JSON.stringify(tool.frames).includes('of nobody'), false);
	tool.close();
});

test('version 2: its own names, details as an object', async () => {
	const tool = await watch(['connected', 'disconnected', 'subscribed', 'ws-message', 'api-message']);
	const id = await traffic('private-two');
	await first(tool, 'disconnected');
	assert.ok(told(tool, 'connected').some((d) => d.details.socketId === id));
	assert.ok(told(tool, 'subscribed').some((d) => d.details.socketId === id && d.details.channel === 'private-two'));
	assert.deepEqual(told(tool, 'ws-message').map((d) => [d.type, d.details]), [['ws-message', { socketId: id, channel: 'private-two', event: 'client-hi' }]]);
	assert.deepEqual(told(tool, 'api-message').map((d) => d.details), [{ channel: 'private-two', event: 'e' }]);
	tool.close();
});

test('nobody is told of who watches, and when the last has gone nothing is kept', async () => {
	const [a, b] = [await watch(['subscribed', 'occupied']), await watch(['subscribed'])];
	await (await new Client(push).open()).subscribe('private-three').then((c) => c.close());
	await first(a, 'subscribed');
	await first(b, 'subscribed');
	for (const client of [a, b])
		assert.deepEqual([...new Set(client.named('log-message').map((f) => f.data.details))], ['Channel: private-three']);
	a.close();
	b.close();
	await waitFor(async () => await push.metric('push_connections') === 0, 'they have gone');
	const late = await watch(['api-message']);
	await api(push, 'POST', '/apps/local/events', { body: { name: 'later', channels: ['x'], data: 1 } });
	await first(late, 'api-message');
	assert.equal(told(late, 'api-message').length, 1);
	late.close();
});

test('statistics: the last rows with the names of both versions, and each new one as an event', async () => {
	const tool = await watch(['statistics']);
	await api(push, 'POST', '/apps/local/events', { body: { name: 'e', channels: ['s1', 's2', 's3'], data: 1 } });
	const row = await waitFor(() => tool.named('statistics-updated').find((f) => f.data.api_message_count >= 3)?.data, 'the row');
	assert.match(row.time, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
	assert.equal(row.app_id, 'local');
	assert.ok(row.peak_connection_count >= 1);
	const kept = await waitFor(async () => {
		const answer = await (await fetch(`${push.url}/laravel-websockets/api/local/statistics`)).json();
		return answer.api_message_count.x.includes(row.time) && answer;
	}, 'the row is kept');
	for (const name of ['peak_connections', 'websocket_message_count', 'api_message_count', 'websocket_messages_count', 'api_messages_count'])
		assert.equal(kept[name].x.length, kept[name].y.length, name);
	assert.equal(kept.api_message_count.y[kept.api_message_count.x.indexOf(row.time)], row.api_message_count);
	assert.deepEqual(kept.websocket_message_count, kept.websocket_messages_count);
	tool.close();
});
