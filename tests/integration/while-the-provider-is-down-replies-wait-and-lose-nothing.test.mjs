/**
 * The provider answers 503 for a while. Jobs wait for it instead of using up their attempts one by
 * one: it is asked by one at a time, health says so, and when it is back every reply ends complete.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { postJson, startSystem, waitFor } from './harness.mjs';

const CHATS = 40;

let system;
before(async () => { system = await startSystem(); });
after(() => system?.stop());

const health = async () => (await fetch(`${system.url}/api/health`)).json();
const statusOf = async (chatId) => (await (await fetch(`${system.url}/api/chats/${chatId}/history`)).json()).messages.at(-1).status;

test('forty replies survive an outage that would have cost each of them five attempts', async () => {
	await system.standin.default({ status: 503 });
	for (let i = 0; i < CHATS; i++) {
		const answer = await postJson(`${system.url}/api/send-message`, { chatId: `down-${i}`, messages: [{ role: 'user', content: `hello ${i}` }] });
		assert.equal(answer.status, 202);
	}
	const told = await waitFor(async () => JSON.stringify(await health()).includes('the provider fails') && (await health()), 'health says that the provider fails');
	assert.ok(told);

	const { length: before } = await system.standin.requests();
	const start = Date.now();
	await waitFor(async () => (await system.standin.requests()).length > before, 'a probe');
	const seconds = (Date.now() - start) / 1000;
	const { length: during } = await system.standin.requests();
	assert.ok(during - before <= 4 + seconds * 4, `one at a time asks: ${during - before} in ${seconds} s`);
	for (let i = 0; i < CHATS; i++)
		assert.ok(['queued', 'streaming'].includes(await statusOf(`down-${i}`)), 'no reply is given up');

	await system.standin.forget();
	await waitFor(async () => {
		const all = await Promise.all(Array.from({ length: CHATS }, (_, i) => statusOf(`down-${i}`)));
		return all.every((status) => status === 'complete');
	}, 'every reply complete', 60_000);
	await waitFor(async () => !JSON.stringify(await health()).includes('the provider fails'), 'health is content again');
});
