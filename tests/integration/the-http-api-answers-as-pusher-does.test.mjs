/** The HTTP API: by npm's pusher, and by hand where no library goes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import PusherServer from 'pusher';
import Pusher from 'pusher-js';

import { waitFor } from './harness.mjs';
import { Client, api, signed, startPush } from './push.mjs';

const MASTER = randomBytes(32).toString('base64');
let push;
const library = (over = {}) => new PusherServer({ appId: 'local', key: 'local', secret: 'local', host: '127.0.0.1', port: String(push.port),
	useTLS: false, encryptionMasterKeyBase64: MASTER, ...over });
const clients = [];
const client = async (options) => { const c = new Client(push, options); clients.push(c); return c.open(); };
const events = '/apps/local/events';
const event = (over = {}) => ({ name: 'e', channels: ['c'], data: '{}', ...over });
const post = (body, options) => api(push, 'POST', events, { body, ...options });

before(async () => {
	push = await startPush({ tls: true, apps: [
		{ id: 'two', key: 'key-two', secret: 'secret-two' },
		{ id: 'pre', key: 'key-pre', secret: 'secret-pre', path: '/some/prefix' },
		{ id: 'off', key: 'key-off', secret: 'secret-off', enabled: false },
		{ id: 'slow', key: 'key-slow', secret: 'secret-slow', limits: { api_events_per_second: 2 } },
		{ id: 'wide', key: 'key-wide', secret: 'secret-wide', limits: { event_bytes: 20_480, channels_per_event: 3, batch_events: 2, event_name_len: 10, channel_name_len: 12 } },
	] });
});
after(async () => {
	clients.forEach((c) => c.close());
	await push?.stop();
});

test('npm pusher: trigger, triggerBatch, get, terminateUserConnections, over plain and TLS', async () => {
	process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // a certificate of this test's own
	for (const pusher of [library(), library({ useTLS: true, port: String(push.tlsPort) })]) {
		const one = await client();
		await one.subscribe('chan');
		await one.subscribe('presence-room', { data: { user_id: 'u1', user_info: { name: 'Ada' } } });
		const answer = await pusher.trigger(['chan', 'other'], 'hello', { n: 1 }, { info: 'subscription_count,user_count' });
		assert.equal(answer.status, 200);
		assert.deepEqual(await answer.json(), { channels: { chan: { subscription_count: 1 }, other: { subscription_count: 0 } } });
		const batch = await pusher.triggerBatch([{ channel: 'chan', name: 'b1', data: 'x' }, { channel: 'presence-room', name: 'b2', data: { a: 1 }, info: 'user_count' }]);
		assert.deepEqual(await batch.json(), { batch: [{}, { user_count: 1 }] });
		assert.equal(await (await pusher.triggerBatch([{ channel: 'chan', name: 'b3', data: 'x' }])).text(), '{}');
		await waitFor(() => one.named('b3').length === 1, 'the events');
		assert.deepEqual(one.frames.filter((f) => /^(hello|b\d)$/.test(f.event)).map((f) => [f.event, f.channel, f.data]),
			[['hello', 'chan', '{"n":1}'], ['b1', 'chan', 'x'], ['b2', 'presence-room', '{"a":1}'], ['b3', 'chan', 'x']]);
		const get = async (path, params) => (await pusher.get({ path, params })).json();
		assert.deepEqual(await get('/channels'), { channels: { chan: {}, 'presence-room': {} } });
		assert.deepEqual(await get('/channels', { filter_by_prefix: 'presence-', info: 'user_count' }), { channels: { 'presence-room': { user_count: 1 } } });
		assert.deepEqual(await get('/channels/chan', { info: 'subscription_count' }), { occupied: true, subscription_count: 1 });
		assert.deepEqual(await get('/channels/presence-room', { info: 'user_count' }), { occupied: true, user_count: 1, subscription_count: 1 });
		assert.deepEqual(await get('/channels/presence-room/users'), { users: [{ id: 'u1' }] });
		await one.signIn({ id: 'u1' });
		assert.equal(await (await pusher.terminateUserConnections('u1')).text(), '{}');
		assert.equal(await one.closed(), 4009);
		await assert.rejects(pusher.get({ path: '/channels/chan/users' }), (e) => e.status === 400);
	}
});

test('an encrypted event comes through as it was, and the client can read it', async () => {
	const reader = new Pusher('local', { wsHost: '127.0.0.1', wsPort: push.port, forceTLS: false, enabledTransports: ['ws'], cluster: 'x',
		channelAuthorization: { customHandler: ({ socketId, channelName }, done) => done(null, library().authorizeChannel(socketId, channelName)) } });
	try {
		const seen = [];
		const channel = reader.subscribe('private-encrypted-x');
		channel.bind('secret', (data) => seen.push(data));
		await waitFor(() => channel.subscribed, 'the subscription');
		await library().trigger('private-encrypted-x', 'secret', { hello: 'world ñ' });
		await waitFor(() => seen.length === 1, 'the event');
		assert.deepEqual(seen, [{ hello: 'world ñ' }]);
	} finally {
		reader.disconnect();
	}
});

test('sendToUser reaches every connection of the user', async () => {
	const [a, b] = [await client(), await client()];
	await a.signIn({ id: 'ada' });
	await b.signIn({ id: 'ada' });
	await library().sendToUser('ada', 'ping-you', { n: 1 });
	await waitFor(() => a.named('ping-you').length === 1 && b.named('ping-you').length === 1, 'the event');
});

test('what a cache channel remembers is told', async () => {
	const reader = await client();
	await library().trigger('cache-c', 'kept', { n: 7 });
	await reader.subscribe('cache-c');
	const { json } = await api(push, 'GET', '/apps/local/channels/cache-c', { query: { info: 'cache' } });
	assert.equal(json.cache.data, '{"n":7}');
	assert.ok(json.cache.ttl > 1700 && json.cache.ttl <= 1800, String(json.cache.ttl));
	assert.equal((await api(push, 'GET', '/apps/local/channels/cache-none', { query: { info: 'cache' } })).json.cache, null);
	assert.equal((await post(event({ channels: ['cache-d'], info: 'cache' }))).json.channels['cache-d'].cache.data, '{}');
});

test('deprecated forms', async () => {
	const reader = await client();
	await reader.subscribe('old');
	const other = await client();
	await other.subscribe('old');
	const done = [
		await post({ name: 'one', channel: 'old', data: 'd1' }),
		await api(push, 'POST', '/apps/local/channels/old/events', { body: '{"raw":1}', query: { name: 'two', socket_id: other.socketId } }),
		await post({ data: 'd3' }, { query: { name: 'three', channel: 'old' } }),
		await post({ name: 'four', channels: 'old', data: 'd4' }),
		await post({ name: 'five', channels: ['old', 'old'], data: { an: 'object' }, socket_id: null }),
	];
	assert.deepEqual(done.map((a) => [a.status, a.text]), Array(5).fill([200, '{}']));
	await waitFor(() => reader.named('five').length === 1, 'the events');
	assert.deepEqual(reader.frames.slice(2).map((f) => [f.event, f.data]), [['one', 'd1'], ['two', '{"raw":1}'], ['three', 'd3'], ['four', 'd4'], ['five', { an: 'object' }]]);
	assert.equal(other.named('two').length, 0);
	assert.deepEqual((await api(push, 'GET', '/apps/local/channels/old/stats')).json, { occupied: true, subscription_count: 2 });
});

test('channel names with every character of the alphabet, in a path', async () => {
	const name = 'aZ09_-=@,.;';
	const reader = await client();
	await reader.subscribe(name);
	assert.deepEqual((await api(push, 'GET', `/apps/local/channels/${name}`)).json, { occupied: true, subscription_count: 1 });
	await library().trigger(name, 'x', '1');
	await waitFor(() => reader.named('x').length === 1, 'the event');
	for (const dots of ['.', '..']) {
		await reader.subscribe(dots);
		await library().trigger(dots, 'dots', '1');
		await waitFor(() => reader.frames.some((f) => f.event === 'dots' && f.channel === dots), 'names of dots only are names');
	}
	const secure = library({ useTLS: true, port: String(push.tlsPort) });
	assert.deepEqual(await (await secure.get({ path: `/channels/${name}` })).json(), { occupied: true, subscription_count: 1 });
});

const refusals = {
	'no body': ['', 400], 'no JSON': ['{', 400], 'a list': ['[]', 400], 'no name': [{ channels: ['c'], data: 'x' }, 400], 'an empty name': [event({ name: '' }), 400],
	'a name that is no string': [event({ name: ['x'] }), 400], 'no data': [event({ data: undefined }), 400], 'null data': [event({ data: null }), 400],
	'no channel': [event({ channels: undefined }), 400], 'no channels': [event({ channels: [] }), 400], 'channels in channels': [event({ channels: [['c']] }), 400],
	'a channel with a NUL': [event({ channels: ['c\0d'] }), 400], 'a socket_id with a NUL': [event({ socket_id: '1.1\0' }), 400], 'a name with a NUL': [event({ name: 'e\0f' }), 400],
	'a channel with a space': [event({ channels: ['a b'] }), 400], 'an empty channel': [event({ channels: [''] }), 400], 'a socket_id of letters': [event({ socket_id: 'x' }), 400],
	'a socket_id that is no string': [event({ socket_id: 1 }), 400], 'a name of 201': [event({ name: 'x'.repeat(201) }), 400], 'a channel of 165': [event({ channels: ['c'.repeat(165)] }), 400],
	'101 channels': [event({ channels: Array.from({ length: 101 }, (_, i) => `c${i}`) }), 400], '10,241 bytes of data': [event({ data: 'x'.repeat(10_241) }), 413],
	'an object of 10,241 bytes': [event({ data: { x: 'y'.repeat(10_241 - 8) } }), 413], 'JSON of depth 100': [event({ data: JSON.parse('['.repeat(100) + ']'.repeat(100)) }), 400],
};
for (const [name, [body, status]] of Object.entries(refusals))
	test(`an event with ${name} is ${status}`, async () => {
		const answer = await post(body);
		assert.equal(answer.status, status);
		assert.equal(typeof answer.json.error, 'string');
		assert.equal(answer.json.code, status);
	});

test('and one less of each is taken', async () => {
	for (const body of [event({ name: 'x'.repeat(200) }), event({ channels: ['c'.repeat(164)] }), event({ channels: Array.from({ length: 100 }, (_, i) => `c${i}`) }),
		event({ data: 'a\0b' }), `{"name":"e","channel":"c","data":{"n":18446744073709551616}}`, event({ data: 'x'.repeat(10_240) }), event({ data: { x: 'y'.repeat(10_240 - 8) } }), event({ data: '' }), event({ data: 0 }), event({ data: [] })])
		assert.deepEqual([(await post(body)).status, (await post(body)).text], [200, '{}']);
});

test('a batch is checked whole before any of it is published', async () => {
	const reader = await client();
	await reader.subscribe('batch');
	const send = (batch) => api(push, 'POST', '/apps/local/batch_events', { body: { batch } });
	const good = { name: 'good', channel: 'batch', data: 'x' };
	assert.equal((await send([good, { ...good, channel: 'a b' }])).status, 400);
	assert.equal((await send([good, { ...good, data: 'x'.repeat(10_241) }])).status, 413);
	assert.equal((await send([good, null])).status, 400);
	assert.equal((await send({})).status, 400);
	assert.equal((await send(Array(11).fill(good))).status, 400);
	assert.equal(reader.named('good').length, 0);
	assert.deepEqual([(await send(Array(10).fill(good))).text, (await send([])).text], ['{}', '{}']);
	await waitFor(() => reader.named('good').length === 10, 'the batch');
});

test('limits of an app', async () => {
	const as = { key: 'key-wide', secret: 'secret-wide' };
	const send = (body) => api(push, 'POST', '/apps/wide/events', { body, ...as });
	const many = (n) => ({ body: { batch: Array(n).fill({ name: 'e', channel: 'c', data: 'x' }) }, ...as });
	assert.equal((await send(event({ data: 'x'.repeat(20_480) }))).status, 200);
	assert.equal((await send(event({ data: 'x'.repeat(20_481) }))).status, 413);
	assert.deepEqual([(await send(event({ channels: ['a', 'b', 'c'] }))).status, (await send(event({ channels: ['a', 'b', 'c', 'd'] }))).status], [200, 400]);
	assert.deepEqual([(await send(event({ name: 'x'.repeat(10) }))).status, (await send(event({ name: 'x'.repeat(11) }))).status], [200, 400]);
	assert.deepEqual([(await send(event({ channels: ['x'.repeat(12)] }))).status, (await send(event({ channels: ['x'.repeat(13)] }))).status], [200, 400]);
	assert.deepEqual([(await api(push, 'POST', '/apps/wide/batch_events', many(2))).status, (await api(push, 'POST', '/apps/wide/batch_events', many(3))).status], [200, 400]);
});

test('too many events in a second are 429, with Retry-After and a counter', async () => {
	const as = { key: 'key-slow', secret: 'secret-slow' };
	const before = await push.metric('push_http_refused_total{reason="rate"}');
	const answers = [];
	for (let i = 0; i < 8; i++)
		answers.push(await api(push, 'POST', '/apps/slow/events', { body: event(), ...as }));
	const refused = answers.filter((a) => a.status === 429);
	assert.ok(refused.length >= 3 && refused.length <= 6, `${refused.length} of 8 refused`);
	assert.equal(refused[0].headers.get('retry-after'), '1');
	assert.equal(answers[0].headers.get('x-ratelimit-limit'), '2');
	assert.equal(refused[0].headers.get('x-ratelimit-remaining'), '0');
	assert.equal(await push.metric('push_http_refused_total{reason="rate"}'), before + refused.length);
	assert.equal((await api(push, 'POST', '/apps/slow/batch_events', { body: { batch: Array(3).fill({ name: 'e', channel: 'c', data: 'x' }) }, ...as })).status, 429);
});

test('who may ask: signature, key, version, time, body_md5, app', async () => {
	const now = Date.now();
	const cases = [
		[{}, 200], [{ now: now - 595_000 }, 200], [{ now: now + 595_000 }, 200], [{ now: now - 602_000 }, 401], [{ now: now + 602_000 }, 401],
		[{ secret: 'wrong' }, 401], [{ key: 'key-two' }, 401], [{ over: { auth_version: '1.1' } }, 401], [{ over: { auth_version: undefined } }, 401],
		[{ over: { auth_timestamp: undefined } }, 401], [{ over: { body_md5: undefined } }, 401], [{ over: { body_md5: '0'.repeat(32) } }, 401],
	];
	for (const [options, status] of cases)
		assert.equal((await post(event(), options)).status, status, JSON.stringify(options));
	assert.equal((await api(push, 'POST', '/apps/two/events', { body: event() })).status, 401); // local's key and secret
	assert.equal((await api(push, 'POST', '/apps/two/events', { body: event(), key: 'key-two', secret: 'secret-two' })).status, 200);
	assert.equal((await api(push, 'POST', '/apps/none/events', { body: event() })).status, 404);
	assert.equal((await api(push, 'POST', '/apps/off/events', { body: event(), key: 'key-off', secret: 'secret-off' })).status, 403);
	assert.equal((await api(push, 'POST', '/apps/off/events', { body: event(), key: 'key-off', secret: 'x' })).status, 401);
});

test('questions that make no sense are 400, what is nowhere is 404, a wrong method 405', async () => {
	const get = async (path, query) => (await api(push, 'GET', path, { query })).status;
	assert.equal(await get('/apps/local/channels', { info: 'user_count' }), 400);
	assert.equal(await get('/apps/local/channels', { info: 'user_count', filter_by_prefix: 'private-' }), 400);
	assert.equal(await get('/apps/local/channels', { info: 'nonsense' }), 400);
	assert.equal(await get('/apps/local/channels/c', { info: 'user_count' }), 400);
	assert.equal(await get('/apps/local/channels/c', { info: 'cache' }), 400);
	assert.equal(await get('/apps/local/channels/a%20b'), 400);
	assert.deepEqual((await api(push, 'GET', '/apps/local/channels/nobody-here')).json, { occupied: false, subscription_count: 0 });
	assert.deepEqual((await api(push, 'GET', '/apps/local/channels/presence-nobody/users')).json, { users: [] });
	assert.equal((await api(push, 'POST', `/apps/local/users/${'x'.repeat(129)}/terminate_connections`, { body: {} })).status, 400);
	for (const [method, path, status] of [['GET', '/apps/local/nothing', 404], ['GET', '/apps//channels', 404], ['DELETE', '/apps/local/events', 405], ['POST', '/apps/local/channels', 405]]) {
		const answer = await api(push, method, path);
		assert.equal(answer.status, status, path);
		assert.equal(answer.headers.get('access-control-allow-origin'), '*');
	}
});

test('health as each of the peers has it', async () => {
	const get = async (path) => { const a = await fetch(push.url + path); return [a.status, await a.text()]; };
	assert.deepEqual(await get('/healthz'), [200, 'ok\n']);
	assert.deepEqual(await get('/health'), [200, '{"ok":true}']);
	assert.deepEqual(await get('/up'), [200, '{"health":"OK"}']);
	assert.equal((await get('/ready'))[0], 200);
	assert.match((await get('/metrics'))[1], /^charla_push_connections\{app="local"\} \d+$/m);
	assert.deepEqual(Object.keys((await api(push, 'GET', '/apps/local/connections')).json), ['connections']);
});

test('an app with a path prefix is served with and without it, signed with and without it', async () => {
	const as = { key: 'key-pre', secret: 'secret-pre' };
	for (const path of ['', '/some/prefix']) {
		const reader = await client({ key: 'key-pre', path });
		assert.ok(reader.socketId);
		assert.equal((await api(push, 'POST', `${path}/apps/pre/events`, { body: event(), ...as })).status, 200);
	}
	const target = signed('POST', '/apps/pre/events', { body: JSON.stringify(event()), ...as });
	assert.equal((await fetch(`${push.url}/some/prefix${target}`, { method: 'POST', body: JSON.stringify(event()) })).status, 200);
	assert.equal((await api(push, 'POST', '/other/apps/pre/events', { body: event(), ...as })).status, 404);
	assert.equal((await api(push, 'POST', '/some/prefix/apps/two/events', { body: event(), key: 'key-two', secret: 'secret-two' })).status, 404);
});
