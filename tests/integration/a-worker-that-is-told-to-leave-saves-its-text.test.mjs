/**
 * Wherever the AI worker lives, SIGTERM in the middle of a reply ends it within a second (web servers kill what does
 * not leave): what it has of the text is stored, the job waits, and the next worker ends the reply, once.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { postJson, SLOW, startSystem, waitFor } from './harness.mjs';

const BYTES = 6000 * SLOW;
const GRACE_MS = 1000;
const SLACK_MS = 1500 * SLOW; // mod_fcgid would kill after 3.5 s

/** who gets SIGTERM, and which program then has to be gone */
const PLACES = [
	{ name: 'in a service of its own', server: 'lighttpd', mode: 'external', told: 'worker', gone: 'worker' },
	{ name: 'in a thread of fcgi-app', server: 'lighttpd', mode: 'thread', told: 'app', gone: 'app' },
	{ name: 'in a thread of an fcgi-app that lighttpd started and stops', server: 'lighttpd-spawn', mode: 'thread', told: 'web', gone: 'app' },
	{ name: 'in a thread of an fcgi-app that mod_fcgid started and stops', server: 'apache-fcgid', mode: 'thread', told: 'web', gone: 'app' },
	{ name: 'detached', server: 'lighttpd-spawn', mode: 'detached', told: 'worker', gone: 'worker' },
];

const history = async (system) => (await fetch(`${system.url}/api/chats/leave/history`)).json();
const reply = async (system) => (await history(system)).messages?.find((m) => m.role === 'assistant');

/** Stops what there is of them and starts them again: they read the settings anew. */
async function restartFront(system) {
	for (const name of ['web', 'app'])
		if (system.programs[name])
			await system.programs[name].stop();
	await waitFor(() => system.pids.app === undefined, 'the end of fcgi-app');
	for (const name of ['app', 'web'])
		if (system.programs[name])
			await system.programs[name].start();
}

async function streamSome(system) {
	const content = `q [[bytes=${BYTES},seed=3,chunk=30,delay=25]]`; // at least five seconds
	const answer = await postJson(`${system.url}/api/send-message`, { chatId: 'leave', messages: [{ role: 'user', content }] });
	assert.equal(answer.status, 202);
	return waitFor(async () => {
		const r = await reply(system);
		return r.content.length > 300 && r.content;
	}, 'some text');
}

describe('a worker that is told to leave saves its text', { concurrency: 2 }, () => {
	for (const place of PLACES)
		test(place.name, { timeout: 120_000 * SLOW }, async () => {
			// whoever looks so often is refused (Apache's requests are not those of somebody at home)
			const system = await startSystem({ server: place.server, env: { AI_WORKER: place.mode, AI_STOP_SECONDS: undefined, RATE_LIMIT_READS_PER_MINUTE: '0' } });
			try {
				const whole = await (await fetch(`${system.standin.url}/control/text?bytes=${BYTES}&seed=3`)).text();
				const pid = () => system.pids[place.gone];
				// A service has 20 s to end its replies: not what is tested here.
				if (place.mode === 'external') {
					system.configure({ AI_STOP_SECONDS: 1 });
					await system.restart('worker');
				}
				let seen = await streamSome(system);
				if (place.mode === 'thread')
					assert.equal(system.pids.worker, undefined);
				// From now on nobody starts a worker by himself.
				system.configure({ AI_WORKER: 'external' });
				if (place.mode === 'detached') { // it outlives the web server and the program that started it
					const worker = pid();
					await restartFront(system);
					assert.equal(pid(), worker);
					seen = (await reply(system)).content;
				}

				const start = Date.now();
				process.kill(system.pids[place.told], 'SIGTERM');
				await waitFor(() => pid() === undefined, 'the end', GRACE_MS + SLACK_MS);
				const took = Date.now() - start;

				await restartFront(system);
				const kept = await reply(system);
				assert.equal(kept.status, 'queued', `after ${took} ms`);
				assert.ok(kept.content.startsWith(seen) && kept.content.length < whole.length, 'what was seen is kept');
				assert.ok(whole.startsWith(kept.content), 'and is a beginning of the whole');

				system.configure({ AI_WORKER: place.mode });
				await (place.mode === 'external' ? system.restart('worker') : restartFront(system));
				const ended = await waitFor(async () => {
					const r = await reply(system);
					return r.status === 'complete' && r;
				}, 'the reply', 30_000 * SLOW);
				assert.equal(ended.content, whole);
				assert.equal((await history(system)).messages.length, 2);
			} finally {
				await system.stop();
			}
		});
});
