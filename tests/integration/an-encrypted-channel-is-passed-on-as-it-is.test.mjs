/** End-to-end encryption by Pusher's own libraries: the server sees only nonce and ciphertext. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, startPush } from './push.mjs';
import { connect, connected, disconnectAll, heard, serverOf, subscribed, ways } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush({ tls: true }); });
afterEach(() => disconnectAll(push));
after(() => push?.stop());

for (const { tls, how } of ways)
	for (const kind of ['private-encrypted-', 'private-encrypted-cache-'])
		test(`${kind} ${how}`, async () => {
			const name = kind + (tls ? 'tls' : 'clear');
			const spy = await (await new Client(push).open()).subscribe(name);
			const channel = await subscribed(await connected(connect(push, { tls })), name);
			await serverOf(push, { tls }).trigger(name, 'secret', { text: 'ñandú', n: 1 });
			assert.deepEqual(await heard(channel, 'secret'), [{ text: 'ñandú', n: 1 }]);
			await waitFor(() => spy.named('secret').length > 0, 'the frame');
			const [frame] = spy.named('secret');
			assert.equal(typeof frame.data, 'string');
			assert.deepEqual(Object.keys(JSON.parse(frame.data)).sort(), ['ciphertext', 'nonce']);
			assert.ok(!JSON.stringify(spy.frames).includes('ñandú'));
			spy.close();
		});
