/** pusher-js 4, 7 and 8, plain and over TLS: public, private, presence and cache channels, and leaving them. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { startPush } from './push.mjs';
import { connect, connected, disconnectAll, generations, heard, serverOf, subscribed, ways } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush({ tls: true }); });
afterEach(() => disconnectAll(push));
after(() => push?.stop());

const kinds = ['', 'private-', 'presence-', 'cache-', 'private-cache-', 'presence-cache-'];

for (const version of Object.keys(generations))
	for (const { tls, how } of ways)
		test(`${version} ${how}`, async () => {
			const client = await connected(connect(push, { version, tls, member: { user_id: '7', user_info: { name: 'Ana' } } }));
			assert.match(client.connection.socket_id, /^\d+\.\d+$/);
			const channels = kinds.map((kind) => `${kind}chat.${version}${tls ? '-tls' : ''}`);
			const all = await Promise.all(channels.map((name) => subscribed(client, name)));
			await serverOf(push, { tls }).trigger(channels, 'App\\Events\\MessageSent', { text: '¿Hola "mundo"? ñ €', n: 42 });
			for (const channel of all)
				assert.deepEqual(await heard(channel, 'App\\Events\\MessageSent'), [{ text: '¿Hola "mundo"? ñ €', n: 42 }]);
			assert.deepEqual(all[2].members.get('7'), { id: '7', info: { name: 'Ana' } });
			client.unsubscribe(channels[0]);
			await waitFor(async () => await push.metric('push_subscriptions') === kinds.length - 1, 'leaving');
			await serverOf(push).trigger([channels[0], channels[3]], 'last', {});
			await heard(all[3], 'last');
			assert.ok(!all[0].heard.some(([name]) => name === 'last'));
		});
