/** Client events: pusher-js's trigger and Echo's whisper reach the others; every refusal is said with 4301. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, startPush } from './push.mjs';
import { connect, connected, disconnectAll, echoOn, generations, heard, subscribed, ways } from './pusher-js.mjs';

let push, closedPush;
before(async () => {
	push = await startPush({ tls: true, env: { PUSHER_APP_ENABLE_CLIENT_MESSAGES: true } });
	closedPush = await startPush();
});
afterEach(() => disconnectAll(push, closedPush));
after(() => Promise.all([push?.stop(), closedPush?.stop()]));

for (const { version, tls, how } of Object.keys(generations).flatMap((version) => ways.map((way) => ({ version, ...way }))))
	test(`${version} ${how}: the others hear it, the sender does not; presence adds who it was`, async () => {
		const two = ['a', 'b'].map((id) => connect(push, { version, tls, member: { user_id: id } }));
		const [mine, theirs] = await Promise.all(two.map(async (client) => subscribed(await connected(client), 'presence-x')));
		const users = [];
		theirs.bind('client-typing', (_, metadata) => users.push(metadata?.user_id));
		assert.ok(mine.trigger('client-typing', { name: 'A', n: [1, null] }));
		assert.deepEqual(await heard(theirs, 'client-typing'), [{ name: 'A', n: [1, null] }]);
		if (version !== '4.4.0')
			assert.deepEqual(users, ['a']);
		assert.ok(!mine.heard.some(([event]) => event === 'client-typing'));
	});

test('Echo: whisper and listenForWhisper', async () => {
	const [one, two] = [connect(push), connect(push)];
	const whispers = [];
	await subscribed(await connected(one), 'private-room');
	await subscribed(await connected(two), 'private-room');
	echoOn(two).private('room').listenForWhisper('typing', (data) => whispers.push(data));
	echoOn(one).private('room').whisper('typing', { name: 'Ana' });
	await waitFor(() => whispers.length > 0, 'the whisper');
	assert.deepEqual(whispers, [{ name: 'Ana' }]);
});

const refusals = [
	['a public channel', { channel: 'open' }],
	['a channel that one is not in', { channel: 'private-other' }],
	['no channel', {}],
	['a long name', { channel: 'private-x', event: `client-${'x'.repeat(194)}` }],
	['too much data', { channel: 'private-x', data: 'x'.repeat(10241) }],
];
for (const [what, { channel, event = 'client-x', data = {} }] of refusals)
	test(`refused with 4301, the socket stays: ${what}`, async () => {
		const sender = await (await new Client(push).open()).subscribe('private-x');
		const other = await (await new Client(push).open()).subscribe('private-x');
		await sender.subscribe('open');
		await other.subscribe('open');
		await other.subscribe('private-other');
		sender.send(event, data, channel);
		await waitFor(() => sender.named('pusher:error').length > 0, 'the refusal');
		assert.equal(sender.named('pusher:error')[0].data.code, 4301);
		sender.send('client-ok', {}, 'private-x');
		await waitFor(() => other.named('client-ok').length > 0, 'the next event');
		assert.ok(!other.frames.some((f) => f.event === event));
		sender.close();
		other.close();
	});

test('refused where the app has not switched them on', async () => {
	const client = await (await new Client(closedPush).open()).subscribe('private-x');
	client.send('client-x', {}, 'private-x');
	await waitFor(() => client.named('pusher:error').length > 0, 'the refusal');
	assert.deepEqual(client.named('pusher:error')[0].data, { message: 'The app does not have client messaging enabled.', code: 4301 });
	client.close();
});

test('more than 10 a second are refused, and a second later all is well', async () => {
	const sender = await (await new Client(push).open()).subscribe('private-rate');
	const other = await (await new Client(push).open()).subscribe('private-rate');
	for (let n = 0; n < 15; n++)
		sender.send('client-n', { n }, 'private-rate');
	await waitFor(() => other.named('client-n').length + sender.named('pusher:error').length === 15, 'all answers');
	assert.equal(other.named('client-n').length, 10);
	assert.ok(sender.named('pusher:error').every(({ data }) => data.code === 4301));
	await waitFor(async () => {
		sender.send('client-later', {}, 'private-rate');
		return waitFor(() => other.named('client-later').length > 0, 'it', 200).catch(() => false);
	}, 'the next second');
	sender.close();
	other.close();
});

test('what a client writes beside event, channel and data is not passed on', async () => {
	const sender = await (await new Client(push).open()).subscribe('presence-y', { data: { user_id: 'me' } });
	const other = await (await new Client(push).open()).subscribe('presence-y', { data: { user_id: 'you' } });
	sender.socket.send(JSON.stringify({ event: 'client-x', channel: 'presence-y', data: 1, user_id: 'root', extra: true }));
	await waitFor(() => other.named('client-x').length > 0, 'the event');
	assert.deepEqual(other.named('client-x')[0], { event: 'client-x', channel: 'presence-y', data: 1, user_id: 'me' });
	sender.close();
	other.close();
});
