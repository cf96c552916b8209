/** pusher.signin(): events to a user, presence without channel_data, refusals, and being sent away. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, startPush } from './push.mjs';
import { authorise, connect, connected, disconnectAll, serverOf, subscribed, ways } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush({ tls: true }); });
afterEach(() => disconnectAll(push));
after(() => push?.stop());

async function signedIn(version, user, tls = false) {
	const client = await connected(connect(push, { version, user, tls }));
	client.signin();
	await client.user.signinDonePromise;
	await waitFor(() => client.user.user_data?.id === user.id, 'the sign-in');
	return client;
}

for (const { version, tls, how } of ['7.6.0', '8.6.0'].flatMap((version) => ways.map((way) => ({ version, ...way }))))
	test(`${version} ${how}: sendToUser reaches every connection of the user and nobody else`, async () => {
		const clients = [await signedIn(version, { id: 'ana' }, tls), await signedIn(version, { id: 'ana' }, tls), await signedIn(version, { id: 'blas' }, tls)];
		const heard = clients.map((client) => {
			const list = [];
			client.user.bind('hello', (data) => list.push(data));
			return list;
		});
		const raw = await (await new Client(push).open()).signIn({ id: 'ana' }); // it never subscribes to its channel
		await serverOf(push, { tls }).sendToUser('ana', 'hello', { n: 1 });
		await serverOf(push).sendToUser('nobody', 'hello', { n: 2 });
		await serverOf(push).sendToUser('blas', 'hello', { n: 3 });
		await waitFor(() => heard.every((list) => list.length > 0) && raw.named('hello').length > 0, 'the events');
		assert.deepEqual(heard, [[{ n: 1 }], [{ n: 1 }], [{ n: 3 }]]);
		assert.deepEqual(raw.named('hello').map(({ channel }) => channel), ['#server-to-user-ana']);
		raw.close();
	});

test('who is signed in joins presence channels as that user, without channel_data', async () => {
	const client = await signedIn('8.6.0', { id: 'ana', user_info: { name: 'Ana' } });
	const channel = await subscribed(client, 'presence-room');
	assert.deepEqual(channel.members.me, { id: 'ana', info: { name: 'Ana' } });
});

test('the answer is the user_data as it was sent', async () => {
	const client = await (await new Client(push).open()).signIn({ id: 'x', user_info: { a: 1 }, more: [] });
	assert.deepEqual(client.named('pusher:signin_success')[0].data, { user_data: '{"id":"x","user_info":{"a":1},"more":[]}' });
	await client.signIn({ id: 'x' }); // again is harmless
	assert.equal(client.code, undefined);
	client.close();
});

for (const [what, user, options] of [
	['a wrong signature', { id: 'x' }, { secret: 'wrong' }], ['another app\'s key', { id: 'x' }, { key: 'other' }],
	['no id', {}], ['a number as id', { id: 1 }], ['an empty id', { id: '' }], ['an id that is no channel name', { id: 'a b' }],
	['a watchlist that is no list', { id: 'x', watchlist: 'y' }]])
	test(`${what}: said, and closed with 4009`, async () => {
		const client = await (await new Client(push).open()).signIn(user, options);
		assert.equal(await client.closed(), 4009);
		assert.equal(client.named('pusher:error')[0].data.code, 4009);
	});

test('another user on the same connection: 4009', async () => {
	const client = await (await new Client(push).open()).signIn({ id: 'a' });
	await client.signIn({ id: 'b' });
	assert.equal(await client.closed(), 4009);
});

test('nobody joins the channel of another user, signed or not', async () => {
	const client = await (await new Client(push).open()).signIn({ id: 'a' });
	for (const auth of ['', authorise('#server-to-user-b', client.socketId).auth]) {
		client.send('pusher:subscribe', { channel: '#server-to-user-b', auth });
		await waitFor(() => client.named('pusher:subscription_error').length > 0, 'the refusal');
		assert.equal(client.named('pusher:subscription_error')[0].data.status, 401);
		client.frames.length = 0;
	}
	client.close();
});

test('terminateUserConnections ends all of his connections with 4009, and only his', async () => {
	const [one, two, other] = await Promise.all([0, 1, 2].map(() => new Client(push).open()));
	await one.signIn({ id: 'gone' });
	await two.signIn({ id: 'gone' });
	await other.signIn({ id: 'stays' });
	assert.equal((await serverOf(push).terminateUserConnections('gone')).status, 200);
	assert.deepEqual(await Promise.all([one.closed(), two.closed()]), [4009, 4009]);
	assert.equal(one.named('pusher:error')[0].data.code, 4009);
	await serverOf(push).sendToUser('stays', 'hello', {});
	await waitFor(() => other.named('hello').length > 0, 'the other one');
	other.close();
});
