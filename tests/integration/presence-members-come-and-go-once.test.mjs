/** A user with several connections is one member: Echo's here, joining and leaving; pusher-js's members. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { startPush } from './push.mjs';
import { connect, connected, disconnectAll, echoOn, heard, subscribed, ways } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush({ tls: true }); });
afterEach(() => disconnectAll(push));
after(() => push?.stop());

const person = (id, name) => ({ user_id: id, user_info: { name } });

for (const { tls, how } of ways)
	test(`Echo ${how}: here, joining, leaving`, async () => {
		const news = [];
		echoOn(connect(push, { tls, member: person(1, 'Ana') })).join('room')
			.here((all) => news.push(['here', all.map(({ name }) => name)]))
			.joining(({ name }) => news.push(['joining', name]))
			.leaving(({ name }) => news.push(['leaving', name]));
		await waitFor(() => news.length === 1, 'here');
		const first = await connected(connect(push, { tls, member: person(2, 'Blas') }));
		await subscribed(first, 'presence-room');
		const second = await connected(connect(push, { member: person(2, 'Blas') }));
		const channel = await subscribed(second, 'presence-room');
		assert.equal(channel.members.count, 2);
		await waitFor(() => news.length === 2, 'joining');
		first.disconnect();
		second.unsubscribe('presence-room');
		await waitFor(() => news.length === 3, 'leaving');
		assert.deepEqual(news, [['here', ['Ana']], ['joining', 'Blas'], ['leaving', 'Blas']]);
	});

test('numbers and strings are the same user; me is who I am', async () => {
	const one = await subscribed(await connected(connect(push, { member: { user_id: 7 } })), 'presence-ids');
	const two = await subscribed(await connected(connect(push, { member: { user_id: '7' } })), 'presence-ids');
	assert.equal(two.members.count, 1);
	assert.equal(two.members.me.id, '7');
	const three = await connected(connect(push, { member: { user_id: 8, user_info: { name: 'Cruz' } } }));
	await subscribed(three, 'presence-ids');
	assert.deepEqual(await heard(one, 'pusher:member_added'), [{ id: '8', info: { name: 'Cruz' } }]);
	assert.deepEqual(one.members.me.info, {});
	three.disconnect();
	assert.deepEqual(await heard(one, 'pusher:member_removed'), [{ id: '8', info: { name: 'Cruz' } }]);
	assert.equal(one.members.count, 1);
});

test('the 101st user is refused, the 100th and his second connection are not', async () => {
	const many = await Promise.all(Array.from({ length: 100 }, (_, i) => connected(connect(push, { member: { user_id: i } }))));
	for (const client of many)
		await subscribed(client, 'presence-full');
	const late = await connected(connect(push, { member: { user_id: 100 } }));
	const channel = late.subscribe('presence-full');
	const error = await new Promise((done) => { channel.bind('pusher:subscription_error', done); });
	assert.equal(error.type, 'LimitReached');
	assert.equal(error.status, 4100);
	await subscribed(await connected(connect(push, { member: { user_id: 99 } })), 'presence-full');
	many[0].disconnect();
	await waitFor(async () => await push.metric('push_connections') === 101, 'the free place');
	await subscribed(await connected(connect(push, { member: { user_id: 100 } })), 'presence-full');
});

test('a user_info of more than 1 KB is refused', async () => {
	const client = await connected(connect(push, { member: { user_id: 1, user_info: { text: 'x'.repeat(1024) } } }));
	const error = await new Promise((done) => { client.subscribe('presence-large').bind('pusher:subscription_error', done); });
	assert.equal(error.status, 4301);
	assert.equal(client.connection.state, 'connected');
});
