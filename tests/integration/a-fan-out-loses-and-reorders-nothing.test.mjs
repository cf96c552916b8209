/**
 * One channel of 1,000 and 200 channels of 5, at full speed: each subscriber gets each message once, whole
 * and in order, by datagram and by HTTP. (10,000 and 1,000 x 5: make bench. Fewer on instrumented programs.)
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { BIN, waitFor } from './harness.mjs';
import { startPush } from './push.mjs';

const SHARE = /asan|tsan/.test(BIN) ? 0.1 : 1;
const some = (n) => Math.ceil(n * SHARE);

let push;
before(async () => { push = await startPush(); });
after(() => push?.stop());

/** What push_load says after it has looked at every delivery; it ends with 1 when one is not as it should be. */
async function load(...options) {
	const { stdout } = await promisify(execFile)(join(BIN, '../bench/push_load'), ['--port', push.port, ...options].map(String))
		.catch((e) => { throw new Error(`push_load: ${e.stdout}${e.stderr}\n${push.log}`); });
	return JSON.parse(stdout);
}
const datagram = () => ['--datagram', join(push.dir, 'push.sock')];

async function delivers(connections, channels, messages, ...options) {
	const said = await load('--connections', connections, '--channels', channels, '--messages', messages, ...options);
	assert.deepEqual({ lost: said.lost, reordered: said.reordered, corrupt: said.corrupt, delivered: said.delivered },
		{ lost: 0, reordered: 0, corrupt: 0, delivered: messages * connections / channels });
	await waitFor(async () => await push.metric('push_connections') === 0 && await push.metric('push_channels') === 0, 'everybody is gone');
}

test('one channel', () => delivers(some(1000), 1, some(300), ...datagram()));
test('one channel, one message at a time', () => delivers(some(1000), 1, some(50), '--window', 1, ...datagram()));
test('one channel, 2 KB', () => delivers(some(1000), 1, some(100), '--size', 2000, ...datagram()));
test('one channel, by HTTP', () => delivers(some(1000), 1, some(100), '--http'));
test('many channels of five', () => delivers(some(200) * 5, some(200), some(4000), '--window', 64, '--size', 60, ...datagram()));
