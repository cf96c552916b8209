// Supervisors start programs with a soft limit of descriptors that many replies at once are beyond: the programs raise it themselves.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { SLOW, postJson, startSystem, waitFor } from './harness.mjs';

const SOFT = 128;
const REPLIES = 200;

test(`${REPLIES} replies at once where the soft limit is ${SOFT}`, { timeout: 120_000 * SLOW }, async (t) => {
	const prlimit = (pid, soft) => execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
	const before = /open files +(\d+)/.exec(execFileSync('cat', [`/proc/${process.pid}/limits`]).toString())[1];

	prlimit(process.pid, SOFT); // what we start inherits it
	const system = await startSystem({ env: { AI_MAX_REPLIES: '1000' } });
	t.after(() => system.stop());
	prlimit(process.pid, before);
	for (let i = 0; i < REPLIES; i += 20) // lighttpd's connections count, too
		await Promise.all(Array.from({ length: 20 }, async (_, k) => {
			const answer = await postJson(`${system.url}/api/send-message`,
				{ chatId: `c${i + k}`, messages: [{ role: 'user', content: '[[bytes=400,first=4000]]' }] });
			assert.equal(answer.status, 202, await answer.text());
		}));
	await waitFor(async () => (await system.standin.counters()).open_streams === REPLIES, 'all of them are asked at once', 20_000 * SLOW);
	for (let i = 0; i < REPLIES; i++)
		await waitFor(async () => {
			const { messages } = await (await fetch(`${system.url}/api/chats/c${i}/history?after=0`)).json();
			return messages?.some((m) => m.role === 'assistant' && m.status === 'complete');
		}, `the reply in c${i}`, 20_000 * SLOW);
});
