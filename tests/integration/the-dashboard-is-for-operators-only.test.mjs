/** The dashboard: who gets in, how often one may try, what another site can do (nothing), and that no answer holds a secret. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { waitFor } from './harness.mjs';
import { Client, startPush } from './push.mjs';

const PASSWORD = 'a-password-of-operators-1';
const SECRETS = ['secret-of-the-own-app-1', 'secret-of-the-shop-22', PASSWORD, 'hook-token-in-the-path'];
const APPS = [{ id: 'shop 1', key: 'k2', secret: SECRETS[1], name: 'Shop', webhooks: [{ url: `http://127.0.0.1:9/${SECRETS[3]}`, event_types: ['channel_occupied'] }] }];
const JSON_TYPE = { 'Content-Type': 'application/json' };
let open, closed; // without and with a password
before(async () => {
	open = await startPush({ apps: APPS });
	closed = await startPush({ apps: APPS, env: { DASHBOARD_PASSWORD: PASSWORD, PUSHER_APP_SECRET: SECRETS[0] } });
});
after(async () => { await open?.stop(); await closed?.stop(); });

const ask = (push, path, { method = 'GET', headers = {}, body } = {}) =>
	fetch(`${push.url}${path}`, { method, redirect: 'manual', headers: { ...(body && JSON_TYPE), ...headers }, body: body && JSON.stringify(body) });
const signIn = async (push, password = PASSWORD, headers = {}) => ask(push, '/dashboard/session', { method: 'POST', body: { password }, headers });
const cookieOf = (answer) => answer.headers.get('set-cookie').split(';')[0];

const GUARDED = [['GET', 'api/state'], ['GET', 'api/local/channels'], ['GET', 'api/local/channel?name=x'], ['GET', 'api/local/history?span=hour'],
	['GET', 'api/local/statistics'], ['POST', 'auth', { socket_id: '1.1', channel_name: 'x' }], ['POST', 'api/local/event', { name: 'e', channel: 'c', data: 1 }],
	['POST', 'api/local/terminate', { user_id: 'u' }]];

test('without a password it is open to this machine, by both names, and closed to whatever came through a proxy', async () => {
	for (const name of ['dashboard', 'laravel-websockets']) {
		const moved = await ask(open, `/${name}`);
		assert.equal(moved.status, 302);
		const page = await fetch(new URL(moved.headers.get('location'), moved.url));
		assert.equal(page.status, 200);
		assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
		assert.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'; style-src 'self'; /);
		assert.doesNotMatch(page.headers.get('content-security-policy'), /unsafe/);
		assert.equal(page.headers.get('access-control-allow-origin'), null);
		for (const [, file] of (await page.text()).matchAll(/(?:src|href)="(\w[\w./]*\.(?:js|css))"/g))
			assert.equal((await fetch(new URL(file, page.url))).status, 200, file);
		assert.equal((await ask(open, `/${name}/api/state`)).status, 200);
	}
	for (const header of ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'X-FORWARDED-SERVER', 'X-Forwarded-Anything', 'X-Real-IP', 'Forwarded', 'Via'])
		for (const [method, path, body] of [['GET', ''], ...GUARDED])
			assert.equal((await ask(open, `/dashboard/${path}`, { method, body, headers: { [header]: '127.0.0.1' } })).status, 403, `${header} ${path}`);
	assert.equal((await signIn(open, '')).status, 403);
});

test('another name in Host is not this machine', async () => {
	const { raw } = await import('./push.mjs');
	const { answers: [a] } = await raw(open, 'GET /dashboard/api/state HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
	assert.equal(a.status, 403);
});

test('with a password everything asks for it, and the page has a form', async () => {
	for (const [method, path, body] of GUARDED) {
		const answer = await ask(closed, `/dashboard/${path}`, { method, body });
		assert.equal(answer.status, 401, path);
		assert.match(answer.headers.get('www-authenticate'), /^Bearer /, 'a browser does not ask by itself');
	}
	const page = await ask(closed, '/dashboard/');
	assert.equal(page.status, 401);
	assert.match(await page.text(), /type="password"/);
	assert.equal((await ask(closed, '/dashboard/api/state', { headers: { Authorization: `Bearer ${PASSWORD}` } })).status, 200);
});

test('the cookie is kept from scripts and other sites, and ends with the session', async () => {
	const answer = await signIn(closed);
	assert.equal(answer.status, 204);
	assert.match(answer.headers.get('set-cookie'), /^charla_operator=[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
	const headers = { Cookie: `a=b; ${cookieOf(answer)}` };
	assert.equal((await ask(closed, '/dashboard/', { headers })).status, 200);
	assert.equal((await ask(closed, '/dashboard/api/state', { headers })).status, 200);
	assert.equal((await ask(closed, '/dashboard/api/state', { headers: { Cookie: cookieOf(answer).slice(0, -1) } })).status, 401);
	const secure = await signIn(closed, PASSWORD, { Origin: `https://127.0.0.1:${closed.port}` });
	assert.match(secure.headers.get('set-cookie'), /; Secure$/);
	assert.match((await ask(closed, '/dashboard/session', { method: 'DELETE', headers })).headers.get('set-cookie'), /^charla_operator=; Path=\/; Max-Age=0/);
	assert.equal(closed.log.includes(PASSWORD), false);
});

test('another site can do nothing, with the cookie neither', async () => {
	const Cookie = cookieOf(await signIn(closed));
	for (const Origin of ['https://evil.example', 'null', `http://127.0.0.1:${closed.port + 1}`]) {
		for (const [method, path, body] of GUARDED.filter(([m]) => m === 'POST'))
			assert.equal((await ask(closed, `/dashboard/${path}`, { method, body, headers: { Cookie, Origin } })).status, 403, `${path} ${Origin}`);
		assert.equal((await ask(closed, '/dashboard/session', { method: 'POST', body: { password: PASSWORD }, headers: { Origin } })).status, 403);
		assert.equal((await ask(closed, '/dashboard/session', { method: 'DELETE', headers: { Cookie, Origin } })).status, 403);
	}
	for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
		assert.equal((await ask(closed, '/dashboard/api/local/event', { method: 'POST', body: { name: 'e', channel: 'c', data: 1 }, headers: { Cookie, 'Content-Type': type } })).status, 415, type);
	const preflight = await ask(closed, '/dashboard/api/local/event', { method: 'OPTIONS', headers: { Origin: 'https://evil.example' } });
	assert.equal(preflight.headers.get('access-control-allow-origin'), null);
	const own = await ask(closed, '/dashboard/api/local/event', { method: 'POST', body: { name: 'e', channel: 'c', data: 1 }, headers: { Cookie, Origin: `http://127.0.0.1:${closed.port}` } });
	assert.deepEqual([own.status, await own.json()], [200, { delivered: 0 }]);
});

test('no answer holds a secret, and no page or file', async () => {
	const Cookie = cookieOf(await signIn(closed));
	const texts = [];
	for (const [method, path, body] of [...GUARDED, ['GET', ''], ['GET', 'dash.js'], ['GET', 'api/shop%201/channels'], ['GET', 'api/nobody/channels'], ['POST', 'auth', { socket_id: '1.1', channel_name: 'private-websockets-dashboard-connected' }]])
		texts.push(await (await ask(closed, `/dashboard/${path}`, { method, body, headers: { Cookie, 'X-App-ID': 'shop 1' } })).text());
	const state = JSON.parse(texts[0]);
	assert.deepEqual(state.apps.map((a) => a.id), ['local', 'shop 1']);
	for (const secret of SECRETS)
		assert.equal(texts.join('\n').includes(secret), false, secret);
});

test('only the channels of the dashboard are signed', async () => {
	const Cookie = cookieOf(await signIn(closed));
	const sign = (channel_name, headers = {}) => ask(closed, '/dashboard/auth', { method: 'POST', body: { socket_id: '1.1', channel_name }, headers: { Cookie, ...headers } });
	for (const name of ['private-chat.1', 'presence-x', 'private-app-', 'private-app-bm9ib2R5', 'x'])
		assert.equal((await sign(name, { 'X-App-ID': 'local' })).status, 403, name);
	assert.equal((await sign('private-websockets-dashboard-connected')).status, 403, 'which app?');
	assert.equal((await sign('private-websockets-dashboard-connected', { 'X-App-ID': 'local' })).status, 200);
	const form = await fetch(`${closed.url}/laravel-websockets/auth`, { method: 'POST', headers: { Cookie, 'X-App-ID': 'local' }, body: new URLSearchParams({ socket_id: '1.1', channel_name: 'private-websockets-dashboard-subscribed' }) });
	assert.match((await form.json()).auth, /^local:[0-9a-f]{64}$/);
});

test('the feed is closed to who has only its key: it is a private channel, and a stranger is sent away', async () => {
	const { key, apps: [{ channel }] } = await (await ask(open, '/dashboard/api/state')).json();
	const stranger = await new Client(open, { key }).open();
	await stranger.subscribe(channel, { key, secret: 'guessed' });
	assert.equal(stranger.named('pusher:subscription_error').length, 1);
	assert.equal((await open.metric('push_connections')), 0, 'it counts in no statistic');
	stranger.close();
});

test('64 pages are open at once and not one more, and each of them watches four apps and not a fifth', async (t) => {
	const push = await startPush({ apps: [1, 2, 3, 4].map((n) => ({ id: `a${n}`, key: `k${n}`, secret: `s${n}` })) });
	t.after(() => push.stop());
	const { key, apps } = await (await ask(push, '/dashboard/api/state')).json();
	assert.equal(apps.length, 5);
	const pages = await Promise.all(Array.from({ length: 64 }, () => new Client(push, { key }).open()));
	assert.ok(pages.every((page) => page.socketId));
	const late = await new Client(push, { key }).open();
	assert.equal(await late.closed(), 4100); // over capacity: come again later
	const [page] = pages;
	const watch = async (channel) => {
		const { auth } = await (await ask(push, '/dashboard/auth', { method: 'POST', body: { socket_id: page.socketId, channel_name: channel } })).json();
		page.send('pusher:subscribe', { channel, auth });
		await waitFor(() => page.frames.some((f) => f.channel === channel && /succeeded|error/.test(f.event)), channel);
		return page.frames.find((f) => f.channel === channel && /succeeded|error/.test(f.event)).event;
	};
	for (const { channel } of apps.slice(0, 4))
		assert.equal(await watch(channel), 'pusher_internal:subscription_succeeded');
	assert.equal(await watch(apps[4].channel), 'pusher:subscription_error');
	assert.equal(await push.metric('push_connections'), 0);
	pages.forEach((one) => one.close());
});

test('five wrong passwords a minute, then even the right one waits; who is in does not notice', async () => {
	const push = await startPush({ env: { DASHBOARD_PASSWORD: PASSWORD } });
	const Cookie = cookieOf(await signIn(push));
	for (let i = 0; i < 5; i++)
		assert.equal((await signIn(push, `wrong${i}`)).status, 401);
	const waits = await signIn(push);
	assert.equal(waits.status, 429);
	assert.equal(waits.headers.get('retry-after'), '60');
	assert.equal((await ask(push, '/dashboard/api/state', { headers: { Cookie } })).status, 200);
	await waitFor(() => /sign-in refused/.test(push.log), 'the log');
	assert.equal(/wrong\d/.test(push.log), false);
	await push.stop();
});
