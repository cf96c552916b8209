/**
 * Two workers on one database, each with a lock of its own (as on two hosts, or when a lock fails): leases
 * and fences alone must keep every reply to one outcome. The one that starts takes over what the other
 * runs; the other notices, and closes its streams.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync, chownSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

import { startSystem, waitFor } from './harness.mjs';
import { OldClient } from './old-client.mjs';
import { Person } from './identities.mjs';

const PROMPTS = 40;

/** fcgi-app --worker with a VAR_DIR, and so a lock, of its own. */
async function secondWorker(system) {
	const dir = join(system.dir, 'var2'), env = join(system.dir, 'second.env');
	mkdirSync(dir);
	const { uid, gid } = system.place.user;
	writeFileSync(env, `${readFileSync(system.place.envFile, 'utf8')}\nVAR_DIR='${dir}'\nDB_PATH='${join(system.dir, 'var', 'charla.db')}'\nWORKER_SOCKET='${join(system.dir, 'worker2.sock')}'\n`, { mode: 0o600 });
	if (uid !== undefined)
		[dir, env].forEach((path) => chownSync(path, uid, gid));
	const child = spawn(join(system.place.bin, 'fcgi-app'), ['--worker', '--env', env], { cwd: system.dir, ...system.place.user, env: { PATH: process.env.PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
	let log = '';
	child.stderr.setEncoding('utf8').on('data', (chunk) => { log += chunk; });
	await waitFor(() => log.includes('worker runs'), 'the second worker');
	return { log: () => log, stop: async () => { child.kill('SIGTERM'); const [code] = await once(child, 'exit'); assert.equal(code, 0, log); } };
}

test(`${PROMPTS} prompts, a second worker in the middle of them`, { timeout: 90_000 }, async () => {
	const system = await startSystem();
	const nobody = new Person(system);
	const client = await new OldClient(system, 'w0').subscribe();
	let second;
	try {
		const posts = [];
		for (let i = 0; i < PROMPTS; i++) {
			const chatId = `w${i % 10}`;
			posts.push({ chatId, n: i, ...(await nobody.say(chatId, `pregunta ${i} [[bytes=2000,seed=${i},chunk=50,delay=10]]`)).json });
			if (i === PROMPTS / 4) {
				await waitFor(async () => (await system.standin.counters()).open_streams > 3, 'replies run');
				second = await secondWorker(system);
			}
		}
		for (const { chatId, replyId, n } of posts) {
			const reply = await waitFor(async () => {
				const m = (await nobody.history(chatId)).json.messages.find(({ id }) => id === replyId);
				return !['queued', 'streaming'].includes(m.status) && m;
			}, `the end of ${n}`, 60_000);
			assert.equal(reply.status, 'complete', JSON.stringify(reply.error));
			assert.equal(reply.content, await (await fetch(`${system.standin.url}/control/text?bytes=2000&seed=${n}`)).text());
		}
		// both may hand over the same event; each reply has one ending all the same
		await waitFor(() => new Set(client.sent.map((e) => e.message.id)).size === PROMPTS / 10, 'MessageSent');
		assert.equal(new Set(client.sent.map((e) => `${e.message.id} ${e.seq} ${e.message.content}`)).size, PROMPTS / 10, 'one ending for each reply');
		await waitFor(async () => (await system.standin.counters()).open_streams === 0, 'no stream is left open');
		assert.match(second.log(), /reply ended/, 'both have worked');
		assert.match(system.logs.worker, /reply (ended|given up)/, 'the first has begun, whatever the second took over');
	} finally {
		client.close();
		await second?.stop();
		await system.stop();
	}
});
