/** subscription_count, where the app has it; never in presence channels, never elsewhere. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { startPush } from './push.mjs';
import { connect, connected, disconnectAll, heard, serverOf, subscribed } from './pusher-js.mjs';

let push, without;
before(async () => {
	push = await startPush({ env: { PUSHER_APP_ENABLE_SUBSCRIPTION_COUNT: true } });
	without = await startPush();
});
afterEach(() => disconnectAll(push, without));
after(() => Promise.all([push?.stop(), without?.stop()]));

for (const name of ['open', 'private-x', 'cache-x'])
	test(name, async () => {
		const counts = [];
		const client = await connected(connect(push));
		const channel = await subscribed(client, name);
		channel.bind('pusher:subscription_count', ({ subscription_count }) => counts.push(subscription_count));
		const others = await Promise.all([connect(push), connect(push)].map(connected));
		await subscribed(others[0], name);
		await subscribed(others[1], name);
		others[0].unsubscribe(name);
		await waitFor(() => counts.at(-1) === 2 && counts.length >= 3, 'the counts');
		others[1].disconnect();
		await waitFor(() => counts.at(-1) === 1, 'the last count');
		assert.deepEqual(counts.slice(-4), [2, 3, 2, 1]);
		assert.equal(channel.subscriptionCount, 1);
	});

test('not in presence channels, and not where it is off', async () => {
	for (const [server, name] of [[push, 'presence-x'], [without, 'open']]) {
		const channel = await subscribed(await connected(connect(server, { member: { user_id: 1 } })), name);
		await subscribed(await connected(connect(server, { member: { user_id: 2 } })), name);
		await serverOf(server).trigger(name, 'end', {});
		await heard(channel, 'end');
		assert.ok(!channel.heard.some(([event]) => event.includes('count')));
	}
});
