/** The frames and addresses that end laravel-websockets, and a few of our own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startSystem, waitFor } from './harness.mjs';
import { OldClient } from './old-client.mjs';

let system;
before(async () => { system = await startSystem(); });
after(() => system?.stop());

const frames = [
	'', '{', 'null', '[]', '"x"', '1', '{"event":["x"]}', '{"event":{}}', '{"event":null}', '{}',
	'{"event":"pusher:subscribe","data":"x"}', '{"event":"pusher:subscribe","data":null}', '{"event":"pusher:subscribe"}',
	'{"event":"pusher:subscribe","data":{"channel":null}}', '{"event":"pusher:subscribe","data":{"channel":["a"]}}',
	'{"event":"pusher:subscribe","data":{"channel":""}}', '{"event":"pusher:subscribe","data":{"channel":"a b"}}',
	'{"event":"pusher:subscribe","data":{"channel":"private-x","auth":["a"]}}', '{"event":"pusher:subscribe","data":{"channel":"private-x"}}',
	'{"event":"pusher:unsubscribe","data":["a"]}', '{"event":"client-x","channel":["a"],"data":{}}', '{"event":"client-x"}',
	'{"event":"pusher:signin","data":{"auth":1}}', `${'['.repeat(50_000)}`, `{"event":"${'x'.repeat(90_000)}"}`, '{"event":"a\\u0000b"}',
];
const addresses = ['/', '/app', '/app/', '/app/local?appKey[]=1', '/apps', '/apps/local/events', '/apps//events', '/%00', '/app/local/x', '/..%2f..%2fetc/passwd'];

for (const frame of frames)
	test(`frame ${frame.slice(0, 60)}`, async () => {
		const socket = new WebSocket(`${system.pushUrl.replace('http', 'ws')}/app/local?protocol=7`);
		const seen = [];
		socket.onmessage = ({ data }) => seen.push(JSON.parse(data).event);
		socket.onclose = () => seen.push('closed');
		await waitFor(() => seen.length > 0, 'the greeting');
		socket.send(frame);
		socket.send('{"event":"pusher:ping","data":{}}');
		// a pong, or a close: never silence
		await waitFor(() => seen.includes('pusher:pong') || seen.includes('closed'), 'an answer', 5_000);
		socket.close();
	});

test('no address of HTTP does either', async () => {
	for (const address of addresses) {
		const answer = await fetch(system.pushUrl + address, { method: address.includes('events') ? 'POST' : 'GET' }).catch(() => null);
		assert.ok(answer === null || answer.status < 500, `${address}: ${answer?.status}`);
	}
});

test('and an honest client is served as before', async () => {
	const client = await new OldClient(system, 'after').subscribe();
	assert.equal((await client.send([{ role: 'user', content: 'hola' }])).message.status, 'complete');
	client.close();
});
