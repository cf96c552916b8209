/**
 * The whole of Charla for one test: gemini-standin, push-server, fcgi-app, its worker and a web server
 * on our own conf files, in a directory of their own, on free ports. Nothing sleeps: everything waits
 * for a condition.
 *
 *   const system = await startSystem({ server: 'lighttpd', env: { APP_NAME: 'x' }, standinArgs: [] });
 *   mounts: ['dashboard']: what the operator mounts on the push server beside /app
 *   system.url                  http://127.0.0.1:PORT, the web server's
 *   system.pushUrl, .pushPort   the push server's own
 *   system.standin              url, queue([...]), requests(), counters(), forget()
 *   system.logs.push            what a program has written: push, app, worker, web, standin
 *   system.pids.app             where it runs now; of spawned programs, too
 *   await system.kill('push')   SIGKILL, or another signal as second argument; waits for the end
 *   await system.restart('push')   the same command again, on the same address
 *   system.configure({ AI_WORKER: 'external' })   for what starts from now on
 *   system.fault('full')        with { faults: true }: the disk or the clock of app and worker as
 *                               tests/faults/faults.c says; without a word all is well again
 *   system.faultOf('app', 'full')   of that one only
 *   await system.stop()         SIGTERM to all; throws on a non-zero exit and on a sanitizer's report
 *
 * server: lighttpd         fcgi-app on a socket of its own, and fcgi-app --worker
 *         lighttpd-spawn   lighttpd starts fcgi-app; its worker is a detached one
 *         apache-proxy     as lighttpd, by mod_proxy_fcgi
 *         apache-fcgid     mod_fcgid starts fcgi-app; its worker is a detached one
 *         lighttpd-cgi, apache-cgi, apache-cgid   plain CGI: a process for each request, a detached worker
 * BIN: the directory of the programs (build/release/bin). Run by root, all run as www-data, from copies
 * that www-data can read: Apache refuses to be root.
 */
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { isSpawning, ROOT, webCommand } from './web-servers.mjs';

export { ROOT };
export const BIN = resolve(process.env.BIN ?? join(ROOT, 'build/release/bin'));
/** Instrumented programs are slower. */
export const SLOW = /\/[at]san\//.test(BIN) ? 4 : 1;
const START_MS = 20_000 * SLOW;
const STOP_MS = 30_000 * SLOW;
const SANITIZER = /(ERROR|WARNING): (Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer|runtime error: |SUMMARY: \w+Sanitizer/;
const WEB_USER = 'www-data';

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Resolves to the first truthy value of condition(); throws with what after ms. */
export async function waitFor(condition, what = 'the condition', ms = START_MS) {
	const end = Date.now() + ms;
	for (;;) {
		const value = await condition();
		if (value)
			return value;
		if (Date.now() > end)
			throw new Error(`${what}: not within ${ms} ms`);
		await pause(10);
	}
}

export async function freePort() {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
}

/** Somebody listens on a port (number) or on a Unix socket (path). */
export function listens(where) {
	return new Promise((done) => {
		const socket = typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where);
		socket.once('connect', () => { socket.destroy(); done(true); });
		socket.once('error', () => done(false));
	});
}

/** A program with its log. */
export class Program {
	/** isReady(program): truthy when it can be used; command: [path, ...args] */
	constructor(name, command, { env, cwd, user = {}, isReady, logFile, okCodes = [0] }) {
		Object.assign(this, { name, command, env, cwd, user, isReady, logFile, okCodes, output: '', child: null, ended: true, wasKilled: false });
	}

	get log() {
		return this.output + (this.logFile && existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '');
	}

	get pid() { return this.ended ? undefined : this.child.pid; }

	async start() {
		const [path, ...args] = this.command;
		this.ended = this.wasKilled = false;
		this.code = this.signal = null;
		this.child = spawn(path, args, { env: this.env, cwd: this.cwd, ...this.user, stdio: ['ignore', 'pipe', 'pipe'] });
		const take = (chunk) => { this.output += chunk; };
		this.child.stdout.setEncoding('utf8').on('data', take);
		this.child.stderr.setEncoding('utf8').on('data', take);
		this.closed = new Promise((done) => {
			this.child.once('error', (e) => { this.output += e; this.ended = true; done(); });
			this.child.once('exit', (code, signal) => Object.assign(this, { ended: true, code, signal }));
			this.child.once('close', done);
		});
		const from = this.log.length;
		const ready = await waitFor(async () => this.ended ? 'ended' : await this.isReady(this.log.slice(from)), `${this.name} is ready`)
			.catch((e) => { throw new Error(`${e.message}\n${this.log}`); });
		if (ready === 'ended')
			throw new Error(`${this.name} ended (${this.code ?? this.signal}) instead of starting:\n${this.log}`);
		return ready;
	}

	async endBy(signal) {
		if (this.ended)
			return;
		this.child.kill(signal);
		await this.end();
	}

	async end(ms = STOP_MS) {
		await waitFor(() => this.ended, `${this.name} ends`, ms);
	}

	/** SIGTERM. Throws if it does not leave well. */
	async stop() {
		if (!this.ended) {
			this.child.kill('SIGTERM');
			await this.end().catch((e) => { this.child.kill('SIGKILL'); throw new Error(`${e.message}\n${this.log}`); });
		}
		if (!this.wasKilled && !this.okCodes.includes(this.code))
			throw new Error(`${this.name} ended with ${this.code ?? this.signal}:\n${this.log}`);
	}
}

const quoted = (value) => `'${String(value).replaceAll("'", '')}'`;

/** Of every process whose environment names our .env: its pid and command line. */
function processesOf(envFile) {
	const found = [];
	for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
		try {
			const environ = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
			if (environ.includes(`ENV_FILE=${envFile}`))
				found.push({ pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0') });
		} catch { /* gone, or somebody else's */ }
	}
	return found;
}

const isAlive = (pid) => {
	try {
		return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
	} catch {
		return false;
	}
};

/** What an operator adds to the line of /app, as the confs say. */
function withMounts(text, mounts) {
	const lines = /"\^\/\(app\)\(|\(\?:app\)\(\?:\/\.\*\)\?\)\$/;
	if (!lines.test(text))
		throw new Error('the line of /app has changed');
	return text.replace(lines, (line) => line.replace('app)', ['app', ...mounts].join('|') + ')'));
}

/** Where everything lies and as whom it runs. */
function layOut(mounts) {
	const dir = mkdtempSync(join(tmpdir(), 'charla-'));
	const place = { dir, bin: BIN, www: join(ROOT, 'www'), conf: join(dir, 'conf'), user: {}, envFile: join(dir, '.env') };
	mkdirSync(join(dir, 'var'));
	mkdirSync(place.conf);
	if (process.getuid() === 0) {
		const id = (flag) => Number(execFileSync('id', [flag, WEB_USER], { encoding: 'utf8' }));
		place.user = { uid: id('-u'), gid: id('-g') };
		place.bin = join(dir, 'bin');
		place.www = join(dir, 'www');
		cpSync(BIN, place.bin, { recursive: true, dereference: true });
		cpSync(join(ROOT, 'www'), place.www, { recursive: true });
		chmodSync(dir, 0o755);
		for (const path of [dir, join(dir, 'var'), place.conf])
			chownSync(path, place.user.uid, place.user.gid);
	}
	for (const name of ['lighttpd-common.conf', 'apache-common.conf'])
		writeFileSync(join(place.conf, name), withMounts(readFileSync(join(ROOT, 'conf', name), 'utf8'), mounts));
	return place;
}

function writeEnv(place, values) {
	const lines = Object.entries(values).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${quoted(value)}\n`);
	writeFileSync(place.envFile, lines.join(''), { mode: 0o600 });
	if (place.user.uid !== undefined)
		chownSync(place.envFile, place.user.uid, place.user.gid);
}

/** The web server on a free port; somebody may be faster on it, so a few tries. */
async function startWeb(place, server, pushPort, env) {
	for (let tries = 4; ; tries--) {
		const port = await freePort();
		const command = webCommand(place, server, port, pushPort);
		const url = `http://127.0.0.1:${port}`;
		const web = new Program(server, command, {
			env, cwd: place.dir, user: place.user, logFile: join(place.dir, 'web.log'),
			okCodes: server.startsWith('lighttpd') ? [0, 1] : [0], // lighttpd 1.4.69 leaves with 1 on SIGTERM
			isReady: async () => (await fetch(`${url}/api/health`).catch(() => null))?.ok,
		});
		try {
			await web.start();
			return { web, url };
		} catch (e) {
			await web.stop().catch(() => {});
			if (tries === 0 || !/address already in use/i.test(web.log))
				throw e;
		}
	}
}

/** What the programs of a test with faults run with; for a process of a test's own, too. */
export const faultEnv = ({ dir, bin }, name) => ({
	LD_PRELOAD: join(bin, 'faults.so'), FAULTS: join(dir, `faults-${name}`),
	ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`, // it comes before the sanitizer's library
});
const FAULTY = ['app', 'worker'];

class Standin {
	constructor(url) { this.url = url; }
	async #json(path, options) { return (await fetch(this.url + path, options)).json(); }
	counters() { return this.#json('/control'); }
	async requests() { return (await this.#json('/control/requests')).requests; }
	/** What the next requests get, one after the other: [{ status: 503 }, {}] */
	queue(next) { return this.#json('/control', { method: 'POST', body: JSON.stringify({ next }) }); }
	/** What every other request gets. */
	default(directives) { return this.#json('/control', { method: 'POST', body: JSON.stringify({ default: directives }) }); }
	forget() { return this.#json('/control', { method: 'DELETE' }); }
}

class System {
	constructor(place) {
		this.place = place;
		this.dir = place.dir;
		this.programs = {};
	}

	get logs() { return Object.fromEntries(Object.entries(this.programs).map(([name, p]) => [name, p.log])); }

	/** Of our children, and of what the web server has spawned. */
	get pids() {
		const own = Object.fromEntries(Object.entries(this.programs).filter(([, p]) => p.pid).map(([name, p]) => [name, p.pid]));
		const taken = new Set(Object.values(own));
		for (const { pid, command } of processesOf(this.place.envFile)) {
			const name = command.includes('--worker') ? 'worker' : 'app';
			if (!taken.has(pid) && command[0].endsWith('fcgi-app'))
				own[name] ??= pid;
		}
		return own;
	}

	async kill(name, signal = 'SIGKILL') {
		const program = this.programs[name];
		if (program === undefined) {
			const pid = this.pids[name];
			if (pid === undefined)
				throw new Error(`no ${name} runs`);
			process.kill(pid, signal);
			return waitFor(() => !isAlive(pid), `${name} (${pid}) ends`);
		}
		program.wasKilled = true;
		await program.endBy(signal);
	}

	async restart(name) {
		const program = this.programs[name];
		if (!program.ended)
			await program.stop();
		await program.start();
	}

	fault(...lines) {
		for (const name of FAULTY)
			this.faultOf(name, ...lines);
	}

	faultOf(name, ...lines) {
		writeFileSync(faultEnv(this.place, name).FAULTS, lines.join('\n'));
	}

	configure(values) {
		Object.assign(this.env, values);
		writeEnv(this.place, this.env);
	}

	async #stopStrays() {
		const strays = () => processesOf(this.place.envFile).filter(({ command }) => command[0].endsWith('fcgi-app'));
		for (const { pid } of strays())
			process.kill(pid, 'SIGTERM');
		await waitFor(() => strays().every(({ pid }) => !isAlive(pid)), 'the detached worker ends', STOP_MS);
	}

	async stop() {
		if (this.isStopped)
			return;
		this.isStopped = true;
		const problems = [];
		const attempt = (step) => step.catch((e) => problems.push(e));
		for (const name of ['web', 'app', 'worker', 'push', 'standin'])
			if (this.programs[name])
				await attempt(this.programs[name].stop());
		await attempt(this.#stopStrays());
		for (const program of Object.values(this.programs)) {
			await program.closed;
			if (SANITIZER.test(program.log))
				problems.push(new Error(`a sanitizer found something in ${program.name}:\n${program.log}`));
		}
		const workerLog = join(this.dir, 'var/worker.log'); // of a worker that plain CGI started
		if (existsSync(workerLog) && SANITIZER.test(readFileSync(workerLog, 'utf8')))
			problems.push(new Error(`a sanitizer found something in the worker:\n${readFileSync(workerLog, 'utf8')}`));
		if (problems.length > 0)
			throw new AggregateError(problems, problems.map((e) => e.message).join('\n\n'));
		rmSync(this.dir, { recursive: true, force: true });
	}
}

async function startAll(system, { server, env, standinArgs, faults }) {
	const { place, programs } = system;
	const { dir, bin } = place;
	const isSpawned = isSpawning(server);
	const keep = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(LANG|LC_|[A-Z]+SAN_OPTIONS$|KILL_AT$)/.test(name)));
	const common = { cwd: dir, user: place.user,
		env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, HOME: dir, TMPDIR: dir, ...keep, ENV_FILE: place.envFile } };
	const add = async (name, command, options) => {
		programs[name] = new Program(name, command, { ...common, ...options });
		if (faults && FAULTY.includes(name))
			programs[name].env = { ...common.env, ...faultEnv(place, name) };
		return programs[name].start();
	};

	const standin = await add('standin', [join(bin, 'gemini-standin'), '--port=0', ...standinArgs],
		{ isReady: (log) => log.match(/^gemini-standin (http:\S+)/m) });
	system.standin = new Standin(standin[1]);
	system.env = {
		APP_ENV: 'local', VAR_DIR: join(dir, 'var'), PUSH_SOCKET: join(dir, 'push.sock'), WORKER_SOCKET: join(dir, 'worker.sock'),
		PUSHER_APP_ID: 'local', PUSHER_APP_KEY: 'local', PUSHER_APP_SECRET: 'local', LARAVEL_WEBSOCKETS_HOST: '127.0.0.1',
		LARAVEL_WEBSOCKETS_PORT: 0, PUSH_DRAIN_SECONDS: 0, AI_API_KEY: 'key-of-a-test', AI_BASE_URL: system.standin.url,
		AI_WORKER: isSpawned ? 'auto' : 'external', AI_STOP_SECONDS: 1, ...env,
	};
	writeEnv(place, system.env);
	const isPushReady = (log) => log.match(/^push-server listening on \S+:(\d+) .*$/m);
	const push = await add('push', [join(bin, 'push-server'), 'serve'], { isReady: isPushReady });
	system.pushPort = Number(push[1]);
	system.pushUrl = `http://127.0.0.1:${system.pushPort}`;
	// From now on it has its port: for a restart, and for PUSH_TRANSPORT=http.
	system.configure({ LARAVEL_WEBSOCKETS_PORT: system.pushPort, PUSHER_PORT: env.PUSHER_PORT ?? system.pushPort });
	if (system.env.AI_WORKER === 'external')
		await add('worker', [join(bin, 'fcgi-app'), '--worker'], { isReady: () => existsSync(system.env.WORKER_SOCKET) });
	if (!isSpawned)
		await add('app', [join(bin, 'fcgi-app'), '--listen', join(dir, 'api.sock')], { isReady: () => listens(join(dir, 'api.sock')) });
	const { web, url } = await startWeb(place, server, system.pushPort, common.env);
	programs.web = web;
	system.url = url;
}

export async function startSystem({ server = 'lighttpd', env = {}, standinArgs = [], mounts = [], faults = false } = {}) {
	const system = new System(layOut(mounts));
	try {
		await startAll(system, { server, env, standinArgs, faults });
	} catch (e) {
		await system.stop().catch(() => {});
		throw e;
	}
	return system;
}

/** For tests: POST JSON. */
export const postJson = (url, body, headers = {}) => fetch(url, {
	method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** Posts one user turn and waits until its reply is stored. */
export async function ask(system, chatId, content, ms = START_MS) {
	const answer = await postJson(`${system.url}/api/send-message`, { chatId, messages: [{ role: 'user', content }] });
	const body = await answer.json();
	if (answer.status !== 202)
		throw new Error(`send-message: ${answer.status} ${JSON.stringify(body)}`);
	return waitFor(async () => {
		const history = await (await fetch(`${system.url}/api/chats/${encodeURIComponent(chatId)}/history?after=0`)).json();
		return history.messages?.find((m) => m.id === body.replyId && !['queued', 'pending', 'streaming', 'running'].includes(m.status));
	}, `the reply in chat ${chatId}`, ms);
}
