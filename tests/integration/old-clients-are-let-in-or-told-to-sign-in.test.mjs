import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Echo from 'laravel-echo';
import Pusher from 'pusher-js';

import { startSystem, waitFor } from './harness.mjs';
import { Person, raw } from './identities.mjs';

const user = (content) => [{ role: 'user', content }];

/** As the Laravel page did it: Echo with its default authEndpoint, on any kind of channel, from another origin. */
function echo(system) {
	const url = new URL(system.url);
	return new Echo({ broadcaster: 'pusher', client: new Pusher('local', {
		wsHost: url.hostname, wsPort: Number(url.port), forceTLS: false, enabledTransports: ['ws'], cluster: 'unused',
		// pusher-js in Node has no page to be relative to, so its endpoint is given whole.
		channelAuthorization: { endpoint: `${system.url}/broadcasting/auth`, transport: 'ajax' },
	}) });
}

describe('ALLOW_OPEN_CHATS=true', () => {
	let system;
	before(async () => { system = await startSystem(); });
	after(() => system?.stop());

	for (const [kind, listen] of Object.entries({ public: (e, id) => e.channel(`chat.${id}`), private: (e, id) => e.private(`chat.${id}`), presence: (e, id) => e.join(`chat.${id}`) }))
		test(`a client without any identity is heard and hears, on the ${kind} channel`, async () => {
			const client = echo(system), id = `old-${kind}`, heard = [];
			let subscribed = 0;
			try {
				listen(client, id).subscribed(() => { subscribed++; }).listen('MessageSent', (e) => heard.push(e));
				await waitFor(() => subscribed === 1, 'subscribed before the chat exists');
				const answer = await raw(system, 'POST', '/api/send-message', { body: { chatId: id, messages: user('hola') } });
				assert.equal(answer.status, 202);
				assert.equal(answer.json.channel, `chat.${id}`);
				await waitFor(() => heard.length === 1, 'MessageSent');
				assert.equal(heard[0].chatId, id);
				assert.equal((await raw(system, 'GET', `/api/chats/${id}/history`)).json.messages.length, 2);
			} finally {
				client.disconnect();
			}
		});

	test('members of an open presence channel see each other, under ids that tell nothing', async () => {
		const [one, two] = [echo(system), echo(system)];
		let here = [], joining = [];
		try {
			one.join('chat.room').here((users) => { here = users; }).joining((u) => joining.push(u));
			await waitFor(() => here.length === 1, 'the first is in');
			two.join('chat.room');
			await waitFor(() => joining.length === 1, 'the second is seen');
			assert.notEqual(joining[0].id, here[0].id);
			assert.match(joining[0].id, /^guest-[0-9a-f]{32}$/);
		} finally {
			one.disconnect();
			two.disconnect();
		}
	});

	test('from another origin, without preflight trouble', async () => {
		const headers = { origin: 'https://old.example', 'sec-fetch-site': 'cross-site' };
		const answer = await raw(system, 'POST', '/api/send-message', { headers, body: { chatId: 'far', messages: user('x') } });
		assert.equal(answer.status, 202);
		assert.equal(answer.headers['access-control-allow-origin'], '*');
		const preflight = await raw(system, 'OPTIONS', '/api/send-message', { headers: { ...headers, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,x-socket-id' } });
		assert.equal(preflight.status, 204);
	});

	test('ids that only we give out are not opened by a post', async () => {
		for (const id of ['c-1', `c-${'x'.repeat(22)}`])
			assert.equal((await raw(system, 'POST', '/api/send-message', { body: { chatId: id, messages: user('x') } })).status, 404);
	});
});

describe('ALLOW_OPEN_CHATS=false', () => {
	let system;
	before(async () => { system = await startSystem({ env: { ALLOW_OPEN_CHATS: 'false' } }); });
	after(() => system?.stop());

	test('a client without identity is told to sign in, everywhere', async () => {
		for (const [method, path, body, headers] of [
			['POST', '/api/send-message', { chatId: 'x', messages: user('x') }],
			['GET', '/api/chats/x/history'],
			['POST', '/broadcasting/auth', 'socket_id=1.2&channel_name=private-chat.x', { 'content-type': 'application/x-www-form-urlencoded' }],
			['POST', '/api/broadcasting/auth', { socket_id: '1.2', channel_name: 'presence-chat.x' }],
		]) {
			const answer = await raw(system, method, path, { body, headers });
			assert.equal(answer.status, 401, path);
			assert.equal(answer.json.code, 'sign_in');
		}
	});

	test('who has an identity has private chats, and no open ones', async () => {
		const ana = await Person.withSession(system);
		const id = await ana.chat();
		assert.equal((await ana.say(id, 'x')).status, 202);
		assert.equal((await ana.auth(`private-chat.${id}`)).status, 200);
		assert.equal((await ana.say('x', 'x')).status, 404);
		assert.equal((await ana.history('x')).status, 404);
		assert.equal((await ana.auth('private-chat.x')).status, 404);
	});
});

describe('CORS_ORIGINS', () => {
	test('lets in the origins that it names, and says so for caches', async () => {
		const system = await startSystem({ env: { CORS_ORIGINS: 'https://one.example, https://two.example' } });
		try {
			const from = (origin) => raw(system, 'GET', '/api/config', { headers: origin ? { origin } : {} });
			assert.equal((await from('https://two.example')).headers['access-control-allow-origin'], 'https://two.example');
			for (const origin of ['https://three.example', 'https://one.example.evil', 'http://one.example', 'null', undefined])
				assert.equal((await from(origin)).headers['access-control-allow-origin'], undefined, origin);
			assert.match((await from('https://three.example')).headers.vary, /Origin/);
		} finally {
			await system.stop();
		}
	});

	test('what acts for somebody answers no other origin', async () => {
		const system = await startSystem();
		try {
			for (const path of ['/api/me', '/api/session', '/api/join'])
				assert.equal((await raw(system, 'OPTIONS', path, { headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' } })).headers['access-control-allow-origin'], undefined, path);
		} finally {
			await system.stop();
		}
	});
});

describe('a list of all open chats', () => {
	test('is for the person at this machine, not for whom a proxy or a foreign name brings', async () => {
		const system = await startSystem();
		try {
			await raw(system, 'POST', '/api/send-message', { body: { chatId: 'room', messages: user('hola') } });
			const listed = async (headers) => (await raw(system, 'GET', '/api/chats', { headers })).json.chats.length;
			const port = new URL(system.url).port;
			assert.equal(await listed({}), 1);
			assert.equal(await listed({ host: `localhost:${port}` }), 1);
			for (const headers of [{ 'x-forwarded-for': '127.0.0.1' }, { forwarded: 'for=127.0.0.1' }, { 'x-forwarded-proto': 'http' }, { host: `rebound.example:${port}` }, { host: 'localhost.evil.example' }])
				assert.equal(await listed(headers), 0, JSON.stringify(headers));
		} finally {
			await system.stop();
		}
	});
});
