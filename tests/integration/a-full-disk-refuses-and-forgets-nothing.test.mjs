/**
 * The disk fills up while people write and replies stream: who posts is told (507), reading goes on,
 * health says it, nothing that was accepted is lost, and when there is room again all goes on by
 * itself, the replies that were in the middle of a word as well.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { cgi } from './cgi.mjs';
import { health, history, isAnswered, isProblem, question } from './faults.mjs';
import { faultEnv, SLOW, startSystem, waitFor } from './harness.mjs';

const ROUNDS = 6;
let system;
before(async () => { system = await startSystem({ faults: true }); });
after(() => system?.stop());

const count = (log, pattern) => log.match(pattern)?.length ?? 0;

/** Posts until the disk says no; what was let in before that. */
async function fillUp(round) {
	const accepted = [];
	for (let i = 0; i < 200; i++) {
		const q = await question(system, `full-${round}-${i}`);
		if (q.status !== 202)
			return { accepted, refused: q };
		accepted.push(q);
	}
	throw new Error('the disk never filled up');
}

test(`${ROUNDS} times full, and free again`, { timeout: 240_000 * SLOW }, async () => {
	for (let round = 0; round < ROUNDS; round++) {
		const running = await question(system, `running-${round}`, { bytes: 3000 });
		assert.equal(running.status, 202);
		await waitFor(async () => (await history(system, `running-${round}`)).messages?.find((m) => m.id === running.replyId)?.content.length > 0, 'text');
		const isFull = round % 2 === 0; // else there is room within the files, as most file systems have it
		system.fault(isFull ? 'full' : 'no growth');
		const { accepted, refused } = await fillUp(round);
		isProblem(refused, 507, 'storage_full');
		// reading goes on
		const before = await history(system, `running-${round}`);
		assert.equal(before.messages.length, 2);
		assert.equal((await fetch(`${system.url}/api/chats`)).status, 200);
		assert.equal((await fetch(`${system.url}/api/search?q=pregunta`)).status, 200);
		const sick = await health(system);
		if (isFull || sick.status !== 200) { // a word may still fit into the log, and health says what is
			assert.equal(sick.status, 503);
			assert.equal(sick.ready, false);
			assert.ok(sick.reasons.some((r) => r.code === 'disk_full'), JSON.stringify(sick.reasons));
		}
		// nothing of the refused one is there
		assert.equal((await fetch(`${system.url}/api/chats/${refused.chatId}/history`)).status, 404);
		// time in which the worker must not give up
		const until = Date.now() + 700;
		await waitFor(() => Date.now() > until, 'some time');
		system.fault();
		await waitFor(async () => (await health(system)).status === 200, 'health, without a restart');
		for (const q of [running, ...accepted])
			await isAnswered(system, q);
		const again = await question(system, refused.chatId);
		assert.equal(again.status, 202);
		await isAnswered(system, again);
	}
	for (const name of ['app', 'worker']) {
		assert.equal(system.programs[name].ended, false, `${name} was not restarted`);
		const log = system.programs[name].log;
		assert.ok(count(log, /disk is full/g) <= 2 * ROUNDS, `it is said once, not each time:\n${log}`);
		assert.ok(count(log, /tick failed/g) <= 3 * ROUNDS, log);
	}
});

test('plain CGI says the same', async () => {
	const env = faultEnv(system.place, 'app');
	system.fault('full');
	const answer = await cgi(system, 'POST', '/api/send-message', JSON.stringify({ chatId: 'cgi-full', messages: [{ role: 'user', content: 'x' }] }), env);
	assert.equal(answer.status, 507, answer.log);
	assert.equal(answer.json.code, 'storage_full');
	assert.equal((await cgi(system, 'GET', '/api/chats', '', env)).status, 200);
	system.fault();
	await waitFor(async () => (await health(system)).status === 200, 'health');
});
