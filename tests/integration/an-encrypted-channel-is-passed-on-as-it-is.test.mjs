/** End-to-end encryption by Pusher's own libraries: the server sees only nonce and ciphertext. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { Client, startPush } from './push.mjs';
import { connect, connected, disconnectAll, heard, serverOf, subscribed, ways } from './pusher-js.mjs';

let push;
before(async () => { push = await startPush({ tls: true }); });
afterEach(disconnectAll);
after(() => push?.stop());

for (const { name, tls, how } of ['private-encrypted-x', 'private-encrypted-cache-x'].flatMap((name) => ways.map((way) => ({ name, ...way }))))
	test(`${name} ${how}`, async () => {
		const spy = await (await new Client(push).open()).subscribe(name);
		const channel = await subscribed(await connected(connect(push, { tls })), name);
		await serverOf(push, { tls }).trigger(name, 'secret', { text: 'ñandú', n: 1 });
		assert.deepEqual((await heard(channel, 'secret')).at(-1), { text: 'ñandú', n: 1 });
		const frame = spy.named('secret').at(-1);
		assert.equal(typeof frame.data, 'string');
		assert.deepEqual(Object.keys(JSON.parse(frame.data)).sort(), ['ciphertext', 'nonce']);
		assert.ok(!JSON.stringify(spy.frames).includes('ñandú'));
		spy.close();
	});
