// Each of the four confs serves the page with its security headers, the API, and the WebSocket; and
// never a secret or a database, even if one lies in the web root.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, postJson, startSystem } from './harness.mjs';

const SECRETS = ['.env', '.env.production', '.git/config', 'charla.db', 'charla.db-wal', 'charla.db-shm', 'charla.db-journal', 'charla.db.made', 'charla.db.ballast', 'charla.db.check-failed',
	'js/.hidden', 'old.sqlite3', 'prod.env', 'app.conf', 'error.log', 'index.html~'];

/** Opens a WebSocket and resolves to its first message. */
function firstMessage(url) {
	return new Promise((done, fail) => {
		const socket = new WebSocket(url);
		socket.onmessage = ({ data }) => { socket.close(); done(JSON.parse(data)); };
		socket.onerror = () => fail(new Error(`no WebSocket at ${url}`));
	});
}

for (const server of ['lighttpd', 'lighttpd-spawn', 'apache-proxy', 'apache-fcgid'])
	describe(server, () => {
		let system;
		before(async () => {
			system = await startSystem({ server });
		});
		after(() => system?.stop());

		test('serves the page with the security headers', async () => {
			const page = await fetch(`${system.url}/`);
			assert.equal(page.status, 200);
			assert.match(page.headers.get('content-type'), /^text\/html; charset=utf-8$/i);
			assert.match(await page.text(), /<title>Charla<\/title>/);
			const policy = page.headers.get('content-security-policy');
			for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self' ws: wss:", "base-uri 'none'", "frame-ancestors 'none'"])
				assert.ok(policy.includes(part), part);
			assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
			const script = await fetch(`${system.url}/js/main.js`);
			assert.equal(script.status, 200);
			assert.match(script.headers.get('content-type'), /^text\/javascript/);
		});

		test('serves the API: a message is answered and stored', async () => {
			const reply = await ask(system, `${server}.db`, 'hola');
			assert.equal(reply.role, 'assistant');
			assert.equal(reply.status, 'complete');
			assert.ok(reply.content.length > 0);
		});

		test('does not send again, compressed or not, what the browser has', async () => {
			const path = `${system.url}/api/chats/${server}.db/history`; // large enough for Apache to compress
			for (const encoding of ['gzip', 'identity']) {
				const etag = (await fetch(path, { headers: { 'Accept-Encoding': encoding } })).headers.get('etag');
				const again = await fetch(path, { headers: { 'Accept-Encoding': encoding, 'If-None-Match': etag } });
				assert.equal(again.status, 304, `${encoding} ${etag}`);
			}
		});

		test('mounts /broadcasting on fcgi-app', async () => {
			const answer = await postJson(`${system.url}/broadcasting/auth`, {});
			assert.match(answer.headers.get('content-type'), /json/);
			assert.ok(answer.headers.get('x-request-id'), 'an answer of fcgi-app');
		});

		test('does not take a longer name for a mount', async () => {
			for (const path of ['/apix', '/api.html', '/broadcasting-x', '/application'])
				assert.equal((await fetch(system.url + path)).status, 404, path);
		});

		test('carries the WebSocket of /app to the push server', async () => {
			const message = await firstMessage(`${system.url.replace('http', 'ws')}/app/local?protocol=7&client=test&version=1`);
			assert.equal(message.event, 'pusher:connection_established');
		});

		test('has no dashboard until an operator mounts it', async () => {
			for (const path of ['/dashboard', '/dashboard/', '/dashboard/api/state', '/laravel-websockets/'])
				assert.equal((await fetch(system.url + path)).status, 404, path);
		});

		test('never serves settings, databases or hidden files', async () => {
			const { www } = system.place;
			const made = SECRETS.filter((name) => www.startsWith(system.dir));
			for (const name of made) {
				mkdirSync(join(www, name, '..'), { recursive: true });
				writeFileSync(join(www, name), 'secret');
			}
			for (const name of SECRETS)
				for (const path of [`/${name}`, `/${name.replace('.', '%2e')}`, `/js/../${name}`]) {
					const answer = await fetch(system.url + path);
					assert.ok([403, 404].includes(answer.status), `${path}: ${answer.status}`);
					assert.doesNotMatch(await answer.text(), /secret$/, path);
				}
		});

		test('keeps its status when the body is too large', async () => {
			const answer = await postJson(`${system.url}/api/send-message`, { chatId: 'big', messages: [{ role: 'user', content: 'x'.repeat(300_000) }] });
			assert.equal(answer.status, 413);
		});
	});

const PASSWORD = 'a-password-of-operators-1';
for (const server of ['lighttpd', 'apache-proxy'])
	describe(`${server} with the line of an operator`, () => {
		let system;
		before(async () => {
			system = await startSystem({ server, mounts: ['dashboard', 'laravel-websockets'] });
		});
		after(() => system?.stop());

		test('without a password the dashboard answers nobody who comes by the proxy, this machine neither', async () => {
			assert.equal((await fetch(`${system.pushUrl}/dashboard/api/state`)).status, 200);
			for (const name of ['dashboard', 'laravel-websockets'])
				for (const path of ['', '/', '/api/state', '/api/local/channels'])
					assert.equal((await fetch(`${system.url}/${name}${path}`)).status, 403, path);
			assert.equal((await postJson(`${system.url}/dashboard/session`, { password: '' })).status, 403);
		});

		test('with one: who has it, by a cookie that is good for /api/operator, too, and from no other site', async () => {
			system.configure({ DASHBOARD_PASSWORD: PASSWORD });
			await system.restart('push');
			await system.restart('app');
			const Origin = system.url;
			const page = await fetch(`${system.url}/dashboard`);
			assert.equal(page.status, 401);
			assert.equal(page.url, `${system.url}/dashboard/`);
			assert.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'; /);
			assert.equal((await postJson(`${system.url}/dashboard/session`, { password: PASSWORD }, { Origin: 'http://evil.example' })).status, 403);
			const signedIn = await postJson(`${system.url}/dashboard/session`, { password: PASSWORD }, { Origin });
			assert.equal(signedIn.status, 204);
			const headers = { Cookie: signedIn.headers.get('set-cookie').split(';')[0] };
			for (const path of ['/dashboard/', '/dashboard/api/state', '/dashboard/dash.js', '/laravel-websockets/api/local/statistics', '/api/operator'])
				assert.equal((await fetch(system.url + path, { headers })).status, 200, path);
		});
	});
