// tests/run.sh (make run) with the original's ten-line .env as it stands: one line with the address, an
// answer of the demonstration model, and everything gone within seconds of Ctrl-C or of a death.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, freePort, ROOT, waitFor } from './harness.mjs';

const TEN_LINES = `PUSHER_APP_ID=local
PUSHER_APP_KEY=local
PUSHER_APP_SECRET=local
PUSHER_HOST=127.0.0.1
PUSHER_PORT=6001
PUSHER_SCHEME=http
LARAVEL_WEBSOCKETS_PORT=6001
LARAVEL_WEBSOCKETS_HOST=127.0.0.1
BROADCAST_DRIVER=pusher
AI_API_KEY=tu_clave_api_de_google_gemini
`;
const cleanups = [];
afterEach(async () => {
	while (cleanups.length > 0)
		await cleanups.pop()();
});

/** As a terminal does it: a process group of its own, which gets the signals as a whole. */
async function startRun(env = {}) {
	const dir = mkdtempSync(join(tmpdir(), 'charla-'));
	writeFileSync(join(dir, '.env'), TEN_LINES, { mode: 0o600 });
	const settings = { PATH: process.env.PATH, HOME: process.env.HOME ?? '/', TMPDIR: dir, ENV_FILE: join(dir, '.env'), VAR_DIR: join(dir, 'var'),
		HTTP_PORT: await freePort(), PUSH_PORT: await freePort(), NO_INSTALL: '1', ...env };
	const child = spawn(join(ROOT, 'tests/run.sh'), { env: settings, cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
	const run = { dir, child, settings, log: '', url: `http://127.0.0.1:${settings.HTTP_PORT}`, code: undefined };
	const take = (chunk) => { run.log += chunk; };
	child.stdout.setEncoding('utf8').on('data', take);
	child.stderr.setEncoding('utf8').on('data', take);
	child.once('exit', (code) => { run.code = code; });
	run.ended = once(child, 'close');
	cleanups.push(async () => {
		if (run.code === undefined)
			process.kill(-child.pid, 'SIGTERM');
		await run.ended;
		rmSync(dir, { recursive: true, force: true });
	});
	return run;
}

const isUp = async (run) => {
	await waitFor(() => run.code !== undefined || run.log.includes(`\nCharla: ${run.url}/\n`), 'the address', 60_000);
	assert.equal(run.code, undefined, run.log);
};

/** Programs of ours whose settings are those of this run. */
const leftOf = ({ settings }) => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
	try {
		return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`\0VAR_DIR=${settings.VAR_DIR}\0`);
	} catch {
		return false;
	}
}).map((pid) => [Number(pid), readlinkSync(`/proc/${pid}/exe`)]);

test('the ten-line .env runs as it stands, and Ctrl-C stops all', async () => {
	const run = await startRun();
	await isUp(run);
	assert.match(run.log, /demonstration model answers/);
	assert.deepEqual(run.log.match(/https?:\/\/\S+/g), [`${run.url}/`], 'one address, the one to open');
	assert.equal((await fetch(`${run.url}/`)).status, 200);
	assert.equal((await ask({ url: run.url }, '1', 'hola')).status, 'complete');
	const health = async () => (await fetch(`${run.url}/api/health`)).json();
	await waitFor(async () => (await health()).push === 'ok', 'the push server takes datagrams');
	const { ready, worker, demo } = await health();
	assert.deepEqual({ ready, worker, demo }, { ready: true, worker: true, demo: true }, run.log);
	process.kill(-run.child.pid, 'SIGINT');
	await waitFor(() => run.code !== undefined, 'make run ends', 10_000);
	assert.equal(run.code, 0, run.log);
	assert.deepEqual(leftOf(run), []);
});

test('when one program dies, the rest stops with a message', async () => {
	const run = await startRun();
	await isUp(run);
	const [pid] = leftOf(run).find(([, path]) => path.endsWith('push-server'));
	process.kill(pid, 'SIGKILL');
	await waitFor(() => run.code !== undefined, 'make run ends', 10_000);
	assert.equal(run.code, 1);
	assert.match(run.log, /push has ended/);
	await waitFor(() => leftOf(run).length === 0, 'all have gone');
});

for (const name of ['HTTP_PORT', 'PUSH_PORT'])
	test(`a taken port is told with its variable: ${name}`, async () => {
		const other = createServer().listen(0, '127.0.0.1');
		await once(other, 'listening');
		cleanups.push(() => other.close());
		const run = await startRun({ [name]: other.address().port });
		await waitFor(() => run.code !== undefined, 'make run ends', 60_000);
		assert.equal(run.code, 1);
		assert.match(run.log, new RegExp(`port ${other.address().port} .* is taken.*make run ${name}=`));
		assert.deepEqual(leftOf(run), []);
	});
