// Sixty-four exports of 15 MiB at once took 1.8 GB. Now LIMIT_LARGE_AT_ONCE run, the others wait a second, or are told to come again.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { SLOW, ask, postJson, startSystem } from './harness.mjs';

const TURNS = 500;
const AT_ONCE = 64;
const MOST_MB = 300;

/** A chat as a file that is nearly as large as one may be. */
async function largeChat(system) {
	await ask(system, '1', 'hola');
	const file = await (await fetch(`${system.url}/api/chats/1/export`)).json();
	const text = 'palabra '.repeat(3900);
	const messages = Array.from({ length: TURNS }, (_, i) => ({ ...file.messages[i % 2], id: `m${i}`.padEnd(22, 'A'),
		parentId: i > 0 ? `m${i - 1}`.padEnd(22, 'A') : null, content: `${text}${i}` }));
	return { ...file, chat: { ...file.chat, headId: messages.at(-1).id }, messages };
}

test(`${AT_ONCE} exports at once`, { timeout: 120_000 * SLOW }, async (t) => {
	const system = await startSystem({ env: { RATE_LIMIT_READS_PER_MINUTE: '0' } });
	t.after(() => system.stop());
	const session = await postJson(`${system.url}/api/session`, {});
	const headers = { cookie: session.headers.getSetCookie()[0].split(';')[0] };
	const imported = await postJson(`${system.url}/api/import`, await largeChat(system), headers);
	assert.equal(imported.status, 201);
	const { chatId } = await imported.json();
	const get = () => fetch(`${system.url}/api/chats/${chatId}/export`, { headers });
	const answers = await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		const answer = await get();
		return { status: answer.status, after: answer.headers.get('Retry-After'), body: await answer.text() };
	}));

	const whole = answers.filter((a) => a.status === 200), told = answers.filter((a) => a.status !== 200);
	assert.ok(whole.length >= 2, 'some are served');
	for (const { body } of whole)
		assert.equal(JSON.parse(body).messages.length, TURNS);
	assert.ok(told.length > 0, 'and some are too many');
	for (const { status, after, body } of told)
		assert.deepEqual([status, after, JSON.parse(body).code], [503, '2', 'busy']);
	assert.equal((await get()).status, 200, 'later there is room');
	const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${system.pids.app}/status`, 'utf8'))[1]) / 1024;
	if (SLOW === 1)
		assert.ok(peak < MOST_MB, `${peak.toFixed(0)} MB`);
});
