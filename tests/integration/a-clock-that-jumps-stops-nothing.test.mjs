/**
 * The wall clock is set an hour ahead, an hour back, to 1970, while replies stream, wait and are
 * retried: each ends once, whole, and no later than it would have; messages stay in order; a killed
 * worker's replies are taken up by the next.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { history, isAnswered, question } from './faults.mjs';
import { SLOW, startSystem, waitFor } from './harness.mjs';
import { OldClient } from './old-client.mjs';

const HOUR = 3600;
let system;
before(async () => { system = await startSystem({ faults: true }); });
after(() => system?.stop());

const streams = (q) => waitFor(async () => (await history(system, q.chatId)).messages?.find((m) => m.id === q.replyId)?.content.length > 0, 'text');
const jumps = [['an hour ahead', HOUR], ['an hour back', -HOUR], ['to 1970', -Math.floor(Date.now() / 1000)]];

for (const [name, by] of jumps) {
	const chat = `jump${by}`; // c- is for ids that we make
	test(`${name}, while replies stream`, { timeout: 60_000 * SLOW }, async () => {
		system.fault();
		const client = await new OldClient(system, `${chat}-0`).subscribe();
		const running = [];
		for (let i = 0; i < 4; i++)
			running.push(await question(system, `${chat}-${i}`, { bytes: 4000, directives: 'chunk=60,delay=50' }));
		for (const q of running)
			await streams(q);
		const from = Date.now();
		system.fault(`clock ${by}`);
		const meanwhile = await question(system, `${chat}-0`);
		assert.equal(meanwhile.status, 202);
		for (const q of [...running, meanwhile])
			await isAnswered(system, q);
		assert.ok(Date.now() - from < 20_000 * SLOW, 'none waited for the clock');
		await waitFor(() => client.sent.length === 2, 'each is told once');
		assert.equal(client.names.filter((n) => n === 'message_reset').length, 0, 'none was taken for dead');
		client.close();
		const { messages } = await history(system, `${chat}-0`);
		assert.deepEqual(messages.filter((m) => m.role === 'user').map((m) => m.id), [running[0].messageId, meanwhile.messageId]);
		assert.equal(messages.at(-1).parentId, meanwhile.messageId);
		// and back again, with a question in between
		system.fault();
		const last = await question(system, `${chat}-0`);
		await isAnswered(system, last);
	});

	test(`${name}, while a reply waits for its next attempt`, { timeout: 60_000 * SLOW }, async () => {
		system.fault();
		await system.standin.queue([{ status: 503 }, { status: 503 }]);
		const q = await question(system, `${chat}-retry`);
		await waitFor(async () => (await system.standin.requests()).filter((r) => JSON.stringify(r).includes(`pregunta ${q.n} `)).length > 0, 'the first attempt');
		await waitFor(async () => (await history(system, q.chatId)).messages?.find((m) => m.id === q.replyId)?.status === 'queued', 'it waits');
		system.fault(`clock ${by}`);
		const from = Date.now();
		await isAnswered(system, q);
		assert.ok(Date.now() - from < 15_000 * SLOW, `${Date.now() - from} ms`);
		await system.standin.forget();
	});

	test(`${name}, and the worker is killed`, { timeout: 60_000 * SLOW }, async () => {
		system.fault();
		const q = await question(system, `${chat}-kill`, { bytes: 3000 });
		await streams(q);
		await system.kill('worker');
		system.fault(`clock ${by}`);
		await system.programs.worker.start();
		const from = Date.now();
		await isAnswered(system, q);
		assert.ok(Date.now() - from < 15_000 * SLOW, `${Date.now() - from} ms`);
	});
}
