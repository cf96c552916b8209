/** Cache channels: a miss is told, the last event is replayed after the success, also when nobody was there. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, startPush } from './push.mjs';
import { connect, connected, disconnectAll, heard, serverOf, subscribed } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush({ env: { PUSHER_APP_ENABLE_CLIENT_MESSAGES: true } }); });
afterEach(() => disconnectAll(push));
after(() => push?.stop());

for (const name of ['cache-x', 'private-cache-x', 'presence-cache-x', 'private-encrypted-cache-x'])
	test(name, async () => {
		const first = await subscribed(await connected(connect(push, { member: { user_id: 1 } })), name);
		await heard(first, 'pusher:cache_miss');
		await disconnectAll(push);
		await serverOf(push).trigger(name, 'update', { n: 1 });
		await serverOf(push).trigger(name, 'update', { n: 2 });
		const second = await subscribed(await connected(connect(push, { member: { user_id: 1 } })), name);
		assert.deepEqual(await heard(second, 'update'), [{ n: 2 }]);
		await serverOf(push).trigger(name, 'update', { n: 3 });
		assert.deepEqual(await heard(second, 'update', 2), [{ n: 2 }, { n: 3 }]);
		assert.ok(!second.heard.some(([event]) => event === 'pusher:cache_miss'));
		const raw = await (await new Client(push).open()).subscribe(name, name.startsWith('presence') ? { data: { user_id: 2 } } : {});
		await waitFor(() => raw.named('update').length > 0, 'the replay');
		assert.deepEqual(raw.frames.filter(({ channel }) => channel === name).map(({ event }) => event),
			['pusher_internal:subscription_succeeded', 'update']);
		raw.close();
	});

test('client events are not remembered, and names that only hold "cache-" are no cache channels', async () => {
	const one = await subscribed(await connected(connect(push)), 'private-cache-y');
	const two = await subscribed(await connected(connect(push)), 'private-cache-y');
	one.trigger('client-x', { n: 1 });
	await heard(two, 'client-x');
	await heard(await subscribed(await connected(connect(push)), 'private-cache-y'), 'pusher:cache_miss');
	await serverOf(push).trigger('my-cache-x', 'update', {});
	const plain = await subscribed(await connected(connect(push)), 'my-cache-x');
	await serverOf(push).trigger('my-cache-x', 'later', {});
	await heard(plain, 'later');
	assert.ok(!plain.heard.some(([event]) => event === 'update' || event === 'pusher:cache_miss'));
});
