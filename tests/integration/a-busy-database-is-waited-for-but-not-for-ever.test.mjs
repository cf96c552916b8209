/**
 * Another process holds the database's write lock: a few seconds are waited for, more than five are a
 * 503 with Retry-After, also for those who come when others wait already. Nothing is half written,
 * and replies that stream meanwhile are whole in the end.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';

import { health, history, isAnswered, isProblem, question } from './faults.mjs';
import { SLOW, startSystem, waitFor } from './harness.mjs';

const PATIENCE_MS = 5_000, SLACK_MS = 1_500 * SLOW;
let system, other;
before(async () => {
	system = await startSystem();
	other = new DatabaseSync(join(system.dir, 'var/charla.db'));
	other.exec('PRAGMA busy_timeout = 5000'); // the worker may be writing just now
});
after(async () => { other?.close(); await system?.stop(); });

const until = (ms) => waitFor(() => Date.now() >= ms, 'the moment', 30_000);

/** A write lock for so long; with something written under it that is taken back. */
async function whileLocked(ms, work) {
	const from = Date.now();
	other.exec('BEGIN IMMEDIATE');
	try {
		const result = work(from);
		await until(from + ms);
		return { result, from };
	} finally {
		other.exec('ROLLBACK');
	}
}

test('two seconds: everybody waits, and is served', async () => {
	const running = await question(system, 'busy-a', { bytes: 3000 });
	const { result, from } = await whileLocked(2_000, () => Promise.all([1, 2, 3].map((i) => question(system, `busy-short-${i}`))));
	const answers = await result;
	assert.ok(Date.now() - from < 4_000 + SLACK_MS);
	for (const q of [running, ...answers]) {
		assert.equal(q.status, 202);
		await isAnswered(system, q);
	}
});

test('ten seconds: who waits five is told so, whenever he came; reading goes on', { timeout: 120_000 }, async () => {
	const running = await question(system, 'busy-b', { bytes: 4000 });
	const timed = async (i) => {
		const from = Date.now();
		const q = await question(system, `busy-long-${i}`);
		return { ...q, ms: Date.now() - from };
	};
	const late = [];
	const { result } = await whileLocked(10_000, (from) => {
		for (const [i, ms] of [[2, 1_000], [3, 2_500], [4, 4_000]])
			late.push(until(from + ms).then(() => timed(i)));
		late.push((async () => {
			await until(from + 6_000);
			const sick = await health(system);
			assert.equal(sick.status, 503);
			assert.ok(sick.reasons.some((r) => r.code === 'database_busy'), JSON.stringify(sick));
			return null;
		})());
		const read = fetch(`${system.url}/api/chats/busy-b/history`).then(async (answer) => {
			assert.equal(answer.status, 200);
			assert.ok(Date.now() - from < 1_000 * SLOW, 'a reader does not wait');
		});
		return Promise.all([timed(1), read]);
	});
	const refused = [(await result)[0], ...await Promise.all(late)].filter((q) => q !== null);
	assert.equal(refused.length, 4);
	for (const q of refused) {
		isProblem(q, 503, 'busy');
		assert.ok(q.ms < PATIENCE_MS + SLACK_MS, `${q.chatId} waited ${q.ms} ms`);
		assert.equal((await fetch(`${system.url}/api/chats/${q.chatId}/history`)).status, 404, 'nothing of it is there');
	}
	await waitFor(async () => (await health(system)).status === 200, 'health');
	await isAnswered(system, running);
	assert.equal((await history(system, 'busy-b')).messages.length, 2);
	const again = await question(system, refused[0].chatId);
	assert.equal(again.status, 202);
	await isAnswered(system, again);
});
