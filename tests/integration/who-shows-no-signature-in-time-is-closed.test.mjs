/** enable_user_authentication: a connection signs in or joins a private channel in time, or is closed with 4009. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Client, startPush } from './push.mjs';

let push;
before(async () => {
	push = await startPush({ apps: [
		{ id: 'strict', key: 'strict', secret: 'strict', enable_user_authentication: true, limits: { user_authentication_seconds: 1 } },
	] });
});
after(() => push?.stop());

const strict = { key: 'strict', secret: 'strict' };

test('who does neither is closed; who does either stays, and so does everybody elsewhere', async () => {
	const [none, open, private_, presence, user, elsewhere] = await Promise.all(
		[strict, strict, strict, strict, strict, {}].map((options) => new Client(push, options).open()));
	await open.subscribe('x', strict);
	await private_.subscribe('private-x', strict);
	await presence.subscribe('presence-x', { ...strict, data: { user_id: 1 } });
	await user.signIn({ id: 'u' }, strict);
	assert.equal(await none.closed(), 4009);
	assert.equal(await open.closed(), 4009);
	assert.equal(none.named('pusher:error')[0].data.code, 4009);
	// long after their time
	const late = await new Client(push, strict).open();
	assert.equal(await late.closed(), 4009);
	for (const client of [private_, presence, user, elsewhere]) {
		assert.equal(client.code, undefined);
		client.close();
	}
});

test('a refused signature is none', async () => {
	const client = await (await new Client(push, strict).open()).subscribe('private-x', { ...strict, secret: 'wrong' });
	assert.equal(await client.closed(), 4009);
});
