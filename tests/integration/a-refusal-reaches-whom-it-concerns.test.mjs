/**
 * Refused subscriptions reach the channel (channel.bind, Echo's .error) and the socket stays; refused
 * connections make pusher-js give up, come back in a second, or at once, as their code says.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, startPush } from './push.mjs';
import { connect, connected, disconnectAll, echoOn, generations, heard, serverOf, subscribed } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush({ env: { PUSHER_APP_CAPACITY: 3 } }); });
afterEach(() => disconnectAll(push));
after(() => push?.stop());

const bad = { auth: `local:${'0'.repeat(64)}`, channel_data: '{"user_id":1}' };

for (const version of Object.keys(generations))
	test(`${version}: a bad signature is an AuthError of the channel`, async () => {
		const client = await connected(connect(push, { version, answer: bad }));
		for (const name of ['private-x', 'presence-x']) {
			const channel = client.subscribe(name);
			const error = await new Promise((done) => { channel.bind('pusher:subscription_error', done); });
			assert.deepEqual(error, { type: 'AuthError', error: 'The connection is unauthorized.', status: 401 });
		}
		await subscribed(client, 'open');
		assert.equal(client.connection.state, 'connected');
	});

test('Echo: .error()', async () => {
	const client = await connected(connect(push, { answer: bad }));
	const error = await new Promise((done) => { echoOn(client).private('x').error(done); });
	assert.equal(error.status, 401);
});

const refused = [
	['an unknown key', { key: 'nobody' }, 4001], ['protocol 4', { query: '?protocol=4' }, 4007], ['protocol x', { query: '?protocol=x' }, 4006],
];
for (const [what, options, code] of refused)
	test(`${what}: error ${code}, then a close of the same code`, async () => {
		const client = new Client(push, options);
		assert.equal(await client.closed(), code);
		assert.equal(client.frames.length, 1);
		assert.equal(client.frames[0].event, 'pusher:error');
		assert.equal(client.frames[0].data.code, code);
	});
for (const query of ['', '?protocol=5', '?protocol=6', '?protocol=7&client=js&version=8.6.0&flash=false'])
	test(`served: ${query || 'no protocol at all'}`, async () => {
		const client = await new Client(push, { query }).open();
		assert.match(client.socketId, /^\d+\.\d+$/);
		client.close();
	});

for (const version of Object.keys(generations)) {
	test(`${version} gives up on an unknown key`, async () => {
		const client = connect(push, { version, key: 'nobody' });
		await waitFor(() => client.connection.state === 'disconnected', 'giving up');
	});

	test(`${version} over capacity comes back until there is room`, async () => {
		const full = await Promise.all([1, 2, 3].map(() => new Client(push).open()));
		const client = connect(push, { version });
		await waitFor(async () => await push.metric('push_refused_total{reason="capacity"}') > 0, 'the refusal');
		assert.notEqual(client.connection.state, 'connected');
		full[0].close();
		await connected(client);
		for (const one of full)
			one.close();
	});
}

test('over a capacity that is final: 4004, and pusher-js gives up', async () => {
	const strict = await startPush({ env: { PUSHER_APP_CAPACITY: 1, PUSHER_APP_OVER_CAPACITY_IS_FINAL: true } });
	try {
		await connected(connect(strict));
		assert.equal(await new Client(strict).closed(), 4004);
		const late = connect(strict);
		await waitFor(() => late.connection.state === 'disconnected', 'giving up');
	} finally {
		await disconnectAll(strict);
		await strict.stop();
	}
});

test('who is evicted comes back at once and is asked for a signature again', async () => {
	const client = await connected(connect(push, { version: '8.6.0' }));
	const first = client.connection.socket_id;
	const channel = await subscribed(client, 'private-x');
	await evict({ channel: 'private-x' });
	await waitFor(() => client.connection.state === 'connected' && client.connection.socket_id !== first, 'coming back', 3_000);
	await waitFor(() => channel.subscribed, 'the subscription');
	await serverOf(push).trigger('private-x', 'after', {});
	await heard(channel, 'after');
});

test('an eviction by user spares the other members', async () => {
	const [ana, blas] = await Promise.all(['ana', 'blas'].map((id) => connected(connect(push, { member: { user_id: id } }))));
	const ids = [ana.connection.socket_id, blas.connection.socket_id];
	const channel = await subscribed(blas, 'presence-x');
	await subscribed(ana, 'presence-x');
	await evict({ channel: 'presence-x', user_id: 'ana' });
	await heard(channel, 'pusher:member_removed');
	await heard(channel, 'pusher:member_added', 2);
	assert.notEqual(ana.connection.socket_id, ids[0]);
	assert.equal(blas.connection.socket_id, ids[1]);
});

/** As fcgi-app does: one line on the datagram socket. Node has no such sockets; socat has. */
async function evict(line) {
	const { execFileSync } = await import('node:child_process');
	execFileSync('socat', ['-', `UNIX-SENDTO:${push.env.PUSH_SOCKET}`], { input: `${JSON.stringify({ v: 1, op: 'evict', app: 'local', ...line })}\n` });
}
