/**
 * kill -9 of the worker, of fcgi-app and of the push server while replies stream: every 202 ends
 * complete (or error with its reason), the text is the stand-in's, once.
 * KILLS=200 for make soak; SEED replays a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { postJson, startSystem, waitFor } from './harness.mjs';

const KILLS = Number(process.env.KILLS ?? 20);
const SEED = Number(process.env.SEED ?? Date.now() % 100_000);
const VICTIMS = ['worker', 'app', 'push'];

/** A small generator (Park and Miller), so that a seed replays a run. */
function generator(seed) {
	let state = seed % 2147483647 || 1;
	return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

async function post(system, chatId, n) {
	const content = `pregunta ${n} [[bytes=1500,seed=${n},chunk=60,delay=15]]`;
	try {
		const answer = await postJson(`${system.url}/api/send-message`, { messages: [{ role: 'user', content }], chatId });
		return answer.status === 202 ? { chatId, n, ...(await answer.json()) } : null;
	} catch {
		return null; // the web server itself was never killed, but its answer may be a cut one
	}
}

const history = async (system, chatId) => (await fetch(`${system.url}/api/chats/${chatId}/history`)).json();

test(`${KILLS} kills at random moments, seed ${SEED}`, { timeout: 60_000 + KILLS * 3_000 }, async () => {
	const random = generator(SEED);
	const system = await startSystem();
	const accepted = [];
	try {
		for (let kill = 0; kill < KILLS; kill++) {
			const posts = await Promise.all([0, 1, 2].map((i) => post(system, `k${kill}-${i}`, 3 * kill + i)));
			accepted.push(...posts.filter(Boolean));
			const victim = VICTIMS[Math.floor(random() * VICTIMS.length)];
			const until = Date.now() + random() * 300;
			await waitFor(() => Date.now() >= until, 'the moment');
			await system.kill(victim);
			await system.restart(victim);
			await waitFor(async () => (await fetch(`${system.url}/api/health`)).ok, 'health');
		}
		assert.ok(accepted.length >= KILLS, `only ${accepted.length} accepted`);
		const texts = new Map();
		for (const { chatId, replyId, messageId, n } of accepted) {
			const done = await waitFor(async () => {
				const { messages } = await history(system, chatId);
				const reply = messages?.find((m) => m.id === replyId);
				return reply && !['queued', 'streaming'].includes(reply.status) ? messages : null;
			}, `the end of ${chatId}`, 60_000);
			const reply = done.find((m) => m.id === replyId);
			assert.equal(done.length, 2, 'one question, one reply');
			assert.ok(done.some((m) => m.id === messageId));
			assert.equal(reply.status, 'complete', `${chatId}: ${JSON.stringify(reply.error)}`);
			assert.equal(Buffer.byteLength(reply.content), 1500);
			const expected = await (await fetch(`${system.standin.url}/control/text?bytes=1500&seed=${n}`)).text();
			assert.equal(reply.content, expected);
			texts.set(chatId, reply.content);
		}
		assert.equal(new Set(accepted.map((a) => a.replyId)).size, accepted.length);
	} finally {
		await system.stop();
	}
});
