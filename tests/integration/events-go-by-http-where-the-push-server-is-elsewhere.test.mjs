/**
 * PUSH_TRANSPORT=http: the same events in the same order, by the signed HTTP API, as to hosted Pusher
 * or soketi. Pusher's limit of 10 KiB an event holds: a longer reply says so and where to fetch it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { ask, postJson, startSystem, waitFor } from './harness.mjs';
import { OldClient } from './old-client.mjs';

const health = async (system) => (await fetch(`${system.url}/api/health`)).json();

async function withSystem(env, body) {
	const system = await startSystem({ env: { PUSH_TRANSPORT: 'http', PUSH_SOCKET_USERS: 'nobody', ...env } });
	try {
		await body(system);
	} finally {
		await system.stop();
	}
}

test('the old client gets its MessageSent, the page its deltas in order', () => withSystem({}, async (system) => {
	const client = await new OldClient(system, 'far').subscribe();
	try {
		const event = await client.send([{ role: 'user', content: 'hola [[bytes=5000,chunk=100,delay=10]]' }]);
		const { messages } = await client.history();
		assert.equal(event.message.content, messages.at(-1).content);
		assert.equal(event.truncated, undefined);
		assert.equal(client.names.at(-1), 'App\\Events\\MessageSent');
		assert.ok(client.names.includes('text_delta'));

		const long = await client.send([{ role: 'user', content: 'más [[bytes=30000]]' }]);
		assert.equal(long.truncated, true);
		assert.match(long.href, /^\/api\/chats\/far\//);
		assert.equal((await client.history()).messages.at(-1).content.startsWith(long.message.content), true);
	} finally {
		client.close();
	}
	assert.equal((await health(system)).push, 'ok');
}));

test('what ends while it does not answer is sent when it does', () => withSystem({}, async (system) => {
	await system.kill('push');
	const answer = await (await postJson(`${system.url}/api/send-message`, { chatId: 'later', messages: [{ role: 'user', content: 'hola' }] })).json();
	await waitFor(async () => (await health(system)).reasons.some((r) => r.code === 'push_away'), 'push_away');
	await system.restart('push');
	const client = await new OldClient(system, 'later').subscribe();
	try {
		const sent = await waitFor(() => client.sent.find((event) => event.message.id === answer.replyId), 'the MessageSent of the reply', 40_000);
		assert.equal(sent.message.status, 'complete');
		await waitFor(async () => (await health(system)).push === 'ok', 'push ok');
	} finally {
		client.close();
	}
}));

test('another secret than the push server has: health names the setting', () => withSystem({}, async (system) => {
	system.configure({ PUSHER_APP_SECRET: 'another-secret-than-that' });
	await system.restart('worker');
	await postJson(`${system.url}/api/send-message`, { chatId: 'wrong', messages: [{ role: 'user', content: 'hola' }] });
	const reason = await waitFor(async () => (await health(system)).reasons.find((r) => r.code === 'push_refused'), 'push_refused');
	assert.equal(reason.setting, 'PUSHER_APP_SECRET');
	assert.doesNotMatch(system.logs.worker, /another-secret/);
}));

/** A push server elsewhere that may read and not answer. took: names of the events on chat.ID */
class Elsewhere {
	took = [];
	answers = true;
	silenced = 0;

	async start(host = '127.0.0.1') {
		this.server = createServer(async (q, r) => {
			const parts = [];
			for await (const part of q)
				parts.push(part);
			if (!this.answers) {
				this.silenced++;
				return;
			}
			this.took.push(...JSON.parse(Buffer.concat(parts)).batch.filter((e) => e.channel.startsWith('chat.')).map((e) => e.name));
			r.setHeader('content-type', 'application/json').end('{}');
		}).listen(0, host);
		await once(this.server, 'listening');
		return this.server.address().port;
	}

	stop() {
		this.server.closeAllConnections();
		this.server.close();
	}
}
const FINAL = 'App\\Events\\MessageSent';

for (const signal of ['SIGKILL', 'SIGTERM'])
	test(`what was sent and not answered before ${signal} is the next worker's to send`, async () => {
		const elsewhere = new Elsewhere();
		const port = await elsewhere.start();
		try {
			await withSystem({ PUSHER_PORT: port }, async (system) => {
				elsewhere.answers = false;
				await ask(system, 'held', 'hola');
				await waitFor(() => elsewhere.silenced > 0, 'a request that is not answered');
				await system.kill('worker', signal);
				elsewhere.answers = true;
				await system.restart('worker');
				await waitFor(() => elsewhere.took.includes(FINAL), 'the MessageSent of the reply');
				assert.deepEqual(elsewhere.took, ['message_created', 'job_queued', 'stream_start', 'stream_end', FINAL]);
			});
		} finally {
			elsewhere.stop();
		}
	});

test('a worker that leaves in order leaves nothing to be sent twice', async () => {
	const elsewhere = new Elsewhere();
	const port = await elsewhere.start();
	try {
		await withSystem({ PUSHER_PORT: port }, async (system) => {
			for (const chatId of ['first', 'second']) {
				await ask(system, chatId, 'hola');
				await system.restart('worker');
			}
			await waitFor(() => elsewhere.took.filter((name) => name === FINAL).length >= 2, 'both replies');
			await ask(system, 'last', 'hola'); // whatever else the worker had to send is sent
			await waitFor(() => elsewhere.took.filter((name) => name === FINAL).length >= 3, 'the last reply');
			assert.equal(elsewhere.took.filter((name) => name === FINAL).length, 3);
		});
	} finally {
		elsewhere.stop();
	}
});

test('PUSHER_HOST may be an IPv6 address', async (t) => {
	const elsewhere = new Elsewhere();
	const port = await elsewhere.start('::1').catch(() => null);
	if (port === null)
		return t.skip('no IPv6 here');
	try {
		await withSystem({ PUSHER_HOST: '::1', PUSHER_PORT: port }, async (system) => {
			await ask(system, 'six', 'hola');
			await waitFor(() => elsewhere.took.includes(FINAL), 'the MessageSent of the reply');
		});
	} finally {
		elsewhere.stop();
	}
});
