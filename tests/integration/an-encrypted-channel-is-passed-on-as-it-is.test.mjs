/** End-to-end encryption by Pusher's own libraries: the server sees only nonce and ciphertext. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { Client, startPush } from './push.mjs';
import { connect, connected, disconnectAll, heard, serverOf, subscribed } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush(); });
afterEach(disconnectAll);
after(() => push?.stop());

for (const name of ['private-encrypted-x', 'private-encrypted-cache-x'])
	test(name, async () => {
		const spy = await (await new Client(push).open()).subscribe(name);
		const channel = await subscribed(await connected(connect(push)), name);
		await serverOf(push).trigger(name, 'secret', { text: 'ñandú', n: 1 });
		assert.deepEqual(await heard(channel, 'secret'), [{ text: 'ñandú', n: 1 }]);
		const [frame] = spy.named('secret');
		assert.equal(typeof frame.data, 'string');
		assert.deepEqual(Object.keys(JSON.parse(frame.data)).sort(), ['ciphertext', 'nonce']);
		assert.ok(!JSON.stringify(spy.frames).includes('ñandú'));
		spy.close();
	});
