/** gemini-standin: each way of breaking off is what it says on the wire, and the worker gets over all of them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';

import { ask, startSystem, waitFor } from './harness.mjs';

const STREAM = '/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse';
const run = promisify(execFile);

let system;
before(async () => { system = await startSystem(); });
after(() => system?.stop());

/** Sends one question over a socket of its own; resolves to all bytes and how it ended: 'end', an error's code, or 'open'. */
function askRaw(directives, { patience = 20_000 } = {}) {
	const { hostname, port } = new URL(system.standin.url);
	const body = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: `q [[${directives}]]` }] }] });
	return new Promise((done) => {
		const socket = connect(Number(port), hostname);
		let bytes = '';
		const finish = (ending) => { clearTimeout(timer); socket.destroy(); done({ bytes, ending }); };
		const timer = setTimeout(finish, patience, 'open');
		socket.setEncoding('utf8');
		socket.on('data', (chunk) => { bytes += chunk; });
		socket.once('end', () => finish('end'));
		socket.once('error', (e) => finish(e.code));
		socket.write(`POST ${STREAM} HTTP/1.1\r\nHost: x\r\nx-goog-api-key: k\r\n`
			+ `Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
	});
}

const frames = (bytes) => bytes.split('data: ').length - 1;
const SHAPE = 'bytes=400,seed=5,chunk=40';

describe('on the wire', () => {
	test('an answer in order ends with the last chunk', async () => {
		const { bytes, ending } = await askRaw(SHAPE);
		assert.equal(ending, 'end');
		assert.ok(bytes.endsWith('0\r\n\r\n'));
		assert.match(bytes, /"finishReason": ?"STOP"/);
	});

	test('reset_after is a TCP reset', async () => {
		const body = (count) => JSON.stringify({ contents: [{ parts: [{ text: `q [[${SHAPE},reset_after=${count}]]` }] }] });
		for (const count of [0, 1, 5]) { // curl: Node may take a reset behind data for an end
			const { stdout, stderr } = await run('curl', ['-sSN', '-m', '20', '-H', 'x-goog-api-key: k', '-d', body(count), system.standin.url + STREAM])
				.catch((e) => e);
			assert.match(stderr, /reset by peer/i);
			assert.ok(frames(stdout) <= count);
		}
	});

	test('drop_after closes without the last chunk', async () => {
		const { bytes, ending } = await askRaw(`${SHAPE},drop_after=3`);
		assert.equal(ending, 'end');
		assert.equal(frames(bytes), 3);
		assert.ok(!bytes.endsWith('0\r\n\r\n'));
	});

	test('cut_after ends in order, without a finishReason', async () => {
		const { bytes, ending } = await askRaw(`${SHAPE},cut_after=3`);
		assert.equal(ending, 'end');
		assert.equal(frames(bytes), 3);
		assert.ok(bytes.endsWith('0\r\n\r\n'));
		assert.doesNotMatch(bytes, /finishReason/);
	});

	test('stall_after and hang stay open', async () => {
		const stalled = await askRaw(`${SHAPE},stall_after=3`, { patience: 500 });
		assert.deepEqual([stalled.ending, frames(stalled.bytes)], ['open', 3]);
		const hung = await askRaw('hang', { patience: 500 });
		assert.deepEqual(hung, { bytes: '', ending: 'open' });
	});

	test('a client that leaves is counted, and frees its place', async () => {
		await waitFor(async () => (await system.standin.counters()).open_streams === 0, 'no open streams');
		assert.ok((await system.standin.counters()).aborted >= 2);
	});
});

describe('the worker ends each with the whole text, once', { concurrency: 4 }, () => {
	for (const fault of ['reset_after=0', 'reset_after=3', 'drop_after=3', 'cut_after=3', 'error_after=3', 'bare_error_after=3', 'torn', 'status=503',
		'status=429,retry_delay=0.1s', 'status=500', 'no_stream', 'plain_json', 'slice=1', 'comments', 'lf', 'ascii,done_marker', 'finish_everywhere'])
		test(fault, async () => {
			const expected = await (await fetch(`${system.standin.url}/control/text?bytes=400&seed=5`)).text();
			const chatId = fault.replace(/[^a-z0-9]/g, '-');
			const reply = await ask(system, chatId, `q ${fault} [[${SHAPE},${fault},times=1]]`, 30_000);
			assert.equal(reply.status, 'complete', JSON.stringify(reply.error));
			assert.equal(reply.content, expected);
		});
});
