/**
 * EIO. After a sync that failed nobody knows what is on the disk: that process ends without an answer,
 * and the next one starts from what is there. What was accepted before is there, and nothing was
 * accepted in between. A read that fails is a 503 and nothing more.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { health, history, isAnswered, question } from './faults.mjs';
import { SLOW, startSystem, waitFor } from './harness.mjs';

const ROUNDS = 4;
let system;
before(async () => { system = await startSystem({ faults: true }); });
after(() => system?.stop());

/** The program has ended by itself, and is started again as a supervisor does. */
async function ends(name) {
	const program = system.programs[name];
	await waitFor(() => program.ended, `${name} ends`);
	assert.equal(program.code, 1);
	assert.match(program.log, /cannot be (written|used)/);
	system.fault();
	await program.start();
}

for (const fault of ['eio sync', 'eio write'])
	test(`${fault}: who posts gets no 202, fcgi-app ends, and a retry with its key is one message`, { timeout: 120_000 * SLOW }, async () => {
		for (let round = 0; round < ROUNDS; round++) {
			const accepted = [];
			for (let i = 0; i < 5; i++)
				accepted.push(await question(system, `${fault.slice(4)}-${round}-${i}`));
			for (const q of accepted)
				await isAnswered(system, q);
			const headers = { 'Idempotency-Key': randomUUID() };
			system.faultOf('app', fault);
			const chatId = `${fault.slice(4)}-${round}-lost`;
			const lost = await question(system, chatId, { headers });
			assert.notEqual(lost.status, 202);
			assert.ok(lost.status >= 500 || lost.status === 0, `${lost.status}`);
			await ends('app');
			await waitFor(async () => (await health(system)).status === 200, 'health');
			// what was not synced may be there or not, but after the retry it is there once
			const { status } = await fetch(`${system.url}/api/chats/${chatId}/history`);
			assert.ok(status === 200 || status === 404);
			const again = await question(system, `${chatId}-again`, { headers });
			assert.equal(again.status, 202);
			for (const q of [...accepted, again])
				await isAnswered(system, q);
		}
	});

test('the worker ends as well, and its replies go on from the start with the next one', { timeout: 120_000 * SLOW }, async () => {
	const running = await question(system, 'worker-eio', { bytes: 2500 });
	await waitFor(async () => (await history(system, 'worker-eio')).messages?.find((m) => m.id === running.replyId)?.content.length > 0, 'text');
	system.faultOf('worker', 'eio sync');
	await ends('worker');
	await isAnswered(system, running);
	assert.equal(system.programs.app.ended, false, 'fcgi-app had nothing to write and stays');
});

test('a read that fails is told, and over when it is over', async () => {
	const q = await question(system, 'read-eio');
	await isAnswered(system, q);
	await system.restart('app'); // what it had read is not in its memory any more
	system.faultOf('app', 'eio read');
	const answer = await fetch(`${system.url}/api/chats/read-eio/history`);
	const sick = await health(system);
	system.fault();
	assert.equal(answer.status, 503);
	assert.equal((await answer.json()).code, 'storage_failed');
	assert.equal(sick.status, 503);
	assert.equal(sick.reasons[0].code, 'database');
	await waitFor(async () => (await health(system)).status === 200, 'health');
	await isAnswered(system, q);
	assert.equal(system.programs.app.ended, false);
});

test('a disk that reads nothing at the start is not taken for a damaged database', async () => {
	const db = join(system.dir, 'var/charla.db');
	for (let round = 0; round < 5; round++) {
		await system.programs.app.stop();
		system.faultOf('app', 'eio read');
		await system.programs.app.start();
		assert.equal((await health(system)).status, 503);
		system.fault();
		await waitFor(async () => (await health(system)).status === 200, 'health, without a restart');
		assert.equal(existsSync(`${db}.check-failed`), false, system.programs.app.log);
	}
});
