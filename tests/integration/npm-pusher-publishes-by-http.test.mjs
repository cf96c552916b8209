import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import PusherServer from 'pusher';

import { startSystem, waitFor } from './harness.mjs';
import { OldClient } from './old-client.mjs';

let system;
const server = (secret = 'local', appId = 'local') => new PusherServer({
	appId, key: 'local', secret, host: '127.0.0.1', port: String(new URL(system.pushUrl).port), useTLS: false,
});
before(async () => { system = await startSystem(); });
after(() => system?.stop());

test('an event reaches the subscribers, and not the excluded socket; the answer is {}', async () => {
	const one = await new OldClient(system, 'http').subscribe();
	const two = await new OldClient(system, 'http').subscribe();
	try {
		const answer = await server().trigger('chat.http', 'App\\Events\\MessageSent', { n: 1 }, { socket_id: two.pusher.connection.socket_id });
		assert.equal(answer.status, 200);
		assert.equal(await answer.text(), '{}');
		await server().trigger('chat.http', 'App\\Events\\MessageSent', { n: 2 });
		await waitFor(() => one.sent.length === 2 && two.sent.length === 1, 'the events');
		assert.deepEqual(one.sent, [{ n: 1 }, { n: 2 }]);
		assert.deepEqual(two.sent, [{ n: 2 }]);
	} finally {
		one.close();
		two.close();
	}
});

test('a wrong secret is 401, an unknown app 404', async () => {
	await assert.rejects(server('wrong').trigger('chat.http', 'x', {}), (e) => e.status === 401);
	await assert.rejects(server('local', 'nobody').trigger('chat.http', 'x', {}), (e) => e.status === 404);
});
