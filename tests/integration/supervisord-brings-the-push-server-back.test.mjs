// conf/supervisor/websockets.conf under the real supervisord, with other paths: the push server serves,
// and a kill -9 brings a new one within a second or two. It still has every key that the original had.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { BIN, freePort, listens, Program, ROOT, waitFor } from './harness.mjs';

const ORIGINAL = {
	process_name: '%(program_name)s_%(process_num)02d', autostart: 'true', autorestart: 'true', user: null, numprocs: '1',
	redirect_stderr: 'true', stdout_logfile: null, command: null,
};

const conf = readFileSync(join(ROOT, 'conf/supervisor/websockets.conf'), 'utf8');

function settingsOf(text) {
	return Object.fromEntries(text.split('\n').filter((line) => /^[a-z_]+=/.test(line)).map((line) => {
		const at = line.indexOf('=');
		return [line.slice(0, at), line.slice(at + 1)];
	}));
}

test('websockets.conf has the program and the keys of the original', () => {
	assert.match(conf, /^\[program:websockets\]$/m);
	const settings = settingsOf(conf);
	for (const [key, value] of Object.entries(ORIGINAL))
		if (value === null)
			assert.ok(settings[key], key);
		else
			assert.equal(settings[key], value, key);
	assert.match(settings.command, /push-server serve$/);
});

test('kill -9 of the push server: supervisord brings it back', async (t) => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-'));
	const port = await freePort();
	const log = join(dir, 'websockets.log');
	mkdirSync(join(dir, 'var'));
	const here = conf
		.replaceAll('/usr/lib/charla', BIN)
		.replaceAll('/var/lib/charla', join(dir, 'var'))
		.replaceAll('/run/charla', dir)
		.replace(/^stdout_logfile=.*$/m, `stdout_logfile=${log}`)
		.replace(/^user=.*$/m, `user=${userInfo().username}`)
		.replace(/^(environment=.*)$/m, `$1,LARAVEL_WEBSOCKETS_PORT="${port}",PUSH_DRAIN_SECONDS="0"`);
	writeFileSync(join(dir, 'supervisord.conf'), [
		'[supervisord]', `logfile=${join(dir, 'supervisord.log')}`, `pidfile=${join(dir, 'supervisord.pid')}`, `childlogdir=${dir}`,
		'nodaemon=true', ...(process.getuid() === 0 ? ['user=root'] : []), '', here].join('\n'));
	const supervisord = new Program('supervisord', ['supervisord', '-c', join(dir, 'supervisord.conf')], {
		env: { PATH: process.env.PATH, HOME: dir }, cwd: dir, logFile: log, isReady: () => listens(port),
	});
	t.after(async () => {
		await supervisord.stop();
		rmSync(dir, { recursive: true, force: true });
	});
	await supervisord.start();

	const said = () => readFileSync(join(dir, 'supervisord.log'), 'utf8');
	const pidOf = () => Number(said().match(/spawned: 'websockets_00' with pid (\d+)(?![\s\S]*spawned:)/)?.[1]);
	const first = pidOf();
	assert.ok(first > 0);
	// Before that supervisord tries again whatever autorestart says.
	await waitFor(() => said().includes('websockets_00 entered RUNNING state'), 'the first one is taken as running');
	process.kill(first, 'SIGKILL');
	const second = await waitFor(() => pidOf() !== first && pidOf(), 'a second push server', 10_000);
	await waitFor(() => listens(port), 'the second one listens', 10_000);
	assert.notEqual(second, first);
	assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
});
