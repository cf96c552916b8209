/** Life of the push server: readiness, one instance, descriptors that run out, SIGTERM, its datagram socket. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { BIN, Program, listens, waitFor } from './harness.mjs';
import { Client, api, raw, startPush } from './push.mjs';

const cpuTicks = (pid) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ').slice(11, 13).reduce((a, b) => a + Number(b), 0);

test('SIGTERM: no new connections, 4200 spread over the seconds, then exit 0', async () => {
	const push = await startPush({ env: { PUSH_DRAIN_SECONDS: 2 } });
	const clients = await Promise.all(Array.from({ length: 40 }, () => new Client(push).open()));
	const ends = [];
	for (const c of clients)
		c.socket.addEventListener('close', ({ code }) => ends.push({ code, at: Date.now() }));
	const from = Date.now();
	process.kill(push.pid, 'SIGTERM');
	await waitFor(async () => !await listens(push.port), 'the listener closes');
	assert.ok(ends.length < 20, `${ends.length} of 40 are gone at once`);
	await push.program.end();
	assert.equal(push.program.code, 0);
	await waitFor(() => ends.length === 40, 'all closed');
	assert.deepEqual(new Set(ends.map((e) => e.code)), new Set([4200]));
	assert.ok(ends.at(-1).at - ends[0].at > 1000, `spread over ${ends.at(-1).at - ends[0].at} ms`);
	assert.ok(Date.now() - from < 8000);
	assert.equal(clients[0].frames.at(-1).data.code, 4200);
	assert.ok(!existsSync(join(push.dir, 'push.sock')), 'the datagram socket is removed');
	await push.stop();
});

test('a request that is under way is answered while it drains, an idle connection is closed', async () => {
	const push = await startPush({ env: { PUSH_DRAIN_SECONDS: 3 } });
	const stay = await new Client(push).open(); // keeps it draining for a while
	const idle = connect(push.port, '127.0.0.1').on('error', () => {});
	let isIdleClosed = false;
	idle.on('close', () => { isIdleClosed = true; });
	await new Promise((done) => { idle.once('connect', done); });
	const busy = connect(push.port, '127.0.0.1').on('error', () => {});
	let said = '';
	busy.setEncoding('utf8').on('data', (chunk) => { said += chunk; });
	await new Promise((done) => { busy.write('GET /ready HTTP/1.1\r\nHost: x\r\n', done); });
	await waitFor(async () => (await fetch(`${push.url}/healthz`)).ok, 'both were accepted');
	process.kill(push.pid, 'SIGTERM');
	await waitFor(() => isIdleClosed, 'the idle one closes', 3000);
	busy.write('\r\n');
	await waitFor(() => said.includes('\r\n\r\n'), 'the answer', 3000);
	assert.match(said, /^HTTP\/1.1 503 /);
	assert.match(said, /^Connection: close$/im);
	assert.equal(await stay.closed(), 4200);
	await push.stop();
});

test('SIGINT, and a second SIGTERM, leave at once', async () => {
	for (const signals of [['SIGINT'], ['SIGTERM', 'SIGTERM']]) {
		const push = await startPush({ env: { PUSH_DRAIN_SECONDS: 12 } });
		await new Client(push).open();
		const from = Date.now();
		for (const signal of signals) {
			process.kill(push.pid, signal);
			await waitFor(async () => !await listens(push.port), 'the listener closes');
		}
		await push.program.end();
		assert.ok(Date.now() - from < 4000, `${Date.now() - from} ms`);
		assert.equal(push.program.code, 0);
		await push.stop();
	}
});

test('READY=1 is told to the service manager when it can be used, STOPPING=1 when it leaves', async () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-notify-'));
	const address = join(dir, 'notify');
	const listener = spawn('socat', ['-u', `UNIX-RECV:${address}`, 'STDOUT'], { stdio: ['ignore', 'pipe', 'inherit'] });
	let told = '';
	listener.stdout.setEncoding('utf8').on('data', (chunk) => { told += chunk; });
	try {
		await waitFor(() => existsSync(address), 'the manager');
		const push = await startPush({ command: ['env', `NOTIFY_SOCKET=${address}`] });
		await waitFor(() => told.includes('READY=1'), 'READY=1');
		await push.stop();
		await waitFor(() => told.includes('STOPPING=1'), 'STOPPING=1');
	} finally {
		listener.kill();
		rmSync(dir, { recursive: true });
	}
});

test('a second one with the same socket does not start, and the first goes on', async () => {
	const push = await startPush();
	const second = spawnSync(join(BIN, 'push-server'), ['--port=0'], { env: { ...process.env, ENV_FILE: push.envFile }, encoding: 'utf8', timeout: 10_000 });
	assert.equal(second.status, 0, 'cron may start it every minute: that there is one is no failure');
	assert.match(second.stderr, /another push-server serves this socket/);
	assert.ok((await fetch(`${push.url}/healthz`)).ok);
	assert.ok(existsSync(join(push.dir, 'push.sock')));
	await push.stop();
});

/** push-server with an environment of its own, in dir. */
const command = (dir, args, env = {}) => spawnSync(join(BIN, 'push-server'), args,
	{ cwd: dir, env: { PATH: process.env.PATH, ENV_FILE: join(dir, '.env'), ...env }, encoding: 'utf8', timeout: 10_000 });

test('the command line: help is no mistake, a mistake is named', () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-command-'));
	const help = command(dir, ['--help']);
	assert.deepEqual([help.status, help.stderr], [0, '']);
	assert.match(help.stdout, /^usage: push-server/);
	for (const [args, what] of [[['--port=x'], /--port: must be a number from 0 to 65535/], [['--port='], /--port/], [['--port=65536'], /--port/], [['--port=-1'], /--port/],
		[['clean', '--days=x'], /--days: must be a number/], [['--nonsense'], /unrecognized option '--nonsense'/], [['nonsense'], /usage:/]]) {
		const wrong = command(dir, args);
		assert.deepEqual([wrong.status, wrong.stdout], [2, ''], args.join(' '));
		assert.match(wrong.stderr, what);
	}
	rmSync(dir, { recursive: true });
});

test('the original .env with --host=0.0.0.0: "local" credentials are not for the whole world', () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-host-'));
	writeFileSync(join(dir, '.env'), 'PUSHER_APP_ID=local\nPUSHER_APP_KEY=local\nPUSHER_APP_SECRET=local\nLARAVEL_WEBSOCKETS_PORT=6001\nLARAVEL_WEBSOCKETS_HOST=127.0.0.1\n', { mode: 0o600 });
	for (const args of [['--host=0.0.0.0', '--port=0'], ['--check-config', '--host=::']]) {
		const open = command(dir, args);
		assert.equal(open.status, 1, args.join(' '));
		assert.match(open.stdout + open.stderr, /"local" is not for production/);
	}
	assert.equal(command(dir, ['--check-config', '--host=::1']).status, 0);
	assert.equal(command(dir, ['--check-config', '--host=0.0.0.0'], { APP_ENV: 'local' }).status, 0, 'who says that it is local may');
	rmSync(dir, { recursive: true });
});

test('the first start makes its directory, and statistics are kept from then on', async () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-first-'));
	for (const path of ['new', 'with-a-socket-elsewhere']) {
		const env = { VAR_DIR: join(dir, path), PUSH_SOCKET: join(dir, path === 'new' ? 'new/push.sock' : 'push.sock') };
		const push = await startPush({ env });
		assert.ok(existsSync(join(env.VAR_DIR, 'push.db')));
		assert.doesNotMatch(push.log, /statistics/);
		await push.stop();
	}
	rmSync(dir, { recursive: true });
});

test('--debug tells of connections, channels, events and requests, and of nothing that is in them', async () => {
	const scene = async (args) => {
		const push = await startPush({ args, env: { PUSHER_APP_ENABLE_CLIENT_MESSAGES: true } });
		const [one, two] = [await new Client(push).open(), await new Client(push).open()];
		const auths = [];
		for (const c of [one, two]) {
			await c.subscribe('private-room');
			auths.push(c.socketId);
		}
		one.send('client-hello', 'TEXT-OF-A-PERSON', 'private-room');
		await api(push, 'POST', '/apps/local/events', { body: { name: 'news', channel: 'private-room', data: 'TEXT-OF-A-PERSON' } });
		await waitFor(() => two.named('client-hello').length === 1 && two.named('news').length === 1, 'the events');
		const refused = new Client(push, { key: 'nobody' });
		await refused.closed();
		two.close();
		await two.closed();
		await waitFor(async () => await push.metric('push_connections') === 1, 'one is gone');
		await push.stop();
		return { log: push.log, ids: auths };
	};
	const { log, ids: [one, two] } = await scene(['--debug']);
	for (const line of [`connected app=local socket=${one} `, `subscribed app=local socket=${two} channel=private-room`, 'occupied app=local socket=- channel=private-room',
		`client-event app=local socket=${one} channel=private-room event=client-hello`, 'api-event app=local socket=- channel=private-room event=news',
		'request method=POST path=/apps/local/events status=200', 'upgrade path=/app/nobody ', 'close socket=- code=4001 by=server', `close socket=${two} code=`, `disconnected app=local socket=${two} `])
		assert.ok(log.split('\n').some((l) => l.includes(` debug push-server ${line}`)), `${line}\n${log}`);
	assert.doesNotMatch(log, /TEXT-OF-A-PERSON|signature|auth=/);
	assert.doesNotMatch((await scene([])).log, / debug /);
});

test('a killed one leaves nothing behind that stops the next', async () => {
	const push = await startPush();
	push.program.wasKilled = true;
	await push.program.endBy('SIGKILL');
	assert.ok(existsSync(join(push.dir, 'push.sock')));
	await push.start();
	assert.ok((await fetch(`${push.url}/healthz`)).ok);
	await push.stop();
});

test('when descriptors run out accepting pauses without a load, and goes on when there are some again', async () => {
	const push = await startPush({ command: ['prlimit', '--nofile=200:200'] });
	// prlimit executes the server in its own place: the pid is the same
	const sockets = Array.from({ length: 260 }, () => connect(push.port, '127.0.0.1').on('error', () => {}));
	const early = new Client(push);
	try {
		await waitFor(() => /accepting pauses/.test(push.log), 'the pause');
		const before = cpuTicks(push.pid);
		await new Promise((done) => { setTimeout(done, 1000); }); // a measure of time, not a wait for something
		assert.ok(cpuTicks(push.pid) - before < 20, `${cpuTicks(push.pid) - before} ticks of CPU in a second`);
		assert.ok(push.log.split('accepting pauses').length < 10, 'the log is not flooded');
		sockets.forEach((s) => s.destroy());
		await early.open();
		assert.ok(early.socketId, 'who waited is served');
		assert.ok(await push.metric('push_accept_paused_total') > 0);
		early.close();
	} finally {
		sockets.forEach((s) => s.destroy());
	}
	await push.stop();
});

test('who only holds a connection makes room after some seconds when descriptors are short', async () => {
	const push = await startPush({ command: ['prlimit', '--nofile=200:200'] });
	const sockets = Array.from({ length: 130 }, () => connect(push.port, '127.0.0.1').on('error', () => {}));
	const clients = Array.from({ length: 20 }, () => new Client(push));
	await waitFor(() => /accepting pauses/.test(push.log), 'the pause');
	const from = Date.now();
	await Promise.all(clients.map((c) => c.open()));
	assert.ok(Date.now() - from < 8500, `${Date.now() - from} ms: before the silent ones time out`);
	assert.ok(clients.every((c) => c.socketId));
	clients.forEach((c) => c.close());
	sockets.forEach((s) => s.destroy());
	await push.stop();
});

test('PUSH_MAX_CONNECTIONS: so many are served, the next waits until one leaves', async () => {
	const push = await startPush({ env: { PUSH_MAX_CONNECTIONS: 128 } });
	const limit = Number(/Max open files\s+(\d+)/.exec(readFileSync(`/proc/${push.pid}/limits`, 'latin1'))[1]);
	assert.equal(limit, 128 + 64, 'and the descriptors that libwebsockets makes tables for are as few');
	const clients = await Promise.all(Array.from({ length: 128 }, () => new Client(push).open()));
	const late = new Client(push);
	await waitFor(() => /accepting pauses connections=128/.test(push.log), 'the pause');
	assert.equal(late.frames.length, 0);
	clients[0].close();
	await late.open();
	assert.ok(late.socketId);
	[...clients, late].forEach((c) => c.close());
	await push.stop();
});

test('also when the limit is below what we keep for ourselves', async () => {
	const push = await startPush({ command: ['prlimit', '--nofile=40:40'] });
	const sockets = Array.from({ length: 60 }, () => connect(push.port, '127.0.0.1').on('error', () => {}));
	await waitFor(() => /accepting pauses/.test(push.log), 'the pause');
	const before = cpuTicks(push.pid);
	await new Promise((done) => { setTimeout(done, 1000); });
	assert.ok(cpuTicks(push.pid) - before < 20);
	sockets.forEach((s) => s.destroy());
	await waitFor(async () => (await fetch(`${push.url}/healthz`).catch(() => null))?.ok, 'service goes on');
	await push.stop();
});

test('the datagram socket is 0660 in a 2750 directory, and asks for the uid', async (t) => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-socket-'));
	const path = join(dir, 'run/push.sock');
	const push = await startPush({ env: { PUSH_SOCKET: path } });
	try {
		assert.equal(statSync(path).mode & 0o7777, 0o660);
		assert.equal(statSync(join(dir, 'run')).mode & 0o7777, 0o2750);
		const reader = await new Client(push).open();
		await reader.subscribe('c');
		const line = JSON.stringify({ v: 1, app: 'local', channels: ['c'], name: 'by-datagram', data: 'x' });
		execFileSync('socat', ['-u', '-', `UNIX-SENDTO:${path}`], { input: line });
		await waitFor(() => reader.named('by-datagram').length === 1, 'the event');
		reader.close();
		if (process.getuid() !== 0)
			return void t.diagnostic('no root: another uid is not tried');
		chmodSync(path, 0o666); // the mode would keep him out: here the uid has to
		chmodSync(join(dir, 'run'), 0o755);
		chmodSync(dir, 0o755);
		execFileSync('socat', ['-u', '-', `UNIX-SENDTO:${path}`], { input: line, uid: 65534, gid: 65534 });
		await waitFor(async () => await push.metric('push_datagram_refused_total{reason="uid"}') === 1, 'the refusal');
		assert.match(push.log, /datagrams of a user who is not allowed are dropped uid=65534/);
		assert.deepEqual((await (await fetch(`${push.url}/ready`)).json()).refused, [{ uid: 65534, count: 1 }]);
	} finally {
		await push.stop();
		rmSync(dir, { recursive: true });
	}
});

test('--check-config names a certificate that cannot be read', () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-check-'));
	writeFileSync(join(dir, '.env'), 'APP_ENV=local\nPUSH_TLS_PORT=1\nPUSH_TLS_CERT=/none/cert.pem\nPUSH_TLS_KEY=/none/key.pem\n', { mode: 0o600 });
	const check = spawnSync(join(BIN, 'push-server'), ['--check-config'], { env: { PATH: process.env.PATH, ENV_FILE: join(dir, '.env') }, encoding: 'utf8' });
	rmSync(dir, { recursive: true });
	assert.equal(check.status, 1);
	assert.match(check.stdout + check.stderr, /PUSH_TLS_CERT: cannot be read path=\/none\/cert\.pem[^]*PUSH_TLS_KEY: cannot be read/);
});

test('TLS: WebSocket and HTTP API on the other port, and no HTTP/2', async () => {
	process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // a certificate of this test's own
	const push = await startPush({ tls: true });
	const client = await new Client(push, { tls: true }).open();
	await client.subscribe('private-c');
	assert.equal((await api({ ...push, url: `https://127.0.0.1:${push.tlsPort}` }, 'POST', '/apps/local/events', { body: { name: 'e', channel: 'private-c', data: 'x'.repeat(10_000) } })).status, 200);
	await waitFor(() => client.named('e').length === 1, 'the event');
	const { stdout } = spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${push.tlsPort}`, '-alpn', 'h2,http/1.1'], { input: '', encoding: 'utf8', timeout: 10_000 });
	assert.match(stdout, /ALPN protocol: http\/1\.1/);
	// the plain port does not speak TLS, nor the other way round
	assert.equal((await raw(push, Buffer.from('160301', 'hex'))).answers[0].status, 400);
	client.close();
	await push.stop();
});

test('a renewed certificate is taken on SIGHUP, a bad one is not, and nobody is dropped', async () => {
	const push = await startPush({ tls: true, apps: [] });
	const client = await new Client(push, { tls: true }).open();
	const subject = () => /subject=.*CN ?= ?(\S+)/.exec(spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${push.tlsPort}`], { input: '', encoding: 'utf8', timeout: 10_000 }).stdout)?.[1];
	assert.equal(subject(), 'localhost');
	const renew = (name) => execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
		'-keyout', join(push.dir, 'key.pem'), '-out', join(push.dir, 'cert.pem')], { stdio: 'ignore' });
	renew('renewed');
	await push.reload();
	assert.equal(subject(), 'renewed');
	writeFileSync(join(push.dir, 'cert.pem'), 'no certificate\n');
	await push.reload();
	assert.match(push.log, /the certificate before is kept/);
	assert.equal(subject(), 'renewed');
	renew('again');
	await push.reload();
	assert.equal(subject(), 'again');
	await client.subscribe('c');
	assert.equal((await api(push, 'POST', '/apps/local/events', { body: { name: 'e', channel: 'c', data: 'x' } })).status, 200);
	await waitFor(() => client.named('e').length === 1, 'the event on the old connection');
	client.close();
	await push.stop();
});

test('a certificate that is none stops the start', async () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-bad-cert-'));
	writeFileSync(join(dir, 'x.pem'), 'no certificate\n');
	const program = new Program('push-server', [join(BIN, 'push-server')], { cwd: dir, env: { ...process.env, HOME: dir, ENV_FILE: '', APP_ENV: 'local', VAR_DIR: dir,
		PUSH_SOCKET: join(dir, 's'), LARAVEL_WEBSOCKETS_PORT: '0', PUSH_TLS_PORT: '1', PUSH_TLS_CERT: join(dir, 'x.pem'), PUSH_TLS_KEY: join(dir, 'x.pem'), LARAVEL_WEBSOCKETS_HOST: '127.0.0.1' },
	isReady: () => false });
	await assert.rejects(program.start(), /PUSH_TLS_CERT or PUSH_TLS_KEY cannot be used|cannot listen/);
	assert.equal(program.code, 1);
	rmSync(dir, { recursive: true });
});
