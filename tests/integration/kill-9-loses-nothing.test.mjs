/**
 * kill -9 of the worker, of fcgi-app and of the push server while replies stream: every 202 ends
 * complete (or error with its reason), the text is the stand-in's, once; and what a reader who was
 * there from the beginning shows in the end equals what is stored.
 * KILLS=1000 for make soak; SEED replays a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { postJson, SLOW, startSystem, waitFor } from './harness.mjs';
import { PageConnection } from './page-client.mjs';

const KILLS = Number(process.env.KILLS ?? 20);
const SEED = Number(process.env.SEED ?? Date.now() % 100_000);
const VICTIMS = ['worker', 'app', 'push'];
const ROUNDS_OPEN = 8; // readers stay so long: the youngest chats are always under load

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

/** The reply is complete, whole and there once. */
async function checkStored(system, { chatId, replyId, messageId, n }) {
	const messages = await waitFor(async () => {
		const stored = (await history(system, chatId)).messages;
		const reply = stored?.find((m) => m.id === replyId);
		return reply && !['queued', 'streaming'].includes(reply.status) ? stored : null;
	}, `the end of ${chatId}`, 60_000 * SLOW);
	const reply = messages.find((m) => m.id === replyId);
	assert.equal(messages.length, 2, 'one question, one reply');
	assert.ok(messages.some((m) => m.id === messageId));
	assert.equal(reply.status, 'complete', `${chatId}: ${JSON.stringify(reply.error)}`);
	assert.equal(Buffer.byteLength(reply.content), 1500);
	assert.equal(reply.content, await (await fetch(`${system.standin.url}/control/text?bytes=1500&seed=${n}`)).text());
}

/** Three chats with a reader each, and a question in each. */
async function startRound(system, connection, kill) {
	return Promise.all([0, 1, 2].map(async (i) => {
		const chatId = `k${kill}-${i}`;
		const page = await connection.open(chatId);
		return { page, accepted: await post(system, chatId, 3 * kill + i) };
	}));
}

async function endRound(system, connection, round) {
	for (const { page, accepted } of round) {
		if (accepted) {
			await checkStored(system, accepted);
			await page.equalsTheStored(60_000 * SLOW);
		}
		connection.leave(page);
	}
}

test(`${KILLS} kills at random moments, seed ${SEED}`, { timeout: (60_000 + KILLS * 5_000) * SLOW }, async () => {
	const random = generator(SEED);
	const system = await startSystem();
	const connection = new PageConnection(system);
	const rounds = [], replies = [];
	try {
		for (let kill = 0; kill < KILLS; kill++) {
			rounds.push(await startRound(system, connection, kill));
			replies.push(...rounds.at(-1).flatMap(({ accepted }) => accepted?.replyId ?? []));
			const victim = VICTIMS[Math.floor(random() * VICTIMS.length)];
			const until = Date.now() + random() * 300;
			await waitFor(() => Date.now() >= until, 'the moment');
			await system.kill(victim);
			await system.restart(victim);
			await waitFor(async () => (await fetch(`${system.url}/api/health`)).ok, 'health');
			if (rounds.length > ROUNDS_OPEN)
				await endRound(system, connection, rounds.shift());
		}
		for (const round of rounds)
			await endRound(system, connection, round);
		assert.ok(replies.length >= KILLS, `only ${replies.length} accepted`);
		assert.equal(new Set(replies).size, replies.length);
	} finally {
		connection.close();
		await system.stop();
	}
});
