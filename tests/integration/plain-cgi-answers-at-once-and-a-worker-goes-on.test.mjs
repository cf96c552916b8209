/**
 * Where a web server has nothing but CGI: each request is a process that answers and goes, and what takes longer is
 * done by a worker that nobody waits for.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { postJson, SLOW, startSystem, waitFor } from './harness.mjs';
import { command } from './identities.mjs';

const BYTES = 4000 * SLOW, SEED = 7;
const LOG_MAX = 1 << 20; // LIMIT_WORKER_LOG_BYTES
const LONG = `hola [[bytes=${BYTES},seed=${SEED},chunk=40,delay=40]]`; // at least four seconds

const history = async (system, chatId) => (await fetch(`${system.url}/api/chats/${chatId}/history`)).json();
const replyIn = async (system, chatId) => (await history(system, chatId)).messages?.find((m) => m.role === 'assistant');
const parentOf = (pid) => Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')[1]);

describe('plain CGI', { concurrency: true }, () => {
	for (const server of ['lighttpd-cgi', 'apache-cgid', 'apache-cgi'])
		describe(server, { concurrency: 1 }, () => {
			let system, receipt, worker;
			before(async () => { system = await startSystem({ server }); });
			after(() => system?.stop());

			test('a message is accepted at once: the answer does not wait for the worker', async () => {
				writeFileSync(join(system.dir, 'var/worker.log'), '.'.repeat(LOG_MAX + 1), { mode: 0o666 });
				chmodSync(join(system.dir, 'var/worker.log'), 0o666);
				const start = Date.now();
				const answer = await postJson(`${system.url}/api/send-message`, { chatId: 'cgi', messages: [{ role: 'user', content: LONG }] },
					{ Cookie: 'sid=secret', Authorization: 'Bearer secret' });
				receipt = await answer.json();
				assert.equal(answer.status, 202);
				const { status } = await replyIn(system, 'cgi');
				assert.ok(['queued', 'streaming'].includes(status), `${status} after ${Date.now() - start} ms`);
			});

			test('the reply is streamed by a worker that is nobody\'s child, and no CGI process is left', async () => {
				worker = await waitFor(() => system.pids.worker, 'the worker');
				assert.notEqual(parentOf(worker), system.pids.web);
				await waitFor(async () => (await replyIn(system, 'cgi')).content.length > 0, 'text');
				await waitFor(() => system.pids.app === undefined, 'the end of the CGI processes');
				assert.equal(system.pids.worker, worker);
				assert.doesNotMatch(readFileSync(`/proc/${worker}/environ`, 'latin1'), /secret/);
				assert.equal((await replyIn(system, 'cgi')).status, 'streaming');
			});

			test('what the worker says goes to a log of its own, which does not grow for ever', async () => {
				const log = join(system.dir, 'var/worker.log');
				assert.match(readFileSync(log, 'utf8'), /worker runs/);
				assert.ok(statSync(log).size < LOG_MAX);
			});

			// Apache hands the words of a query without '=' to the program as arguments.
			test('the words of a query are no commands', async () => {
				const copy = join(system.dir, 'var/stolen.db');
				for (const query of ['word', '--print-env', '--help', '--token-create+stranger', `--backup+${copy}`, `%2d%2dbackup+${copy}`, `+--backup+${copy}`,
					'--env+/nonexistent', '--worker', '-x'])
					assert.match((await fetch(`${system.url}/api/health?${query}`)).headers.get('content-type') ?? '', /^(application\/json|text\/plain)/, query);
				assert.equal((await fetch(`${system.url}/api/health?word`)).status, 200);
				assert.equal((await postJson(`${system.url}/api/send-message?--drain`, { chatId: 'words', messages: [{ role: 'user', content: 'hola' }] })).status, 202);
				assert.equal(existsSync(copy), false);
				assert.doesNotMatch(command(system, '--token-list'), /stranger/);
			});

			test('the other routes answer as ever', async () => {
				const config = await fetch(`${system.url}/api/config`);
				assert.equal(config.status, 200);
				assert.match(config.headers.get('content-type'), /^application\/json/);
				assert.ok(config.headers.get('x-request-id'));
				assert.equal((await (await fetch(`${system.url}/api/health`)).json()).worker, true);
				assert.equal((await fetch(`${system.url}/api/health`, { method: 'HEAD' })).status, 200);
				assert.equal((await fetch(`${system.url}/api/nothing`)).status, 404);
				assert.equal((await fetch(`${system.url}/api/send-message`, { method: 'OPTIONS' })).status, 204);
				assert.equal((await fetch(`${system.url}/api/chats/cgi/history?after=x`)).status, 400);
				assert.equal((await postJson(`${system.url}/api/send-message`, '{"chatId":')).status, 400);
				assert.equal((await postJson(`${system.url}/api/send-message`, { chatId: 'cgi', messages: [] })).status, 422);
				const large = await postJson(`${system.url}/api/send-message`, { chatId: 'cgi', messages: [{ role: 'user', content: 'x'.repeat(300_000) }] });
				assert.equal(large.status, 413);
			});

			test('the reply ends with all of its text, and the worker leaves when nothing is left to do', async () => {
				const reply = await waitFor(async () => {
					const r = await replyIn(system, 'cgi');
					return r.status === 'complete' && r;
				}, 'the reply', 30_000 * SLOW);
				assert.equal(reply.id, receipt.replyId);
				assert.equal(reply.content, await (await fetch(`${system.standin.url}/control/text?bytes=${BYTES}&seed=${SEED}`)).text());
				await waitFor(() => system.pids.worker === undefined, 'the end of the worker', 40_000 * SLOW);
			});

			test('the next message starts another worker, and any request does when a worker was killed', async () => {
				await postJson(`${system.url}/api/send-message`, { chatId: 'next', messages: [{ role: 'user', content: LONG }] });
				const first = await waitFor(() => system.pids.worker, 'a worker');
				await waitFor(async () => (await replyIn(system, 'next')).content.length > 0, 'text');
				process.kill(first, 'SIGKILL');
				await waitFor(async () => (await replyIn(system, 'next')).status === 'complete', 'the reply', 30_000 * SLOW);
				assert.notEqual(system.pids.worker, first);
				assert.equal((await history(system, 'next')).messages.length, 2);
			});
		});
});
