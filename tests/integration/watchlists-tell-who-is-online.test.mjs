/** Watchlists in pusher-js: who is online at the sign-in, and each first coming and last going after it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, startPush } from './push.mjs';
import { connect, connected, disconnectAll, ways } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush({ tls: true }); });
afterEach(() => disconnectAll(push));
after(() => push?.stop());

async function signedIn(user, { version = '8.6.0', tls = false } = {}) {
	const client = await connected(connect(push, { user, version, tls }));
	client.news = [];
	for (const name of ['online', 'offline'])
		client.user.watchlist.bind(name, ({ user_ids }) => client.news.push([name, ...user_ids]));
	client.signin();
	await waitFor(() => client.user.user_data, 'the sign-in');
	return client;
}

for (const { version, tls, how } of ['7.6.0', '8.6.0'].flatMap((version) => ways.map((way) => ({ version, ...way }))))
	test(`${version} ${how}`, async () => {
		const ana = await signedIn({ id: `ana-${version}` }, { tls });
		const watcher = await signedIn({ id: 'w', watchlist: [`ana-${version}`, `blas-${version}`] }, { version, tls });
		await waitFor(() => watcher.news.length === 2, 'the present state');
		assert.deepEqual(watcher.news, [['online', `ana-${version}`], ['offline', `blas-${version}`]]);
		const again = await signedIn({ id: `ana-${version}` }); // a second connection is no news
		const blas = await signedIn({ id: `blas-${version}` });
		await waitFor(() => watcher.news.length === 3, 'Blas comes');
		ana.disconnect();
		blas.disconnect();
		await waitFor(() => watcher.news.length === 4, 'Blas goes');
		again.disconnect();
		await waitFor(() => watcher.news.length === 5, 'Ana goes');
		watcher.disconnect();
		assert.deepEqual(watcher.news.slice(2), [['online', `blas-${version}`], ['offline', `blas-${version}`], ['offline', `ana-${version}`]]);
	});

test('the 101st watched user is cut off, with 4302, and the sign-in stands', async () => {
	const client = await (await new Client(push).open()).signIn({ id: 'w2', watchlist: Array.from({ length: 101 }, (_, i) => `u${i}`) });
	await waitFor(() => client.named('pusher_internal:watchlist_events').length > 0, 'the state');
	assert.deepEqual(client.frames.slice(1).map(({ event }) => event), ['pusher:signin_success', 'pusher:error', 'pusher_internal:watchlist_events']);
	assert.equal(client.named('pusher:error')[0].data.code, 4302);
	const { events } = JSON.parse(client.named('pusher_internal:watchlist_events')[0].data);
	assert.deepEqual(events.map(({ name, user_ids }) => [name, user_ids.length]), [['offline', 100]]);
	client.close();
});
