import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import Pusher from 'pusher-js';

import { cgi } from './cgi.mjs';
import { startSystem, waitFor } from './harness.mjs';
import { Person, raw } from './identities.mjs';

const KEY = '278d425bdf160c739803', APP_SECRET = '7ad3773142a6692b25b8';
const hmac = (text) => `${KEY}:${createHmac('sha256', APP_SECRET).update(text).digest('hex')}`;
const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('the strings', () => {
	let system;
	before(async () => { system = await startSystem({ env: { APP_ENV: 'local', PUSHER_APP_KEY: KEY, PUSHER_APP_SECRET: APP_SECRET } }); });
	after(() => system?.stop());
	const post = (path, body, headers = form) => raw(system, 'POST', path, { body, headers });

	for (const path of ['/broadcasting/auth', '/api/broadcasting/auth'])
		test(`${path} signs as Pusher's libraries do, form or JSON, for anybody in open chats`, async () => {
			assert.deepEqual((await post(path, 'socket_id=1234.1234&channel_name=private-chat.7')).json, { auth: hmac('1234.1234:private-chat.7') });
			assert.deepEqual((await post(path, { socket_id: '1234.1234', channel_name: 'private-chat.7' }, {})).json, { auth: hmac('1234.1234:private-chat.7') });
			assert.deepEqual((await post(path, 'channel_name=private%2Dchat.a%40b&socket_id=1%2E2')).json, { auth: hmac('1.2:private-chat.a@b') });
			const presence = (await post(path, 'socket_id=1234.1234&channel_name=presence-chat.7')).json;
			assert.equal(presence.auth, hmac(`1234.1234:presence-chat.7:${presence.channel_data}`));
			assert.match(JSON.parse(presence.channel_data).user_id, /^guest-[0-9a-f]{32}$/);
			const again = (await post(path, 'socket_id=1234.1234&channel_name=presence-chat.8')).json;
			assert.equal(JSON.parse(again.channel_data).user_id, JSON.parse(presence.channel_data).user_id, 'a guest is one guest');
			const other = (await post(path, 'socket_id=1234.1235&channel_name=presence-chat.7')).json;
			assert.notEqual(JSON.parse(other.channel_data).user_id, JSON.parse(presence.channel_data).user_id);
			const encrypted = (await post(path, 'socket_id=1234.1234&channel_name=private-encrypted-chat.7')).json;
			assert.equal(encrypted.auth, hmac('1234.1234:private-encrypted-chat.7'));
			assert.equal(Buffer.from(encrypted.shared_secret, 'base64').length, 32);
		});

	test('user-auth signs who it is, and is for nobody else', async () => {
		assert.equal((await post('/broadcasting/user-auth', 'socket_id=1.2')).status, 401);
		const ana = await Person.withSession(system, 'Ana');
		const answer = (await ana.call('POST', '/broadcasting/user-auth', 'socket_id=1234.1234', form)).json;
		assert.equal(answer.auth, hmac(`1234.1234::user::${answer.user_data}`));
		const user = JSON.parse(answer.user_data);
		assert.equal(user.id, (await ana.call('GET', '/api/me')).json.id);
		assert.equal(user.user_info.name, 'Ana');
		const presence = JSON.parse((await ana.auth('presence-chat.7')).json.channel_data);
		assert.equal(presence.user_id, user.id);
	});

	const bad = {
		'no socket_id': ['channel_name=private-chat.1', 422],
		'a socket_id that is none': ['socket_id=abc&channel_name=private-chat.1', 422],
		'a socket_id that signs something else': ['socket_id=1.2:private-chat.2&channel_name=private-chat.1', 422],
		'a socket_id with a line end': ['socket_id=1.2%0a&channel_name=private-chat.1', 422],
		'a socket_id with a NUL': ['socket_id=1.2%00&channel_name=private-chat.1', 422],
		'no channel': ['socket_id=1.2', 403],
		'a channel that signs channel data': ['socket_id=1.2&channel_name=presence-chat.1:{"user_id":"x"}', 403],
		'a channel with a line end': ['socket_id=1.2&channel_name=private-chat.1%0a', 403],
		'a public channel': ['socket_id=1.2&channel_name=chat.1', 403],
		'somebody\'s user channel': ['socket_id=1.2&channel_name=%23server-to-user-1', 403],
		'a channel of another application': ['socket_id=1.2&channel_name=private-orders.1', 403],
		'a channel without a chat': ['socket_id=1.2&channel_name=private-chat.', 403],
		'an id that only we give out': ['socket_id=1.2&channel_name=private-chat.c-1', 404],
		'a channel name that is too long': [`socket_id=1.2&channel_name=private-chat.${'x'.repeat(160)}`, 403],
		'a broken escape': ['socket_id=1.2&channel_name=private-chat.%zz', 403],
	};
	for (const [what, [body, status]] of Object.entries(bad))
		test(`${what}: ${status}`, async () => {
			const answer = await post('/broadcasting/auth', body);
			assert.equal(answer.status, status, answer.text);
			assert.equal(answer.json.auth, undefined);
		});

	test('bodies that are none are refused, empty ones too', async () => {
		assert.equal((await post('/broadcasting/auth', '')).status, 422);
		assert.equal((await post('/broadcasting/auth', '', {})).status, 415);
		assert.equal((await post('/broadcasting/auth', '{', { 'content-type': 'application/json' })).status, 400);
		assert.equal((await post('/broadcasting/auth', '[]', { 'content-type': 'application/json' })).status, 422);
		assert.equal((await post('/broadcasting/auth', 'x', { 'content-type': 'multipart/form-data; boundary=x' })).status, 415);
		assert.equal((await post('/broadcasting/auth', `socket_id=1.2&x=${'y'.repeat(300 * 1024)}`)).status, 413);
	});

	test('old pages on other origins may ask', async () => {
		const answer = await raw(system, 'OPTIONS', '/broadcasting/auth', { headers: { origin: 'https://old.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-csrf-token' } });
		assert.equal(answer.status, 204);
		assert.equal(answer.headers['access-control-allow-origin'], '*');
		assert.equal(answer.headers['access-control-allow-credentials'], undefined);
		for (const name of ['X-Socket-ID', 'Idempotency-Key', 'X-Requested-With', 'X-CSRF-TOKEN'])
			assert.ok(answer.headers['access-control-allow-headers'].includes(name), name);
	});
});

describe('a member who is no member any more', () => {
	let system;
	before(async () => { system = await startSystem(); });
	after(() => system?.stop());

	/** pusher-js as a page uses it, with the cookie that the page would send. */
	const connect = (person) => new Pusher('local', {
		wsHost: new URL(system.url).hostname, wsPort: Number(new URL(system.url).port), forceTLS: false, enabledTransports: ['ws'], cluster: 'unused',
		channelAuthorization: { customHandler: ({ socketId, channelName }, done) => person.auth(channelName, socketId).then((a) => a.status === 200 ? done(null, a.json) : done(new Error(String(a.status)), null)) },
	});
	const subscribe = (pusher, name) => {
		const state = { ok: 0, failed: 0, events: [] };
		const channel = pusher.subscribe(name);
		channel.bind('pusher:subscription_succeeded', () => { state.ok++; });
		channel.bind('pusher:subscription_error', () => { state.failed++; });
		channel.bind_global((event, data) => { if (!event.startsWith('pusher')) state.events.push([event, data]); });
		return state;
	};

	for (const kind of ['private', 'presence'])
		test(`is put out of the ${kind} channel, hears nothing more, and the others stay`, async () => {
			const [ana, bea] = [await Person.withSession(system, 'Ana'), await Person.withSession(system, 'Bea')];
			const id = await ana.chat();
			await ana.invite(id, bea);
			const sockets = [connect(ana), connect(bea)];
			const [forAna, forBea] = sockets.map((s) => subscribe(s, `${kind}-chat.${id}`));
			try {
				await waitFor(() => forAna.ok === 1 && forBea.ok === 1, 'both are in');
				await ana.say(id, 'first');
				await waitFor(() => forBea.events.some(([name]) => name === 'App\\Events\\MessageSent'), 'the member hears the reply');
				assert.equal((await ana.call('DELETE', `/api/chats/${id}/members/${(await bea.call('GET', '/api/me')).json.id}`)).status, 204);
				await waitFor(() => forBea.failed > 0, 'the member comes back and is refused');
				await waitFor(() => forAna.ok === 2, 'the owner comes back and is in');
				const heard = forBea.events.length;
				await ana.say(id, 'second, secret');
				await waitFor(() => forAna.events.filter(([name]) => name === 'App\\Events\\MessageSent').length >= 2, 'the owner hears the reply');
				assert.equal(forBea.events.length, heard);
				assert.equal((await bea.history(id)).status, 404);
				assert.equal((await bea.say(id, 'x')).status, 404);
			} finally {
				sockets.forEach((s) => s.disconnect());
			}
		});

	test('stopping to share does that to all, and voids the link; keeping the members only voids the link', async () => {
		const [ana, bea, eva] = [await Person.withSession(system), await Person.withSession(system), await Person.withSession(system)];
		const id = await ana.chat();
		const { token } = await ana.invite(id, bea);
		assert.equal((await ana.call('DELETE', `/api/chats/${id}/share?members=keep`)).status, 204);
		assert.equal((await eva.call('POST', '/api/join', { token })).status, 404);
		assert.equal((await bea.history(id)).status, 200);
		assert.equal((await ana.call('DELETE', `/api/chats/${id}/share`)).status, 204);
		assert.equal((await bea.history(id)).status, 404);
		assert.equal((await bea.auth(`private-chat.${id}`)).status, 404);
		assert.equal((await bea.call('POST', '/api/join', { token })).status, 404);
	});

	test('the link leads to the page, however APP_URL is written', async () => {
		const ana = await Person.withSession(system);
		const id = await ana.chat();
		for (const [APP_URL, APP_BASE, start] of [['http://x.example', '', 'http://x.example/#join='], ['http://x.example/', '', 'http://x.example/#join='], ['', '', '/#join='],
			['http://x.example', '/chat', 'http://x.example/chat/#join='], ['http://x.example/chat/', '/chat', 'http://x.example/chat/#join='], ['', '/chat', '/chat/#join=']]) {
			const { status, json } = await cgi(system, 'POST', `/api/chats/${id}/share`, '', { APP_URL, APP_BASE, HTTP_COOKIE: ana.headers.cookie });
			assert.equal(status, 201);
			assert.equal(json.url, `${start}${json.token}`);
		}
	});

	test('a chat that its owner closes while a reply runs says nothing more on the public channel', async () => {
		const ana = await Person.withSession(system);
		const id = (await ana.call('POST', '/api/chats', { visibility: 'open' })).json.chatId;
		const stranger = connect(new Person(system)), own = connect(ana);
		const open = subscribe(stranger, `chat.${id}`), closed = subscribe(own, `private-chat.${id}`);
		try {
			await waitFor(() => open.ok === 1 && closed.ok === 1, 'both are in');
			await ana.say(id, '[[frames=60,delay=50,bytes=6000]] long');
			await waitFor(() => open.events.some(([name]) => name === 'text_delta'), 'the stranger hears it while it is open');
			assert.equal((await ana.call('PATCH', `/api/chats/${id}`, { visibility: 'private' })).status, 200);
			const seq = (await ana.call('GET', `/api/chats/${id}`)).json.seq;
			await waitFor(() => closed.events.some(([name]) => name === 'App\\Events\\MessageSent'), 'the owner hears the end');
			assert.ok(open.events.every(([, data]) => data.seq <= seq + 1), JSON.stringify(open.events.filter(([, data]) => data.seq > seq + 1).map(([n, d]) => [n, d.seq, seq])));
			assert.equal((await new Person(system).history(id)).status, 404);
		} finally {
			stranger.disconnect();
			own.disconnect();
		}
	});
});
