/**
 * A push server alone, in a directory of its own, on free ports: for the tests that need nothing else.
 *
 *   const push = await startPush({ env: { PUSHER_APP_CAPACITY: 5 }, apps: [...], tls: true });
 *   push.port, .url, .wsUrl, .tlsPort, .dir, .pid, .log
 *   await push.writeApps([...])        the file of PUSH_APPS_FILE, whole
 *   await push.reload()                SIGHUP; waits for what the log says of it
 *   await push.metric('push_connections')
 *   await push.stop()                  SIGTERM; throws on a non-zero exit and on a sanitizer's report
 */
import { execFileSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

import { BIN, Program, freePort, waitFor } from './harness.mjs';
import { parse } from './prometheus.mjs';

const SANITIZER = /(ERROR|WARNING): (Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer|runtime error: |SUMMARY: \w+Sanitizer/;

class Push {
	constructor(dir, env, args) {
		this.dir = dir;
		this.env = env;
		this.args = args;
		this.envFile = join(dir, '.env');
		this.appsFile = join(dir, 'apps.json');
	}

	get pid() { return this.program.pid; }
	get log() { return this.program.log; }

	writeApps(apps) {
		writeFileSync(`${this.appsFile}.new`, typeof apps === 'string' ? apps : JSON.stringify({ apps }), { mode: 0o600 });
		renameSync(`${this.appsFile}.new`, this.appsFile);
	}

	async reload() {
		const from = this.log.length;
		process.kill(this.pid, 'SIGHUP');
		return waitFor(() => /(reloaded|not reloaded).*\n/.exec(this.log.slice(from))?.[0], 'the reload');
	}

	/** The sum of the samples of /metrics with this name and these labels, without the prefix charla_: 'push_x{reason="y"}'. */
	async metric(name) {
		const { samples } = parse(await (await fetch(`${this.url}/metrics`)).text());
		const [, family, labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(name);
		const wanted = [...labels.matchAll(/(\w+)="([^"]*)"/g)];
		return samples.filter((s) => s.name === `charla_${family}` && wanted.every(([, k, v]) => s.labels[k] === v)).reduce((sum, s) => sum + s.value, 0);
	}

	async start(command = []) {
		writeFileSync(this.envFile, Object.entries(this.env).map(([k, v]) => `${k}='${v}'\n`).join(''), { mode: 0o600 });
		this.program = new Program('push-server', [...command, join(BIN, 'push-server'), 'serve', ...this.args], {
			cwd: this.dir, env: { ...process.env, ENV_FILE: this.envFile, HOME: this.dir },
			isReady: (log) => log.match(/^push-server listening on \S+:(\d+) .*$/m),
		});
		this.port = Number((await this.program.start())[1]);
		this.tlsPort = Number(this.env.PUSH_TLS_PORT ?? 0);
		this.url = `http://127.0.0.1:${this.port}`;
		this.wsUrl = `ws://127.0.0.1:${this.port}`;
		return this;
	}

	async stop() {
		await this.program.stop();
		await this.program.closed;
		if (SANITIZER.test(this.log))
			throw new Error(`a sanitizer found something:\n${this.log}`);
		rmSync(this.dir, { recursive: true, force: true });
	}
}

/** command: put in front, e.g. ['prlimit', '--nofile=200']; args: behind serve. */
export async function startPush({ env = {}, apps, tls = false, command = [], args = [] } = {}) {
	const dir = mkdtempSync(join(tmpdir(), 'charla-push-'));
	const push = new Push(dir, {
		APP_ENV: 'local', VAR_DIR: dir, PUSH_SOCKET: join(dir, 'push.sock'), PUSHER_APP_ID: 'local', PUSHER_APP_KEY: 'local',
		PUSHER_APP_SECRET: 'local', LARAVEL_WEBSOCKETS_HOST: '127.0.0.1', LARAVEL_WEBSOCKETS_PORT: 0, PUSH_DRAIN_SECONDS: 0, ...env,
	}, args);
	if (apps !== undefined) {
		push.writeApps(apps);
		push.env.PUSH_APPS_FILE = push.appsFile;
	}
	if (tls) {
		execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
			'-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], { stdio: 'ignore' });
		Object.assign(push.env, { PUSH_TLS_PORT: await freePort(), PUSH_TLS_CERT: join(dir, 'cert.pem'), PUSH_TLS_KEY: join(dir, 'key.pem') });
	}
	return push.start(command);
}

/** The target of a signed request: "/apps/local/channels?auth_key=..." */
export function signed(method, path, { body = '', query = {}, key = 'local', secret = 'local', now = Date.now(), over = {} } = {}) {
	const params = { ...query, auth_key: key, auth_timestamp: Math.floor(now / 1000), auth_version: '1.0',
		...(body.length > 0 ? { body_md5: createHash('md5').update(body).digest('hex') } : {}), ...over };
	const names = Object.keys(params).filter((k) => params[k] !== undefined).sort();
	const text = names.map((k) => `${k.toLowerCase()}=${params[k]}`).join('&');
	const signature = createHmac('sha256', secret).update(`${method}\n${path}\n${text}`).digest('hex');
	return `${path}?${names.map((k) => `${k}=${encodeURIComponent(params[k])}`).join('&')}&auth_signature=${signature}`;
}

/** A signed request by fetch: { status, text, json, headers }. body: an object, a string or nothing. */
export async function api(push, method, path, { body, ...options } = {}) {
	const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
	const answer = await fetch(push.url + signed(method, path, { body: text, ...options }), {
		method, ...(text !== '' ? { body: text, headers: { 'Content-Type': 'application/json' } } : {}),
	});
	const said = await answer.text();
	let json;
	try {
		json = JSON.parse(said);
	} catch { /* not JSON */ }
	return { status: answer.status, text: said, json, headers: answer.headers };
}

/**
 * Sends bytes as they are and reads answers: { answers: [{ status, head, body }], closed, rest }.
 * Returns when so many answers have come, or the connection is closed.
 */
export function raw(push, parts, { count = Infinity, tls = false, ms = 15_000, half = false } = {}) {
	return new Promise((done, fail) => {
		const socket = tls ? connectTls({ port: push.tlsPort, host: '127.0.0.1', rejectUnauthorized: false }) : connectPlain(push.port, '127.0.0.1');
		let bytes = Buffer.alloc(0);
		const answers = [];
		const finish = (closed) => {
			clearTimeout(timer);
			socket.destroy();
			done({ answers, closed, rest: bytes.toString('latin1') });
		};
		const timer = setTimeout(() => { socket.destroy(); fail(new Error(`no answer: ${bytes.toString('latin1')} ${JSON.stringify(answers)}`)); }, ms);
		const take = () => {
			for (;;) {
				const at = bytes.indexOf('\r\n\r\n');
				if (at < 0)
					return;
				const head = bytes.subarray(0, at).toString('latin1');
				const status = Number(head.slice(9, 12));
				const length = status === 100 || status === 204 || status === 101 ? 0 : Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
				if (bytes.length < at + 4 + length)
					return;
				answers.push({ status, head, body: bytes.subarray(at + 4, at + 4 + length).toString('utf8') });
				bytes = bytes.subarray(at + 4 + length);
			}
		};
		socket.setNoDelay(true);
		socket.on('data', (chunk) => {
			bytes = Buffer.concat([bytes, chunk]);
			take();
			if (answers.length >= count)
				finish(false);
		});
		socket.on('close', () => finish(true));
		socket.on('error', () => {});
		socket.once(tls ? 'secureConnect' : 'connect', async () => {
			for (const part of Array.isArray(parts) ? parts : [parts]) {
				await new Promise((sent) => { socket.write(part, sent); });
				if (Array.isArray(parts))
					await new Promise((next) => { setImmediate(next); });
			}
			if (half)
				socket.end();
		});
	});
}

/** A Pusher client without a library: every frame in order. */
export class Client {
	constructor(push, { key = 'local', path = '', query = '?protocol=7', tls = false, headers } = {}) {
		this.frames = [];
		const base = tls ? `wss://127.0.0.1:${push.tlsPort}` : push.wsUrl;
		this.socket = new WebSocket(`${base}${path}/app/${key}${query}`, headers ? { headers } : undefined);
		this.socket.onmessage = ({ data }) => this.frames.push(JSON.parse(data));
		this.socket.onclose = ({ code }) => { this.code = code; };
		this.socket.onerror = () => {};
	}

	named(event) { return this.frames.filter((f) => f.event === event); }

	async open() {
		await waitFor(() => this.frames.length > 0 || this.code !== undefined, 'the greeting');
		const first = this.frames[0];
		if (first?.event === 'pusher:connection_established')
			this.socketId = JSON.parse(first.data).socket_id;
		return this;
	}

	send(event, data, channel) { this.socket.send(JSON.stringify({ event, data, channel })); }

	async subscribe(channel, { data, key = 'local', secret = 'local' } = {}) {
		const channel_data = data === undefined ? undefined : JSON.stringify(data);
		const text = `${this.socketId}:${channel}${channel_data === undefined ? '' : `:${channel_data}`}`;
		const auth = `${key}:${createHmac('sha256', secret).update(text).digest('hex')}`;
		this.send('pusher:subscribe', { channel, auth, channel_data });
		await waitFor(() => this.frames.some((f) => f.channel === channel && /succeeded|error/.test(f.event)), `the subscription to ${channel}`);
		return this;
	}

	async signIn(user, { key = 'local', secret = 'local' } = {}) {
		const user_data = JSON.stringify(user);
		const auth = `${key}:${createHmac('sha256', secret).update(`${this.socketId}::user::${user_data}`).digest('hex')}`;
		this.send('pusher:signin', { auth, user_data });
		await waitFor(() => this.named('pusher:signin_success').length > 0 || this.code !== undefined, 'the sign-in');
		return this;
	}

	async closed(ms = 15_000) {
		await waitFor(() => this.code !== undefined, 'the close', ms);
		return this.code;
	}

	close() { this.socket.close(); }
}
